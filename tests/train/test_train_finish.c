/* A model of one iteration finished without labels, against the same steps with
 * them. */
#include "train/train_testing.h"

#include "train/owner/finish.h"

typedef struct job {
    bf_dataset train, test;
    bf_transform *t;
    bf_schedule s;
    bf_matrix u, v1;
} job;

static void make(job *j, size_t n, size_t d, unsigned classes, double step,
                 uint64_t *seed)
{
    bf_dataset all;
    bf_recipe r;
    random_dataset(&all, 3 * n, d, classes, seed);
    take_rows(&j->train, &all, 0, n);
    take_rows(&j->test, &all, n, 3 * n);
    free_dataset(&all);
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 1, n, d));
    r.steps[0] = step;
    check_ok(bf_transform_fit(&j->t, &r, &j->train.x, NULL));
    check_ok(bf_transform_apply(&j->u, j->t, &j->train.x, true, NULL));
    check_ok(bf_schedule_make(&j->s, &r, n));
    check_ok(bf_twin_run(&j->v1, &j->s, &j->u, j->train.labels, classes, NULL,
                         NULL, NULL));
}

static void clear(job *j)
{
    free_dataset(&j->train);
    free_dataset(&j->test);
    bf_transform_destroy(j->t);
    bf_schedule_clear(&j->s);
    bf_matrix_clear(&j->u);
    bf_matrix_clear(&j->v1);
}

/* g = (Y - p(U W'))'U, with labels; returns the loss. */
static double gradient(double *g, const job *j, const double *w)
{
    size_t k = j->u.cols, classes = j->train.classes;
    double loss = 0;
    memset(g, 0, classes * k * sizeof *g);
    for (size_t i = 0; i < j->u.rows; i++)
        for (size_t c = 0; c < classes; c++) {
            const double *row = j->u.data + i * k;
            bool hit = j->train.labels[i] == (int32_t)c;
            double z = 0;
            for (size_t q = 0; q < k; q++) z += row[q] * w[c * k + q];
            double e = hit - 1 / (1 + exp(-z));
            loss += log1p(exp(hit ? -z : z));
            for (size_t q = 0; q < k; q++) g[c * k + q] += e * row[q];
        }
    return loss;
}

static double accuracy(const job *j, const bf_matrix *w)
{
    bf_model m = {.map = bf_transform_map(j->t)};
    bf_metrics e;
    check_ok(bf_transform_unmap(&m.weights, j->t, w));
    check_ok(bf_model_evaluate(&e, &m, &j->test, false));
    bf_model_clear(&m);
    return e.accuracy;
}

static void labels_are_not_needed(void **state)
{
    (void)state;
    uint64_t seed = test_seed(101);
    job j = {0};
    make(&j, 700, 12, 3, 1, &seed);
    size_t values = j.v1.rows * j.v1.cols;
    double *w = malloc(values * sizeof *w), *g = malloc(values * sizeof *g);
    bf_matrix finished;
    assert_true(w && g);
    memcpy(w, j.v1.data, values * sizeof *w);
    for (int step = 0; step < 25; step++) {
        gradient(g, &j, w);
        for (size_t i = 0; i < values; i++) w[i] += j.s.step[0] * g[i];
    }
    check_ok(bf_finish(&finished, &j.s, &j.v1, &j.u, 25, NULL, NULL, NULL));
    check_close(finished.data, w, values, 1e-11);
    free(w);
    free(g);
    bf_matrix_clear(&finished);
    clear(&j);
}

/* Steps that are too long end in the same minimum. */
static void long_steps_are_halved(void **state)
{
    (void)state;
    uint64_t seed = test_seed(102);
    job j = {0};
    make(&j, 300, 6, 3, 60, &seed);
    for (size_t i = 0; i < 300; i += 2) /* so that there is a minimum */
        j.train.labels[i] = (int32_t)random_below(&seed, 3);
    bf_matrix_clear(&j.v1);
    check_ok(bf_twin_run(&j.v1, &j.s, &j.u, j.train.labels, 3, NULL, NULL,
                         NULL));
    size_t values = j.v1.rows * j.v1.cols;
    double *g = malloc(values * sizeof *g), largest = 0;
    bf_matrix w;
    assert_non_null(g);
    check_ok(bf_finish(&w, &j.s, &j.v1, &j.u, 3000, NULL, NULL, NULL));
    double before = gradient(g, &j, j.v1.data), after = gradient(g, &j, w.data);
    for (size_t i = 0; i < values; i++) largest = fmax(largest, fabs(g[i]));
    assert_true(after < before);
    if (!(largest < 1e-6 * 300)) fail_msg("a gradient of %g", largest);
    free(g);
    bf_matrix_clear(&w);
    clear(&j);
}

static bf_status count(void *user, unsigned iteration, const bf_matrix *w)
{
    unsigned *calls = user;
    (void)w;
    assert_int_equal(iteration, *calls);
    return ++*calls == 7 ? BF_ERR_INTERRUPTED : BF_OK;
}

/* Opened weights are off by some per cent of themselves. */
static void errors_of_opening(void **state)
{
    (void)state;
    uint64_t seed = test_seed(103);
    job j = {0};
    make(&j, 2000, 30, 10, 4, &seed);
    bf_matrix exact, rough, twin;
    size_t values = j.v1.rows * j.v1.cols;
    double size = 0;
    check_ok(bf_finish(&exact, &j.s, &j.v1, &j.u, BF_FINISH_STEPS, NULL, NULL,
                       NULL));
    check_ok(bf_matrix_init(&twin, j.v1.rows, j.v1.cols));
    memcpy(twin.data, j.v1.data, values * sizeof(double));
    for (size_t i = 0; i < values; i++) size += j.v1.data[i] * j.v1.data[i];
    size = sqrt(size / (double)values);
    for (size_t i = 0; i < values; i++)
        j.v1.data[i] += 0.02 * size * random_normal(&seed);
    check_ok(bf_finish(&rough, &j.s, &j.v1, &j.u, BF_FINISH_STEPS, NULL, NULL,
                       NULL));
    double first = accuracy(&j, &twin), a = accuracy(&j, &exact);
    double b = accuracy(&j, &rough);
    print_message("%.3f after one iteration, %.3f finished, %.3f with errors\n",
                  first, a, b);
    assert_true(a > first && fabs(a - b) <= 0.01);
    bf_matrix_clear(&exact);
    bf_matrix_clear(&rough);
    bf_matrix_clear(&twin);
    clear(&j);
}

/* For the noise of epsilon = 0.5 to 8 (docs/owners.md) over 60,000 rows of 401
 * columns, with steps of 16/n, and none: one step fewer than pi/sqrt(3) over
 * the error that a step adds to a score. */
static void noise_limits_steps(void **state)
{
    (void)state;
    static const double noise[] = {295, 155, 81, 43, 24, 3, 0};
    static const unsigned steps[] = {0, 1, 3, 6, 13, BF_FINISH_STEPS,
                                     BF_FINISH_STEPS};
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++)
        assert_int_equal(bf_finish_steps(noise[i] * 16 / 60000, 401), steps[i]);
    assert_int_equal(bf_finish_steps(INFINITY, 401), 0);
}

static void faults_are_named(void **state)
{
    (void)state;
    uint64_t seed = test_seed(104);
    job j = {0};
    bf_matrix w = {0};
    unsigned calls = 0;
    make(&j, 100, 4, 3, 1, &seed);
    assert_int_equal(bf_finish(&w, &j.s, &j.v1, &j.u, 20, count, &calls, NULL),
                     BF_ERR_INTERRUPTED);
    assert_int_equal(calls, 7);
    assert_null(w.data);
    j.s.iterations = 2;
    check_fails(BF_ERR_MISMATCH, "one iteration",
                bf_finish(&w, &j.s, &j.v1, &j.u, 2, NULL, NULL, NULL));
    j.s.iterations = 1;
    j.s.batch = 50;
    check_fails(BF_ERR_MISMATCH, "one iteration",
                bf_finish(&w, &j.s, &j.v1, &j.u, 2, NULL, NULL, NULL));
    j.s.batch = 0;
    j.s.n = 99;
    check_fails(BF_ERR_MISMATCH, "of 99 rows",
                bf_finish(&w, &j.s, &j.v1, &j.u, 2, NULL, NULL, NULL));
    j.s.n = 100;
    check_fails(BF_ERR_MISMATCH, "weights 100 x 4",
                bf_finish(&w, &j.s, &j.train.x, &j.u, 2, NULL, NULL, NULL));
    clear(&j);
}

/* 4 * 10 * 401 * 6 / log2(10) = 28,971.3; of two classes 4 * 2 * 401 * 6. */
static void few_rows_tell_labels(void **state)
{
    (void)state;
    check_ok(bf_finish_check(28972, 401, 10));
    check_fails(BF_ERR_ARGUMENT, "at least 28972",
                bf_finish_check(28971, 401, 10));
    check_ok(bf_finish_check(19248, 401, 2));
    check_fails(BF_ERR_ARGUMENT, "at least 19248",
                bf_finish_check(19247, 401, 2));
    check_fails(BF_ERR_ARGUMENT, "1 classes", bf_finish_check(10000, 5, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_not_needed),
        cmocka_unit_test(long_steps_are_halved),
        cmocka_unit_test(errors_of_opening),
        cmocka_unit_test(noise_limits_steps),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(few_rows_tell_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
