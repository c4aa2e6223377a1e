/* Softmax regression: conditions of the optimum, checked in plain loops. */
#include "train/train_testing.h"
#include "support/env.h"

/* Gradient of sum cross-entropy + l2/2 |w|^2 in standardised features at the
 * model, largest entry, relative to n. */
static double optimality(const bf_matrix *model, const bf_dataset *data,
                         double l2)
{
    size_t n = data->x.rows, d = data->x.cols, classes = data->classes;
    double worst = 0;
    double *p = malloc(n * classes * sizeof *p);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t c = 0; c < classes; c++) {
            const double *w = model->data + c * (d + 1);
            double z = w[0];
            for (size_t j = 0; j < d; j++)
                z += w[j + 1] * data->x.data[i * d + j];
            sum += p[i * classes + c] = exp(z);
        }
        for (size_t c = 0; c < classes; c++) p[i * classes + c] /= sum;
        p[i * classes + (size_t)data->labels[i]] -= 1;
    }
    for (size_t j = 0; j <= d; j++) {
        long double mean = 0, sd = 0;
        for (size_t i = 0; i < n && j; i++) mean += data->x.data[i * d + j - 1];
        mean /= n;
        for (size_t i = 0; i < n && j; i++)
            sd += powl(data->x.data[i * d + j - 1] - mean, 2);
        sd = sqrtl(sd / n);
        if (j && sd < 1e-9L) continue;
        for (size_t c = 0; c < classes; c++) {
            double g = 0;
            for (size_t i = 0; i < n; i++)
                g += p[i * classes + c] *
                     (j ? (double)((data->x.data[i * d + j - 1] - mean) / sd)
                        : 1);
            if (j) g += l2 * model->data[c * (d + 1) + j] * (double)sd;
            if (fabs(g) > worst) worst = fabs(g);
        }
    }
    free(p);
    return worst / (double)n;
}

static void test_optimum(void **state)
{
    (void)state;
    uint64_t seed = test_seed(31);
    static const size_t shapes[][3] = {
        {50, 4, 2}, {30, 60, 3}, {1500, 7, 10}, {120, 1, 2}, {300, 5, 100}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        bf_dataset data;
        bf_matrix model;
        random_dataset(&data, shapes[i][0], shapes[i][1],
                       (unsigned)shapes[i][2], &seed);
        if (data.x.cols > 2) /* a feature that does not vary */
            for (size_t r = 0; r < data.x.rows; r++)
                data.x.data[r * data.x.cols + 2] = 0.7;
        double l2 = i % 2 ? 0.3 : BF_SOFTMAX_L2;
        check_ok(bf_softmax_fit(&model, &data.x, data.labels, data.classes,
                                BF_MAP_NONE, l2, NULL));
        double g = optimality(&model, &data, l2);
        if (!(g < 1e-4)) fail_msg("shape %zu: gradient %g", i, g);
        if (data.x.cols > 2)
            for (size_t c = 0; c < data.classes; c++)
                assert_true(model.data[c * model.cols + 3] == 0);
        bf_matrix_clear(&model);
        free_dataset(&data);
    }
}

typedef struct progress_log {
    unsigned calls;
    double last;
} progress_log;

static int log_progress(void *user, const char *phase, double done,
                         double total)
{
    progress_log *p = user;
    assert_non_null(phase);
    assert_true(done >= 0 && done <= total);
    p->calls++;
    p->last = done / total;
    return 0;
}

static double accuracy(const bf_dataset *train, const bf_dataset *test,
                       bf_feature_map map, double l2)
{
    progress_log log = {0};
    bf_model m = {.map = map};
    bf_metrics r;
    check_ok(bf_softmax_fit(&m.weights, &train->x, train->labels, 10, map, l2,
                            &(bf_env){.progress = log_progress, .user = &log}));
    assert_true(log.calls > 3 && log.last > 0.95);
    check_ok(bf_model_evaluate(&r, &m, test, false));
    bf_model_clear(&m);
    return r.accuracy;
}

/* The study's best C of each map: 80.7 and 82.6 %. */
static void test_real_rows(void **state)
{
    (void)state;
    bf_dataset all, train, test;
    if (!load_regnet(&all)) skip();
    take_rows(&train, &all, 0, 128);
    take_rows(&test, &all, 128, REGNET_ROWS);
    double raw = accuracy(&train, &test, BF_MAP_NONE, BF_SOFTMAX_L2);
    double root = accuracy(&train, &test, BF_MAP_SQRT, BF_SOFTMAX_L2);
    print_message("raw %.4f, square root %.4f\n", raw, root);
    assert_true(raw > 0.795 && raw < 0.82);
    assert_true(root > 0.815 && root < 0.84);
    free_dataset(&all);
    free_dataset(&train);
    free_dataset(&test);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_matrix x, model = {0};
    int32_t labels[] = {0, 1, 2};
    check_ok(bf_matrix_init(&x, 3, 2));
    check_fails(BF_ERR_ARGUMENT, "row 3",
                bf_softmax_fit(&model, &x, labels, 2, BF_MAP_NONE, 1,
                               NULL));
    check_fails(BF_ERR_ARGUMENT, "positive",
                bf_softmax_fit(&model, &x, labels, 3, BF_MAP_NONE, 0,
                               NULL));
    check_fails(BF_ERR_ARGUMENT, "map",
                bf_softmax_fit(&model, &x, labels, 3, BF_MAP_AUTO, 1,
                               NULL));
    x.data[3] = NAN;
    check_fails(BF_ERR_RANGE, "row 2, column 2",
                bf_softmax_fit(&model, &x, labels, 3, BF_MAP_NONE, 1,
                               NULL));
    x.data[3] = 0;
    env_interrupt(1);
    x.data[0] = 1;
    check_fails(BF_ERR_INTERRUPTED, "",
                bf_softmax_fit(&model, &x, labels, 3, BF_MAP_NONE, 1,
                               NULL));
    env_interrupt(0);
    assert_null(model.data);
    bf_matrix_clear(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_optimum),
        cmocka_unit_test(test_real_rows),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
