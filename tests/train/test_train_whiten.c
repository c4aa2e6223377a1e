/* Whitening: gradient descent on whitened rows against Newton steps with the
 * fixed Hessian in the original features, where no eigenvector appears. */
#include "train/train_testing.h"

typedef struct trained {
    bf_transform *t;
    bf_schedule s;
    bf_matrix u, weights, model;
} trained;

static void train(trained *r, const bf_recipe *recipe, const bf_dataset *data)
{
    check_ok(bf_transform_fit(&r->t, recipe, &data->x, NULL));
    check_ok(bf_transform_apply(&r->u, r->t, &data->x, true, NULL));
    check_ok(bf_schedule_make(&r->s, recipe, data->x.rows));
    check_ok(bf_transform_start(&r->s, r->t, data->classes));
    check_ok(bf_twin_run(&r->weights, &r->s, &r->u, data->labels, data->classes,
                         NULL, NULL, NULL));
    check_ok(bf_transform_unmap(&r->model, r->t, &r->weights));
}

static void clear(trained *r)
{
    bf_transform_destroy(r->t);
    bf_schedule_clear(&r->s);
    bf_matrix_clear(&r->u);
    bf_matrix_clear(&r->weights);
    bf_matrix_clear(&r->model);
}

static bf_recipe plain_recipe(unsigned iterations, double lambda)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, iterations, 128, 400));
    r.lambda = lambda;
    r.clip = 0;
    return r;
}

static double *zeros(size_t count)
{
    double *p = calloc(count, sizeof *p);
    assert_non_null(p);
    return p;
}

/* Standardised rows, features that do not vary set to 0. */
static double *standardise(const bf_matrix *x, bool root, double *mean,
                           double *sd)
{
    size_t n = x->rows, d = x->cols;
    double *s = zeros(n * d);
    for (size_t j = 0; j < d; j++) {
        long double sum = 0, square = 0;
        for (size_t i = 0; i < n; i++) {
            double v = x->data[i * d + j];
            sum += root ? sqrt(v) : v;
        }
        sum /= n;
        for (size_t i = 0; i < n; i++) {
            long double v = x->data[i * d + j];
            if (root) v = sqrt(x->data[i * d + j]);
            square += (v - sum) * (v - sum);
        }
        mean[j] = (double)sum;
        sd[j] = (double)sqrtl(square / n);
        for (size_t i = 0; i < n && sd[j] > 1e-12; i++) {
            double v = x->data[i * d + j];
            s[i * d + j] = ((root ? sqrt(v) : v) - mean[j]) / sd[j];
        }
    }
    return s;
}

/* a x = b by Gauss elimination with pivots; a is m x m, b m x c; b := x. */
static void solve(double *a, double *b, size_t m, size_t c)
{
    for (size_t p = 0; p < m; p++) {
        size_t best = p;
        for (size_t i = p + 1; i < m; i++)
            if (fabs(a[i * m + p]) > fabs(a[best * m + p])) best = i;
        for (size_t j = 0; j < m; j++) {
            double swap = a[p * m + j];
            a[p * m + j] = a[best * m + j];
            a[best * m + j] = swap;
        }
        for (size_t j = 0; j < c; j++) {
            double swap = b[p * c + j];
            b[p * c + j] = b[best * c + j];
            b[best * c + j] = swap;
        }
        for (size_t i = 0; i < m; i++) {
            if (i == p) continue;
            double f = a[i * m + p] / a[p * m + p];
            for (size_t j = p; j < m; j++) a[i * m + j] -= f * a[p * m + j];
            for (size_t j = 0; j < c; j++) b[i * c + j] -= f * b[p * c + j];
        }
    }
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < c; j++) b[i * c + j] /= a[i * m + i];
}

/* Logits of the training rows under Newton steps: with S the standardised rows
 * and R = S^T S / n, the features' weights move by
 *   (R + lambda)^-1 (s 4/n S^T (Y - p)), and the bias by s 4/n sum (Y - p). */
static double *newton(const bf_dataset *data, const bf_recipe *recipe,
                      bool root)
{
    size_t n = data->x.rows, d = data->x.cols, classes = data->classes;
    double *mean = zeros(d), *sd = zeros(d);
    double *s = standardise(&data->x, root, mean, sd);
    double *w = zeros(d * classes), *bias = zeros(classes);
    double *z = zeros(n * classes), *g = zeros(d * classes);
    double *hessian = zeros(d * d);
    for (unsigned t = 0; t <= recipe->iterations; t++) {
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < classes; c++) {
                z[i * classes + c] = bias[c];
                for (size_t j = 0; j < d; j++)
                    z[i * classes + c] += s[i * d + j] * w[j * classes + c];
            }
        if (t == recipe->iterations) break;
        double step =
            4.0 / (double)n *
            recipe->steps[t < recipe->step_count ? t : recipe->step_count - 1];
        memset(g, 0, d * classes * sizeof *g);
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < classes; c++) {
                double v = z[i * classes + c], p = 0.5;
                for (unsigned m = 0; 2 * m + 1 <= recipe->sigmoid.degree; m++)
                    p += recipe->sigmoid.odd[m] * pow(v, 2.0 * m + 1);
                double e = step * ((data->labels[i] == (int32_t)c) - p);
                bias[c] += e;
                for (size_t j = 0; j < d; j++)
                    g[j * classes + c] += e * s[i * d + j];
            }
        for (size_t j = 0; j < d; j++)
            for (size_t l = 0; l < d; l++) {
                double sum = j == l ? recipe->lambda : 0;
                for (size_t i = 0; i < n; i++)
                    sum += s[i * d + j] * s[i * d + l] / (double)n;
                hessian[j * d + l] = sum;
            }
        solve(hessian, g, d, classes);
        for (size_t j = 0; j < d * classes; j++) w[j] += g[j];
    }
    free(mean);
    free(sd);
    free(s);
    free(w);
    free(bias);
    free(g);
    free(hessian);
    return z;
}

static void logits(bf_matrix *z, const trained *r, const bf_matrix *x)
{
    bf_model m = {.weights = r->model, .map = bf_transform_map(r->t)};
    check_ok(bf_model_scores(z, &m, x));
}

static void compare_with_newton(const bf_dataset *data, bool root,
                                uint64_t *seed)
{
    bf_recipe recipe = plain_recipe(3, 0.05 + random_unit(seed));
    trained r = {0};
    bf_matrix z;
    train(&r, &recipe, data);
    assert_int_equal(bf_transform_map(r.t), root ? BF_MAP_SQRT : BF_MAP_NONE);
    logits(&z, &r, &data->x);
    double *expected = newton(data, &recipe, root);
    check_close(z.data, expected, z.rows * z.cols, 1e-9);
    free(expected);
    bf_matrix_clear(&z);
    clear(&r);
}

static void test_newton(void **state)
{
    (void)state;
    uint64_t seed = test_seed(21);
    static const size_t shapes[][3] = {
        {60, 9, 3}, {9, 60, 3}, {20, 20, 2},    {21, 20, 10}, {2, 1, 2},
        {40, 1, 2}, {2, 30, 2}, {1100, 6, 100}, {19, 20, 4},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        bf_dataset data;
        random_dataset(&data, shapes[i][0], shapes[i][1],
                       (unsigned)shapes[i][2], &seed);
        data.x.data[0] = -1; /* not all are roots, however few */
        compare_with_newton(&data, false, &seed);
        for (size_t j = 0; j < data.x.rows * data.x.cols; j++)
            data.x.data[j] *= data.x.data[j];
        compare_with_newton(&data, true, &seed);
        free_dataset(&data);
    }
}

/* Constant features, repeated features and repeated rows, few and many rows:
 * still Newton, nothing divided by zero. */
static void test_degenerate(void **state)
{
    (void)state;
    uint64_t seed = test_seed(22);
    for (size_t n = 12; n <= 48; n += 36) {
        bf_dataset data;
        random_dataset(&data, n, 15, 3, &seed);
        for (size_t i = 0; i < n; i++) {
            double *row = data.x.data + i * 15;
            row[0] = 0;
            row[3] = 0.1;
            row[4] = -1e12 / 3;
            row[7] = row[6];
            row[8] = 3 - 2 * row[6];
            if (i % 2) memcpy(row, row - 15, 15 * sizeof *row);
        }
        compare_with_newton(&data, false, &seed);
        free_dataset(&data);
    }
}

/* Columns are uncorrelated, centred, of variance e/(e + lambda) in falling
 * order; without ridge that is 1 in every direction the rows span. */
static void test_white(void **state)
{
    (void)state;
    uint64_t seed = test_seed(23);
    static const size_t shapes[][2] = {{70, 12}, {12, 70}, {1500, 30}};
    for (size_t q = 0; q < 3; q++)
        for (int ridge = 0; ridge < 2; ridge++) {
            bf_dataset data;
            size_t n = shapes[q][0], d = shapes[q][1];
            random_dataset(&data, n, d, 3, &seed);
            bf_recipe recipe = plain_recipe(1, ridge ? 0.4 : 0);
            trained r = {0};
            train(&r, &recipe, &data);
            size_t k = r.u.cols;
            assert_int_equal(k, 1 + (d < n - 1 ? d : n - 1));
            double last = 1 + 1e-9;
            for (size_t a = 0; a < k; a++)
                for (size_t b = 0; b < k; b++) {
                    double sum = 0;
                    for (size_t i = 0; i < n; i++)
                        sum += r.u.data[i * k + a] * r.u.data[i * k + b];
                    sum /= (double)n;
                    if (a != b) {
                        assert_true(fabs(sum) < 1e-9);
                    } else if (a == 0 || !ridge) {
                        assert_true(fabs(sum - 1) < 1e-9);
                    } else {
                        assert_true(sum <= last + 1e-12);
                        last = sum;
                    }
                }
            clear(&r);
            free_dataset(&data);
        }
}

/* Scores of u by the weights are scores of x by the model, on rows that were
 * not trained on too, whose norms are not clipped. */
static void test_unmap(void **state)
{
    (void)state;
    uint64_t seed = test_seed(24);
    bf_dataset data, other;
    random_dataset(&data, 90, 20, 4, &seed);
    random_dataset(&other, 35, 20, 4, &seed);
    for (size_t i = 0; i < 35 * 20; i++) other.x.data[i] *= 3;
    for (int components = 0; components < 2; components++) {
        bf_recipe recipe;
        check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, 90, 20));
        recipe.components = components ? 6 : 0;
        trained r = {0};
        bf_matrix z, u;
        train(&r, &recipe, &data);
        assert_int_equal(r.u.cols, components ? 7 : 21);
        logits(&z, &r, &other.x);
        check_ok(bf_transform_apply(&u, r.t, &other.x, false,
                                    NULL));
        for (size_t i = 0; i < 35; i++)
            for (size_t c = 0; c < 4; c++) {
                double sum = 0;
                for (size_t j = 0; j < u.cols; j++)
                    sum +=
                        u.data[i * u.cols + j] * r.weights.data[c * u.cols + j];
                assert_true(fabs(sum - z.data[i * 4 + c]) <
                            1e-9 * (1 + fabs(sum)));
            }
        bf_matrix_clear(&z);
        bf_matrix_clear(&u);
        clear(&r);
    }
    free_dataset(&data);
    free_dataset(&other);
}

/* Units and offsets of the features do not matter, nor the order of rows. */
static void test_invariance(void **state)
{
    (void)state;
    uint64_t seed = test_seed(25);
    for (size_t n = 10; n <= 50; n += 40) {
        bf_dataset data, moved;
        random_dataset(&data, n, 16, 3, &seed);
        take_rows(&moved, &data, 0, n);
        for (size_t i = 0; i < n; i++) {
            size_t from = n - 1 - i;
            moved.labels[i] = data.labels[from];
            for (size_t j = 0; j < 16; j++)
                moved.x.data[i * 16 + j] =
                    data.x.data[from * 16 + j] * (j % 2 ? -0.03 : 400) +
                    (double)j - 7;
        }
        bf_recipe recipe;
        check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 3, n, 16));
        recipe.map = BF_MAP_NONE;
        trained a = {0}, b = {0};
        bf_matrix za, zb;
        train(&a, &recipe, &data);
        train(&b, &recipe, &moved);
        logits(&za, &a, &data.x);
        logits(&zb, &b, &moved.x);
        for (size_t i = 0; i < n; i++)
            check_close(za.data + i * 3, zb.data + (n - 1 - i) * 3, 3, 1e-8);
        bf_matrix_clear(&za);
        bf_matrix_clear(&zb);
        clear(&a);
        clear(&b);
        free_dataset(&data);
        free_dataset(&moved);
    }
}

static double norm(const double *v, size_t k)
{
    double sum = 0;
    for (size_t j = 0; j < k; j++) sum += v[j] * v[j];
    return sqrt(sum);
}

/* Long rows shrink and keep their direction; the rest stay. The limit is 1.25
 * medians of few rows, 1.25 sqrt(k) of many, whatever they are. */
static void check_clip(size_t n, uint64_t *seed)
{
    bf_dataset data;
    random_dataset(&data, n, 10, 3, seed);
    for (size_t i = 0; i < n; i += 30)
        for (size_t j = 0; j < 10; j++) data.x.data[i * 10 + j] *= 20;
    bf_recipe recipe;
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, n, 10));
    bf_transform *t;
    bf_matrix free_rows, clipped;
    check_ok(bf_transform_fit(&t, &recipe, &data.x, NULL));
    check_ok(bf_transform_apply(&free_rows, t, &data.x, false,
                                NULL));
    check_ok(bf_transform_apply(&clipped, t, &data.x, true, NULL));
    double norms[301];
    for (size_t i = 0; i < n; i++)
        norms[i] = norm(free_rows.data + i * 11 + 1, 10);
    size_t shortened = 0;
    double limit = n / BF_FEW_ROWS >= 10 ? 1.25 * sqrt(10) : 0;
    for (size_t i = 0; i < n && limit == 0; i++) { /* the median, by rank */
        size_t below = 0;
        for (size_t j = 0; j < n; j++) below += norms[j] < norms[i];
        if (below == n / 2) limit = 1.25 * norms[i];
    }
    assert_true(limit > 0 && limit <= 1.25 * sqrt(10));
    for (size_t i = 0; i < n; i++) {
        double f = norms[i] > limit ? limit / norms[i] : 1;
        shortened += f < 1;
        assert_true(clipped.data[i * 11] == 1);
        for (size_t j = 1; j < 11; j++)
            assert_true(fabs(clipped.data[i * 11 + j] -
                             f * free_rows.data[i * 11 + j]) < 1e-12);
    }
    assert_in_range(shortened, n / 30 + 1, n / 3);
    bf_matrix_clear(&free_rows);
    bf_matrix_clear(&clipped);
    bf_transform_destroy(t);
    free_dataset(&data);
}

static void test_clip(void **state)
{
    (void)state;
    uint64_t seed = test_seed(26);
    check_clip(99, &seed);
    check_clip(301, &seed);
}

/* Where most rows are longer than sqrt(k), as when the others lie at the mean,
 * the clip is 1.25 sqrt(k): plans rely on that. */
static void test_clip_of_long_rows(void **state)
{
    (void)state;
    bf_matrix x, u;
    bf_recipe recipe;
    bf_transform *t;
    check_ok(bf_matrix_init(&x, 100, 4));
    for (size_t i = 0; i < 64; i++) x.data[i * 4 + i % 4] = i % 8 < 4 ? 1 : -1;
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, 100, 4));
    recipe.lambda = 0;
    check_ok(bf_transform_fit(&t, &recipe, &x, NULL));
    check_ok(bf_transform_apply(&u, t, &x, false, NULL));
    assert_true(fabs(norm(u.data + 1, 4) - 2.5) < 1e-12); /* 1/sqrt(0.16) */
    bf_matrix_clear(&u);
    for (size_t i = 0; i < 8; i++) x.data[i * 4 + i % 4] *= 0.25;
    bf_transform_destroy(t);
    check_ok(bf_transform_fit(&t, &recipe, &x, NULL));
    check_ok(bf_transform_apply(&u, t, &x, true, NULL));
    for (size_t i = 8; i < 64; i++) /* 1/sqrt(0.14125) = 2.66 before */
        assert_true(fabs(norm(u.data + i * 5 + 1, 4) - 2.5) < 1e-12);
    bf_matrix_clear(&u);
    bf_matrix_clear(&x);
    bf_transform_destroy(t);
}

/* Rows and model are the same bits for any number of threads: with more rows
 * than features, with fewer, and of random features. */
static void test_threads(void **state)
{
    (void)state;
    uint64_t seed = test_seed(28);
    static const struct {
        size_t rows, cols, expand;
    } shapes[] = {{1500, 450, 0}, {250, 450, 0}, {1100, 12, 500}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        bf_dataset data;
        bf_recipe recipe = plain_recipe(2, 0.1);
        trained one = {0};
        random_dataset(&data, shapes[i].rows, shapes[i].cols, 3, &seed);
        recipe.clip = 1.5;
        recipe.expand.count = shapes[i].expand;
        for (unsigned threads = 1; threads <= 3; threads++) {
            bf_env env = {.threads = threads}, *before = bf_env_enter(&env);
            trained many = {0};
            train(&many, &recipe, &data);
            bf_env_enter(before);
            if (threads == 1) {
                one = many;
                continue;
            }
            assert_memory_equal(many.u.data, one.u.data,
                                one.u.rows * one.u.cols * sizeof(double));
            assert_memory_equal(many.model.data, one.model.data,
                                3 * one.model.cols * sizeof(double));
            clear(&many);
        }
        clear(&one);
        free_dataset(&data);
    }
}

/* A class without a training sample is never predicted, and harms no other. */
static void test_missing_class(void **state)
{
    (void)state;
    uint64_t seed = test_seed(27);
    bf_dataset data;
    random_dataset(&data, 60, 8, 3, &seed);
    data.classes = 4;
    check_ok(bf_dataset_check(&data));
    bf_recipe recipe;
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, 60, 8));
    trained r = {0};
    train(&r, &recipe, &data);
    bf_model m = {.weights = r.model, .map = bf_transform_map(r.t)};
    bf_metrics metrics;
    check_ok(bf_model_evaluate(&metrics, &m, &data, true));
    for (size_t c = 0; c < 4; c++)
        assert_true(metrics.confusion[c * 4 + 3] == 0);
    assert_true(metrics.accuracy > 0.8);
    bf_metrics_clear(&metrics);
    clear(&r);
    free_dataset(&data);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_matrix x, u = {0};
    check_ok(bf_matrix_init(&x, 5, 3));
    for (size_t i = 0; i < 15; i++) x.data[i] = (double)(i * i % 7);
    bf_recipe recipe = plain_recipe(1, 1);
    bf_transform *t = NULL;
    x.data[7] = NAN;
    check_fails(BF_ERR_RANGE, "row 3, column 2 is not a number",
                bf_transform_fit(&t, &recipe, &x, NULL));
    x.data[7] = INFINITY;
    check_fails(BF_ERR_RANGE, "row 3, column 2 is infinite",
                bf_transform_fit(&t, &recipe, &x, NULL));
    x.data[7] = -1;
    recipe.map = BF_MAP_SQRT;
    check_fails(BF_ERR_RANGE, "row 3, column 2 is -1",
                bf_transform_fit(&t, &recipe, &x, NULL));
    assert_null(t);
    x.data[7] = 1;
    check_ok(bf_transform_fit(&t, &recipe, &x, NULL));
    x.data[14] = -2;
    check_fails(BF_ERR_RANGE, "row 5, column 3 is -2",
                bf_transform_apply(&u, t, &x, false, NULL));
    check_fails(BF_ERR_RANGE, "row 5, column 3 is -2",
                bf_transform_check(t, &x));
    x.data[14] = 2;
    check_ok(bf_transform_check(t, &x));
    x.cols = 1;
    check_fails(BF_ERR_MISMATCH, "takes 3",
                bf_transform_apply(&u, t, &x, false, NULL));
    check_fails(BF_ERR_MISMATCH, "takes 3", bf_transform_check(t, &x));
    assert_null(u.data);
    x.rows = 1;
    check_fails(BF_ERR_ARGUMENT, "at least 2",
                bf_transform_fit(&t, &recipe, &x, NULL));
    bf_transform_destroy(t);
    bf_matrix_clear(&x);
}

/* The accuracy of the recipe on the first 128 RegNet rows
 * (docs/performance.md). */
static void test_real_rows(void **state)
{
    (void)state;
    bf_dataset all, data, test;
    if (!load_regnet(&all)) skip();
    take_rows(&data, &all, 0, 128);
    take_rows(&test, &all, 128, REGNET_ROWS);
    static const double expected[] = {0.836, 0.831, 0.841};
    for (unsigned iterations = 1; iterations <= 3; iterations++) {
        bf_recipe recipe;
        check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, iterations, 128,
                                   400));
        trained r = {0};
        bf_metrics metrics;
        train(&r, &recipe, &data);
        assert_int_equal(bf_transform_map(r.t), BF_MAP_SQRT);
        bf_model m = {.weights = r.model, .map = BF_MAP_SQRT};
        check_ok(bf_model_evaluate(&metrics, &m, &test, false));
        if (fabs(metrics.accuracy - expected[iterations - 1]) > 0.003)
            fail_msg("%u iterations: accuracy %.4f, not %.3f", iterations,
                     metrics.accuracy, expected[iterations - 1]);
        clear(&r);
    }
    free_dataset(&all);
    free_dataset(&data);
    free_dataset(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newton),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_white),
        cmocka_unit_test(test_unmap),
        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_clip),
        cmocka_unit_test(test_clip_of_long_rows),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_missing_class),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_real_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
