/* The review of a run after decryption. */
#include <math.h>

#include "base/env.h"
#include "base/maximum.h"
#include "base/memory.h"
#include "train/owner/protocol.h"
#include "train/plan.h"
#include "train/refresh.h"

typedef struct run {
    const bf_job *job;
    const bf_transform *t;
    const bf_view *x; /* or NULL */
    unsigned last;
    bf_matrix v; /* what was refreshed last; empty without momentum */
    bf_review seen;
} run;

static double largest(const bf_matrix *m)
{
    double most = 0;
    for (size_t i = 0; i < m->rows * m->cols; i++)
        most = bf_max(most, fabs(m->data[i]));
    return most;
}

bf_status bf_largest_packed(double *out, const bf_job *job,
                            const bf_matrix *weights)
{
    size_t n = (size_t)1 << job->ring[0].log_n;
    double most = 0;
    double *coeffs = bf_secret_alloc(n * sizeof *coeffs);
    if (!coeffs) return BF_ERR_MEMORY;
    bf_status s = bf_layout_pack_weights(&job->layout, weights, coeffs);
    for (size_t i = 0; i < n && s == BF_OK; i++)
        most = bf_max(most, fabs(coeffs[i]));
    bf_secret_free(coeffs);
    if (s == BF_OK) *out = most;
    return s;
}

/* The sine changes each coefficient slightly: up to the bound by less than the
 * plan's error, beyond the bound by an error that grows with the square. */
bf_status bf_review_packed(bf_review *seen, const bf_job *job, unsigned t,
                           const bf_matrix *weights)
{
    double most, bound = bf_refresh_bound(job);
    BF_TRY(bf_largest_packed(&most, job, weights));
    seen->packed = bf_max(seen->packed, most);
    seen->packed_bound = bound;
    double unit = bound * exp2(job->refresh.ratio);
    if (bf_boot_bend(false, most, unit) <= BF_PLAN_ERROR_MAX * most)
        return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "after iteration %u packed weights reach %.3g, the job's "
                   "refreshes are made for %.3g: what follows is noise, these "
                   "weights are good",
                   t, most, bound);
}

/* Scores that iteration t + 1 puts into the polynomial. */
static bf_status review_scores(run *r, unsigned t, const bf_matrix *weights)
{
    bf_model m;
    bf_matrix z;
    BF_TRY(bf_model_of(&m, r->t, weights, NULL));
    bf_status s = bf_model_scores_view(&z, &m, r->x);
    bf_model_clear(&m);
    BF_TRY(s);
    double score = largest(&z), most = BF_LOGIT_SLACK * r->job->bounds.logit[t];
    bf_matrix_clear(&z);
    r->seen.score = bf_max(r->seen.score, score);
    r->seen.score_bound = bf_max(r->seen.score_bound, most);
    if (score <= most) return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "after iteration %u the rows have scores of %.3g, the job "
                   "covers %.3g: what follows is noise, these weights are good",
                   t, score, most);
}

/* With momentum a model is W = (1 - eta) V' + eta V, where V entered the
 * iteration and V' is refreshed and enters the next. */
static bool reviews_momentum(const bf_job *job)
{
    return job->schedule.momentum && job->refresh.on;
}

bool bf_review_starts(const bf_job *job)
{
    return reviews_momentum(job) && !job->schedule.zero_start;
}

static bf_status start_momentum(run *r)
{
    bf_schedule s = r->job->schedule;
    size_t classes = r->job->layout.classes;
    if (!reviews_momentum(r->job)) return BF_OK;
    if (s.zero_start)
        return bf_matrix_init(&r->v, classes, r->job->layout.cols);
    s.v0 = (bf_matrix){0};
    BF_TRY(bf_transform_start(&s, r->t, (unsigned)classes));
    r->v = s.v0;
    return BF_OK;
}

static bf_status review_refreshed(run *r, unsigned t, const bf_matrix *weights)
{
    double eta = r->job->schedule.eta[t - 1];
    for (size_t i = 0; i < r->v.rows * r->v.cols; i++)
        r->v.data[i] = (weights->data[i] - eta * r->v.data[i]) / (1 - eta);
    return bf_review_packed(&r->seen, r->job, t, r->v.data ? &r->v : weights);
}

/* After iteration t. */
static bf_status review_iteration(run *r, unsigned t, const bf_matrix *weights)
{
    r->seen.weight = bf_max(r->seen.weight, largest(weights));
    if (t == r->last) return BF_OK;
    if (r->job->refresh.on) BF_TRY(review_refreshed(r, t, weights));
    return r->x ? review_scores(r, t, weights) : BF_OK;
}

bf_status bf_protocol_review(bf_review *out, const bf_job *job,
                             const uint8_t job_id[BF_HASH_BYTES],
                             const bf_secret_key *sk, const char *path,
                             const bf_transform *t, const bf_view *x,
                             unsigned last)
{
    run r = {.job = job, .t = t, .x = x,
             .last = last ? last : job->schedule.iterations};
    r.seen.weight_bound = job->bounds.weight;
    bf_status status;
    if (last > job->schedule.iterations)
        return bf_fail(BF_ERR_ARGUMENT, "iteration %u: the job has %u", last,
                       job->schedule.iterations);
    BF_GOTO(start_momentum(&r), done);
    for (unsigned i = 1; i <= r.last; i++) {
        bf_matrix weights = {0};
        BF_GOTO(bf_check_interrupt(), done);
        status = bf_protocol_weights(&weights, NULL, job, job_id, sk, path, i);
        if (status != BF_OK) {
            status = bf_fail_in(status, "after iteration %u", i);
            goto done;
        }
        status = review_iteration(&r, i, &weights);
        bf_matrix_clear(&weights);
        if (status != BF_OK) goto done;
    }
    *out = r.seen;
done:
    bf_matrix_clear(&r.v);
    return status;
}
