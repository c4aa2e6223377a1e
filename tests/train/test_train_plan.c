/* Plans for awkward shapes, and the scales that their chains lead to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "train/circuit.h"

typedef struct shape {
    size_t n, d, classes, batch;
    unsigned first, last; /* iterations */
    bf_recipe_kind kind;
} shape;

static void plan_shape(const shape *s, unsigned iterations)
{
    bf_recipe r;
    bf_job job;
    bf_plan plan;
    bf_plan_options options = {0};
    assert_int_equal(
        bf_recipe_default(&r, s->kind, iterations, s->n, s->d), BF_OK);
    r.batch = s->batch;
    if (bf_job_plan(&job, &plan, &r, s->n, s->d, s->classes, &options) != BF_OK)
        fail_msg("%zu x %zu, %zu classes, %u iterations: %s", s->n, s->d,
                 s->classes, iterations, bf_last_error());
    assert_true(plan.security_bits >= 128);
    /* The weights' scale is what q_0 was chosen for. */
    double room = log2((double)job.params.q[0]) -
                  log2(plan.steps[iterations - 1].output.scale *
                       job.ranges.weight);
    assert_true(room > 2 && room < 5);
    bf_plan_clear(&plan);
}

static void every_number_of_iterations_is_planned(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {120, 20, 5, 0, 1, 5, BF_RECIPE_WHITENED},
        {10, 300, 3, 0, 4, 4, BF_RECIPE_WHITENED},
        {128, 400, 10, 50, 3, 4, BF_RECIPE_WHITENED},
        {61, 17, 2, 0, 1, 4, BF_RECIPE_PAPER},
        {60000, 400, 10, 0, 5, 5, BF_RECIPE_WHITENED},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (unsigned k = shapes[i].first; k <= shapes[i].last; k++)
            plan_shape(&shapes[i], k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_iterations_is_planned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
