/* Resizing against its definition, written out in two dimensions and double
 * precision, and against torchvision. */
#include "regnet_testing.h"

#include "blindfit/features.h"
#include "features/resize.h"

/* torchvision rounds the place of a centre to float: on sides below 1024 the
 * error is up to 2^-15 pixels, which changes a value by at most 2^-15. */
#define RESIZE_TOLERANCE 0x1p-15

static double triangle(double x)
{
    return fmax(0, 1 - fabs(x));
}

/* Output (i, j) of the definition: inputs whose distance from the output's
 * centre is below the support, weighted and normalised. */
static double plain_value(const float *in, unsigned width, unsigned height,
                          unsigned out_width, unsigned out_height, unsigned i,
                          unsigned j)
{
    double sx = (double)width / out_width, sy = (double)height / out_height;
    double cx = (j + 0.5) * sx, cy = (i + 0.5) * sy, sum = 0, weights = 0;
    for (unsigned y = 0; y < height; y++) {
        double wy = triangle((y + 0.5 - cy) / fmax(sy, 1));
        for (unsigned x = 0; x < width && wy > 0; x++) {
            double w = wy * triangle((x + 0.5 - cx) / fmax(sx, 1));
            sum += w * in[(size_t)y * width + x];
            weights += w;
        }
    }
    return sum / weights;
}

static void compare_sizes(unsigned width, unsigned height, unsigned out_width,
                          unsigned out_height, uint64_t *seed)
{
    const unsigned channels = 1 + (unsigned)(random_u64(seed) % 3);
    size_t plane = (size_t)width * height;
    size_t out_plane = (size_t)out_width * out_height;
    float *in = must_alloc(channels * plane * sizeof *in);
    float *out = must_alloc(channels * out_plane * sizeof *out);
    for (size_t k = 0; k < channels * plane; k++)
        in[k] = random_float(seed, 0, 1);
    check_ok(
        bf_resize(in, channels, width, height, out, out_width, out_height));
    for (size_t k = 0; k < channels * out_plane; k++) {
        size_t at = k % out_plane;
        double should = plain_value(
            in + k / out_plane * plane, width, height, out_width, out_height,
            (unsigned)(at / out_width), (unsigned)(at % out_width));
        if (!(fabs(out[k] - should) < 1e-6))
            fail_msg("%u x %u to %u x %u, value %zu: %.9g, not %.9g", width,
                     height, out_width, out_height, k, out[k], should);
    }
    bf_free(out);
    bf_free(in);
}

static void test_definition(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    const unsigned sizes[][4] = {{28, 28, 224, 224}, {1, 1, 7, 5},
                                 {1, 9, 4, 3},       {300, 2, 5, 4},
                                 {31, 33, 32, 32},   {97, 64, 1, 1}};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        compare_sizes(sizes[k][0], sizes[k][1], sizes[k][2], sizes[k][3],
                      &seed);
    for (unsigned k = 0; k < 60; k++) {
        unsigned s[4];
        for (unsigned i = 0; i < 4; i++)
            s[i] = 1 + (unsigned)(random_u64(&seed) % 60);
        compare_sizes(s[0], s[1], s[2], s[3], &seed);
    }
}

static void test_same_size(void **state)
{
    (void)state;
    uint64_t seed = test_seed();
    float in[3 * 40 * 50], out[3 * 40 * 50];
    for (size_t k = 0; k < 6000; k++) in[k] = random_float(&seed, 0, 1);
    check_ok(bf_resize(in, 3, 50, 40, out, 50, 40));
    assert_memory_equal(in, out, sizeof in);
}

/* An image of the largest side, in one direction at a time. */
static void test_long_sides(void **state)
{
    (void)state;
    enum { LONG = 32768 };
    float *in = must_alloc(LONG * sizeof *in), out[224 * 2];
    for (unsigned k = 0; k < LONG; k++) in[k] = (float)k / LONG;
    check_ok(bf_resize(in, 1, LONG, 1, out, 224, 2));
    for (unsigned k = 1; k < 223; k++) /* a ramp stays one inside */
        assert_true(fabs(out[224 + k] - (k + 0.5) / 224) < 1e-4);
    check_ok(bf_resize(in, 1, 1, LONG, out, 2, 224));
    for (unsigned k = 1; k < 223; k++)
        assert_true(fabs(out[2 * k] - (k + 0.5) / 224) < 1e-4);
    bf_free(in);
}

/* Files that PIL wrote, decoded and resized here and by torchvision. */
static void test_torchvision(void **state)
{
    (void)state;
    enum { VALUES = 3 * 224 * 224 };
    char folder[] = "/tmp/bf_test_resize_XXXXXX", arguments[128];
    assert_non_null(mkdtemp(folder));
    snprintf(arguments, sizeof arguments, "%s --resize-only --seed %llu",
             folder, (unsigned long long)test_seed());
    if (!run_torch(arguments)) {
        check_ok(bf_remove_tree(folder));
        skip();
    }
    bf_safetensors *expected = NULL;
    bf_images *images = NULL;
    double worst = 0;
    const char *pictures = path_in(folder, "pictures");
    check_ok(
        bf_safetensors_open(&expected, path_in(folder, "resized.safetensors")));
    check_ok(bf_images_open(&images, pictures, NULL, true));
    size_t count = bf_images_count(images);
    assert_int_equal(count, bf_safetensors_count(expected));
    float *is = must_alloc(VALUES * sizeof *is);
    for (size_t i = 0; i < count; i++) {
        bf_image img = {0};
        check_ok(bf_images_read(images, i, &img));
        const char *name = img.name + strlen(pictures) + 1;
        float *should = tensor_floats(expected, name, VALUES);
        check_ok(bf_resize(img.pixels, img.channels, img.width, img.height, is,
                           224, 224));
        for (unsigned k = 0; k < VALUES; k++) {
            unsigned from = img.channels == 1 ? k % (224 * 224) : k;
            double difference = fabs((double)is[from] - should[k]);
            if (!(difference <= RESIZE_TOLERANCE))
                fail_msg("%s: value %u is %.9g, not %.9g", name, k, is[from],
                         should[k]);
            worst = fmax(worst, difference);
        }
        bf_free(should);
        bf_image_clear(&img);
    }
    print_message("%zu images, largest difference %.1e\n", count, worst);
    bf_free(is);
    bf_images_close(images);
    bf_safetensors_close(expected);
    check_ok(bf_remove_tree(folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_same_size),
        cmocka_unit_test(test_long_sides),
        cmocka_unit_test(test_torchvision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
