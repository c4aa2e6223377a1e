/* The twin against the same schedule in plain loops and long double. */
#include "train/train_testing.h"
#include "support/env.h"

/* Small weights keep the polynomial tame, so that rounding stays rounding. */
static void random_schedule(bf_schedule *s, size_t n, size_t k,
                            unsigned classes, bool momentum, uint64_t *seed)
{
    *s = (bf_schedule){
        .iterations = 1 + (unsigned)random_below(seed, 5),
        .n = n,
        .momentum = momentum,
        .zero_start = random_below(seed, 2) == 0,
        .sigmoid = {.degree = 1 + 2 * (unsigned)random_below(seed, 5),
                    .odd = {0.15, -2e-3, 1e-5, -1e-8, 1e-11},
                    .range = 8},
    };
    if (random_below(seed, 2)) s->batch = 1 + random_below(seed, n);
    for (unsigned t = 0; t < s->iterations; t++) {
        s->step[t] = random_unit(seed) / (double)n;
        s->eta[t] = momentum ? random_unit(seed) - 0.3 : 0;
    }
    if (s->zero_start) return;
    random_matrix(&s->v0, classes, k, seed);
    for (size_t i = 0; i < classes * k; i++) s->v0.data[i] *= 0.05;
}

static void compare(size_t n, size_t k, unsigned classes, bool momentum,
                    uint64_t *seed)
{
    bf_matrix u, got, expected;
    bf_schedule s;
    random_matrix(&u, n, k, seed);
    random_schedule(&s, n, k, classes, momentum, seed);
    int32_t *labels = malloc(n * sizeof *labels);
    assert_non_null(labels);
    for (size_t i = 0; i < n; i++)
        labels[i] = (int32_t)random_below(seed, classes);
    check_ok(bf_matrix_init(&expected, classes, k));
    if (!s.zero_start)
        memcpy(expected.data, s.v0.data, classes * k * sizeof(double));
    reference_run(expected.data, &s, &u, labels, classes);
    check_ok(bf_twin_run(&got, &s, &u, labels, classes, NULL, NULL,
                         NULL));
    assert_int_equal(got.rows, classes);
    assert_int_equal(got.cols, k);
    check_close(got.data, expected.data, classes * k, 1e-12);
    bf_matrix_clear(&u);
    bf_matrix_clear(&got);
    bf_matrix_clear(&expected);
    bf_schedule_clear(&s);
    free(labels);
}

static void test_shapes(void **state)
{
    (void)state;
    uint64_t seed = test_seed(1);
    static const size_t shapes[][3] = {
        {2, 1, 2},     {3, 2, 2},    {128, 401, 10},
        {1024, 7, 3},  {1025, 7, 3}, {2500, 13, 10},
        {301, 5, 100}, {17, 61, 1},  {40000, 3, 2},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int momentum = 0; momentum < 2; momentum++)
            compare(shapes[i][0], shapes[i][1], (unsigned)shapes[i][2],
                    momentum, &seed);
    for (int i = 0; i < 40; i++)
        compare(2 + random_below(&seed, 1200), 1 + random_below(&seed, 40),
                1 + (unsigned)random_below(&seed, 12), i % 2, &seed);
}

typedef struct seen {
    unsigned calls;
    bf_matrix last;
} seen;

static bf_status remember(void *user, unsigned iteration, const bf_matrix *w)
{
    seen *s = user;
    assert_int_equal(iteration, s->calls++);
    bf_matrix_clear(&s->last);
    check_ok(bf_matrix_init(&s->last, w->rows, w->cols));
    memcpy(s->last.data, w->data, w->rows * w->cols * sizeof(double));
    return iteration == 2 ? bf_fail(BF_ERR_IO, "third") : BF_OK;
}

/* After t + 1 iterations the callback receives the model of a shorter run; its
 * failure ends the run. */
static void test_callback(void **state)
{
    (void)state;
    uint64_t seed = test_seed(2);
    for (int momentum = 0; momentum < 2; momentum++) {
        bf_matrix u, three, untouched = {0};
        bf_schedule s;
        seen s3 = {0};
        int32_t labels[50];
        random_matrix(&u, 50, 6, &seed);
        random_schedule(&s, 50, 6, 4, momentum, &seed);
        s.iterations = 5;
        for (unsigned t = 0; t < 5; t++) s.step[t] = 0.01;
        for (size_t i = 0; i < 50; i++)
            labels[i] = (int32_t)random_below(&seed, 4);
        check_fails(BF_ERR_IO, "third",
                    bf_twin_run(&untouched, &s, &u, labels, 4, remember, &s3,
                                NULL));
        assert_null(untouched.data);
        assert_int_equal(s3.calls, 3);
        s.iterations = 3;
        check_ok(bf_twin_run(&three, &s, &u, labels, 4, NULL, NULL,
                             NULL));
        check_close(s3.last.data, three.data, 24, 0);
        bf_matrix_clear(&u);
        bf_matrix_clear(&three);
        bf_matrix_clear(&s3.last);
        bf_schedule_clear(&s);
    }
}

/* Rows of zeros, such as pad an encrypted block, change nothing. */
static void test_padding(void **state)
{
    (void)state;
    uint64_t seed = test_seed(3);
    bf_matrix u, padded, a, b;
    int32_t labels[80] = {0};
    random_matrix(&u, 50, 6, &seed);
    check_ok(bf_matrix_init(&padded, 80, 6));
    memcpy(padded.data, u.data, 300 * sizeof(double));
    for (size_t i = 0; i < 50; i++) labels[i] = (int32_t)random_below(&seed, 3);
    bf_schedule s = {.iterations = 3,
                     .n = 50,
                     .zero_start = true,
                     .sigmoid = {.degree = 3, .odd = {0.15, -0.001}},
                     .step = {0.02, 0.03, 0.01}};
    check_ok(bf_twin_run(&a, &s, &u, labels, 3, NULL, NULL, NULL));
    s.n = 80;
    check_ok(bf_twin_run(&b, &s, &padded, labels, 3, NULL, NULL,
                         NULL));
    check_close(a.data, b.data, 18, 1e-14);
    bf_matrix_clear(&u);
    bf_matrix_clear(&padded);
    bf_matrix_clear(&a);
    bf_matrix_clear(&b);
}

/* Sums are cut the same way for any number of threads. */
static void test_threads(void **state)
{
    (void)state;
    uint64_t seed = test_seed(4);
    bf_dataset data;
    bf_matrix one, three;
    random_dataset(&data, 5000, 9, 3, &seed);
    for (size_t i = 0; i < 5000 * 9; i++) data.x.data[i] *= 0.01;
    bf_schedule s = {.iterations = 3,
                     .n = 5000,
                     .zero_start = true,
                     .sigmoid = {.degree = 3, .odd = {0.15, -0.001}},
                     .step = {2e-4, 2e-4, 2e-4}};
    unsigned before = bf_env_threads(NULL);
    env_threads(1);
    check_ok(bf_twin_run(&one, &s, &data.x, data.labels, 3, NULL, NULL,
                         NULL));
    env_threads(3);
    check_ok(bf_twin_run(&three, &s, &data.x, data.labels, 3, NULL, NULL,
                         NULL));
    env_threads(before);
    check_close(one.data, three.data, 27, 0);
    bf_matrix_clear(&one);
    bf_matrix_clear(&three);
    free_dataset(&data);
}

/* One row, one class, by hand: u = 2, y = 1, p(z) = 1/2 + z/4. */
static void test_ranges_by_hand(void **state)
{
    (void)state;
    bf_matrix u;
    check_ok(bf_matrix_init(&u, 1, 1));
    u.data[0] = 2;
    int32_t label = 0;
    bf_schedule s = {.iterations = 2,
                     .n = 1,
                     .zero_start = true,
                     .sigmoid = {.degree = 1, .odd = {0.25}},
                     .step = {1, 10}};
    bf_magnitudes r;
    check_ok(bf_twin_magnitudes(&r, NULL, &s, &u, &label, 1, NULL));
    assert_true(r.row == 2 && r.entry == 2);
    assert_true(r.logit[0] == 0 && r.logit[1] == 2); /* V: 0, then 1 */
    assert_true(r.residual == 0.5);                  /* 1 - 1/2, then 1 - 1 */
    assert_true(r.update == 1 && r.weight == 1);
    bf_matrix_clear(&u);
}

/* NaN, in any place, is outside every range. */
static void test_ranges_of_nan(void **state)
{
    (void)state;
    uint64_t seed = test_seed(76);
    bf_schedule s = {.iterations = 2,
                     .n = 5,
                     .zero_start = true,
                     .sigmoid = {.degree = 1, .odd = {0.25}},
                     .step = {1, 1}};
    const bf_magnitudes unbounded = {.row = INFINITY,
                                     .entry = INFINITY,
                                     .logit = {INFINITY, INFINITY},
                                     .residual = INFINITY,
                                     .update = INFINITY,
                                     .weight = INFINITY};
    const int32_t labels[5] = {0, 1, 0, 1, 0};
    for (size_t at = 0; at < 5 * 3; at++) {
        bf_matrix u;
        bf_magnitudes r;
        random_matrix(&u, 5, 3, &seed);
        check_ok(bf_twin_magnitudes(&r, NULL, &s, &u, labels, 2, NULL));
        check_ok(bf_magnitudes_check(&r, &unbounded, 2));
        u.data[at] = NAN;
        check_ok(bf_twin_magnitudes(&r, NULL, &s, &u, labels, 2, NULL));
        assert_true(isnan(r.entry) && isnan(r.update) && isnan(r.weight));
        assert_true(isnan(r.logit[1]) && isnan(r.residual));
        check_fails(BF_ERR_RANGE, "nan",
                    bf_magnitudes_check(&r, &unbounded, 2));
        bf_matrix_clear(&u);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    bf_matrix u, w = {0};
    int32_t labels[2] = {0, 3};
    check_ok(bf_matrix_init(&u, 2, 2));
    bf_schedule s = {
        .iterations = 1, .n = 3, .zero_start = true, .sigmoid = {.degree = 1}};
    check_fails(BF_ERR_MISMATCH, "3 rows",
                bf_twin_run(&w, &s, &u, labels, 3, NULL, NULL,
                            NULL));
    s.n = 2;
    check_fails(BF_ERR_ARGUMENT, "row 2: label 3",
                bf_twin_run(&w, &s, &u, labels, 3, NULL, NULL,
                            NULL));
    s.zero_start = false;
    check_fails(BF_ERR_MISMATCH, "initial weights",
                bf_twin_run(&w, &s, &u, labels, 4, NULL, NULL,
                            NULL));
    assert_null(w.data);
    bf_matrix_clear(&u);
}

/* From 0 to the whole, never backwards. */
typedef struct shown {
    double last, total;
    unsigned calls;
} shown;

static int watch(void *user, const char *phase, double done, double total)
{
    shown *s = user;
    assert_non_null(phase);
    assert_true(done >= s->last && done <= total);
    *s = (shown){done, total, s->calls + 1};
    return 0;
}

/* Operations of seconds report progress and react to Ctrl-C. */
static void test_progress(void **state)
{
    (void)state;
    uint64_t seed = test_seed(75);
    bf_dataset data;
    bf_recipe recipe;
    bf_transform *t;
    bf_schedule s;
    bf_matrix u = {0}, w = {0};
    shown rows = {0}, run = {0};
    random_dataset(&data, 3000, 9, 3, &seed);
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 3, 3000, 9));
    check_ok(bf_transform_fit(&t, &recipe, &data.x, NULL));
    check_ok(bf_schedule_make(&s, &recipe, 3000));

    env_interrupt(1);
    check_fails(BF_ERR_INTERRUPTED, "",
                bf_transform_apply(&u, t, &data.x, true, NULL));
    env_interrupt(0);
    assert_null(u.data);

    check_ok(bf_transform_apply(&u, t, &data.x, true,
                                &(bf_env){.progress = watch, .user = &rows}));
    assert_true(rows.calls > 1 && rows.last == 3000 && rows.total == 3000);
    check_ok(bf_twin_run(&w, &s, &u, data.labels, 3, NULL, NULL,
                         &(bf_env){.progress = watch, .user = &run}));
    assert_true(run.calls == 4 && run.last == 3 && run.total == 3);
    bf_matrix_clear(&w);
    bf_matrix_clear(&u);
    bf_transform_destroy(t);
    free_dataset(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_callback),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_ranges_by_hand),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_ranges_of_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
