/* .npy files: written and read back, as numpy writes them, and damaged. */
#include "data_testing.h"

#include "../fuzz/fuzz_npy.c"
#include "features/npy.h"

/* A file of this version, header text (padded here) and values. */
static const char *given_npy(const char *name, int version, const char *header,
                             const void *values, size_t bytes)
{
    uint8_t file[1024] = "\x93NUMPY";
    size_t text = strlen(header), start = version == 1 ? 10 : 12;
    file[6] = (uint8_t)version;
    file[8] = (uint8_t)(text + 1);
    file[9] = (uint8_t)((text + 1) >> 8);
    memcpy(file + start, header, text);
    file[start + text] = '\n';
    memcpy(file + start + text + 1, values, bytes);
    return given(name, file, start + text + 1 + bytes);
}

static bf_matrix random_matrix(size_t rows, size_t cols, uint64_t *rng)
{
    bf_matrix m;
    check_ok(bf_matrix_init(&m, rows, cols));
    for (size_t i = 0; i < rows * cols; i++)
        m.data[i] = (double)(int64_t)random_u64(rng) * 0x1p-50;
    return m;
}

static void test_round_trip(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    static const size_t shapes[][2] = {{1, 1}, {1, 7}, {9, 1}, {100, 401}};
    for (size_t s = 0; s < 4; s++)
        for (int narrow = 0; narrow < 2; narrow++) {
            bf_matrix m = random_matrix(shapes[s][0], shapes[s][1], &rng), r;
            const char *path = path_in(scratch, "trip.npy");
            check_ok(bf_npy_write(path, &m, narrow));
            check_ok(bf_npy_read(&r, path));
            assert_true(r.rows == m.rows && r.cols == m.cols);
            for (size_t i = 0; i < m.rows * m.cols; i++)
                assert_true(r.data[i] ==
                            (narrow ? (double)(float)m.data[i] : m.data[i]));
            bf_matrix_clear(&m);
            bf_matrix_clear(&r);
        }
}

/* The bytes that numpy.save(path, numpy.array([[1.5, -2]])) writes. */
static void test_bytes_of_numpy(void **state)
{
    (void)state;
    double values[2] = {1.5, -2};
    bf_matrix m = {1, 2, values};
    char should[144] = "\x93NUMPY\x01\0v\0{'descr': '<f8', 'fortran_order': "
                       "False, 'shape': (1, 2), }";
    size_t text = 10 + strlen(should + 10);
    memset(should + text, ' ', 128 - text);
    should[127] = '\n';
    memcpy(should + 128, values, 16);
    const char *path = path_in(scratch, "numpy.npy");
    check_ok(bf_npy_write(path, &m, false));
    uint8_t *is;
    size_t bytes;
    check_ok(bf_read_file(path, 4096, &is, &bytes));
    assert_int_equal(bytes, sizeof should);
    assert_memory_equal(is, should, sizeof should);
    bf_free(is);
}

static void test_types(void **state)
{
    (void)state;
    static const struct {
        const char *descr;
        char bytes[8];
        size_t item;
        double value;
    } types[] = {
        {"<f4", "\0\0\xc0\xbf", 4, -1.5},
        {"<f8", "\0\0\0\0\0\0\xf8\xbf", 8, -1.5},
        {"|i1", "\xff", 1, -1},
        {"|u1", "\xff", 1, 255},
        {"|b1", "\1", 1, 1},
        {"<i2", "\xfe\xff", 2, -2},
        {"<u2", "\xfe\xff", 2, 65534},
        {"<i4", "\xfe\xff\xff\xff", 4, -2},
        {"<u4", "\xfe\xff\xff\xff", 4, 4294967294.0},
        {"<i8", "\xfe\xff\xff\xff\xff\xff\xff\xff", 8, -2},
        {"<u8", "\0\0\0\0\0\0\0\x80", 8, 0x1p63},
        {"<f2", "\0\xbe", 2, -1.5},
        {"<f2", "\1\0", 2, 0x1p-24},
        {">f2", "\xbe\0", 2, -1.5},
        {">f4", "\xbf\xc0\0\0", 4, -1.5},
        {">f8", "\xbf\xf8\0\0\0\0\0\0", 8, -1.5},
        {">i2", "\xff\xfe", 2, -2},
        {">i4", "\xff\xff\xff\xfe", 4, -2},
        {">u8", "\x80\0\0\0\0\0\0\0", 8, 0x1p63},
        {"=f8", "\0\0\0\0\0\0\xf8\xbf", 8, -1.5},
        {"<u1", "\xff", 1, 255},
        {">i1", "\xff", 1, -1},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        bf_matrix m;
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (1, 1), }",
                 types[i].descr);
        check_ok(bf_npy_read(&m, given_npy("type.npy", 1, header,
                                           types[i].bytes, types[i].item)));
        assert_true(m.data[0] == types[i].value);
        bf_matrix_clear(&m);
    }
}

/* Headers as other versions and other writers lay them out. */
static void test_headers(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }   ",
        "{\"shape\":(2,3),\"descr\":\"|u1\",\"fortran_order\":False}",
        " { 'fortran_order' : False, 'shape' : ( 2 , 3 , ), 'descr' :'|u1' }",
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 3L), }",
    };
    for (int version = 1; version <= 3; version++)
        for (size_t h = 0; h < sizeof headers / sizeof *headers; h++) {
            bf_matrix m;
            check_ok(bf_npy_read(&m, given_npy("head.npy", version, headers[h],
                                               "\0\1\2\3\4\5", 6)));
            assert_true(m.rows == 2 && m.cols == 3);
            for (int i = 0; i < 6; i++) assert_true(m.data[i] == i);
            bf_matrix_clear(&m);
        }
}

static void test_fortran_order(void **state)
{
    (void)state;
    bf_matrix m;
    bf_dataset d;
    const char *path =
        given_npy("order.npy", 1,
                  "{'descr': '|u1', 'fortran_order': True, 'shape': (3, 2), }",
                  "\0\1\2\3\4\5", 6);
    check_ok(bf_npy_read(&m, path));
    static const double should[6] = {0, 3, 1, 4, 2, 5};
    assert_memory_equal(m.data, should, sizeof should);
    bf_matrix_clear(&m);
    check_ok(bf_dataset_load(&d, path, NULL, (bf_rows){1, 3},
                             NULL));
    assert_true(d.x.rows == 2 && !d.labels && d.classes == 0);
    assert_memory_equal(d.x.data, should + 2, 4 * sizeof *should);
    bf_dataset_clear(&d);
}

static void refuse(bf_status status, const char *why, const char *header,
                   size_t bytes)
{
    static const uint8_t values[64];
    bf_matrix m;
    check_fails(
        status, "bad.npy", why,
        bf_npy_read(&m, given_npy("bad.npy", 1, header, values, bytes)));
}

static void test_refusals(void **state)
{
    (void)state;
    bf_status format = BF_ERR_FORMAT, no = BF_ERR_UNSUPPORTED;
#define ORDER "'fortran_order': False, "
    static const char *const types[][2] = {
        {"'<f16'", "'<f16' (floats of another size)"},
        {"'<c16'", "'<c16' (complex numbers)"},
        {"'|O'", "'|O' (Python objects)"},
        {"'<U3'", "'<U3' (strings)"},
        {"'|S3'", "'|S3' (strings)"},
        {"'<M8[ns]'", "(dates)"},
        {"[('a', '<f8')]", "(records)"},
        {"'|V8'", "(records)"},
        {"'|f8'", "'|f8'"},
        {"''", "type"},
        {"'a type of a very long name'", "type"},
        {"7", "type"},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char header[128];
        snprintf(header, sizeof header, "{'descr': %s, " ORDER
                 "'shape': (1, 1)}", types[i][0]);
        refuse(no, types[i][1], header, 8);
    }
    refuse(format, "malformed", "{'descr': '<f8', " ORDER "'shape': (L, 1)}",
           8);
    refuse(format, "malformed", "{'descr': '<f8', " ORDER "'shape': (1LL, 1)}",
           8);
    refuse(format, "cut short", "{'descr': '<f8', " ORDER "'shape': (2, 2)}",
           31);
    refuse(format, "too long", "{'descr': '<f8', " ORDER "'shape': (2, 2)}",
           33);
    refuse(format, "dimensions", "{'descr': '<f8', " ORDER "'shape': (2,)}",
           16);
    refuse(format, "dimensions", "{'descr': '<f8', " ORDER "'shape': ()}", 8);
    refuse(format, "0 rows", "{'descr': '<f8', " ORDER "'shape': (0, 4)}", 0);
    refuse(format, "impossible",
           "{'descr': '<f8', " ORDER "'shape': (4294967296, 4294967296, 4)}",
           8);
    refuse(format, "impossible",
           "{'descr': '<f8', " ORDER "'shape': (4294967296, 1073741824)}", 8);
    refuse(format, "malformed",
           "{'descr': '<f8', " ORDER "'shape': (99999999999999999999999, 1)}",
           8);
    refuse(format, "malformed",
           "{'descr': '<f8', " ORDER "'shape': (1, 1, 1, 1, 1)}", 8);
    refuse(format, "malformed", "{'descr': '<f8', 'shape': (1, 1)}", 8);
    refuse(format, "malformed", "{'descr': '<f8', " ORDER "}", 8);
    refuse(format, "malformed", "{" ORDER "'shape': (1, 1)}", 8);
    refuse(format, "malformed", "{'descr': '<f8', " ORDER "'shape': (1, 1)} 7",
           8);
    refuse(format, "malformed",
           "{'descr': '<f8', " ORDER "'shape': (1, 1), 'more': 1}", 8);
    refuse(format, "malformed", "", 8);
#undef ORDER
}

static void test_files_that_are_none(void **state)
{
    (void)state;
    bf_matrix m, empty = {0};
    check_fails(BF_ERR_IO, "absent.npy", "No such file",
                bf_npy_read(&m, path_in(scratch, "absent.npy")));
    check_fails(BF_ERR_FORMAT, "empty.npy", "too early",
                bf_npy_read(&m, given("empty.npy", "", 0)));
    check_fails(BF_ERR_FORMAT, "text.npy", "not an .npy file",
                bf_npy_read(&m, given_text("text.npy", "1,2,3,4,5,6\n")));
    check_fails(BF_ERR_FORMAT, "zip.npy", "but a zip archive",
                bf_npy_read(&m, given("zip.npy", "PK\3\4\x14\0\0\0\0\0", 10)));
    check_fails(BF_ERR_FORMAT, "head.npy", "header of",
                bf_npy_read(&m, given("head.npy",
                                      "\x93NUMPY\2\0\xff\xff\xff\x7f", 12)));
    check_fails(BF_ERR_UNSUPPORTED, "new.npy", "version 9",
                bf_npy_read(&m, given("new.npy", "\x93NUMPY\x09\0\0\0", 10)));
    check_fails(BF_ERR_ARGUMENT, "none.npy", "empty",
                bf_npy_write(path_in(scratch, "none.npy"), &empty, false));
    double one = 1, large[] = {1, 3.5e38};
    bf_matrix good = {1, 1, &one}, wide = {2, 1, large};
    check_fails(BF_ERR_RANGE, "wide.npy", "row 2, column 1: 3.5e+38 is too",
                bf_npy_write(path_in(scratch, "wide.npy"), &wide, true));
    check_ok(bf_npy_write(path_in(scratch, "wide.npy"), &wide, false));
    check_fails(BF_ERR_IO, "nowhere", "",
                bf_npy_write(path_in(scratch, "nowhere/x.npy"), &good, false));
}

static void test_labels(void **state)
{
    (void)state;
    int32_t labels[3] = {3, 0, 99}, *l;
    size_t n;
    const char *path = path_in(scratch, "labels.npy");
    check_ok(bf_npy_write_labels(path, labels, 3));
    check_ok(bf_labels_read(&l, &n, path));
    assert_int_equal(n, 3);
    assert_memory_equal(l, labels, sizeof labels);
    bf_free(l);
    double whole[3] = {3, 0, 99};
    check_ok(bf_labels_read(
        &l, &n,
        given_npy("f.npy", 1,
                  "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 1)}",
                  whole, sizeof whole)));
    assert_int_equal(n, 3);
    assert_memory_equal(l, labels, sizeof labels);
    bf_free(l);
}

static void test_labels_refused(void **state)
{
    (void)state;
    static const double bad[][2] = {
        {1, -1}, {1, 2.5}, {1, 3e9}, {1, NAN}, {1, INFINITY}};
    int32_t *l;
    size_t n;
    for (size_t i = 0; i < 5; i++)
        check_fails(
            BF_ERR_RANGE, "row 2", "not a whole number",
            bf_labels_read(&l, &n,
                           given_npy("bad.npy", 1,
                                     "{'descr': '<f8', 'fortran_order': "
                                     "False, 'shape': (2,)}",
                                     bad[i], sizeof bad[i])));
    check_fails(
        BF_ERR_FORMAT, "two.npy", "not a list",
        bf_labels_read(
            &l, &n,
            given_npy("two.npy", 1,
                      "{'descr': '|u1', 'fortran_order': False, 'shape': (1, "
                      "2)}",
                      "ab", 2)));
}

static void test_dataset(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    bf_matrix m = random_matrix(6, 4, &rng);
    bf_dataset d;
    static const int32_t labels[6] = {0, 1, 2, 0, 1, 7};
    char x[512], y[512];
    snprintf(x, sizeof x, "%s", path_in(scratch, "x.npy"));
    snprintf(y, sizeof y, "%s", path_in(scratch, "y.npy"));
    check_ok(bf_npy_write(x, &m, false));
    check_ok(bf_npy_write_labels(y, labels, 6));
    check_ok(bf_dataset_load(&d, x, y, (bf_rows){2, 5}, NULL));
    assert_true(d.x.rows == 3 && d.x.cols == 4 && d.classes == 8);
    assert_memory_equal(d.x.data, m.data + 8, 12 * sizeof *m.data);
    assert_memory_equal(d.labels, labels + 2, 3 * sizeof *labels);
    bf_dataset_clear(&d);
    check_fails(BF_ERR_ARGUMENT, "x.npy", "rows 3 to 7 asked for, it has 6",
                bf_dataset_load(&d, x, y, (bf_rows){2, 7}, NULL));
    check_fails(BF_ERR_ARGUMENT, "x.npy", "it has 6",
                bf_dataset_load(&d, x, y, (bf_rows){6, 0}, NULL));
    check_ok(bf_npy_write_labels(y, labels, 5));
    check_fails(BF_ERR_MISMATCH, "5 labels", "6 rows",
                bf_dataset_load(&d, x, y, (bf_rows){0, 0}, NULL));
    int32_t high[6] = {0, 1, 2, 0, 1, 100};
    check_ok(bf_npy_write_labels(y, high, 6));
    check_fails(BF_ERR_RANGE, "y.npy: row 6", "label 100",
                bf_dataset_load(&d, x, y, (bf_rows){0, 2}, NULL));
    m.data[4 * 3 + 1] = NAN;
    check_ok(bf_npy_write(x, &m, true));
    check_fails(BF_ERR_RANGE, "x.npy: row 4, column 2", "nan",
                bf_dataset_load(&d, x, NULL, (bf_rows){1, 5},
                                NULL));
    check_fails(BF_ERR_UNSUPPORTED, "x.mat", ".txt or .npy",
                bf_dataset_load(&d, "x.mat", NULL, (bf_rows){0, 0},
                                NULL));
    bf_matrix_clear(&m);
}

static void test_damage(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    uint8_t *file;
    size_t bytes;
    bf_matrix m = random_matrix(3, 4, &rng);
    const char *path = path_in(scratch, "seed.npy");
    check_ok(bf_npy_write(path, &m, true));
    check_ok(bf_read_file(path, 4096, &file, &bytes));
    replay(LLVMFuzzerTestOneInput, file, bytes, 3000, &rng);
    bf_free(file);
    bf_matrix_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_bytes_of_numpy),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_fortran_order),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_files_that_are_none),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_labels_refused),
        cmocka_unit_test(test_dataset),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
