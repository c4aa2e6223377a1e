/* RegNet_X_400MF against torchvision: every layer, and the features of image
 * files from decoding on. */
#include "regnet_testing.h"

#include "blindfit/features.h"
#include "features/regnet_net.h"

#define PICTURES 22 /* that torch_reference.py writes */
#define TRACED 4
#define TOLERANCE 1e-4

static char folder[] = "/tmp/bf_test_torch_XXXXXX";
static bf_safetensors *reference; /* NULL without torch */

static int enter(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    char arguments[128];
    snprintf(arguments, sizeof arguments, "%s --seed %llu", folder,
             (unsigned long long)test_seed());
    if (!run_torch(arguments)) return 0;
    check_ok(bf_safetensors_open(&reference,
                                 path_in(folder, "reference.safetensors")));
    return 0;
}

static int leave(void **state)
{
    (void)state;
    bf_safetensors_close(reference);
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

typedef struct comparison {
    unsigned layers;
    double worst;
} comparison;

static void compare_layer(void *user, const bf_regnet_layer *l, size_t count,
                          unsigned side, const float *output)
{
    comparison *c = user;
    size_t values = count * l->out * side * side;
    float *should = tensor_floats(reference, l->name, values);
    double difference = relative_difference(output, should, values);
    if (!(difference <= TOLERANCE))
        fail_msg("%s differs by %g", l->name, difference);
    c->worst = fmax(c->worst, difference);
    c->layers++;
    bf_free(should);
}

static void test_layers(void **state)
{
    (void)state;
    if (!reference) skip();
    bf_regnet_layer layers[BF_REGNET_LAYERS];
    bf_regnet_weights weights;
    bf_regnet_net *net = NULL;
    bf_safetensors *file = NULL;
    comparison c = {0};
    float features[TRACED * BF_REGNET_OUTPUTS];
    bf_regnet_describe(layers);
    check_ok(
        bf_safetensors_open(&file, path_in(folder, "weights.safetensors")));
    assert_non_null(bf_safetensors_metadata(file, "sha256"));
    check_ok(bf_regnet_weights_load(&weights, layers, file));
    check_ok(bf_regnet_net_create(&net, layers, &weights, TRACED, 1));
    float *input =
        tensor_floats(reference, "input", TRACED * BF_REGNET_INPUT_FLOATS);
    bf_regnet_net_tap(net, compare_layer, &c);
    check_ok(bf_regnet_net_run(net, input, TRACED, features));
    assert_int_equal(c.layers, BF_REGNET_LAYERS);
    print_message("largest relative difference of a layer: %.1e\n", c.worst);
    bf_free(input);
    bf_regnet_net_destroy(net);
    bf_regnet_weights_clear(&weights);
    bf_safetensors_close(file);
}

/* Folder of PNG files -> features, all by way of the public functions. */
static void compare_features(const char *name, bool normalize)
{
    bf_backbone *b = NULL;
    bf_images *images = NULL;
    bf_dataset data = {0};
    size_t skipped = 0;
    const bf_backbone_options options = {
        .name = "regnet_x_400mf",
        .weights = path_in(folder, "weights.safetensors"),
        .normalize_imagenet = normalize,
        .batch = 5};
    check_ok(bf_backbone_create(&b, &options));
    check_ok(bf_images_open(&images, path_in(folder, "pictures"), NULL, true));
    check_ok(bf_extract(&data, b, images, true, &skipped, (bf_skip_report){0},
                        NULL));
    assert_int_equal(data.x.rows, PICTURES);
    assert_int_equal(data.x.cols, BF_REGNET_OUTPUTS);
    assert_string_equal(data.class_names[1], "grey");
    float *should = tensor_floats(reference, name, PICTURES * data.x.cols);
    float *is = must_alloc(PICTURES * data.x.cols * sizeof *is);
    for (size_t i = 0; i < PICTURES * data.x.cols; i++)
        is[i] = (float)data.x.data[i];
    double difference = relative_difference(is, should, PICTURES * data.x.cols);
    print_message("largest relative difference of %s: %.1e\n", name,
                  difference);
    assert_true(difference <= TOLERANCE);
    bf_free(is);
    bf_free(should);
    bf_dataset_clear(&data);
    bf_images_close(images);
    bf_backbone_destroy(b);
}

static void test_features(void **state)
{
    (void)state;
    if (!reference) skip();
    compare_features("features", false);
}

static void test_normalized(void **state)
{
    (void)state;
    if (!reference) skip();
    compare_features("normalized", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_normalized),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
