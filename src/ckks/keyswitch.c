/* Hybrid key switching ([HK20]): ModUp of digits, inner product, ModDown.
 * The digits of one position are made, used and forgotten together, so that
 * they stay in cache; nothing of the extended basis but the accumulators is
 * stored. */
#include <string.h>

#include "ckks/eval_internal.h"

bf_status bf_ks_open(bf_eval *ev, bf_ks_source *src, const bf_ct *ct,
                     unsigned poly)
{
    const bf_context *ctx = ev->ctx;
    const bf_ring *ring = ctx->ring;
    unsigned limbs = ct->limbs, alpha = ctx->params.digit_limbs;
    unsigned digits = bf_context_digits(ctx, limbs);
    size_t n = ring->n;
    src->limbs = limbs;
    src->coeff = bf_eval_scratch(ev, limbs);
    src->overflow = bf_eval_scratch(ev, digits);
    if (!src->coeff || !src->overflow) {
        bf_ks_close(ev, src);
        return BF_ERR_MEMORY;
    }
    for (unsigned i = 0; i < limbs; i++)
        src->eval[i] = bf_ct_limb(ct, poly, i, n);
#pragma omp parallel for schedule(dynamic) if (!bf_serial())
    for (unsigned i = 0; i < limbs; i++) {
        double *x = src->coeff + i * n;
        const bf_convert *up = bf_context_up(ctx, limbs, i / alpha);
        memcpy(x, src->eval[i], n * sizeof *x);
        bf_ntt_inverse_scaled(ring, i, x, bf_convert_factor(up, i % alpha));
    }
#pragma omp parallel for schedule(dynamic) if (!bf_serial())
    for (unsigned j = 0; j < digits; j++) {
        const double *x[BF_MAX_Q];
        for (unsigned i = j * alpha; i < limbs && i < (j + 1) * alpha; i++)
            x[i - j * alpha] = src->coeff + i * n;
        bf_convert_overflow(bf_context_up(ctx, limbs, j), src->overflow + j * n,
                            x);
    }
    bf_count(&ev->counters.mod_ups, 1);
    return BF_OK;
}

void bf_ks_close(bf_eval *ev, bf_ks_source *src)
{
    bf_eval_scratch_give(ev, src->coeff, src->limbs);
    bf_eval_scratch_give(ev, src->overflow,
                         bf_context_digits(ev->ctx, src->limbs));
    src->coeff = src->overflow = NULL;
}

void bf_ks_digits(bf_eval *ev, const bf_ks_source *src, unsigned position,
                  double *tmp, const double **x)
{
    const bf_context *ctx = ev->ctx;
    unsigned limbs = src->limbs, alpha = ctx->params.digit_limbs;
    unsigned m = bf_ks_modulus(ev, limbs, position);
    size_t n = ctx->ring->n;
    for (unsigned j = 0; j < bf_context_digits(ctx, limbs); j++) {
        unsigned first = j * alpha;
        unsigned len = limbs - first < alpha ? limbs - first : alpha;
        if (position >= first && position < first + len) {
            x[j] = src->eval[position];
            continue;
        }
        const double *in[BF_MAX_Q];
        for (unsigned i = 0; i < len; i++) in[i] = src->coeff + (first + i) * n;
        double *o = tmp + j * n;
        bf_convert_target(bf_context_up(ctx, limbs, j),
                          position < first ? position : position - len, o, in,
                          src->overflow + j * n);
        bf_ntt_forward(ctx->ring, m, o);
        x[j] = o;
    }
}

void bf_ks_inner(bf_eval *ev, const bf_switch_key *key, unsigned limbs,
                 unsigned position, const double *const *x, double *o0,
                 double *o1)
{
    const bf_context *ctx = ev->ctx;
    unsigned digits = bf_context_digits(ctx, limbs);
    unsigned row = position < limbs ? position : key->limbs + position - limbs;
    const double *b[BF_MAX_Q], *a[BF_MAX_Q];
    for (unsigned j = 0; j < digits; j++) {
        b[j] = bf_switch_key_limb(key, j, row, 0, ctx->ring->n,
                                  ctx->params.n_p);
        a[j] = b[j] + ctx->ring->n;
    }
    bf_limb_dot2(ctx->ring, bf_ks_modulus(ev, limbs, position), o0, o1, x, b, a,
                 digits);
}

void bf_ks_lift_add(bf_eval *ev, double *acc, const bf_ct *ct, unsigned poly,
                    unsigned limbs)
{
    const bf_ring *ring = ev->ctx->ring;
    size_t n = ring->n;
#pragma omp parallel for schedule(dynamic) if (!bf_serial())
    for (unsigned i = 0; i < limbs; i++)
        bf_limb_mul_const_add(ring, i, acc + (2 * (size_t)i + poly) * n,
                              bf_ct_limb(ct, poly, i, n), ev->p_mul[i]);
}

/* One of the two polynomials: src positions first..limbs+K-1 are divided out. */
typedef struct down_job {
    const bf_convert *conv;
    const bf_mulc *inv;
    unsigned limbs, first, targets;
} down_job;

static void down_sources(bf_eval *ev, const down_job *job, double *acc,
                         double *overflow)
{
    const bf_ring *ring = ev->ctx->ring;
    size_t n = ring->n;
    unsigned positions = bf_ks_positions(ev, job->limbs);
    unsigned k = positions - job->first;
#pragma omp parallel for collapse(2) schedule(dynamic) if (!bf_serial())
    for (unsigned poly = 0; poly < 2; poly++)
        for (unsigned i = 0; i < k; i++)
            bf_ntt_inverse_scaled(
                ring, bf_ks_modulus(ev, job->limbs, job->first + i),
                acc + (2 * (size_t)(job->first + i) + poly) * n,
                bf_convert_factor(job->conv, i));
#pragma omp parallel for schedule(dynamic) if (!bf_serial())
    for (unsigned poly = 0; poly < 2; poly++) {
        const double *x[BF_MAX_P + 1];
        for (unsigned i = 0; i < k; i++)
            x[i] = acc + (2 * (size_t)(job->first + i) + poly) * n;
        bf_convert_overflow(job->conv, overflow + poly * n, x);
    }
}

static void down_target(bf_eval *ev, const down_job *job, const double *acc,
                        const double *overflow, unsigned poly, unsigned i,
                        double *tmp, bf_ct *out)
{
    const bf_ring *ring = ev->ctx->ring;
    size_t n = ring->n;
    unsigned k = bf_ks_positions(ev, job->limbs) - job->first;
    const double *x[BF_MAX_P + 1];
    for (unsigned s = 0; s < k; s++)
        x[s] = acc + (2 * (size_t)(job->first + s) + poly) * n;
    bf_convert_target(job->conv, i, tmp, x, overflow + poly * n);
    bf_ntt_forward(ring, i, tmp);
    bf_limb_sub_mul_const(ring, i, bf_ct_limb(out, poly, i, n),
                          acc + (2 * (size_t)i + poly) * n, tmp, job->inv[i]);
}

bf_status bf_ks_mod_down(bf_eval *ev, double *acc, unsigned limbs, bool rescale,
                         bf_ct *out)
{
    const bf_context *ctx = ev->ctx;
    down_job job = {ctx->convert_down, ctx->p_inv_mod_q, limbs, limbs, limbs};
    if (rescale) {
        job.conv = ev->down_rescale[limbs];
        job.inv = ev->pq_inv + (size_t)limbs * ctx->params.n_q;
        job.first = job.targets = limbs - 1;
    }
    double *overflow = bf_eval_scratch(ev, 2);
    if (!overflow) return BF_ERR_MEMORY;
    down_sources(ev, &job, acc, overflow);
    bool out_of_memory = false;
#pragma omp parallel if (!bf_serial())
    {
        double *tmp = bf_eval_scratch(ev, 1);
#pragma omp for collapse(2) schedule(dynamic)
        for (unsigned i = 0; i < job.targets; i++)
            for (unsigned poly = 0; poly < 2; poly++) {
                if (tmp)
                    down_target(ev, &job, acc, overflow, poly, i, tmp, out);
                else
                    __atomic_store_n(&out_of_memory, true, __ATOMIC_RELAXED);
            }
        bf_eval_scratch_give(ev, tmp, 1);
    }
    bf_eval_scratch_give(ev, overflow, 2);
    bf_count(&ev->counters.mod_downs, 1);
    return out_of_memory ? BF_ERR_MEMORY : BF_OK;
}
