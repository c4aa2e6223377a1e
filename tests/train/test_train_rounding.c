/* Information in a model about the owner's private transform: the recovery of
 * scales from common divisors succeeds on weights that are multiples of a step,
 * and fails on the weights of bf_weights_round. */
#include "base/random.h"
#include "train/owner/rounding.h"
#include "train/owner/transform.h"
#include "train/train_testing.h"

enum { ROWS = 60, FEATURES = 24, CLASSES = 10 };
#define NOISE 1.7e-4 /* of weights up to about 1: integers of 13 bits */
#define STEP 0x1p-13

/* The convergent of |x| with the largest denominator up to `most`; false unless
 * it is within 1e-12 of x. A ratio of two doubles is known to 2^-52, while a
 * random number is 1/most^2 = 2^-32 from the nearest fraction. */
static bool rational(double x, double most, double *numerator,
                     double *denominator)
{
    double p0 = 0, p1 = 1, q0 = 1, q1 = 0, rest = fabs(x);
    for (int i = 0; i < 40; i++) {
        double a = floor(rest), p = a * p1 + p0, q = a * q1 + q0;
        if (q > most) break;
        p0 = p1, p1 = p, q0 = q1, q1 = q;
        if (fabs(p1 / q1 - fabs(x)) <= 1e-12 * fabs(x)) break;
        rest = 1 / (rest - a);
    }
    *numerator = p1;
    *denominator = q1;
    return q1 > 0 && fabs(p1 / q1 - fabs(x)) <= 1e-12 * fabs(x);
}

static double gcd(double a, double b)
{
    while (b >= 1) {
        double r = fmod(a, b);
        a = b;
        b = r;
    }
    return a;
}

/* From the model alone: the number of which every class's weight of column k is
 * a multiple, or 0. */
static double common_divisor(const bf_matrix *model, size_t k)
{
    double first = model->data[k], all = 1, p, q;
    for (size_t c = 1; c < model->rows; c++) {
        if (!rational(model->data[c * model->cols + k] / first, 0x1p16, &p, &q))
            return 0;
        all = all / gcd(all, q) * q;
        if (all > 0x1p20) return 0;
    }
    return fabs(first) / all;
}

/* Columns whose private factor times the step is an exact small multiple of the
 * recovered number, or the reverse. */
static int recovered(const bf_matrix *model, const double *factor,
                     size_t stride)
{
    int count = 0;
    for (size_t k = 1; k <= FEATURES; k++) {
        double found = common_divisor(model, k);
        if (found == 0) continue;
        double times = found / (fabs(factor[(k - 1) * stride]) * STEP);
        if (times > 0.5 && times < 9 && fabs(times / rint(times) - 1) < 1e-9)
            count++;
    }
    return count;
}

static void to_multiples(bf_matrix *weights)
{
    for (size_t i = 0; i < weights->rows * weights->cols; i++)
        weights->data[i] = rint(weights->data[i] / STEP) * STEP;
}

/* Recovered columns after the given rounding of weights of this recipe. */
static int attack(bf_recipe_kind kind, bool multiples)
{
    uint64_t seed = test_seed(71);
    bf_dataset data;
    bf_recipe recipe;
    bf_transform *t;
    bf_matrix weights, model;
    random_dataset(&data, ROWS, FEATURES, CLASSES, &seed);
    check_ok(bf_recipe_default(&recipe, kind, 2, ROWS, FEATURES));
    recipe.components = kind == BF_RECIPE_WHITENED; /* one direction */
    check_ok(bf_transform_fit(&t, &recipe, &data.x, NULL));
    random_matrix(&weights, CLASSES, bf_transform_outputs(t), &seed);
    if (multiples)
        to_multiples(&weights);
    else
        bf_weights_round(&weights, NOISE);
    check_ok(bf_transform_unmap(&model, t, &weights));
    int count = recovered(
        &model, kind == BF_RECIPE_PAPER ? t->scale + 1 : t->linear, 1);
    bf_matrix_clear(&weights);
    bf_matrix_clear(&model);
    bf_transform_destroy(t);
    free_dataset(&data);
    return count;
}

static void scales_cannot_be_recovered(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        int before = attack((bf_recipe_kind)kind, true);
        printf("multiples of a step: %d of %d columns recovered\n", before,
               FEATURES);
        assert_true(before >= FEATURES * 3 / 4);
        assert_int_equal(attack((bf_recipe_kind)kind, false), 0);
    }
}

/* Digits of the decryption below the step make no difference. */
static void low_digits_do_not_show(void **state)
{
    (void)state;
    double a[] = {3.4 * STEP, -100.3 * STEP, 0.01 * STEP};
    double b[] = {2.6 * STEP, -99.7 * STEP, -0.4 * STEP};
    bf_matrix first = {1, 3, a}, second = {1, 3, b};
    bf_random_fix_for_tests(72);
    bf_weights_round(&first, NOISE);
    bf_random_fix_for_tests(72);
    bf_weights_round(&second, NOISE);
    assert_memory_equal(a, b, sizeof a);
}

/* Half a step for each of the two, and their squares add up to step^2 / 6. */
static void error_is_as_declared(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    uint64_t seed = test_seed(73);
    bf_matrix weights, rounded;
    double sum = 0;
    random_matrix(&weights, 1, COUNT, &seed);
    check_ok(bf_matrix_init(&rounded, 1, COUNT));
    memcpy(rounded.data, weights.data, COUNT * sizeof(double));
    bf_weights_round(&rounded, NOISE);
    for (size_t i = 0; i < COUNT; i++) {
        double e = rounded.data[i] - weights.data[i];
        assert_true(fabs(e) <= STEP);
        sum += e * e;
    }
    /* 20,000 squares average to 1 % of their own deviation and mean. */
    assert_true(fabs(sqrt(sum / COUNT) / (STEP / sqrt(6)) - 1) < 0.03);
    bf_matrix_clear(&weights);
    bf_matrix_clear(&rounded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_cannot_be_recovered),
        cmocka_unit_test(low_digits_do_not_show),
        cmocka_unit_test(error_is_as_declared),
    };
    if (bf_random_init() != BF_OK) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
