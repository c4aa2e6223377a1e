/* Packed weights that a refresh takes, bends, or ruins, as their owner sees
 * them in a rehearsal and after decryption. */
#include "train/owner/protocol.h"
#include "train/refresh.h"
#include "train/train_testing.h"

enum { ROWS = 60, FEATURES = 9, CLASSES = 3, ITERATIONS = 10 };

/* A job of ten iterations, and weights of it whose largest packed coefficient
 * is 1. */
static void make(bf_job *job, bf_matrix *weights, bf_recipe_kind kind)
{
    bf_recipe r;
    bf_plan plan;
    const bf_plan_options options = {.refresh = BF_REFRESH_ALWAYS};
    check_ok(bf_recipe_default(&r, kind, ITERATIONS, ROWS, FEATURES));
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

/* ---- rehearsals ---------------------------------------------------------- */

static bf_status keep(void *user, unsigned t, const bf_matrix *w)
{
    bf_matrix *copy = (bf_matrix *)user + t;
    BF_TRY(bf_matrix_init(copy, w->rows, w->cols));
    memcpy(copy->data, w->data, w->rows * w->cols * sizeof(double));
    return BF_OK;
}

/* Largest packed coefficients of V by iteration, from the models:
 * W_{t+1} = (1 - eta_t) V_{t+1} + eta_t V_t. */
static void packed_by_iteration(double out[ITERATIONS], const bf_job *job,
                                const bf_schedule *s, const bf_matrix *u,
                                const int32_t *labels)
{
    bf_matrix w[ITERATIONS] = {{0}}, last = {0}, v = {0};
    size_t n = (size_t)1 << job->ring[0].log_n;
    double *coeffs = malloc(n * sizeof *coeffs);
    assert_non_null(coeffs);
    check_ok(bf_twin_run(&last, s, u, labels, CLASSES, keep, w, NULL));
    check_ok(bf_matrix_init(&v, CLASSES, u->cols));
    memcpy(v.data, s->v0.data, CLASSES * u->cols * sizeof(double));
    for (unsigned t = 0; t < ITERATIONS; t++) {
        for (size_t i = 0; i < CLASSES * u->cols; i++)
            v.data[i] =
                (w[t].data[i] - s->eta[t] * v.data[i]) / (1 - s->eta[t]);
        check_ok(bf_layout_pack_weights(&job->layout, &v, coeffs));
        out[t] = 0;
        for (size_t i = 0; i < n; i++) out[t] = fmax(out[t], fabs(coeffs[i]));
        bf_matrix_clear(&w[t]);
    }
    free(coeffs);
    bf_matrix_clear(&v);
    bf_matrix_clear(&last);
}

/* The job with this bound of packed weights, rehearsed. */
static bf_status rehearse(const bf_job *planned, double bound,
                          const bf_schedule *s, const bf_matrix *u,
                          const int32_t *labels)
{
    bf_job job = *planned;
    job.bounds.weight *= bound / bf_refresh_bound(&job);
    return bf_protocol_check_bounds(&job, u, labels, s);
}

static unsigned first_above(const double packed[ITERATIONS], double bound)
{
    unsigned t = 0;
    while (packed[t] <= bound) t++;
    return t;
}

/* All weights that are refreshed are looked at; the last ones, which are the
 * largest here, are not refreshed. */
static void test_rehearsed(void **state)
{
    (void)state;
    uint64_t seed = test_seed(5);
    bf_job job;
    bf_dataset data;
    bf_matrix unit = {0}, u = {0};
    bf_transform *transform;
    bf_schedule s;
    double packed[ITERATIONS], most = 0;
    char words[64];
    make(&job, &unit, BF_RECIPE_PAPER);
    random_dataset(&data, ROWS, FEATURES, CLASSES, &seed);
    check_ok(bf_transform_fit(&transform, &job.recipe, &data.x, NULL));
    check_ok(bf_transform_apply(&u, transform, &data.x, true, NULL));
    check_ok(bf_schedule_make(&s, &job.recipe, ROWS));
    check_ok(bf_transform_start(&s, transform, CLASSES));
    packed_by_iteration(packed, &job, &s, &u, data.labels);
    for (unsigned t = 0; t + 1 < ITERATIONS; t++) {
        most = fmax(most, packed[t]);
        snprintf(words, sizeof words, "after iteration %u, the job's refreshes",
                 first_above(packed, packed[t] * 0.9999) + 1);
        check_fails(BF_ERR_RANGE, words,
                    rehearse(&job, packed[t] * 0.9999, &s, &u, data.labels));
    }
    assert_true(packed[ITERATIONS - 1] > 1.01 * most);
    check_ok(rehearse(&job, most * 1.0001, &s, &u, data.labels));
    bf_schedule_clear(&s);
    bf_transform_destroy(transform);
    bf_matrix_clear(&u);
    bf_matrix_clear(&unit);
    free_dataset(&data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_packed),
                                       cmocka_unit_test(test_rehearsed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
