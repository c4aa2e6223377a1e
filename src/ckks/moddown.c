/* Division of a sum in the extended basis by P, or by P and the last prime
 * ([HK20]), with the transform's phases interleaved as in keyswitch.c. */
#include "ckks/eval_internal.h"

/* Divides by the primes of positions first..limbs+K-1 of src. */
typedef struct down_job {
    bf_eval *ev;
    const bf_convert *conv;
    const bf_mulc *inv;
    unsigned limbs, first, targets, batches;
    double *acc;
    double *coeff;    /* [2][sources][N], block form, scaled for conversion */
    double *overflow; /* [2][N] */
    bf_ct *out;
    const bf_ks_automorphism *after;
} down_job;

static unsigned down_count(const bf_eval *ev, const down_job *job)
{
    return bf_ks_positions(ev, job->limbs) - job->first;
}

static double *down_coeff(const bf_eval *ev, const down_job *job,
                          unsigned poly, unsigned i)
{
    return job->coeff +
           ((size_t)poly * down_count(ev, job) + i) * bf_eval_n(ev);
}

static void down_source(void *user, size_t index)
{
    const down_job *job = user;
    bf_eval *ev = job->ev;
    unsigned i = (unsigned)index / 2, poly = index % 2, p = job->first + i;
    double *x = bf_ks_acc(ev, job->acc, p, poly);
    bf_ntt_inverse_blocked(ev->ctx->ring, bf_ks_modulus(ev, job->limbs, p),
                           down_coeff(ev, job, poly, i), x, x,
                           bf_convert_factor(job->conv, i));
}

static void down_overflow(void *user, size_t poly)
{
    const down_job *job = user;
    bf_eval *ev = job->ev;
    const double *x[BF_MAX_P + 1];
    for (unsigned i = 0; i < down_count(ev, job); i++)
        x[i] = down_coeff(ev, job, (unsigned)poly, i);
    bf_convert_overflow(job->conv, job->overflow + poly * bf_eval_n(ev), x);
}

/* Column levels of the remainders to subtract from targets first..end-1. */
static void down_block(bf_eval *ev, const down_job *job, unsigned poly,
                       unsigned first, unsigned end, size_t block, double *tmp)
{
    const bf_ring *ring = ev->ctx->ring;
    size_t n = ring->n, len = bf_ring_block_len(ring), at = block * len;
    const double *x[BF_MAX_P + 1];
    const double *overflow = job->overflow + poly * n + at;
    double buffer[BF_BLOCK_LEN_MAX] __attribute__((aligned(BF_ALIGN)));
    for (unsigned i = 0; i < down_count(ev, job); i++)
        x[i] = down_coeff(ev, job, poly, i) + at;
    for (unsigned m = first; m < end; m++) {
        bf_span_convert(job->conv, m, buffer, x, overflow, len);
        bf_ntt_forward_block(ring, m, tmp + (m - first) * n, buffer, block);
    }
}

/* x: the column levels of the remainder to subtract; overwrites x. */
static void down_target(bf_eval *ev, const down_job *job, unsigned poly,
                        unsigned m, double *x)
{
    const bf_ring *ring = ev->ctx->ring;
    const bf_ks_automorphism *after = job->after;
    const double *acc = bf_ks_acc(ev, job->acc, m, poly);
    double *out = bf_ct_limb(job->out, poly, m, ring->n);
    double *to = after ? x : out;
    for (size_t row = 0; row * BF_ROW_LEN < ring->n; row++) {
        size_t at = row * BF_ROW_LEN;
        bf_ntt_forward_row(ring, m, x, row);
        bf_span_sub_mul_const(ring, m, to + at, acc + at, x + at, job->inv[m],
                              BF_ROW_LEN);
        if (after && poly == 0)
            bf_span_add(ring, m, x + at, x + at,
                        bf_ct_limb(after->add, 0, m, ring->n) + at, BF_ROW_LEN);
        if (after) bf_perm_row(ring, &after->perm, out, x + at, at);
    }
}

/* Number of targets that share one read of a block of all sources. */
enum { BATCH = 2 };

static bf_status down_batch(void *user, size_t index)
{
    const down_job *job = user;
    bf_eval *ev = job->ev;
    size_t n = bf_eval_n(ev), len = bf_ring_block_len(ev->ctx->ring);
    unsigned i = (unsigned)index / 2, poly = index % 2;
    unsigned first = bf_batch_first(job->targets, job->batches, i);
    unsigned end = bf_batch_first(job->targets, job->batches, i + 1);
    double *tmp = bf_eval_scratch(ev, BATCH);
    if (!tmp) return BF_ERR_MEMORY;
    for (size_t block = 0; block * len < n; block++)
        down_block(ev, job, poly, first, end, block, tmp);
    for (unsigned m = first; m < end; m++)
        down_target(ev, job, poly, m, tmp + (m - first) * n);
    bf_eval_scratch_give(ev, tmp, BATCH);
    return BF_OK;
}

bf_status bf_ks_mod_down(bf_eval *ev, double *acc, unsigned limbs, bool rescale,
                         bf_ct *out, const bf_ks_automorphism *after)
{
    const bf_context *ctx = ev->ctx;
    down_job job = {.ev = ev,
                    .conv = ctx->convert_down,
                    .inv = ctx->p_inv_mod_q,
                    .limbs = limbs,
                    .first = limbs,
                    .targets = limbs,
                    .acc = acc,
                    .out = out,
                    .after = after};
    if (rescale) {
        job.conv = ev->down_rescale[limbs];
        job.inv = ev->pq_inv + (size_t)limbs * ctx->params.n_q;
        job.first = job.targets = limbs - 1;
    }
    size_t scratch = 2 * (size_t)(down_count(ev, &job) + 1);
    job.coeff = bf_eval_scratch(ev, scratch);
    if (!job.coeff) return BF_ERR_MEMORY;
    job.overflow = down_coeff(ev, &job, 2, 0);
    job.batches = bf_batch_count(job.targets, BATCH);
    bf_parallel(2 * (size_t)down_count(ev, &job), down_source, &job);
    bf_parallel(2, down_overflow, &job);
    bf_status status =
        bf_parallel_for(2 * (size_t)job.batches, false, down_batch, &job);
    bf_eval_scratch_give(ev, job.coeff, scratch);
    bf_count(&ev->counters.mod_downs[limbs], 1);
    return status;
}
