/* The paper's recipe: against its own formulas, written out, and against the
 * accuracies of the weights that its authors' encrypted run decrypted to. */
#include "train/train_testing.h"

/* Section by section as the paper has it: unscaled rows with a leading 1, the
 * gradient multiplied by B. Returns W, C x (d + 1). */
static double *paper_by_the_book(const bf_dataset *data, unsigned iterations)
{
    size_t n = data->x.rows, d = data->x.cols, k = d + 1;
    unsigned classes = data->classes;
    double *x = malloc(n * k * sizeof *x), *b = calloc(k, sizeof *b);
    double *v = malloc(classes * k * sizeof *v);
    double *w = malloc(classes * k * sizeof *w);
    double *g = malloc(classes * k * sizeof *g);
    assert_true(x && b && v && w && g);
    for (size_t i = 0; i < n; i++) {
        double norm = 1;
        x[i * k] = 1;
        for (size_t j = 0; j < d; j++) {
            x[i * k + j + 1] = data->x.data[i * d + j];
            norm += fabs(data->x.data[i * d + j]);
        }
        for (size_t j = 0; j < k; j++) b[j] += 0.25 * fabs(x[i * k + j]) * norm;
    }
    for (size_t j = 0; j < k; j++) b[j] = 1 / (1e-10 + b[j]);
    for (size_t j = 0; j < classes * k; j++) v[j] = w[j] = 0.0128;
    double alpha0 = 0.01;
    for (unsigned t = 1; t <= iterations; t++) {
        double alpha1 = (1 + sqrt(1 + 4 * alpha0 * alpha0)) / 2;
        double eta = (1 - alpha0) / alpha1;
        memset(g, 0, classes * k * sizeof *g);
        for (size_t i = 0; i < n; i++)
            for (unsigned c = 0; c < classes; c++) {
                double z = 0;
                for (size_t j = 0; j < k; j++) z += x[i * k + j] * v[c * k + j];
                double p = 0.5 + 0.106795345 * z * (1 - 0.003605331 * z * z);
                double e = (data->labels[i] == (int32_t)c) - p;
                for (size_t j = 0; j < k; j++) g[c * k + j] += e * x[i * k + j];
            }
        for (size_t j = 0; j < classes * k; j++) {
            double next =
                w[j] + (1 + 1 / ((double)t * (double)n)) * g[j] * b[j % k];
            w[j] = (1 - eta) * next + eta * v[j];
            v[j] = next;
        }
        alpha0 = alpha1;
    }
    free(x);
    free(b);
    free(v);
    free(g);
    return w;
}

static void train_paper(bf_matrix *model, const bf_dataset *data,
                        unsigned iterations)
{
    bf_recipe recipe;
    bf_schedule s;
    bf_transform *t;
    bf_matrix u, weights;
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_PAPER, iterations,
                               data->x.rows, data->x.cols));
    check_ok(bf_transform_fit(&t, &recipe, &data->x, NULL));
    check_ok(bf_transform_apply(&u, t, &data->x, true, NULL));
    assert_int_equal(u.cols, data->x.cols + 1);
    assert_int_equal(u.cols,
                     bf_recipe_outputs(&recipe, data->x.rows, data->x.cols));
    check_ok(bf_schedule_make(&s, &recipe, data->x.rows));
    check_ok(bf_transform_start(&s, t, data->classes));
    check_ok(
        bf_twin_run(&weights, &s, &u, data->labels, data->classes, NULL, NULL,
                    NULL));
    check_ok(bf_transform_unmap(model, t, &weights));
    bf_matrix_clear(&u);
    bf_matrix_clear(&weights);
    bf_schedule_clear(&s);
    bf_transform_destroy(t);
}

static void compare(const bf_dataset *data, unsigned iterations,
                    double tolerance)
{
    bf_matrix model;
    train_paper(&model, data, iterations);
    double *book = paper_by_the_book(data, iterations);
    check_close(model.data, book, model.rows * model.cols, tolerance);
    free(book);
    bf_matrix_clear(&model);
}

static double accuracy(const bf_matrix *model, const bf_dataset *test)
{
    bf_model m = {.weights = *model, .map = BF_MAP_NONE};
    bf_metrics r;
    check_ok(bf_model_evaluate(&r, &m, test, false));
    return r.accuracy;
}

static void test_real_rows(void **state)
{
    (void)state;
    bf_dataset all, train, test;
    if (!load_regnet(&all)) skip();
    take_rows(&train, &all, 0, 128);
    take_rows(&test, &all, 128, REGNET_ROWS);
    static const double expected[] = {0.211, 0.216};
    for (unsigned t = 1; t <= 2; t++) {
        compare(&train, t, 1e-12);
        bf_matrix model;
        train_paper(&model, &train, t);
        double got = accuracy(&model, &test);
        if (fabs(got - expected[t - 1]) > 5e-4)
            fail_msg("iteration %u: accuracy %.4f, not %.3f", t, got,
                     expected[t - 1]);
        bf_matrix_clear(&model);
    }
    free_dataset(&all);
    free_dataset(&train);
    free_dataset(&test);
}

static void test_random_rows(void **state)
{
    (void)state;
    uint64_t seed = test_seed(11);
    static const size_t shapes[][3] = {
        {5, 1, 2}, {33, 7, 3}, {1030, 4, 2}, {200, 11, 100}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        bf_dataset data;
        random_dataset(&data, shapes[i][0], shapes[i][1],
                       (unsigned)shapes[i][2], &seed);
        for (size_t j = 0; j < data.x.rows * data.x.cols; j++)
            data.x.data[j] /= 10; /* keeps z where the cubic is tame */
        compare(&data, 4, 1e-10);
        free_dataset(&data);
    }
}

/* A feature that is always 0 keeps its initial weight, however large its B. */
static void test_dead_column(void **state)
{
    (void)state;
    uint64_t seed = test_seed(12);
    bf_dataset data;
    random_dataset(&data, 40, 5, 3, &seed);
    for (size_t i = 0; i < 40; i++) data.x.data[i * 5 + 2] = 0;
    compare(&data, 3, 1e-11);
    bf_matrix model;
    train_paper(&model, &data, 3);
    for (size_t c = 0; c < 3; c++) assert_true(model.data[c * 6 + 3] == 0.0128);
    bf_matrix_clear(&model);
    free_dataset(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_rows),
        cmocka_unit_test(test_random_rows),
        cmocka_unit_test(test_dead_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
