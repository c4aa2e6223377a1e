#include "train/owner/session_check.h"

#include <math.h>

#include "ckks/owner/open_share.h"
#include "train/handle.h"
#include "train/owner/finish.h"
#include "train/owner/label_privacy.h"

/* ---- rows that one owner whitens alone ----------------------------------- */

static size_t fitted_rows(const bf_session *s)
{
    return s->options.sample_rows ? s->options.sample_rows
                                  : bf_session_whitener(s)->count;
}

/* The largest eigenvalue of U^T U / n for n rows, whitened by m other rows of
 * the same normal distribution, in the limit of many columns d [Wac80]:
 *   ((1 + sqrt(a + b - a b))/(1 - a))^2,  a = d/m, b = d/n.
 * It is 1 for rows that are whitened by themselves. */
static double spread(const bf_session *s, unsigned k)
{
    const bf_session_owner *o = &s->owner[k];
    double d = (double)s->job->features;
    if (o->whitens && !s->options.sample_rows) return 1;
    double a = d / (double)fitted_rows(s), b = d / (double)o->count;
    return pow((1 + sqrt(a + b - a * b)) / (1 - a), 2);
}

static double mean_spread(const bf_session *s)
{
    double sum = 0, rows = 0;
    for (unsigned k = 0; k < s->owners; k++) {
        sum += (double)s->owner[k].count * spread(s, k);
        rows += (double)s->owner[k].count;
    }
    return sum / rows;
}

double bf_session_rows_bound(const bf_session *s, unsigned k)
{
    return spread(s, k) / mean_spread(s);
}

/* The correlations of fewer rows tell the rows themselves; and of a public
 * sample they would hardly be those of other rows. */
static bf_status check_fitted(const bf_session *s)
{
    size_t d = s->job->features, m = fitted_rows(s);
    if (m / 2 < d)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s whitens by %zu rows of %zu features: at least %zu%s",
                       bf_session_whitener(s)->party.name, m, d, 2 * d,
                       s->options.sample_rows ? "" : ", or a public sample");
    return BF_OK;
}

/* ---- pooled rows --------------------------------------------------------- */

bf_pooling bf_session_pooling(const bf_session *s)
{
    bf_pooling pool = {.recipe = &s->job->recipe, .features = s->job->features,
                       .owners = s->owners};
    const bf_session_owner *by = bf_session_whitener(s);
    for (unsigned k = 0; k < s->owners; k++) {
        pool.name[k] = s->owner[k].party.name;
        pool.rows[k] = s->owner[k].count;
    }
    if (!by) return pool;
    pool.owners = 1;
    pool.name[0] = by->party.name;
    pool.rows[0] = fitted_rows(s);
    pool.excess = mean_spread(s) - 1;
    return pool;
}

/* ---- label noise --------------------------------------------------------- */

bf_status bf_session_label_privacy(bf_label_privacy *out, const bf_session *s)
{
    const bf_job *job = s->job;
    bf_label_privacy p = {.epsilon = s->options.epsilon,
                          .delta = s->options.delta};
    if (p.epsilon > 0) {
        BF_TRY(bf_label_sensitivity(&p.sensitivity, &job->recipe, job->layout.n,
                                    job->layout.cols));
        BF_TRY(bf_label_noise(&p.sd, p.epsilon, p.delta, p.sensitivity));
        p.normal_delta = bf_label_delta(p.epsilon, p.sensitivity / p.sd);
        p.weight_sd = job->schedule.step[0] * p.sd;
    }
    *out = p;
    return BF_OK;
}

double bf_session_noise(const bf_session *s, const bf_label_privacy *p)
{
    unsigned noisy = 0;
    for (unsigned k = 0; k < s->owners; k++) noisy += s->owner[k].labels;
    return sqrt(noisy) * p->weight_sd;
}

double bf_session_noise_range(const bf_session *s, const bf_label_privacy *p)
{
    return BF_LABEL_NOISE_TAIL * bf_session_noise(s, p);
}

/* Coefficients that hold weights w are at most sqrt(2) max |w|
 * (linalg/layout.h), with or without label noise. Multiplied by the scale, they
 * must fit the primes that the model has left, and the error of a share must
 * not exceed BF_OPEN_SD_MAX. */
static bf_status check_room(const bf_session *s, const bf_label_privacy *p)
{
    const bf_job *job = s->job;
    const bf_plan *plan;
    BF_TRY(bf_job_walked(&plan, job));
    const bf_plan_step *last = &plan->steps[plan->step_count - 1];
    double scale = last->output.scale, room = 0.5;
    for (unsigned i = 0; i < last->model_limbs; i++)
        room *= (double)job->ring[0].q[i];
    double range = job->bounds.weight + bf_session_noise_range(s, p);
    double share = bf_label_noise_share(p->sd, job->schedule.step[0],
                                        &job->layout, scale);
    if (sqrt(2) * range * scale < room && share < BF_OPEN_SD_MAX / 2)
        return BF_OK;
    return bf_fail(
        BF_ERR_ARGUMENT,
        "label noise of %.2g on weights does not fit the job: a larger "
        "epsilon, or more rows",
        p->weight_sd);
}

static bf_status check_labels(const bf_session *s)
{
    if (s->job->certificate)
        return bf_fail(BF_ERR_ARGUMENT, "certificates tell more of labels than "
                       "a model whose labels are elsewhere may");
    const bf_layout *l = &s->job->layout;
    bf_label_privacy p;
    BF_TRY(bf_session_label_privacy(&p, s));
    return p.epsilon > 0
               ? check_room(s, &p)
               : bf_finish_check(l->n, l->cols, (unsigned)l->classes);
}

bf_status bf_session_check(const bf_session *s)
{
    if (s->options.split == BF_SPLIT_LABELS) return check_labels(s);
    /* Owners of columns fit transforms of their own: nothing is pooled. */
    if (s->options.split == BF_SPLIT_COLUMNS) return BF_OK;
    if (bf_session_whitener(s)) BF_TRY(check_fitted(s));
    bf_pooling pool = bf_session_pooling(s);
    return bf_pooling_check(&pool);
}
