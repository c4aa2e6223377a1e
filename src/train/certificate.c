/* Scale and modulus. Residuals have much larger scales than their squares could
 * have: 2^91 of a late division, under a modulus of 135 bits. But nothing
 * follows S, so that the lowest limb suffices for it, at a scale with
 *
 *   scale^2 R n < q_0/2.
 *
 * At such a scale residuals have rounding errors as large as they are. A slot's
 * error has a deviation of N/6 in its real part and in its imaginary one, and
 * is independent of residuals and of other slots; the squares of the two parts
 * cancel. There remain n terms of 2 r times the real part,
 *
 *   2 sqrt(S) N/(6 scale).
 *
 * With R = 2^35/N^2 that is 2 sqrt(S) sqrt(2^36 n/q_0)/6: for q_0 = 2^48.875
 * and S = 0.03 n a fiftieth of S, whatever n and N are. */
#include "train/certificate.h"

#include <math.h>

#include "base/memory.h"

/* Least factor of residuals before primes divide them, where primes are left:
 * the scale is then within a thirtieth of the one wanted. */
#define LEAST_FACTOR 16.0

bool bf_certificate_possible(const bf_job *job)
{
    return job->schedule.iterations > 1 || !job->schedule.zero_start;
}

bf_status bf_certificate_check(const bf_job *job)
{
    if (!job->certificate || bf_certificate_possible(job)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "a certificate bounds scores, and one "
                                    "iteration from zero weights has none");
}

bf_layout bf_certificate_layout(const bf_layout *l)
{
    bf_layout sums = *l;
    sums.classes = sums.m = bf_layout_period(l);
    sums.pairs = 1;
    sums.cols = l->f;
    return sums;
}

/* S is known modulo 2 R n, with R above; one that is larger may pass for one of
 * at most n/4, what zero weights have, with a probability of 1/(8 R): 1/256 at
 * N = 2^15. */
static double wanted_scale(const bf_context *ctx, const bf_layout *l)
{
    const bf_params *p = bf_context_params(ctx);
    double largest = exp2(35 - 2.0 * p->log_n) * (double)l->batch;
    return sqrt((double)p->q[0] / (2 * largest));
}

bf_status bf_certificate_reduce(bf_eval *ev, bf_ct *out, const bf_ct *residuals,
                                const bf_layout *l)
{
    bf_ct low = *residuals;
    double bound = residuals->bound;
    double factor = wanted_scale(low.ctx, l) / low.scale;
    low.limbs = 1;
    while (factor < LEAST_FACTOR && low.limbs < residuals->limbs)
        factor *= (double)bf_context_params(low.ctx)->q[low.limbs++];
    if (!(factor >= 1 && factor < 0x1p62))
        return bf_fail(BF_ERR_RANGE,
                       "residuals at 2^%.2f with %u limbs leave no room for "
                       "their squares",
                       log2(residuals->scale), residuals->limbs);
    int64_t whole = (int64_t)nearbyint(factor);
    BF_TRY(bf_mul_int(ev, out, &low, whole));
    out->scale *= (double)whole;
    out->bound = bound;
    bf_status s = BF_OK;
    while (s == BF_OK && out->limbs > 1) s = bf_rescale(ev, out, out);
    if (s != BF_OK) bf_eval_release(ev, out);
    return s;
}

/* The errors of a square's two factors are the same. */
#define SAME_FACTORS M_SQRT2

/* Element j, of three polynomials. */
static bf_status sum_element(bf_eval *ev, bf_ct *out, const bf_ct **terms,
                             const bf_ct *r, size_t j, size_t step,
                             size_t groups)
{
    size_t count = 0;
    for (size_t g = j; g < groups; g += step) terms[count++] = &r[g];
    BF_TRY(bf_tensor_sum(ev, out, terms, terms, count));
    out->noise *= SAME_FACTORS;
    return BF_OK;
}

bf_status bf_certificate_sum(bf_eval *ev, bf_ct *out, const bf_layout *l,
                             const bf_ct *r, size_t groups)
{
    size_t step = bf_certificate_layout(l).classes;
    size_t count = step < groups ? step : groups;
    double bound = (double)l->batch * r[0].bound * r[0].bound;
    bf_ct *sums = bf_alloc_zero(count * sizeof *sums);
    const bf_ct **terms = bf_alloc(groups * sizeof *terms);
    bf_status s = sums && terms ? BF_OK : BF_ERR_MEMORY;
    for (size_t j = 0; j < count && s == BF_OK; j++)
        s = sum_element(ev, &sums[j], terms, r, j, step, groups);
    if (s == BF_OK)
        s = bf_pack(ev, out, sums, count, l->log_m, (unsigned)l->f, bound);
    for (size_t j = 0; sums && j < count; j++) bf_eval_release(ev, &sums[j]);
    bf_free(sums);
    bf_free(terms);
    return s;
}

/* A place of an element has sqrt(F) times the error of a coefficient (see
 * output_noise in training.c), the mean of its F/K copies sqrt(K) times. A
 * class has J K/C of the places of all elements. */
double bf_certificate_noise(const bf_layout *l, const bf_ct *packed)
{
    double places = (double)bf_certificate_layout(l).classes * (double)l->k /
                    (double)l->classes;
    return sqrt((double)l->k * places) * packed->noise / packed->scale;
}
