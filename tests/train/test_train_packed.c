/* Packed weights that a refresh takes, bends, or ruins, as their owner sees
 * them after decryption. */
#include "train/owner/protocol.h"
#include "train/refresh.h"
#include "train/train_testing.h"

enum { ROWS = 60, FEATURES = 9, CLASSES = 3 };

/* A job of six iterations, and weights of it whose largest packed coefficient
 * is 1. */
static void make(bf_job *job, bf_matrix *weights, bf_recipe_kind kind)
{
    bf_recipe r;
    bf_plan plan;
    const bf_plan_options options = {.refresh = BF_REFRESH_ALWAYS};
    check_ok(bf_recipe_default(&r, kind, 6, ROWS, FEATURES));
    check_ok(bf_job_search(job, &plan, &r, ROWS, FEATURES, CLASSES, &options));
    bf_plan_clear(&plan);
    check_ok(bf_matrix_init(weights, CLASSES, job->layout.cols));
    for (size_t i = 0; i < weights->rows * weights->cols; i++)
        weights->data[i] = ((double)(i % 7) - 3) / 100;
    bf_review seen = {0};
    check_ok(bf_review_packed(&seen, job, 1, weights));
    assert_true(seen.packed > 0);
    for (size_t i = 0; i < weights->rows * weights->cols; i++)
        weights->data[i] /= seen.packed;
}

static bf_status review(bf_review *seen, const bf_job *job,
                        const bf_matrix *unit, double times)
{
    bf_matrix w = {0};
    *seen = (bf_review){0};
    check_ok(bf_matrix_init(&w, unit->rows, unit->cols));
    for (size_t i = 0; i < w.rows * w.cols; i++)
        w.data[i] = times * unit->data[i];
    bf_status s = bf_review_packed(seen, job, 4, &w);
    bf_matrix_clear(&w);
    return s;
}

static void check_kind(bf_recipe_kind kind)
{
    bf_job job;
    bf_matrix unit = {0};
    bf_review seen;
    make(&job, &unit, kind);
    double bound = bf_refresh_bound(&job), q0 = bound * exp2(job.refresh.ratio);
    check_ok(review(&seen, &job, &unit, 0.9 * bound));
    assert_true(fabs(seen.packed / bound - 0.9) < 1e-9);
    assert_true(seen.packed_bound == bound);
    check_ok(review(&seen, &job, &unit, 1.5 * bound));
    assert_true(seen.packed > seen.packed_bound);
    /* x - sin x is x/10 at x = 0.78. */
    check_ok(review(&seen, &job, &unit, 0.75 * q0 / (2 * M_PI)));
    check_fails(BF_ERR_RANGE, "after iteration 4 packed weights reach",
                review(&seen, &job, &unit, 0.8 * q0 / (2 * M_PI)));
    bf_matrix_clear(&unit);
}

static void test_packed(void **state)
{
    (void)state;
    check_kind(BF_RECIPE_WHITENED);
    check_kind(BF_RECIPE_PAPER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_packed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
