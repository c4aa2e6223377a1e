/* Hybrid key switching ([HK20]): ModUp of digits, inner product, ModDown.
 * The digits of a few positions are made, used and forgotten together, so that
 * they stay in cache and their sources are read once for all of them; nothing
 * of the extended basis but the accumulators is stored. */
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
    bf_count(&ev->counters.mod_ups[limbs], 1);
    return BF_OK;
}

void bf_ks_close(bf_eval *ev, bf_ks_source *src)
{
    bf_eval_scratch_give(ev, src->coeff, src->limbs);
    bf_eval_scratch_give(ev, src->overflow,
                         bf_context_digits(ev->ctx, src->limbs));
    src->coeff = src->overflow = NULL;
}

/* Positions whose digits are made together, and residues at a time: sources of
 * one slice, at most a few hundred kB, are read once for all of them. */
enum { BATCH = 4 };
static const size_t SLICE = 1024;

/* Batches of at most BATCH, as many for each thread. */
static unsigned batch_count(unsigned items)
{
    unsigned threads = bf_serial() ? 1 : (unsigned)omp_get_max_threads();
    return threads * ((items + threads * BATCH - 1) / (threads * BATCH));
}

static unsigned batch_first(unsigned items, unsigned batches, unsigned i)
{
    return (unsigned)((uint64_t)items * i / batches);
}

/* A digit's own limbs need no conversion. */
static bool own_limb(const bf_eval *ev, unsigned limbs, unsigned digit,
                     unsigned position)
{
    return position < limbs &&
           position / ev->ctx->params.digit_limbs == digit;
}

/* Digit j at positions first..first+count-1 -> out[i], coefficient form. */
static void convert_digit(bf_eval *ev, const bf_ks_source *src, unsigned j,
                          unsigned first, unsigned count, double *const *out)
{
    const bf_context *ctx = ev->ctx;
    unsigned limbs = src->limbs, alpha = ctx->params.digit_limbs;
    unsigned begin = j * alpha;
    unsigned len = limbs - begin < alpha ? limbs - begin : alpha;
    const bf_convert *up = bf_context_up(ctx, limbs, j);
    size_t n = ctx->ring->n, slice = n < SLICE ? n : SLICE;
    const double *in[BF_MAX_Q];
    for (unsigned i = 0; i < len; i++) in[i] = src->coeff + (begin + i) * n;
    for (size_t at = 0; at < n; at += slice)
        for (unsigned i = 0; i < count; i++) {
            unsigned p = first + i;
            if (own_limb(ev, limbs, j, p)) continue;
            bf_convert_range(up, p < begin ? p : p - len, out[i], in,
                             src->overflow + j * n, at, slice);
        }
}

static void batch(bf_eval *ev, const bf_ks_source *src, unsigned first,
                  unsigned count, double *tmp, bf_ks_each each, void *user)
{
    unsigned limbs = src->limbs;
    unsigned digits = bf_context_digits(ev->ctx, limbs);
    size_t n = bf_eval_n(ev);
    for (unsigned j = 0; j < digits; j++) {
        double *out[BATCH];
        for (unsigned i = 0; i < count; i++)
            out[i] = tmp + (i * digits + j) * n;
        convert_digit(ev, src, j, first, count, out);
    }
    for (unsigned i = 0; i < count; i++) {
        const double *x[BF_MAX_Q];
        unsigned p = first + i, m = bf_ks_modulus(ev, limbs, p);
        for (unsigned j = 0; j < digits; j++) {
            double *o = tmp + (i * digits + j) * n;
            if (own_limb(ev, limbs, j, p)) {
                x[j] = src->eval[p];
                continue;
            }
            bf_ntt_forward(ev->ctx->ring, m, o);
            x[j] = o;
        }
        each(user, p, x, tmp + BATCH * digits * n);
    }
}

bf_status bf_ks_for_positions(bf_eval *ev, const bf_ks_source *src,
                              size_t scratch, bf_ks_each each, void *user)
{
    unsigned positions = bf_ks_positions(ev, src->limbs);
    unsigned batches = batch_count(positions);
    size_t limbs = BATCH * bf_context_digits(ev->ctx, src->limbs) + scratch;
    bool out_of_memory = false;
#pragma omp parallel if (!bf_serial())
    {
        double *tmp = bf_eval_scratch(ev, limbs);
#pragma omp for schedule(dynamic)
        for (unsigned i = 0; i < batches; i++) {
            unsigned first = batch_first(positions, batches, i);
            unsigned end = batch_first(positions, batches, i + 1);
            if (tmp)
                batch(ev, src, first, end - first, tmp, each, user);
            else
                __atomic_store_n(&out_of_memory, true, __ATOMIC_RELAXED);
        }
        bf_eval_scratch_give(ev, tmp, limbs);
    }
    return out_of_memory ? BF_ERR_MEMORY : BF_OK;
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

/* Targets first..end-1 of one polynomial; tmp has a limb for each. */
static void down_batch(bf_eval *ev, const down_job *job, const double *acc,
                       const double *overflow, unsigned poly, unsigned first,
                       unsigned end, double *tmp, bf_ct *out)
{
    const bf_ring *ring = ev->ctx->ring;
    size_t n = ring->n, slice = n < SLICE ? n : SLICE;
    unsigned k = bf_ks_positions(ev, job->limbs) - job->first;
    unsigned count = end - first;
    const double *x[BF_MAX_P + 1];
    for (unsigned s = 0; s < k; s++)
        x[s] = acc + (2 * (size_t)(job->first + s) + poly) * n;
    for (size_t at = 0; at < n; at += slice)
        for (unsigned i = 0; i < count; i++)
            bf_convert_range(job->conv, first + i, tmp + i * n, x,
                             overflow + poly * n, at, slice);
    for (unsigned i = 0; i < count; i++) {
        unsigned m = first + i;
        bf_ntt_forward(ring, m, tmp + i * n);
        bf_limb_sub_mul_const(ring, m, bf_ct_limb(out, poly, m, n),
                              acc + (2 * (size_t)m + poly) * n, tmp + i * n,
                              job->inv[m]);
    }
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
    unsigned batches = batch_count(job.targets);
    bool out_of_memory = false;
#pragma omp parallel if (!bf_serial())
    {
        double *tmp = bf_eval_scratch(ev, BATCH);
#pragma omp for collapse(2) schedule(dynamic)
        for (unsigned i = 0; i < batches; i++)
            for (unsigned poly = 0; poly < 2; poly++) {
                unsigned first = batch_first(job.targets, batches, i);
                unsigned end = batch_first(job.targets, batches, i + 1);
                if (tmp)
                    down_batch(ev, &job, acc, overflow, poly, first, end, tmp,
                               out);
                else
                    __atomic_store_n(&out_of_memory, true, __ATOMIC_RELAXED);
            }
        bf_eval_scratch_give(ev, tmp, BATCH);
    }
    bf_eval_scratch_give(ev, overflow, 2);
    bf_count(&ev->counters.mod_downs[limbs], 1);
    return out_of_memory ? BF_ERR_MEMORY : BF_OK;
}
