/* Shared by the files of ckks/. */
#ifndef BF_CKKS_INTERNAL_H
#define BF_CKKS_INTERNAL_H

#include <string.h>

#include "base/parallel.h"
#include "ckks/ckks.h"

struct bf_context {
    bf_params params;
    bf_ring *ring; /* moduli q_0..q_{n_q-1}, p_0..p_{n_p-1} */
    uint8_t hash[BF_HASH_BYTES];
    unsigned owners; /* bf_context_set_owners */
    unsigned dnum; /* key-switching digits at all limbs of q */
    /* ModUp: convert_up[limbs][digit], from the digit's limbs (cut at `limbs`)
     * to the other limbs below `limbs` and all special primes. */
    bf_convert **convert_up;
    /* ModDown from P to q_0..q_{n_q-1}. */
    bf_convert *convert_down;
    bf_mulc *p_inv_mod_q;  /* [n_q] P^{-1} mod q_i */
    uint64_t *p_mod_q;     /* [n_q] P mod q_i */
    bf_mulc *q_inv_mod_q;  /* [last*n_q + i] q_last^{-1} mod q_i, i < last */
};

static inline bf_convert *bf_context_up(const bf_context *ctx, unsigned limbs,
                                        unsigned digit)
{
    return ctx->convert_up[(size_t)(limbs - 1) * ctx->dnum + digit];
}

/* True when objects of a and b may be mixed: same primes and layout. */
static inline bool bf_context_same(const bf_context *a, const bf_context *b)
{
    return a == b || (a && b && !memcmp(a->hash, b->hash, BF_HASH_BYTES));
}

/* BF_ERR_ARGUMENT unless 1 <= limbs <= n_q. */
BF_MUST_CHECK bf_status bf_context_check_limbs(const bf_context *ctx,
                                               unsigned limbs);

/* As bf_ct_reserve. */
BF_MUST_CHECK bf_status bf_pt_reserve(bf_pt *pt, const bf_context *ctx,
                                      unsigned limbs, bool secret);

/* ckks/embed.c: the embedding on split arrays, n = 2^log_slots values, in
 * place. forward: polynomial c_0..c_{n-1} -> its values at zeta^{5^j}; inverse
 * the other way, times n. BF_ERR_MEMORY only. */
BF_MUST_CHECK bf_status bf_embed_split_forward(double *re, double *im,
                                               unsigned log_slots);
BF_MUST_CHECK bf_status bf_embed_split_inverse(double *re, double *im,
                                               unsigned log_slots);
/* Twiddles of the stage of length 2^s, 1 <= s <= BF_LOG_N_MAX - 1:
 * exp(2 pi i 5^j/(4 * 2^s)), j < 2^(s-1), real parts, then imaginary ones. Kept
 * for the life of the process; NULL when out of memory. */
const double *bf_embed_stage(unsigned s);

#endif
