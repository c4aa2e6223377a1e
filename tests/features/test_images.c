/* Images through bf_images: the format of a path, pixels, labels. */
#include "data_testing.h"

#include <stdatomic.h>

#include "base/parallel.h"
#include "features/image_source.h"

#define COUNT 3
#define HEIGHT 2
#define WIDTH 5
#define PIXELS (HEIGHT * WIDTH)

/* A header and COUNT images, pixel k of all is 5 k + 1. */
static void fill_idx(uint8_t out[16 + COUNT * PIXELS])
{
    static const uint8_t head[16] = {0, 0, 8, 3,      0, 0, 0, COUNT,
                                     0, 0, 0, HEIGHT, 0, 0, 0, WIDTH};
    memcpy(out, head, sizeof head);
    for (unsigned k = 0; k < COUNT * PIXELS; k++)
        out[16 + k] = (uint8_t)(5 * k + 1);
}

static const char *given_array(const char *name, const char *descr,
                               const char *shape, const void *values,
                               size_t bytes)
{
    char file[4096] = "\x93NUMPY\1";
    int text = snprintf(file + 10, 246,
                        "{'descr': '%s', 'fortran_order': False, 'shape': "
                        "(%s), }\n",
                        descr, shape);
    file[8] = (char)text;
    memcpy(file + 10 + text, values, bytes);
    return given(name, file, 10 + (size_t)text + bytes);
}

static void check_grey(const char *path, const char *labels_path)
{
    bf_images *s;
    check_ok(bf_images_open(&s, path, labels_path, true));
    assert_int_equal(bf_images_count(s), COUNT);
    assert_int_equal(bf_images_classes(s), labels_path ? 8 : 0);
    assert_null(bf_images_class_names(s));
    for (size_t i = COUNT; i-- > 0;) {
        bf_image img;
        check_ok(bf_images_read(s, i, &img));
        assert_true(img.width == WIDTH && img.height == HEIGHT &&
                    img.channels == 1);
        for (unsigned k = 0; k < PIXELS; k++)
            assert_true(img.pixels[k] ==
                        (float)(5 * (i * PIXELS + k) + 1) / 255.0f);
        int32_t label = labels_path ? (int32_t)(7 - i) : -1;
        assert_int_equal(img.label, label);
        assert_int_equal(bf_images_label(s, i), label);
        bf_image_clear(&img);
        assert_null(img.pixels);
    }
    bf_image img = {0};
    check_fails(BF_ERR_ARGUMENT, "image 3", "of 3",
                bf_images_read(s, COUNT, &img));
    bf_images_close(s);
}

static void test_grey(void **state)
{
    (void)state;
    uint8_t file[16 + COUNT * PIXELS];
    static const uint8_t labels[8 + COUNT] = {0, 0,     8, 1, 0, 0,
                                              0, COUNT, 7, 6, 5};
    int32_t l[COUNT] = {7, 6, 5};
    fill_idx(file);
    char idx_labels[512], npy_labels[512];
    snprintf(idx_labels, sizeof idx_labels, "%s",
             given_gz("labels.gz", labels, sizeof labels));
    snprintf(npy_labels, sizeof npy_labels, "%s",
             path_in(scratch, "labels.npy"));
    check_ok(bf_npy_write_labels(npy_labels, l, COUNT));
    const char *paths[] = {
        given("images", file, sizeof file),
        given_gz("images.gz", file, sizeof file),
        given_array("a.npy", "|u1", "3, 2, 5", file + 16, COUNT * PIXELS),
        given_array("b.npy", "|u1", "3, 2, 5, 1", file + 16, COUNT * PIXELS),
    };
    char kept[4][512];
    for (int i = 0; i < 4; i++) snprintf(kept[i], 512, "%s", paths[i]);
    for (int i = 0; i < 4; i++) {
        check_grey(kept[i], NULL);
        check_grey(kept[i], idx_labels);
        check_grey(kept[i], npy_labels);
    }
}

/* Colours lie side by side in the file and plane by plane in the image; floats
 * are taken as they are. */
static void test_colour_floats(void **state)
{
    (void)state;
    float values[2][2][2][3];
    for (int i = 0; i < 24; i++) (&values[0][0][0][0])[i] = (float)i / 23;
    bf_images *s;
    check_ok(bf_images_open(
        &s, given_array("c.npy", "<f4", "2, 2, 2, 3", values, sizeof values),
        NULL, false));
    for (int i = 0; i < 2; i++) {
        bf_image img;
        check_ok(bf_images_read(s, (size_t)i, &img));
        assert_int_equal(img.channels, 3);
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 2; y++)
                for (int x = 0; x < 2; x++)
                    assert_true(img.pixels[c * 4 + y * 2 + x] ==
                                values[i][y][x][c]);
        bf_image_clear(&img);
    }
    bf_images_close(s);
}

static void refuse_pixel(double pixel, const char *why)
{
    const double values[3] = {0.5, 1, pixel};
    bf_images *s;
    check_fails(BF_ERR_RANGE, "range.npy: image 2 has a pixel", why,
                bf_images_open(&s,
                               given_array("range.npy", "<f8", "3, 1, 1",
                                           values, sizeof values),
                               NULL, false));
}

/* Floats of another scale, normalised floats and NaN are refused before any
 * image is used; rounding errors outside 0..1 are clamped. */
static void test_range_of_floats(void **state)
{
    (void)state;
    refuse_pixel(214, "214; floats are from 0 to 1; divide by 255");
    refuse_pixel(1.5, "1.5");
    refuse_pixel(65535, "65535; floats are from 0 to 1");
    refuse_pixel(-0.01, "normalised");
    refuse_pixel(NAN, "nan");
    refuse_pixel(INFINITY, "inf");
    refuse_pixel(1e300, "1e+300");
    static const float rounded[2] = {-1e-7f, 1.0000002f};
    bf_images *s;
    bf_image img = {0};
    check_ok(bf_images_open(
        &s, given_array("r.npy", "<f4", "1, 1, 2", rounded, sizeof rounded),
        NULL, true));
    check_ok(bf_images_read(s, 0, &img));
    assert_true(img.pixels[0] == 0 && img.pixels[1] == 1);
    bf_image_clear(&img);
    bf_images_close(s);
}

static void refuse(bf_status status, const char *one, const char *two,
                   const char *path, const char *labels_path)
{
    bf_images *s;
    check_fails(status, one, two, bf_images_open(&s, path, labels_path, false));
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t file[16 + COUNT * PIXELS];
    static const uint8_t two[10] = {0, 0, 8, 1, 0, 0, 0, 2, 1, 0};
    static const uint8_t high[11] = {0, 0, 8, 1, 0, 0, 0, 3, 1, 0, 100};
    fill_idx(file);
    char images[512];
    snprintf(images, sizeof images, "%s", given("i", file, sizeof file));
    refuse(BF_ERR_IO, "absent", "No such file", path_in(scratch, "absent"),
           NULL);
    refuse(BF_ERR_IO, "absent", "No such file", images,
           path_in(scratch, "absent"));
    refuse(BF_ERR_MISMATCH, "2 labels", "3 images", images,
           given("two", two, sizeof two));
    refuse(BF_ERR_RANGE, "high: row 3", "label 100", images,
           given("high", high, sizeof high));
    refuse(BF_ERR_FORMAT, "i: not a list of labels", "3 dimensions", images,
           images);
    refuse(BF_ERR_FORMAT, "labels have 1", "1 dimensions",
           given("two", two, sizeof two), NULL);
    refuse(BF_ERR_FORMAT, "text", "not a folder of images",
           given_text("text", "neither fish nor fowl\n"), NULL);
    refuse(BF_ERR_FORMAT, "empty", "an empty file", given("empty", "", 0),
           NULL);
    refuse(BF_ERR_ARGUMENT, "null", "neither a file nor", "/dev/null", NULL);
    refuse(BF_ERR_FORMAT, "flat.npy", "n x h x w",
           given_array("flat.npy", "|u1", "2, 3", "123456", 6), NULL);
    refuse(BF_ERR_FORMAT, "four.npy", "n x h x w",
           given_array("four.npy", "|u1", "1, 1, 1, 4", "1234", 4), NULL);
    refuse(BF_ERR_FORMAT, "ints.npy", "uint8",
           given_array("ints.npy", "<i2", "1, 1, 1", "12", 2), NULL);
    refuse(BF_ERR_FORMAT, "none.npy", "0 images",
           given_array("none.npy", "|u1", "0, 2, 2", "", 0), NULL);
    refuse(BF_ERR_FORMAT, "cut", "cut short", given("cut", file, 30), NULL);
}

/* What is refused is called what it is. */
static void test_other_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *name, *bytes;
        size_t count;
        const char *kind;
    } files[] = {
#define FILE_OF(name, text, kind) {name, text, sizeof text - 1, kind}
        FILE_OF("data_batch_1", "\x80\2}q\1(U\4data", "CIFAR's Python version"),
        FILE_OF("batch", "\x80\4\x95", "a Python pickle"),
        FILE_OF("mnist.npz", "PK\3\4\24", "a zip archive"),
        FILE_OF("one.png", "\x89PNG\r\n\x1a\n", "give the folder"),
        FILE_OF("one.jpg", "\xff\xd8\xff\xe0", "a JPEG image"),
        FILE_OF("one.gif", "GIF89a", "a GIF image"),
        FILE_OF("one.webp", "RIFF\0\0\0\0WEBPVP8 ", "a WebP image"),
        FILE_OF("x.h5", "\x89HDF\r\n", "an HDF5 file"),
        FILE_OF("x.idx", "<!DOCTYPE html>", "a web page"),
        FILE_OF("lfs", "version https://git-lfs.github.com", "Git LFS"),
        FILE_OF("cut.bin", "\1\2\3", "3 bytes; a CIFAR binary has"),
#undef FILE_OF
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        refuse(BF_ERR_FORMAT, files[i].name, files[i].kind,
               given(files[i].name, files[i].bytes, files[i].count), NULL);
    char tar[512] = "cifar-10-batches-bin/";
    memcpy(tar + 257, "ustar", 5);
    refuse(BF_ERR_FORMAT, "c.tar", "a tar archive",
           given("c.tar", tar, sizeof tar), NULL);
    refuse(BF_ERR_FORMAT, "c.tar.gz", "in gzip a tar archive",
           given_gz("c.tar.gz", tar, sizeof tar), NULL);
    refuse(BF_ERR_FORMAT, "text.gz: not an IDX file", "",
           given_gz("text.gz", "text", 4), NULL);
    int32_t *labels;
    size_t n;
    check_fails(BF_ERR_FORMAT, "y.zip", "a zip archive",
                bf_labels_read(&labels, &n, given("y.zip", files[2].bytes, 5)));
}

/* An IDX file is recognised even if its length would fit CIFAR. */
static void test_lengths_of_cifar(void **state)
{
    (void)state;
    size_t bytes = 3073, pixels = bytes - 16; /* 3057 = 3 x 1019 */
    uint8_t *file = must_alloc(bytes);
    memset(file, 9, bytes);
    memcpy(file, "\0\0\10\3\0\0\0\1\0\0\0\3\0\0\3\373", 16);
    assert_int_equal(3 * 1019, pixels);
    bf_images *s;
    check_ok(bf_images_open(&s, given("tie", file, bytes), NULL, true));
    assert_int_equal(bf_images_count(s), 1);
    bf_images_close(s);
    file[15]--; /* no IDX file any more; as CIFAR: class 0, dark red */
    check_ok(bf_images_open(&s, given("tie.bin", file, bytes), NULL, true));
    assert_int_equal(bf_images_classes(s), 10);
    bf_images_close(s);
    bf_free(file);
}

static void test_limits(void **state)
{
    (void)state;
    bf_image img = {0};
    check_fails(BF_ERR_FORMAT, "x", "40000 x 2",
                bf_image_alloc(&img, 40000, 2, 1, "x"));
    check_fails(BF_ERR_FORMAT, "x", "30000 x 30000",
                bf_image_alloc(&img, 30000, 30000, 1, "x"));
    check_fails(BF_ERR_FORMAT, "x", "0 x 2",
                bf_image_alloc(&img, 0, 2, 1, "x"));
    check_fails(BF_ERR_FORMAT, "x", "2 channels",
                bf_image_alloc(&img, 2, 2, 2, "x"));
    assert_null(img.pixels);
    check_ok(bf_image_alloc(&img, 2, 3, 3, "x"));
    assert_int_equal(img.label, -1);
    bf_image_clear(&img);
}

typedef struct reading {
    bf_images *from;
    const uint8_t *values;
    atomic_int wrong;
} reading;

static void read_one(void *user, size_t i)
{
    reading *r = user;
    bf_image img = {0};
    size_t at = i % 200;
    if (bf_images_read(r->from, at, &img) != BF_OK) {
        r->wrong++;
        return;
    }
    for (size_t k = 0; k < 10; k++)
        r->wrong += img.pixels[k] != (float)(r->values[at * 10 + k] / 255.0);
    bf_image_clear(&img);
}

/* All threads read at once. */
static void test_threads(void **state)
{
    (void)state;
    BF_THREADS(4);
    uint8_t *values = must_alloc(2000);
    for (size_t i = 0; i < 2000; i++) values[i] = (uint8_t)(i * i);
    bf_images *s;
    check_ok(bf_images_open(
        &s, given_array("t.npy", "|u1", "200, 5, 2", values, 2000), NULL,
        true));
    reading r = {s, values, 0};
    bf_parallel(2000, read_one, &r);
    assert_int_equal(r.wrong, 0);
    bf_images_close(s);
    bf_free(values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grey),
        cmocka_unit_test(test_colour_floats),
        cmocka_unit_test(test_range_of_floats),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_other_kinds),
        cmocka_unit_test(test_lengths_of_cifar),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
