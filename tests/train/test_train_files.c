/* Models and transforms on disk: round trips, foreign files, damage. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "train/train_testing.h"

static char folder[] = "/tmp/blindfit-train-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return bf_remove_tree(folder) == BF_OK ? 0 : -1;
}

static const char *in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_bytes(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    fclose(f);
}

static void name_classes(bf_model *m)
{
    static const char *const names[] = {"boot, \"ankle\"", "\xc3\xa9t\xc3\xa9",
                                        ""};
    m->class_names = bf_alloc(3 * sizeof *m->class_names);
    assert_non_null(m->class_names);
    for (int i = 0; i < 3; i++) {
        m->class_names[i] = bf_alloc(strlen(names[i]) + 1);
        assert_non_null(m->class_names[i]);
        strcpy(m->class_names[i], names[i]);
    }
}

static void test_models(void **state)
{
    (void)state;
    uint64_t seed = test_seed(61);
    static const char *const files[] = {"m.npy", "m.csv", "m.safetensors"};
    for (int i = 0; i < 12; i++) {
        bf_model m = {.map = i % 2 ? BF_MAP_SQRT : BF_MAP_NONE}, back;
        const char *path = in_folder(files[i % 3]);
        random_matrix(&m.weights, 3, 8, &seed);
        m.weights.data[5] = 1e-30;
        m.weights.data[6] = -0.1;
        if (i >= 6) name_classes(&m);
        check_ok(bf_model_save(&m, path));
        check_ok(bf_model_load(&back, path));
        assert_int_equal(back.weights.rows, 3);
        assert_int_equal(back.weights.cols, 8);
        assert_int_equal(back.map, m.map);
        for (size_t j = 0; j < 24; j++)
            assert_true(
                back.weights.data[j] ==
                (i % 3 == 2 ? (float)m.weights.data[j] : m.weights.data[j]));
        assert_int_equal(back.class_names != NULL, i >= 6);
        for (int c = 0; c < 3 && i >= 6; c++)
            assert_string_equal(back.class_names[c], m.class_names[c]);
        bf_model_clear(&m);
        bf_model_clear(&back);
    }
}

/* What floats cannot hold is written as doubles. */
static void test_wide_models(void **state)
{
    (void)state;
    static const struct {
        size_t at; /* bias in columns 0 and 3 */
        double value;
        bool exact;
    } weights[] = {{3, 1e5 + 1e-3, false}, {3, -1e6 - 1e-3, true},
                   {4, 1e39, true},        {1, -1e-40, true},
                   {2, 1e6 + 1e-3, false}, {1, 0, false}};
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        bf_model m = {.map = BF_MAP_NONE}, back;
        const char *path = in_folder("wide.safetensors");
        check_ok(bf_matrix_init(&m.weights, 2, 3));
        for (int j = 0; j < 6; j++) m.weights.data[j] = 1.0 / 3;
        m.weights.data[weights[i].at] = weights[i].value;
        check_ok(bf_model_save(&m, path));
        check_ok(bf_model_load(&back, path));
        for (int j = 0; j < 6; j++)
            assert_true(back.weights.data[j] ==
                        (weights[i].exact ? m.weights.data[j]
                                          : (float)m.weights.data[j]));
        bf_model_clear(&m);
        bf_model_clear(&back);
    }
}

static void test_bad_models(void **state)
{
    (void)state;
    bf_model m = {.map = BF_MAP_SQRT}, back = {0};
    check_ok(bf_matrix_init(&m.weights, 2, 3));
    check_fails(BF_ERR_ARGUMENT, "m.txt: models end in",
                bf_model_save(&m, "m.txt"));
    check_fails(BF_ERR_ARGUMENT, "models end in", bf_model_load(&back, ".npy"));
    m.weights.data[4] = NAN;
    check_fails(BF_ERR_RANGE, "weight 1 of class 1",
                bf_model_save(&m, in_folder("n.csv")));
    m.weights.data[4] = 1;
    char latin[] = "caf\xe9", plain[] = "cat", *names_of_two[] = {plain, latin};
    m.class_names = names_of_two; /* they would go into JSON */
    check_fails(BF_ERR_FORMAT, "class name 2, 'caf?', is not UTF-8",
                bf_model_save(&m, in_folder("n.csv")));
    m.class_names = NULL;
    m.map = BF_MAP_AUTO;
    check_fails(BF_ERR_ARGUMENT, "map", bf_model_save(&m, in_folder("n.csv")));
    m.map = BF_MAP_SQRT;
    check_ok(bf_model_save(&m, in_folder("n.csv")));
    write_bytes(in_folder("n.csv.json"), "{\"feature_map\": \"cube\"}", 23);
    check_fails(BF_ERR_FORMAT, "feature_map",
                bf_model_load(&back, in_folder("n.csv")));
    write_bytes(in_folder("n.csv.json"), "{", 1);
    check_fails(BF_ERR_FORMAT, "feature_map",
                bf_model_load(&back, in_folder("n.csv")));
    static const char names[] =
        "{\"feature_map\": \"none\", \"class_names\": [\"a\", 3]}";
    write_bytes(in_folder("n.csv.json"), names, sizeof names - 1);
    check_fails(BF_ERR_FORMAT, "no string",
                bf_model_load(&back, in_folder("n.csv")));
    assert_int_equal(unlink(in_folder("n.csv.json")), 0);
    check_fails(BF_ERR_IO, "n.csv: is no model, or is one without",
                bf_model_load(&back, in_folder("n.csv")));
    assert_non_null(strstr(bf_last_error(), "n.csv.json"));
    assert_null(back.weights.data);
    write_bytes(in_folder("n.csv.json"), "{\"my\": \"notes\"}", 15);
    check_fails(BF_ERR_ARGUMENT, "n.csv.json: is there already",
                bf_model_save(&m, in_folder("n.csv")));
    bf_model_clear(&m);
}

/* A safetensors model that another program wrote, with 3 + 9 zeros of `bytes`
 * each for bias and weight. */
static const char *write_foreign(const char *dtype, unsigned bytes)
{
    static char text[1024];
    int n = snprintf(
        text + 8, sizeof text - 8,
        "{\"__metadata__\":{\"feature_map\":\"none\"},"
        "\"bias\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%u]},"
        "\"weight\":{\"dtype\":\"%s\",\"shape\":[3,3],"
        "\"data_offsets\":[%u,%u]}}",
        dtype, 3 * bytes, dtype, 3 * bytes, 12 * bytes);
    uint64_t length = (uint64_t)n;
    memcpy(text, &length, sizeof length);
    memset(text + 8 + n, 0, 12 * bytes);
    const double third = 1.0 / 3;
    memcpy(text + 8 + n + 3 * bytes, &third, sizeof third);
    const char *path = in_folder("foreign.safetensors");
    write_bytes(path, text, 8 + (size_t)n + 12 * bytes);
    return path;
}

static void test_foreign_models(void **state)
{
    (void)state;
    bf_model m = {0};
    check_ok(bf_model_load(&m, write_foreign("F64", 8)));
    assert_true(m.weights.data[1] == 1.0 / 3); /* no float in between */
    bf_model_clear(&m);
    check_fails(BF_ERR_UNSUPPORTED,
                "foreign.safetensors: tensor weight: type I32",
                bf_model_load(&m, write_foreign("I32", 4)));
}

/* A transform from its file gives the same bits as the original. */
static void test_transforms(void **state)
{
    (void)state;
    uint64_t seed = test_seed(62);
    bf_dataset data;
    random_dataset(&data, 40, 12, 3, &seed);
    for (int kind = 0; kind < 2; kind++) {
        bf_recipe recipe;
        bf_transform *t, *back;
        bf_matrix a, b;
        const char *path = in_folder("transform");
        check_ok(bf_recipe_default(&recipe, (bf_recipe_kind)kind, 2, 40, 12));
        check_ok(bf_transform_fit(&t, &recipe, &data.x, NULL));
        check_ok(bf_transform_save(t, path));
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        check_ok(bf_transform_load(&back, path));
        assert_int_equal(bf_transform_inputs(back), 12);
        assert_int_equal(bf_transform_outputs(back), 13);
        assert_int_equal(bf_transform_map(back), bf_transform_map(t));
        check_ok(bf_transform_apply(&a, t, &data.x, true, NULL));
        check_ok(bf_transform_apply(&b, back, &data.x, true, NULL));
        check_close(a.data, b.data, 40 * 13, 0);
        bf_matrix_clear(&a);
        bf_matrix_clear(&b);
        bf_transform_destroy(t);
        bf_transform_destroy(back);
    }
    free_dataset(&data);
}

/* Every truncation and every flipped byte is refused, without a crash. */
static void test_damaged_transforms(void **state)
{
    (void)state;
    uint64_t seed = test_seed(63);
    bf_dataset data;
    random_dataset(&data, 6, 3, 2, &seed);
    for (int kind = 0; kind < 2; kind++) {
        bf_recipe recipe;
        bf_transform *t, *back = NULL;
        uint8_t *bytes;
        size_t size;
        char path[200];
        snprintf(path, sizeof path, "%s", in_folder("damaged"));
        check_ok(bf_recipe_default(&recipe, (bf_recipe_kind)kind, 2, 6, 3));
        check_ok(bf_transform_fit(&t, &recipe, &data.x, NULL));
        check_ok(bf_transform_save(t, path));
        check_ok(bf_read_file(path, 1 << 20, &bytes, &size));
        for (size_t i = 0; i < size; i++) {
            write_bytes(path, bytes, i);
            assert_int_not_equal(bf_transform_load(&back, path), BF_OK);
            bytes[i] ^= 1 << i % 8;
            write_bytes(path, bytes, size);
            assert_int_not_equal(bf_transform_load(&back, path), BF_OK);
            bytes[i] ^= 1 << i % 8;
        }
        assert_null(back);
        bf_free(bytes);
        bf_transform_destroy(t);
    }
    free_dataset(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_wide_models),
        cmocka_unit_test(test_bad_models),
        cmocka_unit_test(test_foreign_models),
        cmocka_unit_test(test_transforms),
        cmocka_unit_test(test_damaged_transforms),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
