/* The scattering transform against its definition: filters as formulas in
 * space, convolutions as double sums, in double. */
#include "data_testing.h"

#include <complex.h>

#include "features/backbone.h"
#include "features/image_source.h"
#include "features/scattering_picture.h"
#include "features/scattering_transform.h"
#include "support/env.h"

#define OUTPUTS 925
#define TOLERANCE 2e-6 /* a few hundred roundings of 6e-8, at random */

/* ---- the reference --------------------------------------------------- */

typedef struct axis {
    int length, period, before;
} axis;

static bool has_small_factors(int n)
{
    while (n % 2 == 0) n /= 2;
    while (n % 3 == 0) n /= 3;
    return n == 1;
}

static axis reference_axis(int length)
{
    axis a = {.length = length, .period = length + 20 + length % 2};
    while (!has_small_factors(a.period)) a.period += 2;
    a.before = (a.period - length) / 2;
    a.before -= a.before % 2;
    return a;
}

/* The image, mirrored at its edges, at padded place i. */
static int mirrored(axis a, int i)
{
    int k = i - a.before;
    while (k < 0 || k >= a.length) k = k < 0 ? -1 - k : 2 * a.length - 1 - k;
    return k;
}

typedef struct map {
    int w, h;
    double *v;
} map;

static map new_map(int w, int h)
{
    return (map){w, h, must_alloc((size_t)(w * h) * sizeof(double))};
}

/* psi at all offsets of one period. */
static double complex *wavelet(axis ax, axis ay, int j, int a)
{
    int w = ax.period, h = ay.period;
    double theta = M_PI * a / 6, xi = 0.75 * M_PI / (1 << j);
    double sigma = 0.8 * (1 << j), slant = 2.0 / 3;
    double complex *wave = must_alloc((size_t)(w * h) * sizeof *wave);
    double *hill = must_alloc((size_t)(w * h) * sizeof *hill);
    double complex waves = 0;
    double hills = 0;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            wave[y * w + x] = 0;
            hill[y * w + x] = 0;
            for (int n = -2; n <= 2; n++)
                for (int m = -2; m <= 2; m++) {
                    double px = x + n * w, py = y + m * h;
                    double u = px * cos(theta) + py * sin(theta);
                    double v = py * cos(theta) - px * sin(theta);
                    double g = exp(-(u * u + slant * slant * v * v) /
                                   (2 * sigma * sigma));
                    hill[y * w + x] += g;
                    wave[y * w + x] += g * cexp(I * xi * u);
                }
            hills += hill[y * w + x];
            waves += wave[y * w + x];
        }
    for (int i = 0; i < w * h; i++)
        wave[i] = (wave[i] - waves / hills * hill[i]) / hills;
    bf_free(hill);
    return wave;
}

/* |in * psi| at every step-th place each way. */
static map convolve(map in, const double complex *psi, int step)
{
    map out = new_map(in.w / step, in.h / step);
    for (int y = 0; y < out.h; y++)
        for (int x = 0; x < out.w; x++) {
            double complex sum = 0;
            for (int b = 0; b < in.h; b++)
                for (int a = 0; a < in.w; a++) {
                    int dy = (y * step - b + in.h) % in.h;
                    int dx = (x * step - a + in.w) % in.w;
                    sum += in.v[b * in.w + a] * psi[dy * in.w + dx];
                }
            out.v[y * out.w + x] = cabs(sum);
        }
    return out;
}

/* Mean over cell g of `cells`: the map as a step function, one step `step`
 * pixels wide around each sample, summed over slices so thin that no step or
 * cell ends inside one. */
static double mean_of_cell(map m, axis ax, axis ay, int step, int cells, int gy,
                           int gx)
{
    double sum = 0;
    int nx = 2 * ax.length, ny = 2 * ay.length;
    for (int i = 0; i < ny; i++) {
        double y = (gy + (i + 0.5) / ny) * ay.length / cells;
        int sy = (int)floor((y - 0.5 + ay.before) / step + 0.5);
        for (int k = 0; k < nx; k++) {
            double x = (gx + (k + 0.5) / nx) * ax.length / cells;
            int sx = (int)floor((x - 0.5 + ax.before) / step + 0.5);
            sum += m.v[sy * m.w + sx];
        }
    }
    return sum / nx / ny;
}

static double *add_means(double *to, map m, axis ax, axis ay, int step,
                         int cells)
{
    for (int g = 0; g < cells; g++)
        for (int h = 0; h < cells; h++)
            *to++ = mean_of_cell(m, ax, ay, step, cells, g, h);
    return to;
}

static void reference(const float *pixels, int width, int height,
                      double out[OUTPUTS])
{
    axis ax = reference_axis(width), ay = reference_axis(height);
    double complex *psi[2][6];
    for (int i = 0; i < 12; i++)
        psi[i / 6][i % 6] = wavelet(ax, ay, i / 6, i % 6);
    map x = new_map(ax.period, ay.period);
    for (int i = 0; i < x.h; i++)
        for (int k = 0; k < x.w; k++)
            x.v[i * x.w + k] =
                pixels[mirrored(ay, i) * width + mirrored(ax, k)];
    double *first = add_means(out, x, ax, ay, 1, 7);
    double *second = out + 49 + 12 * 25;
    for (int a = 0; a < 6; a++) {
        map u = convolve(x, psi[0][a], 1);
        first = add_means(first, u, ax, ay, 1, 5);
        for (int b = 0; b < 6; b++) {
            map v = convolve(u, psi[1][b], 2);
            second = add_means(second, v, ax, ay, 2, 4);
            bf_free(v.v);
        }
        bf_free(u.v);
    }
    for (int a = 0; a < 6; a++) {
        map u = convolve(x, psi[1][a], 2);
        first = add_means(first, u, ax, ay, 2, 5);
        bf_free(u.v);
    }
    assert_ptr_equal(second, out + OUTPUTS);
    bf_free(x.v);
    for (int i = 0; i < 12; i++) bf_free(psi[i / 6][i % 6]);
}

/* ---- helpers --------------------------------------------------------- */

static bf_image picture(unsigned width, unsigned height, unsigned channels)
{
    bf_image img;
    check_ok(bf_image_alloc(&img, width, height, channels, "test"));
    return img;
}

static bf_image random_picture(unsigned width, unsigned height,
                               unsigned channels, uint64_t *rng)
{
    bf_image img = picture(width, height, channels);
    for (size_t i = 0; i < (size_t)width * height * channels; i++)
        img.pixels[i] = random_float(rng, 0, 1);
    return img;
}

/* Images through the backbone in one batch; rows of OUTPUTS floats. */
static float *scatter(const bf_image *img, size_t count)
{
    bf_backbone *b;
    check_ok(bf_backbone_create(
        &b, &(bf_backbone_options){.name = "scattering", .batch = 64}));
    size_t floats = b->ops->input_floats(b->self), outputs;
    float *input = must_alloc(count * floats * sizeof *input);
    float *rows = must_alloc(count * OUTPUTS * sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        check_ok(bf_backbone_outputs(b, img[i].width, img[i].height, &outputs));
        assert_int_equal(outputs, OUTPUTS);
        check_ok(b->ops->prepare(b->self, &img[i], input + i * floats));
    }
    check_ok(b->ops->forward(b->self, input, count, rows));
    bf_backbone_destroy(b);
    bf_free(input);
    return rows;
}

/* Each order is compared separately, so that large outputs do not hide errors
 * of small ones. */
static void check_against_reference(const bf_image *img)
{
    static const int end[3] = {49, 349, OUTPUTS};
    double should[OUTPUTS];
    float *is = scatter(img, 1);
    reference(img->pixels, (int)img->width, (int)img->height, should);
    for (int order = 0, i = 0; order < 3; order++) {
        double largest = 0, difference = 0;
        for (; i < end[order]; i++) {
            largest = fmax(largest, fabs(should[i]));
            difference = fmax(difference, fabs(is[i] - should[i]));
        }
        print_message("%u x %u, order %d: largest %.3g, off by %.1e of it\n",
                      img->width, img->height, order, largest,
                      difference / largest);
        assert_true(difference <= TOLERANCE * largest);
    }
    bf_free(is);
}

/* ---- tests ----------------------------------------------------------- */

static void test_definition_on_digits(void **state)
{
    (void)state;
    bf_images *s;
    check_ok(bf_images_open(&s, "data/digits-train-images.idx.gz", NULL, true));
    for (size_t i = 0; i < 2; i++) {
        bf_image img;
        check_ok(bf_images_read(s, i, &img));
        check_against_reference(&img);
        bf_image_clear(&img);
    }
    bf_images_close(s);
}

static void test_definition_on_sizes(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    static const unsigned sizes[][2] = {{8, 8}, {9, 13}, {29, 11}, {48, 17}};
    for (int i = 0; i < 4; i++) {
        bf_image img = random_picture(sizes[i][0], sizes[i][1], 1, &rng);
        check_against_reference(&img);
        bf_image_clear(&img);
    }
}

/* |psi * constant| = 0: the wavelets see no constant. */
static void test_constant(void **state)
{
    (void)state;
    bf_image img = picture(28, 28, 1);
    for (int i = 0; i < 28 * 28; i++) img.pixels[i] = 0.75f;
    float *row = scatter(&img, 1);
    for (int i = 0; i < 49; i++) assert_true(fabsf(row[i] - 0.75f) < 1e-6f);
    for (int i = 49; i < OUTPUTS; i++) assert_true(fabsf(row[i]) < 1e-6f);
    bf_free(row);
    bf_image_clear(&img);
}

/* A wave excites the path of its own scale and angle the most. */
static void test_paths(void **state)
{
    (void)state;
    for (int j = 0; j < 2; j++)
        for (int a = 0; a < 6; a++) {
            bf_image img = picture(28, 28, 1);
            double xi = 0.75 * M_PI / (1 << j), theta = M_PI * a / 6;
            for (int i = 0; i < 28 * 28; i++)
                img.pixels[i] =
                    (float)(0.5 + 0.5 * cos(xi * (i % 28 * cos(theta) +
                                                  i / 28 * sin(theta))));
            float *row = scatter(&img, 1);
            int best = 0;
            for (int k = 1; k < 12; k++) /* the cell in the middle */
                if (row[49 + 25 * k + 12] > row[49 + 25 * best + 12]) best = k;
            assert_int_equal(best, 6 * j + a);
            bf_free(row);
            bf_image_clear(&img);
        }
}

/* Results do not depend on other images of the batch, on the place in the batch
 * or on threads. */
static void test_batches(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    bf_image img[21];
    for (int i = 0; i < 21; i++)
        img[i] = i % 5 == 3 ? random_picture(12, 20, 1, &rng)
                            : random_picture(28, 28, 1, &rng);
    env_threads(2);
    float *all = scatter(img, 21);
    env_threads(1);
    for (int i = 0; i < 21; i++) {
        float *one = scatter(&img[i], 1);
        assert_memory_equal(one, all + i * OUTPUTS, OUTPUTS * sizeof *one);
        bf_free(one);
        bf_image_clear(&img[i]);
    }
    env_threads(0);
    bf_free(all);
}

/* More sizes than are kept from batch to batch. */
static void test_many_sizes(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    bf_backbone *b;
    check_ok(bf_backbone_create(
        &b, &(bf_backbone_options){.name = "scattering", .batch = 1}));
    size_t floats = b->ops->input_floats(b->self);
    float *input = must_alloc(floats * sizeof *input), row[2][OUTPUTS];
    for (int round = 0; round < 2; round++)
        for (unsigned i = 0; i < 70; i++) {
            uint64_t same = rng + i;
            bf_image img = random_picture(8 + i % 10, 8 + i / 10, 1, &same);
            check_ok(b->ops->prepare(b->self, &img, input));
            check_ok(b->ops->forward(b->self, input, 1, row[i > 0]));
            bf_image_clear(&img);
        }
    uint64_t same = rng;
    bf_image img = random_picture(8, 8, 1, &same);
    float *again = scatter(&img, 1);
    assert_memory_equal(again, row[0], sizeof row[0]);
    bf_free(again);
    bf_image_clear(&img);
    bf_free(input);
    bf_backbone_destroy(b);
}

/* A colour image is its luminance; a side over 48 becomes 32 by averaging. */
static void test_pictures(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    bf_image img = random_picture(50, 96, 3, &rng);
    float out[48 * 48];
    assert_true(bf_scat_side(48) == 48 && bf_scat_side(49) == 32);
    bf_scat_picture(&img, out);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            double sum = 0;
            /* 50 / 32 = 25 / 16: slices of 1/16 of a pixel, 3 rows */
            for (int b = 3 * y; b < 3 * y + 3; b++)
                for (int a = 25 * x; a < 25 * x + 25; a++) {
                    const float *p = img.pixels + b * 50 + a / 16;
                    sum += 0.299 * p[0] + 0.587 * p[4800] + 0.114 * p[9600];
                }
            assert_true(fabs(out[y * 32 + x] - sum / 75) < 1e-6);
        }
    bf_image_clear(&img);
    img = random_picture(17, 48, 1, &rng);
    bf_scat_picture(&img, out);
    assert_memory_equal(out, img.pixels, 17 * 48 * sizeof *out);
    bf_image_clear(&img);
}

static void refuse(const char *word, const bf_backbone_options *opt)
{
    bf_backbone *b;
    check_fails(BF_ERR_ARGUMENT, word, "", bf_backbone_create(&b, opt));
}

static void test_refusals(void **state)
{
    (void)state;
    refuse("'resnet' is unknown", &(bf_backbone_options){.name = "resnet"});
    refuse("w.safetensors", &(bf_backbone_options){.name = "scattering",
                                                   .weights = "w.safetensors"});
    refuse("normalisation", &(bf_backbone_options){.name = "scattering",
                                                   .normalize_imagenet = true});
    refuse("batch",
           &(bf_backbone_options){.name = "scattering", .batch = 1000000});
    bf_backbone *b;
    size_t outputs;
    check_ok(
        bf_backbone_create(&b, &(bf_backbone_options){.name = "scattering"}));
    check_fails(BF_ERR_ARGUMENT, "7 x 28", "8 x 8",
                bf_backbone_outputs(b, 7, 28, &outputs));
    check_fails(BF_ERR_ARGUMENT, "28 x 1", "8 x 8",
                bf_backbone_outputs(b, 28, 1, &outputs));
    bf_backbone_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition_on_digits),
        cmocka_unit_test(test_definition_on_sizes),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_many_sizes),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
