/* Data that exceed double precision, or that the plan's noise hides: refused or
 * reported, with the column. */
#include "base/memory.h"
#include "train/job.h"
#include "train/owner/protocol.h"
#include "train/train_testing.h"

#define ROWS 60
#define COLUMNS 5
#define CLASSES 3

/* Rows of three classes that differ; labels are i mod 3. */
static bf_matrix make_rows(int32_t labels[ROWS])
{
    uint64_t rng = test_seed(7);
    bf_matrix x;
    check_ok(bf_matrix_init(&x, ROWS, COLUMNS));
    for (size_t i = 0; i < ROWS; i++) {
        labels[i] = (int32_t)(i % CLASSES);
        for (size_t j = 0; j < COLUMNS; j++)
            x.data[i * COLUMNS + j] =
                random_unit(&rng) + (j % CLASSES == i % CLASSES);
    }
    return x;
}

/* Column j becomes a x + b. */
static void change_column(bf_matrix *x, size_t j, double a, double b)
{
    for (size_t i = 0; i < x->rows; i++) {
        double *v = x->data + i * x->cols + j;
        *v = a * *v + b;
    }
}

static bf_recipe recipe_of(bf_recipe_kind kind)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, kind, 2, ROWS, COLUMNS));
    r.map = BF_MAP_NONE;
    return r;
}

static void check_fit(bf_recipe_kind kind, const bf_matrix *x,
                      bf_status status, const char *words)
{
    bf_recipe r = recipe_of(kind);
    bf_transform *t;
    check_fails(status, words,
                bf_transform_fit(&t, &r, x, NULL));
}

/* The mean, its square, or a product of two columns overflows. */
static void test_large_columns(void **state)
{
    (void)state;
    static const double scales[] = {5e307, 1e200, -1e200, 1e155};
    int32_t labels[ROWS];
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        for (size_t j = 0; j < COLUMNS; j += COLUMNS - 1) {
            char words[32];
            bf_matrix x = make_rows(labels);
            change_column(&x, j, scales[s], 0);
            snprintf(words, sizeof words, "column %zu ", j + 1);
            check_fit(BF_RECIPE_WHITENED, &x, BF_ERR_RANGE, words);
            check_fit(BF_RECIPE_PAPER, &x, BF_ERR_RANGE, words);
            bf_matrix model;
            check_fails(BF_ERR_RANGE, words,
                        bf_softmax_fit(&model, &x, labels, CLASSES,
                                       BF_MAP_NONE, 1, NULL));
            bf_matrix_clear(&x);
        }
}

/* One extreme value among ordinary values, such as a mark for a missing value.
 */
static void test_large_value(void **state)
{
    (void)state;
    int32_t labels[ROWS];
    bf_matrix x = make_rows(labels);
    x.data[7 * COLUMNS + 2] = 1.7e308;
    check_fit(BF_RECIPE_WHITENED, &x, BF_ERR_RANGE, "column 3 ");
    check_fit(BF_RECIPE_PAPER, &x, BF_ERR_RANGE, "column 3 ");
    bf_matrix_clear(&x);
}

/* Values too small to be squared, or varying by less than the rounding of their
 * common part. */
static void test_dropped_columns(void **state)
{
    (void)state;
    static const double changes[][2] = {{1e-300, 0}, {1e-160, 0}, {1, 1e15}};
    int32_t labels[ROWS];
    size_t first;
    bf_recipe r = recipe_of(BF_RECIPE_WHITENED);
    for (size_t s = 0; s < 3; s++) {
        bf_transform *t;
        bf_matrix x = make_rows(labels);
        change_column(&x, 0, 0, 1); /* constant: not worth telling */
        check_ok(bf_transform_fit(&t, &r, &x, NULL));
        assert_int_equal(bf_transform_dropped(t, &first), 0);
        bf_transform_destroy(t);
        for (size_t j = 2; j < 4; j++)
            change_column(&x, j, changes[s][0], changes[s][1]);
        check_ok(bf_transform_fit(&t, &r, &x, NULL));
        assert_int_equal(bf_transform_dropped(t, &first), 2);
        assert_int_equal(first, 2);
        bf_transform_destroy(t);
        change_column(&x, 1, changes[s][0], changes[s][1]);
        change_column(&x, 4, changes[s][0], changes[s][1]);
        check_fit(BF_RECIPE_WHITENED, &x, BF_ERR_RANGE,
                  "column 2 for one: nothing to learn from");
        bf_matrix_clear(&x);
    }
}

/* Rows that come after the fit. */
static void test_later_rows(void **state)
{
    (void)state;
    int32_t labels[ROWS];
    bf_recipe r = recipe_of(BF_RECIPE_WHITENED);
    bf_transform *t;
    bf_matrix u, x = make_rows(labels);
    double w[2 * (COLUMNS + 1)] = {0, 1e10, 1, 1, 1, 1, 0, -1e10};
    bf_model m = {.weights = {2, COLUMNS + 1, w}, .map = BF_MAP_NONE};
    check_ok(bf_transform_fit(&t, &r, &x, NULL));
    x.data[4 * COLUMNS] = 1.7e308;
    check_fails(BF_ERR_RANGE, "row 5 leaves double precision",
                bf_transform_apply(&u, t, &x, false, NULL));
    check_fails(BF_ERR_RANGE, "row 5: its scores",
                bf_model_scores(&u, &m, &x));
    x.data[3 * COLUMNS + 1] = -1;
    m.map = BF_MAP_SQRT;
    check_fails(BF_ERR_RANGE, "row 4, column 2 is -1",
                bf_model_scores(&u, &m, &x));
    assert_non_null(strstr(bf_last_error(), "train with --map none"));
    bf_transform_destroy(t);
    bf_matrix_clear(&x);
}

static void check_noise(double lambda, double clip, bool drowns)
{
    int32_t labels[ROWS];
    bf_recipe r = recipe_of(BF_RECIPE_WHITENED);
    bf_matrix u, x = make_rows(labels);
    bf_transform *t;
    bf_schedule s;
    bf_job job;
    bf_plan plan;
    if (lambda > 0) r.lambda = lambda;
    if (clip > 0) r.clip = clip;
    check_ok(bf_job_search(&job, &plan, &r, ROWS, COLUMNS, CLASSES,
                         &(bf_plan_options){0}));
    bf_plan_clear(&plan);
    check_ok(bf_transform_fit(&t, &r, &x, NULL));
    check_ok(bf_transform_apply(&u, t, &x, true, NULL));
    check_ok(bf_schedule_make(&s, &r, ROWS));
    if (drowns)
        check_fails(BF_ERR_RANGE, "drown in noise",
                    bf_protocol_check_bounds(&job, &u, labels, &s));
    else
        check_ok(bf_protocol_check_bounds(&job, &u, labels, &s));
    bf_schedule_clear(&s);
    bf_transform_destroy(t);
    bf_matrix_clear(&u);
    bf_matrix_clear(&x);
}

/* Seen before the upload, not after the server's run. */
static void test_noise(void **state)
{
    (void)state;
    check_noise(0, 0, false);
    check_noise(10, 0, false);
    check_noise(1e6, 0, true);
    check_noise(0, 1e-4, true);
}

/* By its definition: scores of all rows, their deviation about each class's
 * mean, the norms. */
static void test_resolution(void **state)
{
    (void)state;
    int32_t labels[ROWS];
    bf_recipe r = recipe_of(BF_RECIPE_WHITENED);
    bf_matrix u, w, x = make_rows(labels);
    bf_transform *t;
    bf_schedule s;
    bf_magnitudes seen;
    double is, variance = 0, norms = 0;
    check_ok(bf_transform_fit(&t, &r, &x, NULL));
    check_ok(bf_transform_apply(&u, t, &x, true, NULL));
    check_ok(bf_schedule_make(&s, &r, ROWS));
    check_ok(bf_twin_magnitudes(&seen, &is, &s, &u, labels, CLASSES, NULL));
    check_ok(bf_twin_run(&w, &s, &u, labels, CLASSES, NULL, NULL,
                         NULL));
    for (size_t c = 0; c < CLASSES; c++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < ROWS; i++) {
            double z = 0;
            for (size_t k = 0; k < u.cols; k++)
                z += w.data[c * u.cols + k] * u.data[i * u.cols + k];
            sum += z / ROWS;
            squares += z * z / ROWS;
        }
        variance += (squares - sum * sum) / CLASSES;
    }
    for (size_t i = 0; i < ROWS * u.cols; i++)
        norms += u.data[i] * u.data[i] / ROWS;
    assert_true(fabs(is - sqrt(variance / norms)) < 1e-9 * is);
    bf_schedule_clear(&s);
    bf_transform_destroy(t);
    bf_matrix_clear(&w);
    bf_matrix_clear(&u);
    bf_matrix_clear(&x);
}

static void test_datasets(void **state)
{
    (void)state;
    int32_t labels[ROWS];
    bf_matrix x = make_rows(labels);
    bf_dataset d = {.x = x, .labels = labels, .classes = CLASSES};
    check_ok(bf_dataset_check(&d));
    assert_false(bf_dataset_labels_number_rows(&d));
    for (int i = 0; i < ROWS; i++) labels[i] = ROWS - i;
    d.classes = ROWS + 1;
    assert_true(bf_dataset_labels_number_rows(&d));
    labels[ROWS - 1] = labels[0];
    assert_false(bf_dataset_labels_number_rows(&d));
    d.x.rows = 2; /* a row of each class is little, but no accident */
    assert_false(bf_dataset_labels_number_rows(&d));
    d.x.rows = ROWS;
    for (size_t i = 1; i < ROWS; i++)
        memcpy(x.data + i * COLUMNS, x.data, COLUMNS * sizeof *x.data);
    check_fails(BF_ERR_RANGE, "every row has the same features",
                bf_dataset_check(&d));
    check_fit(BF_RECIPE_WHITENED, &x, BF_ERR_RANGE,
              "every row has the same features");
    bf_matrix_clear(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_columns),
        cmocka_unit_test(test_large_value),
        cmocka_unit_test(test_dropped_columns),
        cmocka_unit_test(test_later_rows),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_resolution),
        cmocka_unit_test(test_datasets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
