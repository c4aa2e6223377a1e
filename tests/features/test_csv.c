/* CSV: numbers against the C library's, tables, complaints. */
#include "data_testing.h"

#include "../fuzz/fuzz_csv.c"
#include "base/cpu.h"
#include "base/number.h"
#include "support/env.h"

#define REGNET "../shared/data/regnet_mnist_512.csv"

static void check_number(const char *text)
{
    const char *p = text;
    double is, should = strtod(text, NULL);
    assert_true(bf_number_read(&p, &is));
    if (memcmp(&is, &should, sizeof is) != 0)
        fail_msg("%s: %a, not %a", text, is, should);
    assert_int_equal(*p, '\0');
}

/* Any double, printed with few or many digits, in both notations, and decimal
 * strings of random digits: correctly rounded, to the bit. */
static void test_numbers(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    char text[512];
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = random_u64(&rng);
        double v;
        memcpy(&v, &bits, sizeof v);
        int digits = (int)(random_u64(&rng) % 22);
        if (!isfinite(v)) continue;
        snprintf(text, sizeof text, "%.*e", digits, v);
        check_number(text);
        v = ldexp((double)(int64_t)random_u64(&rng),
                  -(int)(random_u64(&rng) % 80));
        snprintf(text, sizeof text, "%.*f", digits, v);
        check_number(text);
        snprintf(text, sizeof text, "%.*g", digits, v);
        check_number(text);
    }
}

static void test_odd_numbers(void **state)
{
    (void)state;
    static const char *const good[] = {
        "0",
        "-0",
        "+7",
        "7.",
        ".5",
        "-.5e1",
        "1e22",
        "1e23",
        "1e-22",
        "1E+5",
        "9007199254740993",
        "9007199254740992.5",
        "1e400",
        "-1e400",
        "1e-400",
        "0e999999999999",
        "0.000000000000000000000000000000000000001",
        "123456789012345678901234567890",
        "2.2250738585072011e-308",
        "1e99999999999999999999",
        "00000000000000000000000000001.5"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        check_number(good[i]);
    static const char *const bad[] = {"",    ".",   "-",   "+-1", "e5",
                                      "nan", "inf", "abc", ",1",  "-.e1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *p = bad[i];
        double v;
        assert_false(bf_number_read(&p, &v));
        assert_ptr_equal(p, bad[i]);
    }
    const char *hex = "0x10", *half = "1e,";
    double v;
    assert_true(bf_number_read(&hex, &v) && v == 0 && *hex == 'x');
    assert_true(bf_number_read(&half, &v) && v == 1 && *half == 'e');
}

static void check_table(const char *text)
{
    static const double should[6] = {1.5, -2, 3e2, 4, .25, 6};
    static const int32_t labels[2] = {2, 0};
    bf_dataset d;
    check_ok(
        bf_dataset_load(&d, given_text("t.csv", text), NULL, (bf_rows){0, 0},
                        NULL));
    assert_true(d.x.rows == 2 && d.x.cols == 3 && d.classes == 3);
    assert_memory_equal(d.x.data, should, sizeof should);
    assert_memory_equal(d.labels, labels, sizeof labels);
    bf_dataset_clear(&d);
}

static void test_tables(void **state)
{
    (void)state;
    check_table("2,1.5,-2,3e2\n0,4,.25,6\n");
    check_table("2,1.5,-2,3e2\n0,4,.25,6");
    check_table("2.0, 1.5,\t-2 ,3e2 \r\n0.0,4,.25,6\r\n\r\n");
    check_table("\n\n2,1.5,-2,3e2\n   \n0,4,.25,6\n\n");
    check_table("label,a,b,c\n2,1.5,-2,3e2\n0,4,.25,6\n");
    check_table("\xef\xbb\xbf"
                "\"y\",\"f 1\",f2,f3\r\n2,1.5,-2,3e2\r\n0,4,.25,6\r\n");
}

/* Delimiters and headers that other programs write. */
static void test_dialects(void **state)
{
    (void)state;
    check_table("2;1.5;-2;3e2\n0;4;.25;6\n");
    check_table("2\t1.5\t-2\t3e2\n0\t4\t.25\t6\n");
    check_table("2 1.5   -2 3e2\n 0 4 .25 6 \n");
    check_table("2.0e+00 1.5e+00 -2.0e+00 3.0e+02\n0 4 .25 6\n");
    check_table("2,1.5,-2,3e2\r0,4,.25,6\r");
    check_table("sep=;\nl;a;b;c\n2;1.5;-2;3e2\n0;4;.25;6\n");
    check_table("sep=\t\n2\t1.5\t-2\t3e2\n0\t4\t.25\t6\n");
    check_table("# made by a tool\n# label, features 2\n#\n"
                "2,1.5,-2,3e2\n0,4,.25,6\n");
    check_table("\"2\",\"1.5\",\"-2\",\"3e2\"\n\"0\",\" 4 \",\".25\",\"6\"\n");
    check_table("class label;a b;c;d\n2;1.5;-2;3e2\n0;4;.25;6\n");
    check_table("class label a b\n2 1.5 -2 3e2\n0 4 .25 6\n");
}

/* First lines that are no rows. */
static void test_headers(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "0,1,2,3",       "1,2,3,4",      "\"0\",\"1\",\"2\",\"3\"",
        "label,0,1,2",   "y,1,2,3",      "l,1x1,1x2,2x1",
        "l,Na,K,Ca",     "l,a.1,b.2,c",  "\xd1\x8f,\xd0\xb0,b,c",
        "Label,,a,b",    "l,a #1,b #2,c%",
        "y,2020-01,2020-02,1.2.3",  "l,\"a,b\",\"c\",d",
    };
    char text[256];
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        snprintf(text, sizeof text, "%s\n2,1.5,-2,3e2\n0,4,.25,6\n",
                 headers[i]);
        check_table(text);
    }
}

/* A column that numbers the rows, as pandas and R write it. */
static void test_index(void **state)
{
    (void)state;
    check_table(",l,a,b,c\n0,2,1.5,-2,3e2\n1,0,4,.25,6\n");
    check_table(",0,1,2,3\n0,2,1.5,-2,3e2\n1,0,4,.25,6\n");
    check_table("\t0\t1\t2\t3\n0\t2\t1.5\t-2\t3e2\n7\t0\t4\t.25\t6\n");
    check_table("\"\",\"l\",\"a\",\"b\",\"c\"\n\"1\",2,1.5,-2,3e2\n"
                "\"2\",0,4,.25,6\n");
    check_table("\"l\" \"a\" \"b\" \"c\"\n\"1\" 2 1.5 -2 3e2\n"
                "\"2\" 0 4 .25 6\n");
}

/* A header may say that the label is not where it is read from. */
static void test_named_labels(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "a,b,label\n0,1,2\n1,2,0\n",
        "a;\"b c\";\"Class\"\n0;1;2\n1;2;0\n",
        "a b Class\n0 1 2\n1 2 0\n",
        ",a,target\n0,1,2\n1,2,0\n",
        "\"a\" \"labels\"\n\"1\" 0 1\n\"2\" 1 0\n", /* index without a name */
    };
    bf_dataset d;
    bf_matrix x;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *path = given_text("named.csv", bad[i]);
        check_fails(BF_ERR_FORMAT, "named.csv: the header names column 3",
                    "the first column",
                    bf_dataset_load(&d, path, NULL, (bf_rows){0, 0}, NULL));
        check_ok(bf_csv_read(&x, path, NULL));
        bf_matrix_clear(&x);
    }
    check_table("label,a,class,y\n2,1.5,-2,3e2\n0,4,.25,6\n");
    check_table(",Y,a,b,class\n0,2,1.5,-2,3e2\n1,0,4,.25,6\n");
    check_table("a,y2,classes,the label\n2,1.5,-2,3e2\n0,4,.25,6\n");
    check_table("kind,x,y,z\n2,1.5,-2,3e2\n0,4,.25,6\n");
    check_table("kind of y z b\n2 1.5 -2 3e2\n0 4 .25 6\n");
    /* Elsewhere it is a feature. */
    const char *y = given_text("y.txt", "1\n0\n");
    check_ok(bf_dataset_load(&d, given_text("x.csv", "x,y\n0,1\n2,3\n"), y,
                             (bf_rows){0, 0}, NULL));
    assert_true(d.x.cols == 2);
    bf_dataset_clear(&d);
}

static void test_plain_matrix(void **state)
{
    (void)state;
    bf_matrix m;
    check_ok(bf_csv_read(&m, given_text("m.csv", "-1\n2.5\n1e3\n"),
                         NULL));
    static const double should[3] = {-1, 2.5, 1000};
    assert_true(m.rows == 3 && m.cols == 1);
    assert_memory_equal(m.data, should, sizeof should);
    bf_matrix_clear(&m);
}

/* The classes of a range of rows are those of the whole file. */
static void test_ranges(void **state)
{
    (void)state;
    bf_dataset d;
    const char *path = given_text("r.csv", "0,1\n1,2\n2,3\n9,4\n");
    check_ok(bf_dataset_load(&d, path, NULL, (bf_rows){1, 3},
                             NULL));
    assert_true(d.x.rows == 2 && d.classes == 10);
    assert_true(d.x.data[0] == 2 && d.x.data[1] == 3);
    assert_true(d.labels[0] == 1 && d.labels[1] == 2);
    bf_dataset_clear(&d);
    check_ok(bf_dataset_load(&d, path, NULL, (bf_rows){3, 0},
                             NULL));
    assert_true(d.x.rows == 1 && d.labels[0] == 9);
    bf_dataset_clear(&d);
    check_fails(BF_ERR_ARGUMENT, "r.csv", "rows 2 to 5 asked for, it has 4",
                bf_dataset_load(&d, path, NULL, (bf_rows){1, 5},
                                NULL));
    check_fails(BF_ERR_ARGUMENT, "r.csv", "it has 4",
                bf_dataset_load(&d, path, NULL, (bf_rows){4, 0},
                                NULL));
    check_fails(BF_ERR_ARGUMENT, "r.csv", "",
                bf_dataset_load(&d, path, NULL, (bf_rows){3, 2},
                                NULL));
}

static void test_labels_elsewhere(void **state)
{
    (void)state;
    static const uint8_t file[11] = {0, 0, 8, 1, 0, 0, 0, 3, 4, 5, 6};
    bf_dataset d;
    const char *x = given_text("x.csv", "1,2\n3,4\n5,6\n");
    const char *y = given("y.idx", file, sizeof file);
    check_ok(bf_dataset_load(&d, x, y, (bf_rows){1, 0}, NULL));
    assert_true(d.x.rows == 2 && d.x.cols == 2 && d.classes == 7);
    assert_true(d.x.data[0] == 3 && d.x.data[3] == 6);
    assert_true(d.labels[0] == 5 && d.labels[1] == 6);
    bf_dataset_clear(&d);
}

/* Labels may be among the features by chance if there are few rows, or few of
 * another class than the rest. */
static void test_labels_among_features(void **state)
{
    (void)state;
    static const size_t rows[3] = {12, 60, 60}, ones[3] = {6, 30, 3};
    for (int i = 0; i < 3; i++) {
        bf_dataset d;
        char x[60 * 4 + 1], y[60 * 2 + 1];
        for (size_t r = 0; r < rows[i]; r++) {
            memcpy(x + 4 * r, r < ones[i] ? "7,1\n" : "7,0\n", 5);
            memcpy(y + 2 * r, r < ones[i] ? "1\n" : "0\n", 3);
        }
        bf_status s = bf_dataset_load(&d, given_text("x.csv", x),
                                      given_text("y.txt", y), (bf_rows){0, 0},
                                      NULL);
        if (i == 1) {
            check_fails(BF_ERR_RANGE, "x.csv: column 2 holds the labels of",
                        "y.txt", s);
            continue;
        }
        check_ok(s);
        bf_dataset_clear(&d);
    }
}

static void check_labels(const char *name, const char *text)
{
    static const int32_t should[4] = {3, 0, 99, 0};
    int32_t *l;
    size_t n;
    check_ok(bf_labels_read(&l, &n, given_text(name, text)));
    assert_int_equal(n, 4);
    assert_memory_equal(l, should, sizeof should);
    bf_free(l);
}

/* One a line. */
static void test_label_files(void **state)
{
    (void)state;
    int32_t *l;
    size_t n;
    check_labels("y.csv", "3\n0\n99\n0\n");
    check_labels("y.txt", "label\r\n3\r\n0\r\n99.0\r\n0\r\n");
    check_labels("y.TSV", "\"3\"\n\"0\"\n\"99\"\n\"0\"");
    check_labels("y.csv", ",0\n0,3\n1,0\n2,99\n3,0\n");
    check_fails(BF_ERR_FORMAT, "two.csv", "not a list of labels: 2 columns",
                bf_labels_read(&l, &n, given_text("two.csv", "0,3\n1,4\n")));
    check_fails(BF_ERR_RANGE, "half.csv: row 2", "label 0.5",
                bf_labels_read(&l, &n, given_text("half.csv", "1\n0.5\n")));
    check_fails(BF_ERR_FORMAT, "word.csv: line 2", "'cat'",
                bf_labels_read(&l, &n, given_text("word.csv", "1\ncat\n")));
}

static void check_features(const char *text)
{
    static const double should[4] = {0, 5, 0, 6};
    bf_matrix x;
    check_ok(bf_features_load(&x, given_text("f.csv", text), 2, 3,
                              NULL));
    assert_true(x.rows == 2 && x.cols == 2);
    assert_memory_equal(x.data, should, sizeof should);
    bf_matrix_clear(&x);
}

/* With one column more than the model has features, the first column must be
 * the label; otherwise a label would be read as a feature. */
static void test_features_of_a_model(void **state)
{
    (void)state;
    bf_matrix x;
    check_features("0,5\n0,6\n");
    check_features("2,0,5\n1,0,6\n");
    check_features("1,0,5\n1,0,6\n");
    check_features("l,a,b\n1,0,5\n1,0,6\n");
    check_features("x,y\n0,5\n0,6\n");
    check_fails(BF_ERR_MISMATCH, "f.csv: 3 columns", "names column 3 as the",
                bf_features_load(
                    &x, given_text("f.csv", "a,b,class\n1,0,0\n0,1,2\n"), 2,
                    3, NULL));
    static const char *const bad[] = {
        "0.5,5,0\n0.25,6,2\n", /* label last */
        "0,5,0\n0,6,2\n",      /* beneath a column of zeros */
        "3,0,5\n1,0,6\n",      /* no class of the model */
        "-1,0,5\n1,0,6\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_fails(BF_ERR_MISMATCH, "f.csv: 3 columns", "is no label",
                    bf_features_load(&x, given_text("f.csv", bad[i]), 2, 3,
                                     NULL));
    check_fails(BF_ERR_MISMATCH, "f.csv", "4 features, the model has 2",
                bf_features_load(&x, given_text("f.csv", "1,2,3,4.5\n"), 2, 3,
                                 NULL));
    check_fails(BF_ERR_UNSUPPORTED, "f.mat", ".csv",
                bf_features_load(&x, "f.mat", 2, 3, NULL));
}

static void refuse(bf_status status, const char *where, const char *why,
                   const char *text)
{
    bf_dataset d;
    check_fails(status, where, why,
                bf_dataset_load(&d, given_text("bad.csv", text), NULL,
                                (bf_rows){0, 0}, NULL));
    assert_non_null(strstr(bf_last_error(), "bad.csv"));
}

static void test_refusals(void **state)
{
    (void)state;
    bf_status format = BF_ERR_FORMAT, range = BF_ERR_RANGE;
    refuse(format, "no rows", "", "");
    refuse(format, "no rows", "", " \n\r\n\t\n");
    refuse(format, "no rows", "", "label,a,b\n");
    refuse(format, "no features", "", "1\n2\n");
    refuse(format, "line 3, column 2", "'abc' is not a number",
           "l,a\n0,1\n1,abc\n");
    refuse(range, "line 2, column 3", "'nan' is not", "0,1,2\n0,1,nan\n");
    refuse(range, "line 1, column 2", "'-Infinity' is", "0,-Infinity,2\n");
    refuse(range, "line 2, column 2", "'\"INF\"' is", "0,1,2\n0,\"INF\",2\n");
    refuse(format, "line 1, column 2", "'info' is not", "0,info,2\n");
    refuse(format, "line 2, column 2", "'1;2' is not", "0,1,2\n0,1;2,3\n");
    refuse(format, "line 1, column 2", "'0x1p3'", "0,0x1p3\n");
    refuse(format, "line 1, column 2", "'1 2'", "0,1 2\n");
    refuse(format, "line 2, column 2 is empty", "", "0,1,2\n1,,2\n");
    refuse(format, "line 1, column 3 is empty", "", "0,1,\n");
    refuse(format, "line 1, column 1 is empty", "", ",1,2\n");
    refuse(format, "line 2 has 2 columns", "first row has 3", "0,1,2\n1,2\n");
    refuse(format, "line 2 has more columns", "3", "0,1,2\n1,2,3,4\n");
    refuse(range, "line 2, column 2", "too large", "0,1\n1,1e999\n");
    refuse(range, "line 2", "label 2.5", "0,3\n2.5,1\n");
    refuse(range, "line 1", "label -1", "-1,1\n");
    refuse(range, "line 4", "label 100", "0,1\n\n1,1\n100,1\n");
    refuse(range, "line 1", "label 256", "256,1\n");
}

/* A row that cannot be read is no header. */
static void test_spoilt_rows(void **state)
{
    (void)state;
    static const char *const first[] = {
        "nan",   "NA",   "inf",  "-Infinity", "?",      "<NA>",  "#N/A",
        "null",  "None", "$0",   "'0",        "0%",     "cat",   "#0",
        "1x1",   ".",    "-",    "\xe2\x88\x92"
                                 "1",         "\xe2\x82\xac"
                                              "1",      "\"nan\""};
    char text[256];
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        snprintf(text, sizeof text, "%s,0.5,0.25\n1,2.5,3\n", first[i]);
        bool range = strcasestr(first[i], "nan") || strcasestr(first[i], "inf");
        bf_status s = range ? BF_ERR_RANGE : BF_ERR_FORMAT;
        refuse(s, "line 1", "", text);
        /* In every column. */
        snprintf(text, sizeof text, "%s,%s,%s\n1,2.5,3\n", first[i], first[i],
                 first[i]);
        bool name =
            strcmp(first[i], "cat") == 0 || strcmp(first[i], "1x1") == 0;
        if (!name) refuse(s, "line 1", "", text);
    }
    refuse(BF_ERR_RANGE, "line 1", "", "nan,0,1,2\n1,2.5,3,4\n");
    refuse(BF_ERR_FORMAT, "line 1", "'1,5' is not", "1,5;2,5\n0;1\n");
    refuse(BF_ERR_FORMAT, "line 1", "'1,5' is not", "0;1,5;2,5\n0;1;2\n");
    refuse(BF_ERR_FORMAT, "line 3", "begins with '#'", "#\n# ok\n#0,1\n1,2\n");
    refuse(BF_ERR_FORMAT, "line 1", "a header or a row", "0,1,2\n0,1.5,2.5\n");
    refuse(BF_ERR_FORMAT, "line 2", "'l' is not", "a,b\nl,m\n0,1\n");
    refuse(BF_ERR_FORMAT, "header has 3 columns", "line 2 has 2",
           "l,a,b\n0,1\n");
    refuse(BF_ERR_FORMAT, "line 3: column 1 has no name", "holds 0",
           ",a,b\n0,1,2\n0,1,2\n");
    refuse(BF_ERR_FORMAT, "line 2: column 1 has no name", "holds 0.5",
           ",a,b\n0.5,1,2\n");
}

/* For files that are no tables the message names their type. */
static void test_other_files(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t count;
        const char *name;
    } files[] = {
        {"\x1f\x8b\x08\0\0\0", 6, "gzip"},
        {"BZh91AY", 7, "bzip2"},
        {"\xfd"
         "7zXZ\0",
         6, "xz"},
        {"PK\3\4\x14\0", 6, "zip"},
        {"\x93NUMPY\1\0", 8, ".npy"},
        {"\xff\xfe"
         "1\0,\0",
         6, "UTF-16"},
        {"1\0,\0", 4, "UTF-16"},
        {"\0"
         "1\0,",
         4, "UTF-16"},
        {"PAR1", 4, "Parquet"},
        {"<!DOCTYPE html>", 15, "web page"},
    };
    bf_matrix m;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        check_fails(BF_ERR_FORMAT, "other.csv", files[i].name,
                    bf_csv_read(&m,
                                given("other.csv", files[i].bytes,
                                      files[i].count),
                                NULL));
}

static void test_strange_bytes(void **state)
{
    (void)state;
    bf_matrix m;
    check_fails(BF_ERR_FORMAT, "line 1, column 2", "'1?2'",
                bf_csv_read(&m, given("nul.csv", "0,1\0002\n", 7),
                            NULL));
    check_fails(BF_ERR_FORMAT, "line 2, column 1", "'?\?'",
                bf_csv_read(&m, given("bin.csv", "1\n\xff\xfe\n", 5),
                            NULL));
    check_fails(BF_ERR_IO, "absent.csv", "No such file",
                bf_csv_read(&m, path_in(scratch, "absent.csv"),
                            NULL));
}

/* A first row of 100,000 numbers above 100,000 rows of one number: 80 GB if all
 * rows had its length.
 */
static void test_hostile_shape(void **state)
{
    (void)state;
    size_t wide = 100000, bytes = 4 * wide;
    char *text = must_alloc(bytes);
    for (size_t i = 0; i < wide; i++) memcpy(text + 2 * i, "1,", 2);
    text[2 * wide - 1] = '\n';
    for (size_t i = 0; i < wide; i++) memcpy(text + 2 * wide + 2 * i, "1\n", 2);
    bf_matrix m;
    check_fails(BF_ERR_FORMAT, "line 2 has 1 columns", "100000",
                bf_csv_read(&m, given("wide.csv", text, bytes),
                            NULL));
    bf_free(text);
}

static void test_real_rows(void **state)
{
    (void)state;
    if (access(REGNET, R_OK) != 0) {
        print_message("skipped: no " REGNET "\n");
        skip();
    }
    bf_dataset d;
    double start = bf_now();
    check_ok(bf_dataset_load(&d, REGNET, NULL, (bf_rows){0, 0},
                             NULL));
    print_message("512 x 401 numbers in %.1f ms\n", 1e3 * (bf_now() - start));
    assert_true(d.x.rows == 512 && d.x.cols == 400 && d.classes == 10);
    /* The first line begins 5.0,4.153106,0.23424642,3.3723886 */
    assert_true(d.labels[0] == 5 && d.x.data[0] == 4.153106 &&
                d.x.data[1] == 0.23424642 && d.x.data[2] == 3.3723886);
    bf_dataset_clear(&d);
}

static void test_damage(void **state)
{
    (void)state;
    uint64_t rng = test_seed();
    static const char text[] = "label,a,b\n0,1.5,-2e3\n1,.25,7\n2,1e-5,"
                               "12345678901234567890\n";
    replay(LLVMFuzzerTestOneInput, text, sizeof text - 1, 5000, &rng);
}

static int watch(void *user, const char *phase, double done, double total)
{
    double *last = user;
    assert_string_equal(phase, "read rows");
    assert_true(done >= *last && done <= total);
    *last = done;
    return 0;
}

static void test_progress(void **state)
{
    (void)state;
    static char text[4 * 3000 + 1];
    bf_matrix m = {0};
    double last = 0;
    for (size_t i = 0; i < 3000; i++) memcpy(text + 4 * i, "1,2\n", 4);
    const char *path = given_text("many.csv", text);
    check_ok(
        bf_csv_read(&m, path, &(bf_env){.progress = watch, .user = &last}));
    assert_true(last > 0.9);
    bf_matrix_clear(&m);
    env_interrupt(1);
    bf_status s = bf_csv_read(&m, path, NULL);
    env_interrupt(0);
    assert_int_equal(s, BF_ERR_INTERRUPTED);
    assert_null(m.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_odd_numbers),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_named_labels),
        cmocka_unit_test(test_plain_matrix),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_labels_elsewhere),
        cmocka_unit_test(test_labels_among_features),
        cmocka_unit_test(test_label_files),
        cmocka_unit_test(test_features_of_a_model),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_spoilt_rows),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_strange_bytes),
        cmocka_unit_test(test_hostile_shape),
        cmocka_unit_test(test_real_rows),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_progress),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
