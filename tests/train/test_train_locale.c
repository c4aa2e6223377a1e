/* A program that links the library may have set a locale of decimal commas:
 * files hold the same bytes, and read the same. */
#include <locale.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "blindfit/features.h"
#include "blindfit/report.h"
#include "train/job.h"
#include "train/train_testing.h"

static char folder[] = "/tmp/blindfit-locale-XXXXXX";

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

/* A few at a time. */
static const char *in_folder(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static const char *given_text(const char *name, const char *text)
{
    const char *path = in_folder(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    fclose(f);
    return path;
}

/* Makes a locale that writes 1.000,5 (localedef is part of the C library's
 * programs), and enters it. */
static bool enter_commas(void)
{
    static const char source[] = "LC_NUMERIC\n"
                                 "decimal_point \",\"\n"
                                 "thousands_sep \".\"\n"
                                 "grouping 3;3\n"
                                 "END LC_NUMERIC\n";
    char command[512];
    given_text("comma.src", source);
    snprintf(command, sizeof command,
             "cd %s && localedef -c --no-archive -i comma.src %s/xx_XX "
             ">log 2>&1",
             folder, folder);
    int made = system(command); /* other than 0 for what it warns of */
    (void)made;
    setenv("LOCPATH", folder, 1);
    return setlocale(LC_ALL, "xx_XX") != NULL;
}

static void check_same(const char *a, const char *b)
{
    uint8_t *x, *y;
    size_t n, m;
    check_ok(bf_read_file(in_folder(a), 1 << 20, &x, &n));
    check_ok(bf_read_file(in_folder(b), 1 << 20, &y, &m));
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    bf_free(x);
    bf_free(y);
}

static void write_page(const char *path)
{
    static const char json[] =
        "{\"recipe\": \"paper\", \"accuracy\": {\"encrypted\": 0.5}}";
    bf_report *r;
    char *page;
    check_ok(bf_report_create(&r));
    check_ok(bf_report_add(r, "run.json", json, sizeof json - 1));
    check_ok(bf_report_render(&page, r, BF_REPORT_PAGE));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(page, f) >= 0);
    fclose(f);
    bf_free(page);
    bf_report_destroy(r);
}

static void write_files(const char *prefix)
{
    double w[6] = {1.5, -2.25e-7, 1234567.875, 1 / 3.0, 0, -1e300};
    bf_model model = {.weights = {2, 3, w}, .map = BF_MAP_NONE};
    static const char *const endings[] = {"m.csv", "m.npy", "m.safetensors"};
    char name[64];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s-%s", prefix, endings[i]);
        check_ok(bf_model_save(&model, in_folder(name)));
    }
    bf_recipe recipe;
    bf_job job;
    bf_plan plan;
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, 40, 9));
    check_ok(bf_job_search(&job, &plan, &recipe, 40, 9, 3,
                         &(bf_plan_options){0}));
    bf_plan_clear(&plan);
    snprintf(name, sizeof name, "%s-job.json", prefix);
    check_ok(bf_job_save(&job, in_folder(name)));
    snprintf(name, sizeof name, "%s-page.html", prefix);
    write_page(in_folder(name));
}

static void test_files(void **state)
{
    (void)state;
    static const char *const endings[] = {"m.csv", "m.csv.json", "m.npy",
                                          "m.npy.json", "m.safetensors",
                                          "job.json", "page.html"};
    char point[64], comma[64];
    write_files("point");
    if (!enter_commas()) {
        print_message("skipped: localedef makes no locale here\n");
        skip();
    }
    snprintf(point, sizeof point, "%.1f", 1.5);
    assert_string_equal(point, "1,5");
    write_files("comma");
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(point, sizeof point, "point-%s", endings[i]);
        snprintf(comma, sizeof comma, "comma-%s", endings[i]);
        check_same(point, comma);
    }
}

/* Under the locale of the test before. */
static void test_reading(void **state)
{
    (void)state;
    bf_model m;
    check_ok(bf_model_load(&m, in_folder("point-m.csv")));
    assert_true(m.weights.rows == 2 && m.weights.cols == 3);
    assert_true(m.weights.data[3] == 1 / 3.0 && m.weights.data[5] == -1e300);
    bf_model_clear(&m);
    bf_matrix x;
    /* The second takes the C library's way: too many digits. */
    check_ok(bf_csv_read(&x, given_text("x.csv", "1.5,12345678.9012345678901"),
                         NULL));
    assert_true(x.cols == 2 && x.data[0] == 1.5 &&
                x.data[1] == 0x1.78c29dcd6e9ep+23);
    bf_matrix_clear(&x);
    bf_job job;
    uint8_t id[BF_HASH_BYTES];
    check_ok(bf_job_load(&job, in_folder("point-job.json"), id));
    assert_true(job.recipe.steps[0] != floor(job.recipe.steps[0]) ||
                job.log_x != floor(job.log_x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_reading),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
