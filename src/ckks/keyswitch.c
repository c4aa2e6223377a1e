/* Hybrid key switching ([HK20]): ModUp of digits and inner product; moddown.c
 * divides by P.
 *
 * The two phases of the transform are interleaved with the other steps. A block
 * of coefficients is converted for a few positions and goes through the column
 * levels while it is in cache. Then, row by row, the digits of a position go
 * through the row levels and are multiplied by the key while they are in cache.
 * Only the accumulators of the extended basis are stored. */
#include "ckks/eval_internal.h"

static size_t source_limbs(const bf_eval *ev, const bf_ks_source *src)
{
    unsigned digits = bf_params_digits(&ev->ctx->params, src->limbs);
    return (size_t)src->polys * (src->limbs + digits);
}

static double *source_coeff(const bf_eval *ev, const bf_ks_source *src,
                            unsigned poly, unsigned limb)
{
    return src->coeff + ((size_t)poly * src->limbs + limb) * bf_eval_n(ev);
}

static double *source_overflow(const bf_eval *ev, const bf_ks_source *src,
                               unsigned poly, unsigned digit)
{
    unsigned digits = bf_params_digits(&ev->ctx->params, src->limbs);
    size_t first = (size_t)src->polys * src->limbs + (size_t)poly * digits;
    return src->coeff + (first + digit) * bf_eval_n(ev);
}

typedef struct open_job {
    bf_eval *ev;
    bf_ks_source *src;
    const bf_ct *ct;
} open_job;

/* The loop over polynomials is innermost, as the polynomials share a prime's
 * twiddles. */
static bf_status open_limb(void *user, size_t index)
{
    const open_job *job = user;
    bf_eval *ev = job->ev;
    bf_ks_source *src = job->src;
    const bf_ring *ring = ev->ctx->ring;
    unsigned i = (unsigned)index / src->polys;
    unsigned poly = (unsigned)index % src->polys;
    unsigned alpha = ev->ctx->params.digit_limbs;
    const bf_convert *up = bf_context_up(ev->ctx, src->limbs, i / alpha);
    const double *eval = bf_ct_limb(job->ct, src->first + poly, i, ring->n);
    double *tmp = bf_eval_scratch(ev, 1);
    if (!tmp) return BF_ERR_MEMORY;
    src->eval[poly][i] = eval;
    bf_ntt_inverse_blocked(ring, i, source_coeff(ev, src, poly, i), eval, tmp,
                           bf_convert_factor(up, i % alpha));
    bf_eval_scratch_give(ev, tmp, 1);
    return BF_OK;
}

static void open_digit(void *user, size_t index)
{
    const open_job *job = user;
    bf_eval *ev = job->ev;
    bf_ks_source *src = job->src;
    unsigned alpha = ev->ctx->params.digit_limbs;
    unsigned digits = bf_params_digits(&ev->ctx->params, src->limbs);
    unsigned poly = (unsigned)index / digits, j = (unsigned)index % digits;
    const double *x[BF_MAX_Q];
    for (unsigned i = j * alpha; i < src->limbs && i < (j + 1) * alpha; i++)
        x[i - j * alpha] = source_coeff(ev, src, poly, i);
    bf_convert_overflow(bf_context_up(ev->ctx, src->limbs, j),
                        source_overflow(ev, src, poly, j), x);
}

bf_status bf_ks_open(bf_eval *ev, bf_ks_source *src, const bf_ct *ct,
                     unsigned first, unsigned polys)
{
    unsigned limbs = ct->limbs;
    unsigned digits = bf_params_digits(&ev->ctx->params, limbs);
    open_job job = {ev, src, ct};
    *src = (bf_ks_source){.limbs = limbs, .first = first, .polys = polys};
    src->coeff = bf_eval_scratch(ev, source_limbs(ev, src));
    if (!src->coeff) return BF_ERR_MEMORY;
    bf_status status =
        bf_parallel_for((size_t)limbs * polys, false, open_limb, &job);
    if (status != BF_OK) {
        bf_ks_close(ev, src);
        return status;
    }
    bf_parallel((size_t)polys * digits, open_digit, &job);
    bf_count(&ev->counters.mod_ups[limbs], polys);
    return BF_OK;
}

void bf_ks_close(bf_eval *ev, bf_ks_source *src)
{
    bf_eval_scratch_give(ev, src->coeff, source_limbs(ev, src));
    src->coeff = NULL;
}

/* A digit's own limbs need no conversion. */
static bool own_limb(const bf_eval *ev, unsigned limbs, unsigned digit,
                     unsigned position)
{
    return position < limbs &&
           position / ev->ctx->params.digit_limbs == digit;
}

/* One block of digit j of a polynomial, for positions first..first+count-1 ->
 * out[i], through the column levels. */
static void digit_block(bf_eval *ev, const bf_ks_source *src, unsigned poly,
                        unsigned j, unsigned first, unsigned count,
                        size_t block, double *const *out)
{
    const bf_context *ctx = ev->ctx;
    unsigned limbs = src->limbs, alpha = ctx->params.digit_limbs;
    unsigned begin = j * alpha;
    unsigned own = limbs - begin < alpha ? limbs - begin : alpha;
    size_t len = bf_ring_block_len(ctx->ring), at = block * len;
    const bf_convert *up = bf_context_up(ctx, limbs, j);
    const double *overflow = source_overflow(ev, src, poly, j) + at;
    const double *in[BF_MAX_Q];
    double buffer[BF_BLOCK_LEN_MAX] __attribute__((aligned(BF_ALIGN)));
    for (unsigned i = 0; i < own; i++)
        in[i] = source_coeff(ev, src, poly, begin + i) + at;
    for (unsigned i = 0; i < count; i++) {
        unsigned p = first + i;
        if (own_limb(ev, limbs, j, p)) continue;
        bf_span_convert(up, p < begin ? p : p - own, buffer, in, overflow, len);
        bf_ntt_forward_block(ctx->ring, bf_ks_modulus(ev, limbs, p), out[i],
                             buffer, block);
    }
}

/* Row levels of every digit at one position, and the caller's callbacks;
 * digit[d] is in tmp, except for own limbs. */
static void position_rows(bf_eval *ev, const bf_ks_source *src,
                          const bf_ks_work *work, unsigned position,
                          double *const *digit, double *scratch)
{
    unsigned limbs = src->limbs;
    unsigned digits = bf_params_digits(&ev->ctx->params, limbs);
    size_t n = bf_eval_n(ev);
    const double *x[BF_KS_DIGITS_MAX];
    bf_ks_piece piece = {src, position, bf_ks_modulus(ev, limbs, position), 0,
                         BF_ROW_LEN, x};
    for (size_t row = 0; row * BF_ROW_LEN < n; row++) {
        piece.first = row * BF_ROW_LEN;
        for (unsigned d = 0; d < src->polys * digits; d++) {
            if (own_limb(ev, limbs, d % digits, position)) {
                x[d] = src->eval[d / digits][position] + piece.first;
                continue;
            }
            bf_ntt_forward_row(ev->ctx->ring, piece.modulus, digit[d], row);
            x[d] = digit[d] + piece.first;
        }
        if (work->row) work->row(work->user, &piece, scratch);
    }
    if (!work->whole) return;
    for (unsigned d = 0; d < src->polys * digits; d++) x[d] -= piece.first;
    piece.first = 0;
    piece.len = n;
    work->whole(work->user, &piece, scratch);
}

/* Number of positions whose digits are computed together: they share one read
 * of a block's sources, at most a few hundred kB. */
enum { BATCH = 4 };

typedef struct positions_job {
    bf_eval *ev;
    const bf_ks_source *src;
    const bf_ks_work *work;
    unsigned positions, batches;
    unsigned digits; /* of all polynomials */
} positions_job;

static void batch(const positions_job *job, unsigned first, unsigned count,
                  double *tmp)
{
    bf_eval *ev = job->ev;
    const bf_ks_source *src = job->src;
    unsigned all = job->digits, digits = all / src->polys;
    size_t n = bf_eval_n(ev), len = bf_ring_block_len(ev->ctx->ring);
    double *digit[BATCH][BF_KS_DIGITS_MAX];
    for (unsigned i = 0; i < count; i++)
        for (unsigned d = 0; d < all; d++)
            digit[i][d] = tmp + (i * all + d) * n;
    for (unsigned d = 0; d < all; d++) {
        double *out[BATCH];
        for (unsigned i = 0; i < count; i++) out[i] = digit[i][d];
        for (size_t block = 0; block * len < n; block++)
            digit_block(ev, src, d / digits, d % digits, first, count, block,
                        out);
    }
    for (unsigned i = 0; i < count; i++)
        position_rows(ev, src, job->work, first + i, digit[i],
                      tmp + BATCH * all * n);
}

/* Special primes come first: no digit has an own limb at a special prime, so
 * these positions take longest and should not run last on one thread. */
static bf_status positions_piece(void *user, size_t i)
{
    const positions_job *job = user;
    unsigned last = job->batches - 1 - (unsigned)i;
    unsigned first = bf_batch_first(job->positions, job->batches, last);
    unsigned end = bf_batch_first(job->positions, job->batches, last + 1);
    size_t limbs = (size_t)BATCH * job->digits + job->work->scratch;
    double *tmp = bf_eval_scratch(job->ev, limbs);
    if (!tmp) return BF_ERR_MEMORY;
    batch(job, first, end - first, tmp);
    bf_eval_scratch_give(job->ev, tmp, limbs);
    return BF_OK;
}

bf_status bf_ks_for_positions(bf_eval *ev, const bf_ks_source *src,
                              const bf_ks_work *work)
{
    unsigned positions = bf_ks_positions(ev, src->limbs);
    positions_job job = {
        .ev = ev, .src = src, .work = work, .positions = positions,
        .batches = bf_batch_count(positions, BATCH),
        .digits =
            src->polys * bf_params_digits(&ev->ctx->params, src->limbs)};
    return bf_parallel_for(job.batches, false, positions_piece, &job);
}

void bf_ks_inner(bf_eval *ev, const bf_ks_piece *piece,
                 const bf_switch_key *const *keys, double *o0, double *o1)
{
    const bf_context *ctx = ev->ctx;
    const bf_ks_source *src = piece->src;
    unsigned limbs = src->limbs, digits = bf_params_digits(&ctx->params, limbs);
    unsigned p = piece->position, all = src->polys * digits;
    const double *b[BF_KS_DIGITS_MAX], *a[BF_KS_DIGITS_MAX];
    for (unsigned d = 0; d < all; d++) {
        const bf_switch_key *key = keys[d / digits];
        unsigned row = p < limbs ? p : key->limbs + p - limbs;
        b[d] = bf_switch_key_limb(key, d % digits, row, 0, ctx->ring->n,
                                  ctx->params.n_p) +
               piece->first;
        a[d] = b[d] + ctx->ring->n;
    }
    bf_span_dot2(ctx->ring, piece->modulus, o0, o1, piece->x, b, a, all,
                 piece->len);
}

void bf_ks_lift_add(bf_eval *ev, const bf_ks_piece *piece, double *o,
                    const bf_ct *ct, unsigned poly)
{
    if (piece->position >= ct->limbs) return;
    const double *x = bf_ct_limb(ct, poly, piece->position, bf_eval_n(ev));
    bf_span_mul_const_add(ev->ctx->ring, piece->modulus, o, x + piece->first,
                          ev->p_mul[piece->position], piece->len);
}

/* ---- one polynomial into the key's secret -------------------------------- */

typedef struct switch_job {
    bf_eval *ev;
    const bf_ct *a;
    const bf_switch_key *key;
    double *acc;
} switch_job;

static void switch_row(void *user, const bf_ks_piece *piece, double *scratch)
{
    const switch_job *job = user;
    double *o[2];
    (void)scratch;
    for (unsigned k = 0; k < 2; k++)
        o[k] = bf_ks_acc(job->ev, job->acc, piece->position, k) + piece->first;
    bf_ks_inner(job->ev, piece, &job->key, o[0], o[1]);
    for (unsigned k = 0; k < piece->src->first; k++)
        bf_ks_lift_add(job->ev, piece, o[k], job->a, k);
}

bf_status bf_ks_switch(bf_eval *ev, bf_ct *res, const bf_ct *a, unsigned poly,
                       const bf_switch_key *key, bool rescale)
{
    size_t acc_limbs = 2 * (size_t)bf_ks_positions(ev, a->limbs);
    switch_job job = {ev, a, key, bf_eval_scratch(ev, acc_limbs)};
    bf_ks_work work = {.row = switch_row, .user = &job};
    bf_ks_source src;
    if (!job.acc) return BF_ERR_MEMORY;
    bf_status status = bf_ks_open(ev, &src, a, poly, 1);
    if (status == BF_OK) {
        status = bf_ks_for_positions(ev, &src, &work);
        bf_ks_close(ev, &src);
    }
    if (status == BF_OK)
        status = bf_ks_mod_down(ev, job.acc, a->limbs, rescale, res, NULL);
    bf_eval_scratch_give(ev, job.acc, acc_limbs);
    return status;
}
