/* What sums of squared residuals prove: the bound of scores against a search
 * for scores beyond it, and sums that no residuals have. */
#include "train/owner/certified.h"
#include "train/train_testing.h"

/* Largest score, on a fine grid up to `end`, whose residual may be this small.
 */
static double largest_score(const bf_sigmoid *p, double most, double end)
{
    double largest = 0;
    for (double z = 0; z < end; z += 1e-3)
        if (fabs(bf_sigmoid_value(p, z) - 0.5) <= most) largest = z;
    return largest;
}

static void test_scores(void **state)
{
    (void)state;
    /* Degrees 3, 5 and 13, and the cubic of `paper`, by iterations. */
    static const struct {
        bf_recipe_kind kind;
        unsigned iterations, degree;
    } recipes[] = {{BF_RECIPE_WHITENED, 2, 3},
                   {BF_RECIPE_WHITENED, 4, 5},
                   {BF_RECIPE_WHITENED, 8, 13},
                   {BF_RECIPE_PAPER, 2, 3}};
    static const double most[] = {1, 2.5, 40, 3000};
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
            bf_recipe r;
            check_ok(bf_recipe_default(&r, recipes[i].kind,
                                       recipes[i].iterations, 60000, 400));
            assert_int_equal(r.sigmoid.degree, recipes[i].degree);
            double bound = bf_certified_score(&r.sigmoid, most[k]);
            double found = largest_score(&r.sigmoid, most[k], 8 * bound);
            printf("  degree %u, residuals of %g: scores to %.2f, found %.2f\n",
                   r.sigmoid.degree, most[k], bound, found);
            assert_true(found <= bound && bound < found + 0.01);
        }
    bf_recipe safe;
    check_ok(bf_recipe_default(&safe, BF_RECIPE_WHITENED, 2, 4000, 20));
    safe.clip = 1;
    check_ok(bf_recipe_make_safe(&safe, BF_SAFE_STEPS, 4000, 20));
    assert_true(isinf(bf_certified_score(&safe.sigmoid, 2)));
}

enum { ROWS = 4000, CLASSES = 3 };

static void make_job(bf_job *job, bool safe)
{
    bf_plan plan;
    bf_recipe r;
    const bf_plan_options options = {.certificate = true,
                                     .refresh = BF_REFRESH_NEVER};
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, ROWS, 20));
    if (safe) {
        r.clip = 1;
        check_ok(bf_recipe_make_safe(&r, BF_SAFE_STEPS, ROWS, 20));
    }
    check_ok(bf_job_search(job, &plan, &r, ROWS, 20, CLASSES, &options));
    bf_plan_clear(&plan);
}

static void test_bounds(void **state)
{
    (void)state;
    bf_job job, safe;
    bf_certificate c;
    double values[CLASSES] = {120, 80, 100}; /* 0.03, 0.02, 0.025 a row */
    const bf_matrix sums = {.data = values, .rows = 1, .cols = CLASSES};
    make_job(&job, false);
    make_job(&safe, true);
    bf_certified_bound(&c, &job, 2, &sums, 1);
    assert_int_equal(c.iteration, 2);
    assert_true(fabs(c.residual - 0.025) < 1e-12);
    assert_true(c.worst == 0.03 && c.error == 1.0 / ROWS);
    /* |q| of a row is at most 1/2 and the root of the largest sum with its
     * error. */
    const bf_sigmoid *p = &job.schedule.sigmoid;
    assert_true(c.score == bf_certified_score(p, 0.5 + sqrt(126)));
    assert_true(c.covered == 1.5 * job.bounds.logit[1] && c.score < c.covered);
    /* What is proved before is not proved by less. */
    bf_certified_bound(&c, &safe, 2, &sums, 1);
    assert_true(c.score == safe.bounds.logit[1]);
    /* Sums a little below zero are errors; others have left their modulus. */
    values[1] = -5;
    bf_certified_bound(&c, &job, 2, &sums, 1);
    assert_true(isfinite(c.score) && c.worst == 0.03);
    values[1] = -7;
    bf_certified_bound(&c, &job, 2, &sums, 1);
    assert_true(isinf(c.score) && isinf(c.worst) && c.score > c.covered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
