/* The noise on Y'U: its formula against the definition, integrated; the
 * sampler's own distribution in place of the normal one; and the effect of the
 * noise of a share. */
#include "train/train_testing.h"

#include "ckks/sample.h"
#include "train/owner/label_privacy.h"

/* sup over sets S of P(S) - e^epsilon P'(S), densities p at steps h: integrals
 * of what is positive, for a shift in either direction. */
static double definition(const double *p, size_t count, size_t shift, double h,
                         double epsilon)
{
    double up = 0, down = 0;
    for (size_t i = 0; i < count; i++) {
        double a = p[i], b = i >= shift ? p[i - shift] : 0;
        double c = i + shift < count ? p[i + shift] : 0;
        up += fmax(0, a - exp(epsilon) * b);
        down += fmax(0, a - exp(epsilon) * c);
    }
    return h * fmax(up, down);
}

enum { STEPS = 12800, MIDDLE = STEPS / 2 };

static void formula(void **state)
{
    (void)state;
    static double p[STEPS];
    const double h = 1 / 256.0; /* of a deviation */
    for (size_t i = 0; i < STEPS; i++) {
        double z = h * ((double)i - MIDDLE);
        p[i] = exp(-z * z / 2) / sqrt(2 * acos(-1));
    }
    static const double epsilons[] = {0.01, 0.5, 1, 2, 4, 8, 16};
    for (size_t e = 0; e < 7; e++)
        for (size_t shift = 16; shift < 1024; shift *= 2) {
            double want = definition(p, STEPS, shift, h, epsilons[e]);
            double got = bf_label_delta(epsilons[e], h * (double)shift);
            assert_true(fabs(got - want) <= 1e-4 * want + 1e-16);
        }
}

/* The distribution of bf_sample_normal: a binomial of 1,024 coins, of 15/16 of
 * the variance, and the rest, of which the same holds in turn, as normal. */
static void sampler_density(double *p, double h)
{
    const double rest = 256.0 / 15, sd = sqrt(256 + rest);
    for (size_t i = 0; i < STEPS; i++) {
        double x = sd * h * ((double)i - MIDDLE);
        p[i] = 0;
        for (int k = (int)floor(x) - 60; k <= (int)ceil(x) + 60; k++) {
            if (abs(k) > 512) continue;
            double choose = lgamma(1025) - lgamma(513 + k) - lgamma(513 - k);
            double e = x - k;
            p[i] += exp(choose - 1024 * log(2) - e * e / (2 * rest));
        }
        p[i] *= sd / sqrt(2 * acos(-1) * rest);
    }
}

static void sampler_keeps_delta(void **state)
{
    (void)state;
    static double p[STEPS];
    const double h = 1 / 512.0;
    sampler_density(p, h);
    static const double epsilons[] = {0.1, 0.5, 1, 2, 4, 8, 16};
    static const double deltas[] = {1e-2, 1e-4, 1e-6, 1e-8, 1e-10};
    for (size_t e = 0; e < 7; e++)
        for (size_t d = 0; d < 5; d++) {
            double sd;
            check_ok(bf_label_noise(&sd, epsilons[e], deltas[d], 1));
            size_t shift = (size_t)floor(1 / (sd * h));
            assert_true(definition(p, STEPS, shift, h, epsilons[e]) <=
                        deltas[d]);
        }
}

/* The least noise, and known ones: 8.06, 4.22, 2.23, 1.19 and 0.65 times the
 * sensitivity give delta = 1e-6 for epsilon = 0.5, 1, 2, 4 and 8. */
static void noise(void **state)
{
    (void)state;
    static const double epsilons[] = {0.5, 1, 2, 4, 8};
    static const double known[] = {257.8, 135.2, 71.4, 38.2, 20.9};
    for (size_t e = 0; e < 5; e++) {
        double sd;
        check_ok(bf_label_noise(&sd, epsilons[e], 2e-6, 32));
        assert_true(fabs(sd - known[e]) < 0.06);
        assert_true(bf_label_delta(epsilons[e], 32 / sd) <= 1e-6);
        assert_true(bf_label_delta(epsilons[e], 32.01 / sd) > 1e-6);
        /* The classical formula needs more noise, and holds only for epsilon <
         * 1. */
        if (epsilons[e] < 1)
            assert_true(sd < 32 * sqrt(2 * log(1.25e6)) / epsilons[e]);
    }
}

/* No label changes Y'U by more, and a label of a clipped row changes Y'U by
 * this much. */
static void sensitivity(void **state)
{
    (void)state;
    uint64_t seed = test_seed(111);
    bf_dataset data;
    bf_recipe r;
    bf_transform *t;
    bf_matrix u;
    double bound, most = 0;
    random_dataset(&data, 300, 10, 3, &seed);
    for (size_t j = 0; j < 10; j++) data.x.data[40 * 10 + j] *= 1e3;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 1, 300, 10));
    check_ok(bf_transform_fit(&t, &r, &data.x, NULL));
    check_ok(bf_transform_apply(&u, t, &data.x, true, NULL));
    check_ok(bf_label_sensitivity(&bound, &r, 300, u.cols));
    assert_true(fabs(bound - sqrt(2 + 2 * r.clip * r.clip * 10)) < 1e-12);
    for (size_t i = 0; i < 300; i++) { /* from class 0 to class 1 */
        double square = 0;
        for (size_t j = 0; j < u.cols; j++)
            square += 2 * pow(u.data[i * u.cols + j], 2);
        most = fmax(most, sqrt(square));
    }
    assert_true(most <= bound * (1 + 1e-12) && most >= bound * (1 - 1e-12));
    r.clip = 0;
    check_ok(bf_label_sensitivity(&bound, &r, 300, u.cols));
    assert_true(fabs(bound - sqrt(2 + 2 * 300)) < 1e-12);
    bf_matrix_clear(&u);
    bf_transform_destroy(t);
    free_dataset(&data);
}

/* Errors of coefficients in weights: independent, of the deviation asked for.
 */
static void shares(void **state)
{
    (void)state;
    enum { N = 4096 };
    const double scale = 0x1p30, step = 0.01, sd = 70;
    static double coeffs[N];
    bf_layout l;
    bf_matrix w = {0};
    double squares = 0, pairs = 0;
    check_ok(bf_random_init());
    check_ok(bf_layout_make(&l, 12, 1000, 120, 10, 0, 64, 64));
    bf_sample_normal(coeffs, N, bf_label_noise_share(sd, step, &l, scale));
    for (size_t i = 0; i < N; i++) coeffs[i] /= scale;
    check_ok(bf_layout_unpack_weights(&l, coeffs, &w));
    size_t values = w.rows * w.cols;
    for (size_t i = 0; i < values; i++) {
        squares += w.data[i] * w.data[i];
        if (i > 0) pairs += w.data[i] * w.data[i - 1];
    }
    double found = sqrt(squares / (double)values) / step;
    double error = sd / sqrt(2.0 * (double)values);
    if (!(fabs(found - sd) < 5 * error)) fail_msg("noise of %g", found);
    assert_true(fabs(pairs / squares) < 5 / sqrt((double)values));
    bf_matrix_clear(&w);
}

static void faults_are_named(void **state)
{
    (void)state;
    double sd;
    check_fails(BF_ERR_ARGUMENT, "epsilon 0", bf_label_noise(&sd, 0, 1e-6, 1));
    check_fails(BF_ERR_ARGUMENT, "epsilon nan",
                bf_label_noise(&sd, NAN, 1e-6, 1));
    check_fails(BF_ERR_ARGUMENT, "epsilon 17",
                bf_label_noise(&sd, 17, 1e-6, 1));
    check_fails(BF_ERR_ARGUMENT, "delta 0", bf_label_noise(&sd, 1, 0, 1));
    check_fails(BF_ERR_ARGUMENT, "delta 0.02", bf_label_noise(&sd, 1, 0.02, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formula),     cmocka_unit_test(sampler_keeps_delta),
        cmocka_unit_test(noise),       cmocka_unit_test(sensitivity),
        cmocka_unit_test(shares),      cmocka_unit_test(faults_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
