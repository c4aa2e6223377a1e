/* The audit of the last step. Owners first open V, the weights before the last
 * step. Then every owner computes what the step adds for its own rows,
 *   d_i = step (Y_i - p(U_i V'))' U_i,
 * and sends d_i behind masks, so that all see only the sum (secure_sum.h).
 * After that owners open the model W. W - V - sum d_i contains errors alone,
 * unless the server made another last step, or a step on other rows. Every
 * owner rounds V by itself; this rounding is part of the error of V, which the
 * step stretches. */
#include <math.h>

#include "base/memory.h"
#include "linalg/sigmoid.h"
#include "train/owner/party_part.h"
#include "train/owner/sealed.h"
#include "train/owner/secure_sum.h"

/* Bytes of a number in a sum, which counts units of 2^-40. */
#define WIDTH 8
/* The sum of sixteen owners' numbers below this fits into 8 bytes. */
#define PART_MAX 0x1p18

/* Limits on the largest error and on the root mean square of all errors, in
 * expected rms errors. The plan foresees the rms to within a tenth
 * (train/training.c); the rms of count errors deviates by 1/sqrt(2 count). */
#define MOST 6.0
#define MOST_RMS 1.3

/* The weights V before the last step, which are zero before the first step;
 * *error is the expected rms error of a weight. */
static bf_status weights_before(bf_matrix *v, double *error,
                                const bf_party_run *p)
{
    const bf_job *job = p->session->job;
    *error = 0;
    if (job->schedule.iterations > 1)
        return bf_party_weights(v, error, p, BF_PART_BEFORE);
    return bf_matrix_init(v, job->layout.classes, job->layout.cols);
}

/* ---- this owner's part --------------------------------------------------- */

/* The schedule of the last step alone, over so many rows, from v. */
static bf_schedule last_step(const bf_job *job, size_t rows, const bf_matrix *v)
{
    bf_schedule one = job->schedule;
    one.step[0] = job->schedule.step[job->schedule.iterations - 1];
    one.iterations = 1;
    one.n = rows;
    one.zero_start = false;
    one.v0 = *v;
    return one;
}

static bf_status put(uint8_t *vector, const bf_matrix *w, const bf_matrix *v)
{
    for (size_t i = 0; i < w->rows * w->cols; i++) {
        double d = w->data[i] - v->data[i];
        if (!(fabs(d) < PART_MAX))
            return bf_fail(BF_ERR_RANGE,
                           "round 6: at the weights before the last step this "
                           "owner's rows leave the range that the circuit "
                           "covers: the server's run is not what the session "
                           "says");
        bf_sum_add_number(vector + WIDTH * i, d, WIDTH);
    }
    return BF_OK;
}

/* Adds d_i to vector, which holds C k zeros. */
static bf_status add_rows(uint8_t *vector, bf_party_run *p)
{
    const bf_job *job = p->session->job;
    bf_matrix u = {0}, v = {0}, w = {0};
    double error;
    bf_status s = weights_before(&v, &error, p);
    if (s == BF_OK) s = bf_party_own_rows(&u, p);
    if (s == BF_OK) {
        bf_schedule one = last_step(job, u.rows, &v);
        s = bf_twin_run(&w, &one, &u, p->o->labels,
                        (unsigned)job->layout.classes, NULL, NULL, NULL);
    }
    if (s == BF_OK) s = put(vector, &w, &v);
    bf_matrix_clear(&u);
    bf_matrix_clear(&v);
    bf_matrix_clear(&w);
    return s;
}

static size_t numbers(const bf_party_run *p)
{
    const bf_layout *l = &p->session->job->layout;
    return l->classes * l->cols;
}

bf_status bf_party_make_audit(bf_party_run *p, const char *path)
{
    size_t count = numbers(p);
    BF_TRY(bf_party_check_data(p, 6));
    uint8_t *vector = bf_secret_alloc(count * WIDTH);
    if (!vector) return BF_ERR_MEMORY;
    bf_wipe(vector, count * WIDTH);
    bf_status s = add_rows(vector, p);
    if (s == BF_OK) s = bf_party_mask(vector, count, WIDTH, p, "audit");
    if (s == BF_OK)
        s = bf_sealed_write(path, p->session, false, vector, count * WIDTH);
    bf_secret_free(vector);
    return s;
}

/* ---- the sum ------------------------------------------------------------- */

/* The factor by which the step stretches an error of V: the largest eigenvalue
 * of I - step U'p'U. The second term has this mean for whitened rows. */
static double stretch(const bf_job *job)
{
    const bf_schedule *s = &job->schedule;
    unsigned last = s->iterations - 1;
    bf_slope slope = bf_sigmoid_slope(&s->sigmoid, 0, job->typical.logit[last],
                                      s->sigmoid.range);
    double moved = s->step[last] * (double)s->n * slope.rms;
    return fmax(1, fabs(1 - moved));
}

static bf_status compare(bf_party_run *p, const bf_matrix *w, double error,
                         const bf_matrix *v, const uint8_t *sum)
{
    size_t count = numbers(p);
    double worst = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double d =
            w->data[i] - v->data[i] - bf_sum_number(sum + WIDTH * i, WIDTH);
        worst = fmax(worst, fabs(d) / error);
        squares += d / error * (d / error);
    }
    double rms = sqrt(squares / (double)count);
    if (worst <= MOST && rms <= MOST_RMS + MOST / sqrt(2 * (double)count))
        return BF_OK;
    return bf_party_over(p,
                         "round 7: the last step is not that of the owners' "
                         "rows: weights are off by %.3g times their error, one "
                         "by %.3g times",
                         rms, worst);
}

bf_status bf_party_check_audit(bf_party_run *p)
{
    bf_matrix v = {0}, w = {0};
    double before, after;
    uint8_t *sum = NULL;
    bf_status s = weights_before(&v, &before, p);
    if (s == BF_OK) s = bf_party_weights(&w, &after, p, BF_PART_SHARE);
    if (s == BF_OK)
        s = bf_party_total(&sum, p, 6, BF_PART_AUDIT, numbers(p), WIDTH);
    if (s == BF_OK)
        s = compare(p, &w, hypot(after, stretch(p->session->job) * before), &v,
                    sum);
    bf_matrix_clear(&v);
    bf_matrix_clear(&w);
    bf_secret_free(sum);
    return s;
}
