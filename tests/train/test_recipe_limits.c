/* Recipes of both kinds: a job file can hold every accepted recipe; other
 * recipes are refused before planning. */
#include <stdio.h>
#include <unistd.h>

#include "train/job.h"
#include "train/train_testing.h"

static const bf_recipe_kind kinds[] = {BF_RECIPE_WHITENED, BF_RECIPE_PAPER};

static bf_recipe recipe_of(bf_recipe_kind kind)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, kind, 2, 40, 9));
    return r;
}

static void refuses(bf_recipe r, const char *words)
{
    check_fails(BF_ERR_ARGUMENT, words, bf_recipe_check(&r));
}

static void numbers_outside_are_refused(void **state)
{
    (void)state;
    const double bad[] = {-1, NAN, INFINITY, -INFINITY, 2e12};
    for (size_t k = 0; k < 2; k++) {
        bf_recipe r = recipe_of(kinds[k]);
        for (size_t i = 0; i < 5; i++) {
            bf_recipe ridge = r, clip = r, range = r, step = r;
            ridge.lambda = clip.clip = range.sigmoid.range = bad[i];
            step.steps[step.step_count - 1] = i < 4 ? bad[i] : 0;
            refuses(ridge, "ridge");
            refuses(clip, "clip");
            refuses(range, "range");
            refuses(step, "step");
        }
        bf_recipe batch = r, components = r;
        batch.batch = components.components = (size_t)1 << 40;
        refuses(batch, "rows; at most 1073741824");
        refuses(components, "components; at most 1048576");
        r.step_count = 0;
        refuses(r, "steps");
    }
}

/* The oracle is the reader with bounds of its own. */
static void what_is_planned_can_be_read(const bf_recipe *r)
{
    char path[] = "/tmp/bf-recipe-XXXXXX";
    uint8_t id[BF_HASH_BYTES];
    bf_job job, read;
    bf_plan plan;
    bf_plan_options options = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    check_ok(bf_job_search(&job, &plan, r, 40, 9, 3, &options));
    bf_plan_clear(&plan);
    check_ok(bf_job_save(&job, path));
    check_ok(bf_job_load(&read, path, id));
    assert_true(fabs(read.recipe.lambda - r->lambda) <= 1e-15 * r->lambda);
    assert_true(read.recipe.clip == r->clip);
    assert_int_equal(unlink(path), 0);
}

static void extremes_are_planned_and_read(void **state)
{
    (void)state;
    check_ok(bf_random_init());
    for (size_t k = 0; k < 2; k++) {
        bf_recipe r = recipe_of(kinds[k]);
        what_is_planned_can_be_read(&r);
        r.lambda = 1e12;
        r.clip = 1e6;
        r.sigmoid.range = 1e6;
        what_is_planned_can_be_read(&r);
        r.lambda = r.clip = 0;
        what_is_planned_can_be_read(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_outside_are_refused),
        cmocka_unit_test(extremes_are_planned_and_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
