#include "train/owner/session_check.h"

#include <math.h>

#include "ckks/owner/open_share.h"
#include "train/handle.h"
#include "train/owner/finish.h"
#include "train/owner/label_privacy.h"

bf_pooling bf_session_pooling(const bf_session *s)
{
    bf_pooling pool = {.recipe = &s->job->recipe, .features = s->job->features,
                       .owners = s->owners};
    for (unsigned k = 0; k < s->owners; k++) pool.rows[k] = s->owner[k].count;
    return pool;
}

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
    bf_pooling pool = bf_session_pooling(s);
    return bf_pooling_check(&pool);
}
