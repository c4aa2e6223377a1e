/* RegNet_X_400MF against its definition in plain loops (double precision, batch
 * norm as a separate step), and refusals of wrong weights. */
#include "regnet_testing.h"

#include "base/parallel.h"
#include "features/backbone.h"
#include "features/regnet_net.h"
#include "support/env.h"

#define PARTS 5
#define TENSORS (PARTS * BF_REGNET_LAYERS)
#define ROOM (TENSORS + 8)

static char folder[] = "/tmp/bf_test_regnet_XXXXXX";
static bf_regnet_layer layers[BF_REGNET_LAYERS];

/* Weights as a file would hold them: tensor PARTS * layer + part. */
static bf_tensor_view tensors[ROOM];
static char names[ROOM][96];
static float *storage;

static size_t view_count(const bf_tensor_view *t)
{
    size_t count = 1;
    for (unsigned i = 0; i < t->dims; i++) count *= t->shape[i];
    return count;
}

/* Random weights that keep the activations' size about 1. */
static void fill_tensor(float *to, size_t count, unsigned part, size_t inputs,
                        uint64_t *state)
{
    static const float low[PARTS] = {0, 0.5f, -0.3f, -0.3f, 0.5f};
    static const float high[PARTS] = {0, 1.2f, 0.3f, 0.3f, 2.0f};
    float bound = part ? 0 : sqrtf(5.0f / (float)inputs);
    for (size_t i = 0; i < count; i++)
        to[i] = part ? random_float(state, low[part], high[part])
                     : random_float(state, -bound, bound);
}

static int enter(void **state)
{
    static const char *const suffixes[PARTS] = {".0.weight", ".1.weight",
                                                ".1.bias", ".1.running_mean",
                                                ".1.running_var"};
    (void)state;
    uint64_t seed = test_seed();
    size_t total = 0;
    if (!mkdtemp(folder)) return -1;
    bf_regnet_describe(layers);
    for (unsigned i = 0; i < TENSORS; i++) {
        const bf_regnet_layer *l = &layers[i / PARTS];
        unsigned part = i % PARTS;
        snprintf(names[i], sizeof names[i], "%s%s", l->name, suffixes[part]);
        tensors[i] = (bf_tensor_view){
            .name = names[i],
            .dims = part ? 1 : 4,
            .shape = {l->out, l->in / l->groups, l->kernel, l->kernel}};
        total += view_count(&tensors[i]);
    }
    float *next = storage = bf_alloc(total * sizeof *storage);
    if (!storage) return -1;
    for (unsigned i = 0; i < TENSORS; i++) {
        const bf_regnet_layer *l = &layers[i / PARTS];
        size_t count = view_count(&tensors[i]);
        fill_tensor(next, count, i % PARTS, count / l->out, &seed);
        tensors[i].data = next;
        next += count;
    }
    return 0;
}

static int leave(void **state)
{
    (void)state;
    bf_free(storage);
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

static const char *write_weights(size_t count)
{
    const char *path = path_in(folder, "weights.safetensors");
    check_ok(bf_safetensors_write(path, tensors, count, NULL));
    return path;
}

static bf_status load_weights(const char *path, bf_regnet_weights *out)
{
    bf_safetensors *file = NULL;
    check_ok(bf_safetensors_open(&file, path));
    bf_status status = bf_regnet_weights_load(out, layers, file);
    bf_safetensors_close(file);
    return status;
}

static unsigned side_after(const bf_regnet_layer *l)
{
    return l->side / l->stride;
}

/* One output row of one channel of a convolution with zero padding. */
static void convolve_row(double *row, const bf_regnet_layer *l,
                         const double *in, unsigned o, unsigned y)
{
    unsigned each = l->in / l->groups, side = side_after(l);
    unsigned group = o / (l->out / l->groups);
    int pad = (int)l->kernel / 2;
    const float *w = tensors[PARTS * (l - layers)].data +
                     (size_t)o * each * l->kernel * l->kernel;
    for (unsigned x = 0; x < side; x++) row[x] = 0;
    for (unsigned c = 0; c < each; c++) {
        const double *plane =
            in + (size_t)(group * each + c) * l->side * l->side;
        for (unsigned k = 0; k < l->kernel * l->kernel; k++, w++) {
            int sy = (int)(y * l->stride + k / l->kernel) - pad;
            int dx = (int)(k % l->kernel) - pad;
            if (sy < 0 || sy >= (int)l->side) continue;
            for (unsigned x = 0; x < side; x++) {
                int sx = (int)(x * l->stride) + dx;
                if (sx >= 0 && sx < (int)l->side)
                    row[x] += *w * plane[(size_t)sy * l->side + (size_t)sx];
            }
        }
    }
}

typedef struct plain_job {
    double *out;
    const bf_regnet_layer *l;
    const double *in, *residual; /* the latter may be NULL */
} plain_job;

static void plain_channel(void *user, size_t o)
{
    const plain_job *job = user;
    const bf_regnet_layer *l = job->l;
    const bf_tensor_view *t = &tensors[PARTS * (l - layers)];
    unsigned side = side_after(l);
    double gain = t[1].data[o] / sqrt(t[4].data[o] + 1e-5);
    for (unsigned y = 0; y < side; y++) {
        size_t at = (o * side + y) * side;
        convolve_row(job->out + at, l, job->in, (unsigned)o, y);
        for (unsigned x = 0; x < side; x++) {
            double v = (job->out[at + x] - t[3].data[o]) * gain + t[2].data[o];
            if (job->residual) v += job->residual[at + x];
            job->out[at + x] = l->relu && v < 0 ? 0 : v;
        }
    }
}

static void plain_layer(double *out, const bf_regnet_layer *l, const double *in,
                        const double *residual)
{
    plain_job job = {out, l, in, residual};
    bf_parallel(l->out, plain_channel, &job);
}

/* The whole network on one image. */
static void plain_network(const float *picture, float *features)
{
    double *output[BF_REGNET_LAYERS];
    double *input = must_alloc(BF_REGNET_INPUT_FLOATS * sizeof *input);
    for (size_t i = 0; i < BF_REGNET_INPUT_FLOATS; i++) input[i] = picture[i];
    for (int i = 0; i < BF_REGNET_LAYERS; i++) {
        const bf_regnet_layer *l = &layers[i];
        size_t side = side_after(l);
        output[i] = must_alloc(l->out * side * side * sizeof *output[i]);
        plain_layer(output[i], l, l->source < 0 ? input : output[l->source],
                    l->residual < 0 ? NULL : output[l->residual]);
    }
    for (unsigned c = 0; c < BF_REGNET_OUTPUTS; c++) {
        double sum = 0;
        for (unsigned i = 0; i < 49; i++)
            sum += output[BF_REGNET_LAYERS - 1][c * 49 + i];
        features[c] = (float)(sum / 49);
    }
    for (int i = 0; i < BF_REGNET_LAYERS; i++) bf_free(output[i]);
    bf_free(input);
}

/* torchvision says 5,495,976 parameters, of which the classifier, which is not
 * used, has 401,000. */
static void test_description(void **state)
{
    (void)state;
    size_t parameters = 0;
    for (int i = 0; i < BF_REGNET_LAYERS; i++) {
        const bf_regnet_layer *l = &layers[i];
        parameters += view_count(&tensors[PARTS * i]) + 2 * l->out;
        assert_true(l->source < i && l->residual < i);
    }
    assert_int_equal(parameters, 5495976 - 401000);
    const bf_regnet_layer *last = &layers[BF_REGNET_LAYERS - 1];
    assert_string_equal(last->name, "trunk_output.block4.block4-11.f.c");
    assert_int_equal(last->out, BF_REGNET_OUTPUTS);
    assert_int_equal(last->side, 7);
}

static float *random_pictures(size_t count, uint64_t *seed)
{
    size_t total = count * BF_REGNET_INPUT_FLOATS;
    float *pictures = must_alloc(total * sizeof *pictures);
    for (size_t i = 0; i < total; i++) pictures[i] = random_float(seed, 0, 1);
    return pictures;
}

static void test_forward(void **state)
{
    (void)state;
    enum { COUNT = 5 };
    uint64_t seed = test_seed();
    bf_regnet_weights weights;
    float *pictures = random_pictures(COUNT, &seed);
    float expected[BF_REGNET_OUTPUTS], features[COUNT * BF_REGNET_OUTPUTS];
    check_ok(load_weights(write_weights(TENSORS), &weights));
    plain_network(pictures + 3 * BF_REGNET_INPUT_FLOATS, expected);
    const unsigned batches[] = {1, 2, 5, 32}, threads[] = {1, 2, 3};
    for (unsigned i = 0; i < 12; i++) {
        bf_regnet_net *net = NULL;
        env_threads(threads[i % 3]);
        check_ok(bf_regnet_net_create(&net, layers, &weights, batches[i / 3],
                                      threads[i % 3]));
        assert_true(bf_regnet_net_bytes(net) < 21e6 + 40e6 * threads[i % 3]);
        check_ok(bf_regnet_net_run(net, pictures, COUNT, features));
        assert_true(relative_difference(features + 3 * BF_REGNET_OUTPUTS,
                                        expected, BF_REGNET_OUTPUTS) < 1e-5);
        bf_regnet_net_destroy(net);
    }
    env_threads(0);
    bf_regnet_weights_clear(&weights);
    bf_free(pictures);
}

/* The number of threads may change after the network was created. */
static void test_threads_later(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    bf_regnet_weights weights;
    bf_regnet_net *net = NULL;
    float *pictures = random_pictures(3, &seed);
    float one[3 * BF_REGNET_OUTPUTS], other[3 * BF_REGNET_OUTPUTS];
    check_ok(load_weights(write_weights(TENSORS), &weights));
    check_ok(bf_regnet_net_create(&net, layers, &weights, 2, 2));
    env_threads(2);
    check_ok(bf_regnet_net_run(net, pictures, 3, one));
    env_threads(5);
    check_ok(bf_regnet_net_run(net, pictures, 3, other));
    assert_int_equal(bf_env_threads(NULL), 5);
    assert_memory_equal(one, other, sizeof one);
    env_interrupt(1);
    assert_int_equal(bf_regnet_net_run(net, pictures, 3, other),
                     BF_ERR_INTERRUPTED);
    env_interrupt(0);
    env_threads(0);
    bf_regnet_net_destroy(net);
    bf_regnet_weights_clear(&weights);
    bf_free(pictures);
}

static void refused(bf_status status, const char *word, const char *name,
                    size_t count)
{
    bf_regnet_weights weights;
    check_fails(status, word, name,
                load_weights(write_weights(count), &weights));
}

static void test_wrong_weights(void **state)
{
    (void)state;
    bf_tensor_view kept = tensors[7];
    tensors[7].name = "elsewhere";
    refused(BF_ERR_MISMATCH, "missing", names[7], TENSORS);
    tensors[7] = kept;
    refused(BF_ERR_MISMATCH, "missing", "block4-11.f.c.1.running_var",
            TENSORS - 1);
    tensors[7].dims = 2;
    tensors[7].shape[1] = 1;
    refused(BF_ERR_MISMATCH, "[32, 1], expected [32]", names[7], TENSORS);
    tensors[7] = kept;
    tensors[10].shape[0] = 16;
    tensors[10].shape[1] = 64;
    refused(BF_ERR_MISMATCH, "[16, 64, 1, 1], expected [32, 32, 1, 1]",
            names[10], TENSORS);
    tensors[10].shape[0] = tensors[10].shape[1] = 32;
    tensors[TENSORS] = (bf_tensor_view){"head.fc.weight", 1, {4}, storage};
    refused(BF_ERR_MISMATCH, "none of its", "head.fc.weight", TENSORS + 1);
    tensors[TENSORS].name = "stem.1.running_vary";
    refused(BF_ERR_MISMATCH, "none of its", "stem.1.running_vary", TENSORS + 1);
}

static void test_wrong_values(void **state)
{
    (void)state;
    float *variance = (float *)tensors[4].data, *weight = storage;
    float kept = variance[3];
    variance[3] = -1e-3f;
    refused(BF_ERR_RANGE, "negative", "stem.1.running_var", TENSORS);
    variance[3] = INFINITY;
    refused(BF_ERR_RANGE, "value 3 is not finite", "stem.1.running_var",
            TENSORS);
    variance[3] = kept;
    kept = weight[5];
    weight[5] = NAN;
    refused(BF_ERR_RANGE, "value 5 is not finite", "stem.0.weight", TENSORS);
    weight[5] = kept;
}

/* The classifier and the counters of training do no harm. */
static void test_let_pass(void **state)
{
    (void)state;
    bf_regnet_weights weights;
    tensors[TENSORS] = (bf_tensor_view){"fc.weight", 2, {10, 400}, storage};
    tensors[TENSORS + 1] = (bf_tensor_view){"fc.bias", 1, {10}, storage};
    tensors[TENSORS + 2] = (bf_tensor_view){
        "trunk_output.block1.block1-0.f.a.1.num_batches_tracked",
        0,
        {0},
        storage};
    check_ok(load_weights(write_weights(TENSORS + 3), &weights));
    bf_regnet_weights_clear(&weights);
}

static void test_backbone(void **state)
{
    (void)state;
    struct bf_backbone b = {0};
    bf_backbone_options o = {.name = "regnet_x_400mf"};
    size_t outputs = 0;
    check_fails(BF_ERR_ARGUMENT, "--weights", "convert-weights.py",
                bf_regnet_open(&b, &o));
    o.weights = path_in(folder, "absent.safetensors");
    check_fails(BF_ERR_IO, "absent.safetensors", "", bf_regnet_open(&b, &o));
    o.weights = write_weights(TENSORS - 1);
    check_fails(BF_ERR_MISMATCH, folder, "missing", bf_regnet_open(&b, &o));
    assert_null(b.self);
    o.weights = write_weights(TENSORS);
    check_ok(bf_regnet_open(&b, &o));
    assert_int_equal(b.batch, 32);
    check_ok(b.ops->outputs(b.self, 28, 28, &outputs));
    assert_int_equal(outputs, 400);
    assert_int_equal(b.ops->input_floats(b.self), BF_REGNET_INPUT_FLOATS);
    b.ops->destroy(b.self);
}

/* A grey image of one value stays that value in all three channels; ImageNet
 * normalisation subtracts 0.485, 0.456, 0.406 and divides by 0.229, 0.224,
 * 0.225. */
static void test_prepare(void **state)
{
    (void)state;
    static const double expected[2][3] = {
        {0.25, 0.25, 0.25}, {-0.235 / 0.229, -0.206 / 0.224, -0.156 / 0.225}};
    const char *path = write_weights(TENSORS);
    float pixels[6] = {0.25f, 0.25f, 0.25f, 0.25f, 0.25f, 0.25f};
    const bf_image img = {
        .width = 3, .height = 2, .channels = 1, .pixels = pixels};
    float *input = must_alloc(BF_REGNET_INPUT_FLOATS * sizeof *input);
    for (int normalize = 0; normalize < 2; normalize++) {
        struct bf_backbone b = {0};
        const bf_backbone_options o = {.name = "regnet_x_400mf",
                                       .weights = path,
                                       .normalize_imagenet = normalize != 0};
        check_ok(bf_regnet_open(&b, &o));
        check_ok(b.ops->prepare(b.self, &img, input));
        for (size_t i = 0; i < BF_REGNET_INPUT_FLOATS; i++) {
            double should = expected[normalize][i / (224 * 224)];
            if (fabs(input[i] - should) > 1e-6)
                fail_msg("input %zu: %g, not %g", i, input[i], should);
        }
        b.ops->destroy(b.self);
    }
    bf_free(input);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_forward),
        cmocka_unit_test(test_threads_later),
        cmocka_unit_test(test_wrong_weights),
        cmocka_unit_test(test_wrong_values),
        cmocka_unit_test(test_let_pass),
        cmocka_unit_test(test_backbone),
        cmocka_unit_test(test_prepare),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
