/* Steps, momentum and rows of schedules, against their definitions: the
 * whitened recipe's step is 4 s_t over the rows of its block; Nesterov's
 * weights for alpha_0 = 0.01 were computed with 30 digits by another program.
 */
#include "train/train_testing.h"

static void make(bf_schedule *s, bf_recipe_kind kind, unsigned iterations,
                 size_t n, size_t batch)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, kind, iterations, n, 10));
    r.batch = batch;
    check_ok(bf_schedule_make(s, &r, n));
    assert_int_equal(s->iterations, iterations);
    assert_int_equal(s->n, n);
}

static void newton_steps_are_over_the_rows_of_a_block(void **state)
{
    (void)state;
    /* Blocks of 40, 40 and 20 rows, then from the start. */
    static const size_t first[] = {0, 40, 80, 0}, last[] = {40, 80, 100, 40};
    bf_recipe r;
    bf_schedule s;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 4, 100, 10));
    r.batch = 40;
    r.step_count = 2; /* the second stands for those that follow */
    r.steps[0] = 1.5;
    r.steps[1] = 2;
    check_ok(bf_schedule_make(&s, &r, 100));
    assert_true(s.zero_start && !s.momentum);
    for (unsigned t = 0; t < 4; t++) {
        size_t from, to;
        bf_schedule_rows(&s, t, &from, &to);
        assert_int_equal(from, first[t]);
        assert_int_equal(to, last[t]);
        double step = 4 * (t ? 2 : 1.5) / (double)(last[t] - first[t]);
        assert_true(fabs(s.step[t] / step - 1) < 1e-15);
        assert_true(s.eta[t] == 0);
    }
    bf_schedule_clear(&s);
}

static void a_batch_of_all_rows_is_none(void **state)
{
    (void)state;
    bf_schedule s;
    for (size_t batch = 99; batch <= 101; batch++) {
        size_t from, to;
        make(&s, BF_RECIPE_WHITENED, 2, 100, batch);
        assert_int_equal(s.batch, batch < 100 ? batch : 0);
        bf_schedule_rows(&s, 1, &from, &to);
        assert_int_equal(from, batch < 100 ? 99 : 0);
        assert_int_equal(to, 100);
        bf_schedule_clear(&s);
    }
}

static void nesterov_as_the_paper_starts_it(void **state)
{
    (void)state;
    static const double eta[] = {
        0.989901019795051385585, -0.0000617938042007468166840,
        -0.281783320435150179688, -0.434060706311145073423};
    bf_schedule s;
    make(&s, BF_RECIPE_PAPER, 4, 50, 0);
    assert_true(s.momentum && !s.zero_start);
    for (unsigned t = 0; t < 4; t++) {
        assert_true(fabs(s.eta[t] - eta[t]) < 1e-14);
        double step = (1 + 1 / (50. * (t + 1))) * 4 / 50;
        assert_true(fabs(s.step[t] / step - 1) < 1e-15);
    }
    bf_schedule_clear(&s);
}

static void one_row_is_too_few(void **state)
{
    (void)state;
    bf_recipe r;
    bf_schedule s;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 1, 2, 1));
    check_fails(BF_ERR_ARGUMENT, "at least 2", bf_schedule_make(&s, &r, 1));
    check_ok(bf_schedule_make(&s, &r, 2));
    bf_schedule_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newton_steps_are_over_the_rows_of_a_block),
        cmocka_unit_test(a_batch_of_all_rows_is_none),
        cmocka_unit_test(nesterov_as_the_paper_starts_it),
        cmocka_unit_test(one_row_is_too_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
