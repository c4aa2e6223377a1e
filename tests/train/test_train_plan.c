/* Plans for awkward shapes, the scales of their chains, and a table of the
 * costs of plans. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "train/circuit.h"
#include "train/usual.h"

/* q_0 was chosen for the weights' scale. A refresh needs 5 bits above packed
 * weights, which reach sqrt(2) times a weight, or of many rows 1/sqrt(F) times
 * the weights' norm, or 8 bits above an eighth of a weight (`paper`). */
static void check_room(const bf_job *job, const bf_plan *plan)
{
    double least = 2, most = 5;
    double room = log2((double)job->ring[0].q[0]) -
                  log2(plan->steps[plan->step_count - 1].output.scale *
                       job->bounds.weight);
    bool many = job->recipe.kind == BF_RECIPE_WHITENED &&
                job->layout.n >= 64 * job->layout.cols;
    if (job->refresh.on) {
        least = many ? 4.9 - log2((double)job->layout.f) / 2 : 4.9;
        most = least + 0.7;
    }
    if (!(room > least && room < most))
        fail_msg("%.2f bits above weights, not %.2f to %.2f", room, least,
                 most);
}

typedef struct shape {
    bf_recipe_kind kind;
    unsigned iterations;
    size_t n, d, classes, batch;
} shape;

static void make_plan(bf_job *job, bf_plan *plan, const shape *s)
{
    bf_recipe r;
    bf_plan_options options = {0};
    assert_int_equal(bf_recipe_default(&r, s->kind, s->iterations, s->n, s->d),
                     BF_OK);
    r.batch = s->batch;
    if (bf_job_search(job, plan, &r, s->n, s->d, s->classes, &options) != BF_OK)
        fail_msg("%zu x %zu, %zu classes, %u iterations: %s", s->n, s->d,
                 s->classes, s->iterations, bf_last_error());
    assert_true(plan->security_bits >= 128);
}

/* Shapes that the table below has none of. */
static void awkward_shapes_are_planned(void **state)
{
    (void)state;
    static const shape shapes[] = {
        {BF_RECIPE_WHITENED, 1, 120, 20, 5, 0},
        {BF_RECIPE_WHITENED, 2, 120, 20, 5, 0},
        {BF_RECIPE_WHITENED, 3, 120, 20, 5, 0},
        {BF_RECIPE_WHITENED, 4, 120, 20, 5, 0},
        {BF_RECIPE_WHITENED, 5, 120, 20, 5, 0},
        {BF_RECIPE_WHITENED, 4, 10, 300, 3, 0},
        {BF_RECIPE_WHITENED, 3, 128, 400, 10, 50},
        {BF_RECIPE_PAPER, 1, 61, 17, 2, 0},
        {BF_RECIPE_PAPER, 2, 61, 17, 2, 0},
        {BF_RECIPE_PAPER, 3, 61, 17, 2, 0},
        {BF_RECIPE_PAPER, 4, 61, 17, 2, 0},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        bf_job job;
        bf_plan plan;
        make_plan(&job, &plan, &shapes[i]);
        check_room(&job, &plan);
        bf_plan_clear(&plan);
    }
}

/* Plans with this largest error, with refreshes or without; *error as a part of
 * a typical weight. */
static bf_status plan_error(double *error, double *log_mask, double most,
                            bf_refresh_choice refresh)
{
    bf_recipe r;
    bf_job job;
    bf_plan plan;
    const bf_plan_options options = {.refresh = refresh, .max_error = most};
    assert_int_equal(bf_recipe_default(&r, BF_RECIPE_WHITENED, 4, 2000, 20),
                     BF_OK);
    BF_TRY(bf_job_search(&job, &plan, &r, 2000, 20, 3, &options));
    *error = plan.weight_noise / bf_usual_weight(&job);
    *log_mask = job.log_mask;
    bf_plan_clear(&plan);
    return BF_OK;
}

static void errors_are_at_most_what_is_asked_for(void **state)
{
    (void)state;
    double error, usual, fine, coarse;
    for (int r = BF_REFRESH_NEVER; r <= BF_REFRESH_ALWAYS; r++) {
        bf_refresh_choice refresh = (bf_refresh_choice)r;
        assert_int_equal(plan_error(&usual, &coarse, 0, refresh), BF_OK);
        assert_true(usual > 0.004);
        assert_int_equal(plan_error(&error, &fine, 0.004, refresh), BF_OK);
        assert_true(error <= 0.004);
        /* The same roundings of masks in every row are no noise that plans
         * without refreshes know of. */
        assert_true(fine >= coarse);
    }
    assert_int_equal(plan_error(&error, &fine, 1e-4, BF_REFRESH_NEVER), BF_OK);
    assert_true(error <= 1e-4 && fine > coarse);
    assert_int_equal(plan_error(&error, &fine, 1e-4, BF_REFRESH_ALWAYS),
                     BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), "not by 0.0001 or less"));
    static const double bad[] = {-0.1, 0.11, NAN};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(plan_error(&error, &fine, bad[i], BF_REFRESH_AUTO),
                         BF_ERR_ARGUMENT);
        assert_non_null(strstr(bf_last_error(), "a typical weight; above 0"));
    }
}

/* Words of a - b. */
static void difference(bf_counters *out, const bf_counters *a,
                       const bf_counters *b)
{
    uint64_t *d = (uint64_t *)out;
    const uint64_t *x = (const uint64_t *)a, *y = (const uint64_t *)b;
    for (size_t i = 0; i < sizeof *out / sizeof *d; i++) d[i] = x[i] - y[i];
}

/* With refreshes, a plan walks each batch once and recalls it later. Here a
 * cycle is two batches, of two ciphertexts' rows and of one; the first
 * iteration has no scores. */
static void recalled_batches_cost_what_walked_ones_do(void **state)
{
    (void)state;
    enum { BATCHES = 2, MOST = 1 + 3 * BATCHES };
    bf_recipe r;
    bf_job job;
    bf_plan plan;
    const bf_plan_options options = {
        .log_n = 14, .f = 16, .refresh = BF_REFRESH_ALWAYS};
    bf_counters sum[MOST][BF_RINGS_MAX], cost[MOST][BF_RINGS_MAX];
    assert_int_equal(
        bf_recipe_default(&r, BF_RECIPE_WHITENED, MOST, 1500, 17), BF_OK);
    r.batch = 1000;
    assert_int_equal(bf_job_search(&job, &plan, &r, 1500, 17, 5, &options),
                     BF_OK);
    bf_plan_clear(&plan);
    assert_int_equal(job.layout.blocks, BATCHES);
    assert_int_equal(job.layout.chunks, 3);
    for (unsigned t = 0; t < MOST; t++) {
        job.schedule.iterations = t + 1;
        assert_int_equal(bf_job_walk(&plan, &job), BF_OK);
        memcpy(sum[t], plan.counters, sizeof sum[t]);
        bf_plan_clear(&plan);
        for (unsigned ring = 0; t && ring < job.rings; ring++) {
            difference(&cost[t][ring], &sum[t][ring], &sum[t - 1][ring]);
            if (t > BATCHES)
                assert_memory_equal(&cost[t][ring], &cost[t - BATCHES][ring],
                                    sizeof cost[t][ring]);
        }
    }
    assert_true(cost[1][0].tensor_products > 0);
    assert_true(cost[2][0].tensor_products > cost[1][0].tensor_products);
}

/* ---- the table of plans ---------------------------------------------------
 * tests/train/plans.csv: important jobs, and the costs of their plans. A change
 * that alters plans changes the file in the same commit, so that its price can
 * be read. BLINDFIT_TEST_WRITE=1 build-dev/test_train_plan writes the file anew
 * for the jobs in it; a job is added as a line of the first six columns. */

#define TABLE "tests/train/plans.csv"
enum { GIVEN = 6, COLUMNS = 20, LINE = 400, JOBS_MAX = 40 };

static const char heading[] =
    "recipe,iterations,rows,features,classes,batch,log_n,f,k,limbs,digit_limbs,"
    "special_primes,log2_qp,ciphertexts,upload_bytes,keys,key_bytes,"
    "key_switches,memory_bytes,weight_noise\n";

/* The line of the job that `given` begins with. */
static void plan_line(char out[LINE], const char *given)
{
    char kind[16];
    shape s;
    bf_job job;
    bf_plan plan;
    assert_int_equal(sscanf(given, "%15[a-z],%u,%zu,%zu,%zu,%zu", kind,
                            &s.iterations, &s.n, &s.d, &s.classes, &s.batch),
                     GIVEN);
    s.kind = strcmp(kind, "paper") ? BF_RECIPE_WHITENED : BF_RECIPE_PAPER;
    make_plan(&job, &plan, &s);
    uint64_t switches = 0;
    for (unsigned l = 0; l <= BF_MAX_Q; l++)
        switches += plan.counters[0].key_switches[l];
    const bf_params *p = &job.ring[0];
    snprintf(out, LINE,
             "%s,%u,%zu,%zu,%zu,%zu,%u,%zu,%zu,%u,%u,%u,%.9g,%zu,%" PRIu64
             ",%zu,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%.9g\n",
             kind, s.iterations, s.n, s.d, s.classes, s.batch, p->log_n,
             job.layout.f, job.layout.k, p->n_q, p->digit_limbs, p->n_p,
             plan.log2_qp, plan.ciphertexts, plan.upload_bytes, plan.key_count,
             plan.key_bytes, switches, plan.memory_bytes, plan.weight_noise);
    bf_plan_clear(&plan);
}

static unsigned split(char *line, char *field[COLUMNS])
{
    unsigned count = 0;
    line[strcspn(line, "\n")] = 0;
    for (char *f; count < COLUMNS && (f = strsep(&line, ","));)
        field[count++] = f;
    return count;
}

/* Integers are the same; log2_qp and weight_noise to 1e-6. */
static void compare_lines(const char *stored, const char *now)
{
    char a[LINE], b[LINE], names[LINE], *x[COLUMNS], *y[COLUMNS],
        *name[COLUMNS];
    snprintf(a, LINE, "%s", stored);
    snprintf(b, LINE, "%s", now);
    snprintf(names, LINE, "%s", heading);
    assert_int_equal(split(names, name), COLUMNS);
    assert_int_equal(split(b, y), COLUMNS);
    if (split(a, x) != COLUMNS)
        fail_msg(TABLE ": a line of fewer columns: %s", a);
    for (unsigned i = 0; i < COLUMNS; i++) {
        bool real =
            !strcmp(name[i], "log2_qp") || !strcmp(name[i], "weight_noise");
        bool same =
            real ? fabs(strtod(x[i], NULL) / strtod(y[i], NULL) - 1) < 1e-6
                 : !strcmp(x[i], y[i]);
        if (!same)
            fail_msg(TABLE " has %s %s, now %s:\n%s%s", name[i], x[i], y[i],
                     stored, now);
    }
}

static void plans_are_those_of_the_table(void **state)
{
    (void)state;
    static char stored[JOBS_MAX + 1][LINE], now[JOBS_MAX + 1][LINE];
    size_t count = 0;
    FILE *f = fopen(TABLE, "r");
    assert_non_null(f);
    while (count <= JOBS_MAX && fgets(stored[count], LINE, f)) count++;
    fclose(f);
    assert_in_range(count, 2, JOBS_MAX);
    snprintf(now[0], LINE, "%s", heading);
    for (size_t i = 1; i < count; i++) plan_line(now[i], stored[i]);
    if (getenv("BLINDFIT_TEST_WRITE")) {
        f = fopen(TABLE, "w");
        assert_non_null(f);
        for (size_t i = 0; i < count; i++) fputs(now[i], f);
        assert_int_equal(fclose(f), 0);
        return;
    }
    assert_string_equal(stored[0], heading);
    for (size_t i = 1; i < count; i++) compare_lines(stored[i], now[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(awkward_shapes_are_planned),
        cmocka_unit_test(errors_are_at_most_what_is_asked_for),
        cmocka_unit_test(recalled_batches_cost_what_walked_ones_do),
        cmocka_unit_test(plans_are_those_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
