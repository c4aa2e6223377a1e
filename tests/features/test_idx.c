/* IDX files made byte by byte, whole and damaged; the embedded digits. */
#include "data_testing.h"

#include "../fuzz/fuzz_idx.c"

#define IMAGES 5
#define HEIGHT 3
#define WIDTH 4
#define VALUES (IMAGES * HEIGHT * WIDTH)
#define FILE_BYTES (16 + VALUES)

/* A header of IMAGES x HEIGHT x WIDTH bytes, then 7 k mod 256. */
static void fill_images(uint8_t out[FILE_BYTES])
{
    static const uint8_t head[16] = {0, 0, 8, 3,      0, 0, 0, IMAGES,
                                     0, 0, 0, HEIGHT, 0, 0, 0, WIDTH};
    memcpy(out, head, sizeof head);
    for (unsigned k = 0; k < VALUES; k++) out[16 + k] = (uint8_t)(7 * k);
}

static bool holds_images(const bf_idx *a)
{
    if (a->dims != 3 || a->dim[0] != IMAGES || a->dim[1] != HEIGHT ||
        a->dim[2] != WIDTH || a->bytes != VALUES)
        return false;
    for (unsigned k = 0; k < VALUES; k++)
        if (a->data[k] != (uint8_t)(7 * k)) return false;
    return true;
}

static void test_plain_and_gz(void **state)
{
    (void)state;
    uint8_t file[FILE_BYTES];
    fill_images(file);
    const char *paths[2] = {given("plain", file, sizeof file),
                            given_gz("packed.gz", file, sizeof file)};
    for (int i = 0; i < 2; i++) {
        bf_idx a;
        check_ok(bf_idx_read(&a, paths[i]));
        assert_true(holds_images(&a));
        bf_idx_clear(&a);
    }
}

static void test_every_number_of_dimensions(void **state)
{
    (void)state;
    for (uint8_t dims = 0; dims <= 6; dims++) {
        uint8_t file[64] = {0, 0, 8, dims};
        for (uint8_t i = 0; i < dims; i++) file[4 + 4 * i + 3] = 1;
        file[4 + 4 * dims] = 77;
        bf_idx a;
        const char *path = given("dims", file, 4u + 4u * dims + 1);
        if (dims == 0 || dims > BF_IDX_DIMS_MAX) {
            check_fails(BF_ERR_FORMAT, "dims", "dimensions",
                        bf_idx_read(&a, path));
            continue;
        }
        check_ok(bf_idx_read(&a, path));
        assert_int_equal(a.dims, dims);
        assert_int_equal(a.data[0], 77);
        bf_idx_clear(&a);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t good[FILE_BYTES + 1], bad[FILE_BYTES];
    bf_idx a;
    fill_images(good);
    good[FILE_BYTES] = 0;
    check_fails(BF_ERR_IO, "absent", "No such file",
                bf_idx_read(&a, path_in(scratch, "absent")));
    check_fails(BF_ERR_FORMAT, "empty", "not an IDX file",
                bf_idx_read(&a, given("empty", "", 0)));
    memcpy(bad, good, sizeof bad);
    bad[0] = 1;
    check_fails(BF_ERR_FORMAT, "magic", "not an IDX file",
                bf_idx_read(&a, given("magic", bad, sizeof bad)));
    memcpy(bad, good, sizeof bad);
    bad[2] = 0x0d;
    check_fails(BF_ERR_UNSUPPORTED, "floats", "0x0d",
                bf_idx_read(&a, given("floats", bad, sizeof bad)));
    memcpy(bad, good, sizeof bad);
    bad[7] = 0;
    check_fails(BF_ERR_FORMAT, "none", "no values",
                bf_idx_read(&a, given("none", bad, 16)));
    check_fails(BF_ERR_FORMAT, "long", "left over",
                bf_idx_read(&a, given("long", good, sizeof good)));
    check_fails(BF_ERR_FORMAT, "long.gz", "left over",
                bf_idx_read(&a, given_gz("long.gz", good, sizeof good)));
}

static void test_every_truncation(void **state)
{
    (void)state;
    uint8_t file[FILE_BYTES];
    fill_images(file);
    for (size_t n = 0; n < sizeof file; n++) {
        bf_idx a;
        check_fails(BF_ERR_FORMAT, "short", "",
                    bf_idx_read(&a, given("short", file, n)));
        check_fails(BF_ERR_FORMAT, "short.gz", "",
                    bf_idx_read(&a, given_gz("short.gz", file, n)));
    }
}

/* Memory is not taken on the word of a header. */
static void test_promises(void **state)
{
    (void)state;
    uint8_t file[4096] = {0, 0, 8, 3};
    bf_idx a;
    memset(file + 4, 0xff, 12);
    check_fails(BF_ERR_FORMAT, "huge", "impossible",
                bf_idx_read(&a, given("huge", file, sizeof file)));
    memcpy(file + 4, "\0\1\0\0\0\0\4\0\0\0\4\0", 12); /* 64 GiB */
    check_fails(BF_ERR_FORMAT, "big", "more than the file can hold",
                bf_idx_read(&a, given("big", file, sizeof file)));
    check_fails(BF_ERR_FORMAT, "big.gz", "more than the file can hold",
                bf_idx_read(&a, given_gz("big.gz", file, sizeof file)));
}

/* gzip has a checksum: a changed bit is detected, or changes nothing. */
static void test_every_flip_of_gz(void **state)
{
    (void)state;
    uint8_t file[FILE_BYTES], *packed, *copy;
    size_t bytes, refused = 0;
    fill_images(file);
    const char *path = given_gz("whole.gz", file, sizeof file);
    check_ok(bf_read_file(path, 4096, &packed, &bytes));
    copy = must_alloc(bytes);
    for (size_t i = 0; i < 8 * bytes; i++) {
        memcpy(copy, packed, bytes);
        copy[i / 8] ^= (uint8_t)(1 << i % 8);
        bf_idx a;
        if (bf_idx_read(&a, given("flip.gz", copy, bytes)) != BF_OK) {
            assert_non_null(strstr(bf_last_error(), "flip.gz"));
            refused++;
            continue;
        }
        assert_true(holds_images(&a));
        bf_idx_clear(&a);
    }
    assert_true(refused > 6 * bytes); /* all but some of 10 bytes of header */
    for (size_t n = 3; n < bytes; n++) {
        bf_idx a;
        check_fails(BF_ERR_FORMAT, "cut.gz", "",
                    bf_idx_read(&a, given("cut.gz", packed, n)));
    }
    bf_free(packed);
    bf_free(copy);
}

static void test_labels(void **state)
{
    (void)state;
    uint8_t file[FILE_BYTES],
        labels[8 + 3] = {0, 0, 8, 1, 0, 0, 0, 3, 5, 0, 255};
    int32_t *l;
    size_t n;
    check_ok(bf_labels_read(&l, &n, given_gz("l.gz", labels, sizeof labels)));
    assert_int_equal(n, 3);
    assert_true(l[0] == 5 && l[1] == 0 && l[2] == 255);
    bf_free(l);
    fill_images(file);
    check_fails(BF_ERR_FORMAT, "images", "3 dimensions",
                bf_labels_read(&l, &n, given("images", file, sizeof file)));
}

static void count_digits(const char *set, size_t images,
                         const unsigned per_class[10])
{
    char path[2][64];
    bf_idx a;
    int32_t *labels;
    size_t n;
    unsigned count[10] = {0};
    snprintf(path[0], sizeof path[0], "data/digits-%s-images.idx.gz", set);
    snprintf(path[1], sizeof path[1], "data/digits-%s-labels.idx.gz", set);
    check_ok(bf_idx_read(&a, path[0]));
    assert_true(a.dims == 3 && a.dim[0] == images && a.dim[1] == 28 &&
                a.dim[2] == 28);
    check_ok(bf_labels_read(&labels, &n, path[1]));
    assert_int_equal(n, images);
    for (size_t i = 0; i < n; i++) {
        assert_in_range(labels[i], 0, 9);
        count[labels[i]]++;
    }
    assert_memory_equal(count, per_class, sizeof count);
    bf_idx_clear(&a);
    bf_free(labels);
}

/* The numbers that data/README.md states. */
static void test_embedded_digits(void **state)
{
    (void)state;
    count_digits("train", 128,
                 (unsigned[10]){15, 13, 10, 10, 10, 16, 16, 17, 11, 10});
    count_digits(
        "test", 2000,
        (unsigned[10]){188, 224, 206, 218, 220, 170, 197, 192, 186, 199});
}

static void test_damage(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    uint8_t file[FILE_BYTES], *packed;
    size_t bytes;
    fill_images(file);
    replay(LLVMFuzzerTestOneInput, file, sizeof file, 2000, &rng);
    const char *path = given_gz("seed.gz", file, sizeof file);
    check_ok(bf_read_file(path, 4096, &packed, &bytes));
    replay(LLVMFuzzerTestOneInput, packed, bytes, 2000, &rng);
    bf_free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_and_gz),
        cmocka_unit_test(test_every_number_of_dimensions),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_every_flip_of_gz),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_embedded_digits),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
