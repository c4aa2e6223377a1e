/* Recipes, schedules and bounds: the part that both sides share. */
#include "train/train_testing.h"

static double sigmoid_error(const bf_sigmoid *p, double z)
{
    return bf_sigmoid_value(p, z) - 1 / (1 + exp(-z));
}

static bf_sigmoid sigmoid_of(unsigned iterations, size_t n)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, iterations, n, 400));
    return r.sigmoid;
}

/* The normal equations of the error give the correction that least squares
 * would still ask for: less than half of the eighth decimal. */
static void test_cubic_is_least_squares(void **state)
{
    (void)state;
    bf_sigmoid p = sigmoid_of(2, 128);
    assert_int_equal(p.degree, 3);
    assert_true(p.range == 8);
    double e1 = 0, e3 = 0, z2 = 0, z4 = 0, z6 = 0;
    for (int i = 0; i <= 4000; i++) {
        double z = p.range * (i / 2000.0 - 1), square = z * z;
        double error = sigmoid_error(&p, z);
        e1 += error * z;
        e3 += error * z * square;
        z2 += square;
        z4 += square * square;
        z6 += square * square * square;
    }
    double determinant = z2 * z6 - z4 * z4;
    assert_true(fabs((e1 * z6 - e3 * z4) / determinant) < 5.1e-9);
    assert_true(fabs((e3 * z2 - e1 * z4) / determinant) < 5.1e-9);
}

/* Minimax: an odd polynomial with m terms is best when its error on (0, R]
 * takes its largest size m + 1 times with alternating sign [Chebyshev]. */
static void check_minimax(const bf_sigmoid *p)
{
    enum { STEPS = 200000 };
    unsigned terms = (p->degree + 1) / 2, peaks = 0;
    double largest = 0, peak = 0, smallest = INFINITY;
    for (int i = 0; i <= STEPS; i++)
        largest = fmax(largest, fabs(sigmoid_error(p, p->range * i / STEPS)));
    for (int i = 0; i <= STEPS; i++) {
        double e = sigmoid_error(p, p->range * i / STEPS);
        if (e * peak < 0) { /* the sign changes: one peak is complete */
            smallest = fmin(smallest, fabs(peak));
            peaks++;
            peak = 0;
        }
        if (fabs(e) > fabs(peak)) peak = e;
    }
    smallest = fmin(smallest, fabs(peak));
    assert_int_equal(peaks + 1, terms + 1);
    if (smallest < largest * (1 - 1e-4))
        fail_msg("degree %u: peaks from %g to %g", p->degree, smallest,
                 largest);
}

static void test_minimax(void **state)
{
    (void)state;
    bf_sigmoid cubic = sigmoid_of(2, 60000), quintic = sigmoid_of(4, 60000);
    assert_int_equal(cubic.degree, 3);
    assert_int_equal(quintic.degree, 5);
    check_minimax(&cubic);
    check_minimax(&quintic);
    assert_true(quintic.odd[2] > 0); /* pulls stray logits back */
    bf_sigmoid many = sigmoid_of(6, 60000);
    assert_int_equal(many.degree, 13);
    check_minimax(&many);
    assert_true(many.odd[6] > 0);
}

static void test_sigmoid_value(void **state)
{
    (void)state;
    bf_sigmoid p = {.degree = 7, .odd = {1, -2, 3, -4, 1e9}};
    assert_true(bf_sigmoid_value(&p, 0) == 0.5);
    assert_true(bf_sigmoid_value(&p, 2) == 0.5 + 2 - 16 + 96 - 512);
    assert_true(bf_sigmoid_value(&p, -2) == 0.5 - 2 + 16 - 96 + 512);
}

static void test_defaults(void **state)
{
    (void)state;
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, 128, 400));
    assert_true(r.lambda == 1 && r.clip == 1.25 && r.map == BF_MAP_AUTO);
    assert_true(r.steps[0] == 1 && r.steps[1] == 2 && r.step_count == 2);
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 3, 128, 400));
    assert_true(r.lambda == 3);
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 3, 60000, 400));
    assert_true(r.steps[0] == 4 && r.steps[1] == 4 && r.steps[2] == 2);
    assert_true(r.lambda > 1e-3 && r.lambda < 3e-3);
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 9, 200000, 30));
    assert_true(r.lambda == 1e-3 && r.steps[r.step_count - 1] == 3);
    check_ok(bf_recipe_default(&r, BF_RECIPE_PAPER, 2, 128, 400));
    assert_true(r.map == BF_MAP_NONE && r.batch == 0);
    assert_true(bf_sigmoid_value(&r.sigmoid, 2) ==
                0.5 + 2 * (0.106795345 + 4 * (-0.106795345 * 0.003605331)));
    /* The ridge falls as samples come in, whichever side of the rule. */
    double last = INFINITY;
    for (size_t n = 2; n < 1u << 20; n += n / 8 + 1) {
        check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 4, n, 400));
        assert_true(r.lambda <= last && r.lambda >= 1e-3);
        last = r.lambda;
    }
}

/* With a cubic, scores beyond the range run away: no default cubic has more
 * than three iterations, whatever the number of rows. */
static void test_no_long_cubics(void **state)
{
    (void)state;
    static const size_t rows[] = {20, 128, 900, 1100, 60000};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (unsigned t = 1; t <= 12; t++) {
            unsigned degree = sigmoid_of(t, rows[i]).degree;
            assert_true(degree == 3 ? t <= 3 : degree == (t < 6 ? 5 : 13));
        }
}

/* Explicit options stay; the rest follows the aim. */
static void test_aims(void **state)
{
    (void)state;
    static const struct {
        bf_aim aim;
        size_t n, d;
        unsigned iterations, degree;
        size_t random;
    } cases[] = {
        {BF_AIM_BALANCE, 60000, 925, 2, 3, 0},
        {BF_AIM_SPEED, 60000, 925, 1, 3, 0},
        {BF_AIM_SPEED, 128, 400, 2, 3, 0},
        {BF_AIM_ACCURACY, 60000, 925, 2, 3, 4096},
        {BF_AIM_ACCURACY, 30000, 925, 2, 3, 2048},
        {BF_AIM_ACCURACY, 15000, 925, 2, 5, 0},
        {BF_AIM_ACCURACY, 128, 400, 2, 3, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_recipe r = {0};
        check_ok(bf_recipe_aim(&r, cases[i].aim, cases[i].n, cases[i].d));
        assert_int_equal(r.iterations, cases[i].iterations);
        assert_int_equal(r.sigmoid.degree, cases[i].degree);
        assert_int_equal(r.expand.count, cases[i].random);
        r = (bf_recipe){.iterations = 3, .expand = {100, 7}, .components = 9};
        check_ok(bf_recipe_aim(&r, cases[i].aim, cases[i].n, cases[i].d));
        assert_int_equal(r.iterations, 3);
        assert_true(r.expand.count == 100 && r.expand.seed == 7);
        assert_int_equal(r.components, 9);
    }
    bf_recipe r = {.components = 400};
    check_ok(bf_recipe_aim(&r, BF_AIM_ACCURACY, 60000, 925));
    assert_int_equal(r.expand.count, 0);
    assert_int_equal(r.sigmoid.degree, 5);
    r = (bf_recipe){.iterations = 5};
    check_ok(bf_recipe_aim(&r, BF_AIM_BALANCE, 60000, 400));
    bf_recipe_batches(&r, 10000);
    assert_int_equal(r.batch, 10000);
    assert_int_equal(r.step_count, 5);
    assert_true(fabs(r.steps[0] - 3) < 1e-15 && fabs(r.steps[4] - 1) < 1e-15);
    for (int t = 1; t < 5; t++)
        assert_true(fabs(r.steps[t] / r.steps[t - 1] - pow(3, -0.25)) < 1e-15);
    const unsigned never[] = {0, BF_MAX_ITERATIONS + 1, 1u << 31};
    for (int i = 0; i < 3; i++) {
        r.iterations = never[i];
        bf_recipe_batches(&r, 10000);
        assert_int_equal(r.batch, 10000);
        check_fails(BF_ERR_ARGUMENT, "iterations; 1 to", bf_recipe_check(&r));
    }
    r = (bf_recipe){.expand = {BF_RELU_MAX + 1, 0}};
    check_fails(BF_ERR_ARGUMENT, "random features",
                bf_recipe_aim(&r, BF_AIM_SPEED, 60000, 925));
}

/* Bounds of long runs: scores of the paper's stay below 16 and weights grow. */
static void test_long_bounds(void **state)
{
    (void)state;
    bf_recipe r;
    bf_magnitudes b;
    check_ok(bf_recipe_default(&r, BF_RECIPE_PAPER, 4, 128, 400));
    check_ok(bf_recipe_bounds(&b, &r, 128, 401));
    assert_true(b.weight == 8);
    check_ok(bf_recipe_default(&r, BF_RECIPE_PAPER, 100, 128, 400));
    check_ok(bf_recipe_bounds(&b, &r, 128, 401));
    assert_true(b.weight == 30 && b.logit[99] == 16);
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 30, 60000, 400));
    check_ok(bf_recipe_bounds(&b, &r, 60000, 401));
    assert_true(b.logit[0] == 0 && b.logit[1] == 24 && b.logit[29] == 24);
    assert_true(b.weight == 12);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_recipe good, r;
    check_fails(BF_ERR_ARGUMENT, "0 iterations",
                bf_recipe_default(&good, BF_RECIPE_WHITENED, 0, 128, 400));
    check_fails(BF_ERR_ARGUMENT, "1025 iterations",
                bf_recipe_default(&good, BF_RECIPE_PAPER, 1025, 128, 400));
    check_fails(BF_ERR_ARGUMENT, "1 rows",
                bf_recipe_default(&good, BF_RECIPE_PAPER, 2, 1, 400));
    check_ok(bf_recipe_default(&good, BF_RECIPE_WHITENED, 2, 128, 400));
#define REFUSES(words, change)                                                 \
    do {                                                                       \
        r = good;                                                              \
        change;                                                                \
        check_fails(BF_ERR_ARGUMENT, words, bf_recipe_check(&r));              \
    } while (0)
    REFUSES("degree 4", r.sigmoid.degree = 4);
    REFUSES("degree 17", r.sigmoid.degree = 17);
    REFUSES("degree 3", r.sigmoid.odd[1] = NAN);
    REFUSES("range", r.sigmoid.range = 0);
    REFUSES("ridge", r.lambda = -1);
    REFUSES("ridge", r.lambda = NAN);
    REFUSES("clip", r.clip = -1);
    REFUSES("steps", r.step_count = 0);
    REFUSES("steps", r.step_count = BF_MAX_ITERATIONS + 1);
    REFUSES("step 2", r.steps[1] = 0);
    REFUSES("kind", r.kind = (bf_recipe_kind)7);
    REFUSES("map", r.map = (bf_feature_map)7);
    REFUSES("mini-batches", (r.kind = BF_RECIPE_PAPER, r.batch = 10));
#undef REFUSES
}

static void test_outputs(void **state)
{
    (void)state;
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, 128, 400));
    assert_int_equal(bf_recipe_outputs(&r, 128, 400), 128);
    assert_int_equal(bf_recipe_outputs(&r, 401, 400), 401);
    r.components = 50;
    assert_int_equal(bf_recipe_outputs(&r, 128, 400), 51);
    assert_int_equal(bf_recipe_outputs(&r, 20, 400), 20);
    check_ok(bf_recipe_default(&r, BF_RECIPE_PAPER, 2, 128, 400));
    assert_int_equal(bf_recipe_outputs(&r, 128, 400), 401);
}

/* Blocks cycle, cover every row once a round, and carry steps of their size. */
static void test_batches(void **state)
{
    (void)state;
    static const size_t cases[][2] = {{10, 3}, {10, 5},      {10, 10}, {10, 99},
                                      {10, 0}, {1001, 1000}, {7, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bf_recipe r;
        bf_schedule s;
        check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 30, 60000, 400));
        r.batch = cases[i][1];
        check_ok(bf_schedule_make(&s, &r, cases[i][0]));
        assert_true(s.zero_start && !s.momentum);
        size_t next = 0;
        for (unsigned t = 0; t < 30; t++) {
            size_t first, last;
            bf_schedule_rows(&s, t, &first, &last);
            assert_int_equal(first, next);
            assert_true(last > first && last <= cases[i][0]);
            double step = 4.0 * 3 / (double)(last - first);
            assert_true(fabs(s.step[t] - step) < 1e-15 && s.eta[t] == 0);
            next = last == cases[i][0] ? 0 : last;
        }
        bf_schedule_clear(&s);
    }
}

static void check_bounds(const bf_dataset *data, const bf_recipe *recipe)
{
    bf_transform *t;
    bf_matrix u;
    bf_schedule s;
    bf_magnitudes bounds, got;
    size_t n = data->x.rows, d = data->x.cols;
    check_ok(
        bf_recipe_bounds(&bounds, recipe, n, bf_recipe_outputs(recipe, n, d)));
    check_ok(bf_transform_fit(&t, recipe, &data->x, NULL));
    check_ok(bf_transform_apply(&u, t, &data->x, true, NULL));
    check_ok(bf_schedule_make(&s, recipe, n));
    check_ok(bf_transform_start(&s, t, data->classes));
    check_ok(bf_twin_magnitudes(&got, NULL, &s, &u, data->labels, data->classes,
                                NULL));
    check_ok(bf_magnitudes_check(&got, &bounds, recipe->iterations));
    bf_matrix_clear(&u);
    bf_schedule_clear(&s);
    bf_transform_destroy(t);
}

/* Random data of many shapes, heavy tails among them, stays within bounds. */
static void test_bounds_hold(void **state)
{
    (void)state;
    uint64_t seed = test_seed(41);
    for (int i = 0; i < 60; i++) {
        bf_dataset data;
        bf_recipe r;
        size_t n = 5 + random_below(&seed, 400),
               d = 1 + random_below(&seed, 60);
        random_dataset(&data, n, d, 2 + (unsigned)random_below(&seed, 9),
                       &seed);
        for (size_t j = 0; j < n * d && i % 3 == 0; j++)
            data.x.data[j] *= exp(2 * random_normal(&seed));
        check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED,
                                   1 + (unsigned)random_below(&seed, 5), n, d));
        check_bounds(&data, &r);
        free_dataset(&data);
    }
}

static void test_bounds_on_real_rows(void **state)
{
    (void)state;
    bf_dataset all;
    if (!load_regnet(&all)) skip();
    for (size_t n = 64; n <= REGNET_ROWS; n *= 2)
        for (int kind = 0; kind < 2; kind++) {
            bf_dataset data;
            bf_recipe r;
            take_rows(&data, &all, 0, n);
            check_ok(bf_recipe_default(&r, (bf_recipe_kind)kind, 4, n, 400));
            check_bounds(&data, &r);
            free_dataset(&data);
        }
    free_dataset(&all);
}

static void test_check_finds_divergence(void **state)
{
    (void)state;
    bf_magnitudes bounds, got;
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_PAPER, 2, 128, 400));
    check_ok(bf_recipe_bounds(&bounds, &r, 128, 401));
    got = bounds;
    check_ok(bf_magnitudes_check(&got, &bounds, 2));
    got.logit[1] = 100;
    check_fails(BF_ERR_RANGE, "logit reaches 100",
                bf_magnitudes_check(&got, &bounds, 2));
    check_ok(bf_magnitudes_check(&got, &bounds, 1));
    got = bounds;
    got.weight = NAN;
    check_fails(BF_ERR_RANGE, "weight", bf_magnitudes_check(&got, &bounds, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cubic_is_least_squares),
        cmocka_unit_test(test_no_long_cubics),
        cmocka_unit_test(test_minimax),
        cmocka_unit_test(test_sigmoid_value),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_aims),
        cmocka_unit_test(test_long_bounds),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_bounds_hold),
        cmocka_unit_test(test_bounds_on_real_rows),
        cmocka_unit_test(test_check_finds_divergence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
