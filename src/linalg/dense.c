#include "linalg/dense.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"

/* Up to this K every rotation has a key of its own. */
#define HOIST_K 4

/* Squares of the rounding errors of a mask of this period, summed over its
 * 2*period coefficients cos(pi j/(2 period))/period: the mean square of a
 * slot's error; or some of them, once they are more than `enough`. Masks for
 * other places have the same coefficients in another order. */
static double mask_variance(const double *coeff, size_t period, double scale,
                            double enough)
{
    double sum = 0;
    for (size_t j = 0; j < period && sum <= enough; j++) {
        double x = coeff[j] * scale, d = x - nearbyint(x);
        sum += (j ? 2 : 1) * d * d; /* j and 2 period - j differ in sign */
    }
    return sum;
}

static void mask_coefficients(double *coeff, size_t period)
{
    for (size_t j = 0; j < period; j++)
        coeff[j] =
            cos(M_PI * (double)j / (2 * (double)period)) / (double)period;
}

/* Beyond this period no scale below the usual one happens to be exact enough;
 * beyond so many bits there are too many scales to try. */
enum { LUCKY_PERIOD = 32, LUCKY_BITS = 16 };
#define LUCKY_STEP 0.25

double bf_mask_log_scale(const bf_layout *l, int bits, bool even)
{
    double relative = ldexp(1, -bits),
           usual = sqrt((double)l->f / 6) / relative;
    double every[LUCKY_PERIOD], one[LUCKY_PERIOD];
    double step = even ? (double)l->f : LUCKY_STEP;
    if (l->f == 1) return 0;
    if (even) usual = ceil(usual / step) * step;
    if (l->f > LUCKY_PERIOD || bits > LUCKY_BITS) return log2(usual);
    mask_coefficients(one, l->f);
    mask_coefficients(every, l->k);
    for (double s = step; s < usual; s += step) {
        double worst = relative * relative * s * s;
        if (mask_variance(one, l->f, s, worst) <= worst &&
            mask_variance(every, l->k, s, worst) <= worst)
            return log2(s);
    }
    return log2(usual);
}

/* Standard deviation of a coefficient's rounding error, over all n of the ring.
 */
static bf_status mask_noise(double *noise, size_t period, double scale,
                            size_t n)
{
    double *coeff = bf_alloc(period * sizeof *coeff);
    if (!coeff) return BF_ERR_MEMORY;
    mask_coefficients(coeff, period);
    *noise = sqrt(mask_variance(coeff, period, scale, INFINITY) / (double)n);
    bf_free(coeff);
    return BF_OK;
}

/* The masks of all K places, of this period. */
typedef struct mask_job {
    bf_pt *out;
    const bf_context *ctx;
    size_t period;
    double scale;
    unsigned limbs;
} mask_job;

static bf_status encode_mask(void *user, size_t i)
{
    const mask_job *job = user;
    double *v = bf_alloc_zero(job->period * sizeof *v);
    if (!v) return BF_ERR_MEMORY;
    v[i] = 1;
    bf_status status = bf_encode_real(&job->out[i], job->ctx, v, job->period,
                                      job->scale, job->limbs);
    bf_free(v);
    return status;
}

static bf_status make_masks(mask_job job, size_t k, bool symbolic,
                            double *error)
{
    double noise, n = (double)bf_context_ring(job.ctx)->n;
    BF_TRY(mask_noise(&noise, job.period, job.scale,
                      bf_context_ring(job.ctx)->n));
    *error = noise * sqrt(n) / job.scale;
    for (size_t i = 0; i < k; i++)
        job.out[i] = (bf_pt){.ctx = job.ctx, .limbs = job.limbs,
                             .scale = job.scale};
    if (!symbolic) BF_TRY(bf_parallel_for(k, false, encode_mask, &job));
    for (size_t i = 0; i < k; i++) {
        job.out[i].noise = noise;
        /* Root mean square of a mask, by which it multiplies a product's noise.
         * */
        job.out[i].bound = 1 / sqrt((double)job.period);
    }
    return BF_OK;
}

bf_status bf_masks_make(bf_masks *out, const bf_context *ctx,
                        const bf_layout *layout, double scale, unsigned limbs,
                        bool symbolic)
{
    size_t k = layout->k;
    memset(out, 0, sizeof *out);
    out->layout = layout;
    out->scale = layout->f == 1 ? 1 : scale;
    if (layout->f == 1) return BF_OK;
    out->one = bf_alloc_zero(k * sizeof(bf_pt));
    out->every = bf_alloc_zero(k * sizeof(bf_pt));
    bf_status status = out->one && out->every ? BF_OK : BF_ERR_MEMORY;
    if (status == BF_OK)
        status = make_masks((mask_job){out->one, ctx, layout->f, scale, limbs},
                            k, symbolic, &out->one_error);
    if (status == BF_OK)
        status = make_masks((mask_job){out->every, ctx, k, scale, limbs}, k,
                            symbolic, &out->every_error);
    if (status != BF_OK) bf_masks_clear(out);
    return status;
}

void bf_masks_clear(bf_masks *m)
{
    for (size_t i = 0; m->layout && i < m->layout->k; i++) {
        if (m->one) bf_pt_clear(&m->one[i]);
        if (m->every) bf_pt_clear(&m->every[i]);
    }
    bf_free(m->one);
    bf_free(m->every);
    memset(m, 0, sizeof *m);
}

/* ---- fold ---------------------------------------------------------------- */

typedef struct dense_job {
    bf_eval *ev;
    const bf_masks *masks;
    size_t count;
    bf_ct *a;   /* fold: products; spread: rotations by 0..K-1 */
    bf_ct *b;   /* fold: shifted sums; spread: rotations by 0..-(K-1) */
    bf_ct *out;
    int sign;
    size_t step;
} dense_job;

/* Sums windows of F/K places: a[f] for f < K becomes the sum over f + K h. */
static bf_status fold_window(void *user, size_t i)
{
    const dense_job *job = user;
    const bf_layout *l = job->masks->layout;
    bf_ct *a = &job->a[i], rotated = {0};
    double bound = a->bound;
    bf_status status = BF_OK;
    for (size_t h = l->f / 2; h >= l->k && status == BF_OK; h /= 2) {
        status = bf_rotate(job->ev, &rotated, a, (int)h);
        if (status == BF_OK) status = bf_add(job->ev, a, a, &rotated);
    }
    a->bound = bound; /* the caller's bound holds for every partial sum */
    bf_eval_release(job->ev, &rotated);
    return status;
}

/* b[r] = sum over k of mask[k + sign*r] * a[k]: what rotation by sign*r brings
 * to place k. */
static bf_status fold_shift(void *user, size_t r)
{
    const dense_job *job = user;
    const bf_layout *l = job->masks->layout;
    if (r == 0 && job->sign < 0) return BF_OK;
    bool first = true;
    for (size_t k = 0; k < job->count; k++) {
        int64_t place = (int64_t)k + job->sign * (int64_t)r;
        if (place < 0 || place >= (int64_t)l->k) continue;
        const bf_pt *mask = &job->masks->one[place];
        if (first)
            BF_TRY(bf_mul_plain(job->ev, &job->b[r], &job->a[k], mask));
        else
            BF_TRY(bf_mul_plain_add(job->ev, &job->b[r], &job->a[k], mask));
        job->b[r].bound = job->a[k].bound; /* masks are disjoint */
        first = false;
    }
    return BF_OK;
}

/* b[2 step i] += rot_{sign step}(b[2 step i + step]). */
static bf_status fold_merge(void *user, size_t i)
{
    const dense_job *job = user;
    bf_ct *low = &job->b[2 * job->step * i], *high = low + job->step;
    if (high >= job->b + job->masks->layout->k || !high->ctx) return BF_OK;
    double bound = high->bound;
    BF_TRY(bf_rotate(job->ev, high, high, job->sign * (int)job->step));
    if (low->ctx) {
        BF_TRY(bf_add(job->ev, low, low, high));
        bf_eval_release(job->ev, high);
    } else {
        *low = *high;
        memset(high, 0, sizeof *high);
    }
    low->bound = bound;
    return BF_OK;
}

/* z = sum of rot_r(b[r]) over 0 <= r < K and rot_-r of its mirror: one
 * ModDown. */
static bf_status fold_hoisted(dense_job *job, bf_ct *z)
{
    size_t k = job->masks->layout->k, count = 0;
    bool serial = bf_eval_is_symbolic(job->ev);
    bf_ct mirror[HOIST_K] = {{0}}, *side = job->b;
    const bf_ct *term[2 * HOIST_K];
    int rotation[2 * HOIST_K] = {0};
    bf_status status = BF_OK;
    for (job->sign = 1; job->sign >= -1 && status == BF_OK; job->sign -= 2) {
        job->b = job->sign > 0 ? side : mirror;
        status = bf_parallel_for(k, serial, fold_shift, job);
        for (size_t r = 0; r < k; r++) {
            if (!job->b[r].ctx) continue;
            term[count] = &job->b[r];
            rotation[count++] = job->sign * (int)r;
        }
    }
    job->b = side;
    if (status == BF_OK)
        status = bf_rotate_sum(job->ev, z, term, rotation, count);
    if (status == BF_OK) z->bound = side[0].bound; /* disjoint places */
    for (size_t r = 0; r < k; r++) bf_eval_release(job->ev, &mirror[r]);
    return status;
}

static bf_status fold_side(dense_job *job, int sign, bf_ct *z)
{
    size_t k = job->masks->layout->k;
    bool serial = bf_eval_is_symbolic(job->ev);
    job->sign = sign;
    BF_TRY(bf_parallel_for(k, serial, fold_shift, job));
    for (job->step = 1; job->step < k; job->step *= 2)
        BF_TRY(bf_parallel_for(k / (2 * job->step), serial, fold_merge, job));
    if (!job->b[0].ctx) return BF_OK;
    if (!z->ctx) {
        *z = job->b[0];
    } else {
        double bound = z->bound;
        BF_TRY(bf_add(job->ev, z, z, &job->b[0]));
        z->bound = bound;
        bf_eval_release(job->ev, &job->b[0]);
    }
    memset(&job->b[0], 0, sizeof(bf_ct));
    return BF_OK;
}

bf_status bf_fold(bf_eval *ev, const bf_masks *masks, bf_ct *a, size_t count,
                  bf_ct *z)
{
    const bf_layout *l = masks->layout;
    bf_ct sum = {0};
    if (l->f == 1) {
        bf_eval_release(ev, z);
        *z = a[0];
        memset(&a[0], 0, sizeof *a);
        return BF_OK;
    }
    dense_job job = {.ev = ev, .masks = masks, .count = count, .a = a};
    job.b = bf_alloc_zero(l->k * sizeof(bf_ct));
    if (!job.b) return BF_ERR_MEMORY;
    bf_status status;
    BF_GOTO(bf_parallel_for(count, bf_eval_is_symbolic(ev), fold_window, &job),
            done);
    if (l->k <= HOIST_K) {
        BF_GOTO(fold_hoisted(&job, &sum), done);
    } else {
        BF_GOTO(fold_side(&job, 1, &sum), done);
        BF_GOTO(fold_side(&job, -1, &sum), done);
    }
    bf_eval_release(ev, z);
    *z = sum;
    memset(&sum, 0, sizeof sum);
done:
    for (size_t i = 0; i < count; i++) bf_eval_release(ev, &a[i]);
    for (size_t i = 0; i < l->k; i++) bf_eval_release(ev, &job.b[i]);
    bf_eval_release(ev, &sum);
    bf_free(job.b);
    return status;
}

bf_status bf_fold_periodic(bf_eval *ev, const bf_masks *masks, bf_ct *z)
{
    bf_ct rotated = {0};
    bf_status status = BF_OK;
    double bound = z->bound;
    for (size_t h = masks->layout->k; h < masks->layout->f; h *= 2) {
        BF_GOTO(bf_rotate(ev, &rotated, z, -(int)h), done);
        BF_GOTO(bf_add(ev, z, z, &rotated), done);
    }
    z->bound = bound; /* copies do not overlap */
done:
    bf_eval_release(ev, &rotated);
    return status;
}

/* ---- spread -------------------------------------------------------------- */

/* All rotations of e at once: one ModUp. */
static bf_status spread_hoisted(dense_job *job)
{
    size_t k = job->masks->layout->k, count = 0;
    bf_ct rotated[2 * HOIST_K] = {{0}};
    int rotation[2 * HOIST_K] = {0};
    for (size_t r = 1; r < job->count; r++) rotation[count++] = (int)r;
    for (size_t r = 1; r < k; r++) rotation[count++] = -(int)r;
    bf_status status =
        bf_rotate_many(job->ev, rotated, &job->a[0], rotation, count);
    for (size_t i = 0; i < count && status == BF_OK; i++)
        bf_move(job->ev,
                rotation[i] > 0 ? &job->a[rotation[i]] : &job->b[-rotation[i]],
                &rotated[i]);
    for (size_t i = 0; i < count; i++) bf_eval_release(job->ev, &rotated[i]);
    return status;
}

/* a[step + i] = rot_{step}(a[i]), b the same to the other side. */
static bf_status spread_double(void *user, size_t i)
{
    const dense_job *job = user;
    size_t k = job->masks->layout->k, to = job->step + i / 2;
    bf_ct *side = i % 2 ? job->b : job->a;
    size_t limit = i % 2 ? k : job->count;
    if (to >= limit) return BF_OK;
    return bf_rotate(job->ev, &side[to], i / 2 ? &side[i / 2] : &job->a[0],
                     (i % 2 ? -1 : 1) * (int)job->step);
}

/* out[k] = sum over q of every[q] * rot_{k-q}(e). */
static bf_status spread_output(void *user, size_t k)
{
    const dense_job *job = user;
    for (size_t q = 0; q < job->masks->layout->k; q++) {
        const bf_ct *r = q <= k ? &job->a[k - q] : &job->b[q - k];
        const bf_pt *mask = &job->masks->every[q];
        if (q == 0)
            BF_TRY(bf_mul_plain(job->ev, &job->out[k], r, mask));
        else
            BF_TRY(bf_mul_plain_add(job->ev, &job->out[k], r, mask));
        job->out[k].bound = r->bound;
    }
    return BF_OK;
}

bf_status bf_spread(bf_eval *ev, const bf_masks *masks, const bf_ct *e,
                    size_t count, bf_ct *out)
{
    const bf_layout *l = masks->layout;
    bool serial = bf_eval_is_symbolic(ev);
    if (l->f == 1) return bf_copy(ev, &out[0], e);
    dense_job job = {.ev = ev, .masks = masks, .count = count, .out = out};
    job.a = bf_alloc_zero(l->k * sizeof(bf_ct));
    job.b = bf_alloc_zero(l->k * sizeof(bf_ct));
    bf_status status = job.a && job.b ? BF_OK : BF_ERR_MEMORY;
    if (status != BF_OK) goto done;
    BF_GOTO(bf_copy(ev, &job.a[0], e), done);
    if (l->k <= HOIST_K) {
        BF_GOTO(spread_hoisted(&job), done);
    } else {
        for (job.step = 1; job.step < l->k; job.step *= 2)
            BF_GOTO(bf_parallel_for(2 * job.step, serial, spread_double, &job),
                    done);
    }
    BF_GOTO(bf_parallel_for(count, serial, spread_output, &job), done);
done:
    for (size_t i = 0; i < l->k; i++) {
        if (job.a) bf_eval_release(ev, &job.a[i]);
        if (job.b) bf_eval_release(ev, &job.b[i]);
    }
    bf_free(job.a);
    bf_free(job.b);
    return status;
}
