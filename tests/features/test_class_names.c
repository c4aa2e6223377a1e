/* Class names: the labels to which they belong, and matching the labels of two
 * files by name. */
#include "data_testing.h"

#include "features/class_names.h"

static char ant[] = "ant", bee[] = "bee", cow[] = "cow", eel[] = "\xc3\xa9";

static const char *const abc[] = {ant, bee, cow};

/* Rows of one feature, the label itself. */
static bf_dataset rows_of(const int32_t *labels, size_t n, char *const *names,
                          unsigned classes)
{
    bf_dataset d = {.classes = classes};
    check_ok(bf_matrix_init(&d.x, n, 1));
    d.labels = must_alloc(n * sizeof *d.labels);
    memcpy(d.labels, labels, n * sizeof *d.labels);
    for (size_t i = 0; i < n; i++) d.x.data[i] = labels[i];
    if (names)
        check_ok(bf_class_names_copy(&d.class_names, (const char *const *)names,
                                     classes));
    return d;
}

/* scratch/y.npy with names beside it, and scratch/x.npy. */
static const char *write_labels(const bf_dataset *d)
{
    static char path[512];
    bf_outfile *names;
    snprintf(path, sizeof path, "%s", path_in(scratch, "y.npy"));
    check_ok(bf_npy_write_labels(path, d->labels, d->x.rows));
    check_ok(bf_npy_write(path_in(scratch, "x.npy"), &d->x, false));
    check_ok(bf_class_names_prepare(&names, path, d, true));
    check_ok(bf_outfile_commit(names));
    return path;
}

static bf_status load(bf_dataset *d, const char *labels)
{
    return bf_dataset_load(d, path_in(scratch, "x.npy"), labels,
                           (bf_rows){0, 0}, NULL);
}

static void test_names_of_labels(void **state)
{
    (void)state;
    static const int32_t l[] = {0, 1, 1, 0};
    char *names[] = {ant, eel, cow};
    bf_dataset d = rows_of(l, 4, names, 3), back;
    const char *path = write_labels(&d);
    check_ok(load(&back, path));
    assert_int_equal(back.classes, 3); /* one has no row */
    assert_string_equal(back.class_names[1], eel);
    assert_string_equal(back.class_names[2], cow);
    bf_dataset_clear(&back);
    /* The digest follows docs/formats.md and covers all labels, whatever rows
     * are selected. */
    check_ok(bf_dataset_load(&back, path_in(scratch, "x.npy"), path,
                             (bf_rows){1, 2}, NULL));
    assert_non_null(back.class_names);
    bf_dataset_clear(&back);
    bf_dataset_clear(&d);
}

/* Labels that another program has rewritten: as many, or fewer. */
static void test_names_of_other_labels(void **state)
{
    (void)state;
    static const int32_t l[] = {0, 1, 1, 0}, other[] = {1, 0, 0, 1};
    char *names[] = {ant, bee};
    bf_dataset d = rows_of(l, 4, names, 2), back = {0};
    const char *path = write_labels(&d);
    check_ok(bf_npy_write_labels(path, other, 4));
    check_fails(BF_ERR_MISMATCH, "y.npy.json", "for other labels",
                load(&back, path));
    check_ok(bf_npy_write_labels(path, l, 3));
    check_ok(bf_npy_write(path_in(scratch, "x.npy"),
                          &(bf_matrix){3, 1, d.x.data}, false));
    check_fails(BF_ERR_MISMATCH, "y.npy.json", "for other labels",
                load(&back, path));
    assert_int_equal(unlink(path_in(scratch, "y.npy.json")), 0);
    check_ok(load(&back, path));
    assert_null(back.class_names);
    bf_dataset_clear(&back);
    bf_dataset_clear(&d);
}

static void test_bad_sidecars(void **state)
{
    (void)state;
    static const int32_t l[] = {0, 1};
    char *names[] = {ant, bee};
    bf_dataset d = rows_of(l, 2, names, 2), back = {0};
    const char *path = write_labels(&d);
    given_text("y.npy.json", "{\"class_names\": [\"ant\", \"bee\"]}");
    check_fails(BF_ERR_MISMATCH, "y.npy.json", "for which labels",
                load(&back, path));
    given_text("y.npy.json", "{\"class_names\": [\"caf\xe9\"]}");
    check_fails(BF_ERR_FORMAT, "y.npy.json: class name 1, 'caf?'", "not UTF-8",
                load(&back, path));
    given_text("y.npy.json", "{\"class_names\": [\"ant\", 3]}");
    check_fails(BF_ERR_FORMAT, "y.npy.json", "2 is no string",
                load(&back, path));
    given_text("y.npy.json", "{}");
    check_fails(BF_ERR_FORMAT, "y.npy.json", "are not names",
                load(&back, path));
    given_text("y.npy.json", "ant\nbee\n");
    check_fails(BF_ERR_FORMAT, "y.npy.json", "not JSON", load(&back, path));
    assert_null(back.x.data);
    /* written for these labels, but by another program: one name too few */
    d.classes = 1;
    write_labels(&d);
    check_fails(BF_ERR_FORMAT, "y.npy.json", "1 names, the labels have 2",
                load(&back, path));
    d.classes = 2;
    strcpy(d.class_names[0], "\xe9");
    bf_outfile *f = NULL;
    check_fails(BF_ERR_FORMAT, "y.npy.json", "not UTF-8",
                bf_class_names_prepare(&f, path, &d, true));
    assert_null(f);
    assert_int_equal(unlink(path_in(scratch, "y.npy.json")), 0);
    bf_dataset_clear(&d);
}

/* In a test folder that lacks a class, later classes have other numbers. */
static void test_match(void **state)
{
    (void)state;
    static const int32_t l[] = {0, 1, 1, 0};
    char *lacking[] = {ant, cow}, *turned[] = {cow, ant};
    bf_dataset d = rows_of(l, 4, lacking, 2);
    check_ok(bf_dataset_match(&d, abc, 3));
    const int32_t behind[] = {0, 2, 2, 0};
    assert_memory_equal(d.labels, behind, sizeof behind);
    assert_int_equal(d.classes, 3);
    assert_string_equal(d.class_names[1], bee);
    check_ok(bf_dataset_match(&d, abc, 3)); /* nothing more to do */
    assert_memory_equal(d.labels, behind, sizeof behind);
    bf_dataset_clear(&d);
    d = rows_of(l, 4, turned, 2);
    check_ok(bf_dataset_match(&d, abc, 3));
    const int32_t other[] = {2, 0, 0, 2};
    assert_memory_equal(d.labels, other, sizeof other);
    bf_dataset_clear(&d);
}

static void test_no_match(void **state)
{
    (void)state;
    static const int32_t l[] = {0, 1, 1, 0};
    char *foreign[] = {ant, eel}, *unused[] = {ant, bee, eel},
         *twice[] = {bee, bee};
    bf_dataset d = rows_of(l, 4, foreign, 2);
    check_fails(BF_ERR_MISMATCH, "row 2 is of class '\xc3\xa9'",
                "ant, bee, cow", bf_dataset_match(&d, abc, 3));
    assert_memory_equal(d.labels, l, sizeof l);
    assert_int_equal(d.classes, 2);
    bf_dataset_clear(&d);
    d = rows_of(l, 4, unused, 3); /* of which there is no row */
    check_ok(bf_dataset_match(&d, abc, 3));
    bf_dataset_clear(&d);
    d = rows_of(l, 4, twice, 2);
    check_fails(BF_ERR_MISMATCH, "two classes are called 'bee'", "",
                bf_dataset_match(&d, abc, 3));
    bf_dataset_clear(&d);
    /* Without names on one side, classes are matched by number if possible. */
    d = rows_of(l, 4, NULL, 2);
    check_ok(bf_dataset_match(&d, abc, 3));
    assert_memory_equal(d.labels, l, sizeof l);
    check_fails(BF_ERR_MISMATCH, "row 2 has label 1", "",
                bf_dataset_match(&d, abc, 1));
    bf_dataset_clear(&d);
    d = rows_of(l, 4, foreign, 2);
    check_fails(BF_ERR_MISMATCH, "names of 2 classes, and 3 without", "",
                bf_dataset_match(&d, NULL, 3));
    check_ok(bf_dataset_match(&d, NULL, 2));
    bf_dataset_clear(&d);
}

/* Who evaluates without matching is told. */
static void test_evaluate(void **state)
{
    (void)state;
    static const int32_t l[] = {0, 1, 1, 0};
    char *names[] = {ant, bee}, *turned[] = {bee, ant};
    bf_dataset d = rows_of(l, 4, turned, 2), train = rows_of(l, 4, names, 2);
    bf_model m = {.map = BF_MAP_NONE, .class_names = names};
    bf_metrics metrics;
    check_ok(bf_matrix_init(&m.weights, 2, 2));
    m.weights.data[0] = 0.5; /* class 1 where the feature is 1 */
    m.weights.data[3] = 1;
    check_fails(BF_ERR_MISMATCH, "class 0 is 'bee', the model's is 'ant'", "",
                bf_model_evaluate(&metrics, &m, &d, false));
    check_ok(bf_dataset_match(&d, (const char *const *)names, 2));
    check_ok(bf_model_evaluate(&metrics, &m, &d, false));
    assert_true(metrics.accuracy == 0); /* each label is the other's now */
    bf_metrics_clear(&metrics);
    check_ok(bf_model_evaluate(&metrics, &m, &train, false));
    assert_true(metrics.accuracy == 1);
    bf_metrics_clear(&metrics);
    m.class_names = NULL; /* numbers have to do */
    check_ok(bf_model_evaluate(&metrics, &m, &train, false));
    bf_metrics_clear(&metrics);
    bf_dataset_clear(&train);
    bf_matrix_clear(&m.weights);
    check_ok(bf_matrix_init(&m.weights, 3, 2));
    check_fails(BF_ERR_MISMATCH, "names of 2 classes, the model has 3", "",
                bf_model_evaluate(&metrics, &m, &d, false));
    bf_matrix_clear(&m.weights);
    bf_dataset_clear(&d);
}

/* What version 1 wrote. */
static void test_golden(void **state)
{
    (void)state;
    static const char *const names[] = {"ant",
                                        ("b\xc3\xa9" "e"),
                                        "cow"};
    const char path[] = "tests/golden/labels-v1/y.npy";
    const int32_t expected[] = {0, 1, 0, 1, 1};
    int32_t *labels;
    size_t n, count;
    char **list;
    check_ok(bf_labels_read(&labels, &n, path));
    assert_int_equal(n, 5);
    assert_memory_equal(labels, expected, sizeof expected);
    check_ok(bf_label_names_read(&list, &count, path, labels, n));
    assert_int_equal(count, 3);
    for (int c = 0; c < 3; c++) assert_string_equal(list[c], names[c]);
    bf_class_names_free(list, count);
    bf_free(labels);
}

/* ---- lists that somebody gives ------------------------------------------- */

static void check_list(const char *path, const char *const *names, size_t count)
{
    char **list;
    size_t n;
    check_ok(bf_class_names_load(&list, &n, path));
    assert_int_equal(n, count);
    for (size_t i = 0; i < n; i++) assert_string_equal(list[i], names[i]);
    bf_class_names_free(list, n);
}

static void refuse_list(bf_status status, const char *path, const char *why)
{
    char **list = NULL;
    size_t n;
    check_fails(status, path, why, bf_class_names_load(&list, &n, path));
    assert_null(list);
}

static void test_lists(void **state)
{
    (void)state;
    static const int32_t l[] = {0, 1, 2}, other[] = {0, 1, 0};
    char *names[] = {ant, bee, cow};
    bf_dataset d = rows_of(l, 3, names, 3);
    const char *path = write_labels(&d);
    check_list(path, abc, 3);
    check_ok(bf_npy_write_labels(path, other, 3));
    refuse_list(BF_ERR_MISMATCH, path, "for other labels");
    bf_dataset_clear(&d);
    check_list(given_text("c.txt", "ant\r\nbee\n\ncow\n\n"), abc, 3);
    check_list(given_text("c.txt", "\xef\xbb\xbf" "ant\nbee\ncow"), abc, 3);
    refuse_list(BF_ERR_FORMAT, given_text("c.txt", "\n"), "no class names");
    refuse_list(BF_ERR_FORMAT, given_text("c.txt", "caf\xe9\n"), "not UTF-8");
    refuse_list(BF_ERR_FORMAT, given("c.txt", "a\0b", 3), "not a text");
    refuse_list(BF_ERR_MISMATCH, given_text("c.txt", "ant\nbee\nant\n"),
                "two classes are called 'ant'");
    refuse_list(BF_ERR_FORMAT, given_text("none.npy", ""), "no class names");
    refuse_list(BF_ERR_IO, path_in(scratch, "absent.txt"), "No such file");
    given_text("m.npy.json", "{\"feature_map\": \"none\", \"class_names\": "
                             "[\"ant\", \"bee\", \"cow\"]}");
    check_list(path_in(scratch, "m.npy"), abc, 3);
    const float zeros[6] = {0};
    const bf_tensor_view tensor = {"bias", 1, {3}, zeros};
    const char *const metadata[] = {"class_names", "[\"ant\",\"bee\",\"cow\"]",
                                    NULL};
    char model[512];
    snprintf(model, sizeof model, "%s", path_in(scratch, "m.safetensors"));
    check_ok(bf_safetensors_write(model, &tensor, 1, metadata));
    check_list(model, abc, 3);
    check_ok(bf_safetensors_write(model, &tensor, 1, NULL));
    refuse_list(BF_ERR_FORMAT, model, "without class names");
}

/* ---- images ------------------------------------------------------------ */

/* Four grey images of 1 x 1, with labels 0, 1, 1, 0 of these classes. */
static const char *write_pictures(char *const *names, unsigned classes)
{
    static const int32_t l[] = {0, 1, 1, 0};
    static const uint8_t idx[20] = {0, 0, 8, 3, 0, 0, 0, 4, 0, 0,
                                    0, 1, 0, 0, 0, 1, 1, 2, 3, 4};
    bf_dataset d = rows_of(l, 4, names, classes);
    if (names) {
        write_labels(&d);
    } else {
        check_ok(bf_npy_write_labels(path_in(scratch, "y.npy"), l, 4));
        unlink(path_in(scratch, "y.npy.json"));
    }
    bf_dataset_clear(&d);
    return given("images.idx", idx, sizeof idx);
}

static void check_pictures(bf_images *s, int32_t second)
{
    bf_image img = {0};
    assert_int_equal(bf_images_classes(s), 3);
    assert_string_equal(bf_images_class_names(s)[2], cow);
    assert_int_equal(bf_images_label(s, 0), 0);
    assert_int_equal(bf_images_label(s, 1), second);
    check_ok(bf_images_read(s, 1, &img));
    assert_int_equal(img.label, second);
    bf_image_clear(&img);
    bf_images_close(s);
}

static void test_pictures(void **state)
{
    (void)state;
    char *lacking[] = {ant, cow}, *foreign[] = {ant, eel};
    char images[512], labels[512];
    bf_images *s;
    snprintf(labels, sizeof labels, "%s", path_in(scratch, "y.npy"));
    snprintf(images, sizeof images, "%s", write_pictures(lacking, 2));
    check_ok(bf_images_open(&s, images, labels, true)); /* names come along */
    assert_int_equal(bf_images_classes(s), 2);
    assert_string_equal(bf_images_class_names(s)[1], cow);
    bf_images_close(s);
    check_ok(bf_images_open_as(&s, images, labels, true, abc, 3));
    check_pictures(s, 2);
    write_pictures(foreign, 2);
    check_fails(BF_ERR_MISMATCH, "images.idx: image 1 is of class '\xc3\xa9'",
                "ant, bee, cow",
                bf_images_open_as(&s, images, labels, true, abc, 3));
    write_pictures(NULL, 2); /* numbers get names */
    check_ok(bf_images_open_as(&s, images, labels, true, abc, 3));
    check_pictures(s, 1);
    check_fails(BF_ERR_MISMATCH, "images.idx", "label 1",
                bf_images_open_as(&s, images, labels, true, abc, 1));
    check_fails(BF_ERR_ARGUMENT, "images.idx", "no labels",
                bf_images_open_as(&s, images, NULL, true, abc, 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_of_labels),
        cmocka_unit_test(test_names_of_other_labels),
        cmocka_unit_test(test_bad_sidecars),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_no_match),
        cmocka_unit_test(test_evaluate),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests(tests, enter_scratch, leave_scratch);
}
