/* Errors of weights over many iterations against sums of random ones: a part
 * that every step has again, and one that is drawn anew. */
#include "train/drift.h"
#include "train/train_testing.h"

enum { VALUES = 20000, STEPS = 60 };

static double rms(const double *v)
{
    double sum = 0;
    for (size_t i = 0; i < VALUES; i++) sum += v[i] * v[i];
    return sqrt(sum / VALUES);
}

/* Momenta as Nesterov's sequence has them, or none. */
static bf_drift_sum step_of(unsigned t, bool momentum, double same,
                            double other)
{
    double q = momentum && t > 0 ? -(double)(t - 1) / (t + 2) : 0;
    return (bf_drift_sum){1 - q - 0.004, q, same, other};
}

static void check(bool momentum, double same, double other, uint64_t seed)
{
    static double pattern[VALUES], v[VALUES], before[VALUES];
    bf_drift d = {0};
    memset(v, 0, sizeof v);
    memset(before, 0, sizeof before);
    for (size_t i = 0; i < VALUES; i++) pattern[i] = random_normal(&seed);
    for (unsigned t = 0; t < STEPS; t++) {
        bf_drift_sum s = step_of(t, momentum, same, other);
        double expected = bf_drift_of(&d, &s);
        bf_drift_advance(&d, &s);
        for (size_t i = 0; i < VALUES; i++) {
            double next = s.p * v[i] + s.q * before[i] + same * pattern[i] +
                          other * random_normal(&seed);
            before[i] = v[i];
            v[i] = next;
        }
        /* Three deviations of a mean of VALUES squares. */
        if (!(fabs(rms(v) / expected - 1) < 3 / sqrt(2.0 * VALUES)))
            fail_msg("step %u: %g, expected %g", t + 1, rms(v), expected);
        assert_true(expected == hypot(d.same, d.other));
    }
}

static void test_drift(void **state)
{
    (void)state;
    uint64_t seed = test_seed(3);
    for (int momentum = 0; momentum < 2; momentum++) {
        check(momentum, 1, 0, seed);
        check(momentum, 0, 1, seed + 1);
        check(momentum, 0.3, 1, seed + 2);
    }
}

/* A step that is off by the same each time comes out t times, with Nesterov's
 * momentum about t^2/8 times. */
static void test_same_again(void **state)
{
    (void)state;
    bf_drift plain = {0}, momentum = {0};
    for (unsigned t = 0; t < STEPS; t++) {
        bf_drift_sum s = {1, 0, 1, 0};
        bf_drift_advance(&plain, &s);
        double q = t > 0 ? -(double)(t - 1) / (t + 2) : 0;
        s = (bf_drift_sum){1 - q, q, 1, 0};
        bf_drift_advance(&momentum, &s);
    }
    assert_true(fabs(plain.same - STEPS) < 1e-9);
    assert_true(fabs(momentum.same / (STEPS * (STEPS + 6) / 8.0) - 1) < 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_drift),
                                       cmocka_unit_test(test_same_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
