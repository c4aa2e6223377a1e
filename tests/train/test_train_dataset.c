/* Data sets, matrices, scores and metrics. */
#include "train/train_testing.h"

static void test_matrix(void **state)
{
    (void)state;
    bf_matrix m = {0};
    check_fails(BF_ERR_ARGUMENT, "empty", bf_matrix_init(&m, 0, 3));
    check_fails(BF_ERR_ARGUMENT, "empty", bf_matrix_init(&m, 3, 0));
    check_fails(BF_ERR_MEMORY, "too large",
                bf_matrix_init(&m, SIZE_MAX / 4, 8));
    check_fails(BF_ERR_MEMORY, "too large",
                bf_matrix_init(&m, SIZE_MAX / 8 + 1, 1));
    assert_null(m.data);
    check_ok(bf_matrix_init(&m, 7, 5));
    for (size_t i = 0; i < 35; i++) assert_true(m.data[i] == 0);
    bf_matrix_clear(&m);
    assert_null(m.data);
    bf_matrix_clear(&m);
}

static void test_dataset_check(void **state)
{
    (void)state;
    int32_t labels[] = {0, 1, 0};
    bf_dataset d = {.classes = 2, .labels = labels};
    check_fails(BF_ERR_ARGUMENT, "no labelled rows", bf_dataset_check(&d));
    check_ok(bf_matrix_init(&d.x, 3, 4));
    d.x.data[0] = 1;
    check_ok(bf_dataset_check(&d));
    d.x.data[6] = NAN;
    check_fails(BF_ERR_RANGE, "row 2, column 3: not a number",
                bf_dataset_check(&d));
    d.x.data[6] = -INFINITY;
    check_fails(BF_ERR_RANGE, "row 2, column 3: infinite",
                bf_dataset_check(&d));
    d.x.data[6] = 0;
    labels[2] = 2;
    check_fails(BF_ERR_ARGUMENT, "row 3: label 2 is not in 0..1",
                bf_dataset_check(&d));
    labels[2] = -1;
    check_fails(BF_ERR_ARGUMENT, "row 3: label -1", bf_dataset_check(&d));
    labels[2] = labels[1] = 0;
    check_fails(BF_ERR_ARGUMENT, "every row has label 0", bf_dataset_check(&d));
    d.classes = 1; /* as files tell that hold no other */
    check_fails(BF_ERR_ARGUMENT, "every row has label 0", bf_dataset_check(&d));
    labels[1] = 1;
    check_fails(BF_ERR_ARGUMENT, "row 2: label 1 is not in 0..0",
                bf_dataset_check(&d));
    d.classes = BF_CLASSES_MAX + 1;
    check_fails(BF_ERR_ARGUMENT, "101 classes", bf_dataset_check(&d));
    d.classes = BF_CLASSES_MAX; /* most without a sample */
    check_ok(bf_dataset_check(&d));
    bf_matrix_clear(&d.x);
}

/* Scores on shapes around the block size, both maps, in plain loops. */
static void test_scores(void **state)
{
    (void)state;
    uint64_t seed = test_seed(51);
    static const size_t shapes[][3] = {
        {1, 1, 2}, {1024, 3, 4}, {1025, 3, 4}, {2100, 17, 100}};
    for (size_t q = 0; q < sizeof shapes / sizeof shapes[0]; q++)
        for (int map = BF_MAP_NONE; map <= BF_MAP_SQRT; map++) {
            size_t n = shapes[q][0], d = shapes[q][1], classes = shapes[q][2];
            bf_matrix x, z;
            bf_model m = {.map = (bf_feature_map)map};
            random_matrix(&x, n, d, &seed);
            random_matrix(&m.weights, classes, d + 1, &seed);
            for (size_t i = 0; i < n * d; i++) x.data[i] = fabs(x.data[i]);
            check_ok(bf_model_scores(&z, &m, &x));
            for (size_t i = 0; i < n; i++)
                for (size_t c = 0; c < classes; c++) {
                    const double *w = m.weights.data + c * (d + 1);
                    double sum = w[0];
                    for (size_t j = 0; j < d; j++) {
                        double v = x.data[i * d + j];
                        sum += w[j + 1] * (map == BF_MAP_SQRT ? sqrt(v) : v);
                    }
                    assert_true(fabs(sum - z.data[i * classes + c]) < 1e-11);
                }
            bf_matrix_clear(&x);
            bf_matrix_clear(&z);
            bf_model_clear(&m);
        }
}

/* Three rows, z = +-x: worked by hand. */
static void test_metrics(void **state)
{
    (void)state;
    int32_t labels[] = {0, 1, 1};
    bf_dataset d = {.classes = 2, .labels = labels};
    bf_model m = {.map = BF_MAP_NONE};
    bf_metrics r;
    check_ok(bf_matrix_init(&d.x, 3, 1));
    check_ok(bf_matrix_init(&m.weights, 2, 2));
    d.x.data[0] = 2;
    d.x.data[1] = -1;
    d.x.data[2] = 800; /* exp overflows unless care is taken */
    m.weights.data[1] = 1;
    m.weights.data[3] = -1;
    check_ok(bf_model_evaluate(&r, &m, &d, true));
    assert_true(fabs(r.accuracy - 2.0 / 3) < 1e-15);
    assert_true(r.confusion[0] == 1 && r.confusion[1] == 0);
    assert_true(r.confusion[2] == 1 && r.confusion[3] == 1);
    double ce = (log(1 + exp(-4)) + log(1 + exp(-2)) + 1600) / 3;
    assert_true(fabs(r.cross_entropy - ce) < 1e-10);
    double s2 = 1 / (1 + exp(-2)), s1 = 1 / (1 + exp(-1));
    double sle = (2 * (1 - s2) * (1 - s2) + 2 * (1 - s1) * (1 - s1) + 2) / 3;
    assert_true(fabs(r.sle - sle) < 1e-12);
    bf_metrics_clear(&r);
    labels[1] = 2;
    check_fails(BF_ERR_ARGUMENT, "row 2: label 2, the model knows 0..1",
                bf_model_evaluate(&r, &m, &d, false));
    labels[1] = 1;
    m.map = BF_MAP_SQRT;
    check_fails(BF_ERR_RANGE, "row 2, column 1",
                bf_model_evaluate(&r, &m, &d, false));
    m.map = BF_MAP_AUTO;
    check_fails(BF_ERR_ARGUMENT, "map", bf_model_evaluate(&r, &m, &d, false));
    m.map = BF_MAP_NONE;
    bf_matrix_clear(&d.x);
    check_ok(bf_matrix_init(&d.x, 3, 2));
    check_fails(BF_ERR_MISMATCH, "2 features",
                bf_model_evaluate(&r, &m, &d, false));
    bf_matrix_clear(&d.x);
    bf_model_clear(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),
        cmocka_unit_test(test_dataset_check),
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_metrics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
