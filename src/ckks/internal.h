/* What the ckks/ files share among themselves. */
#ifndef BF_CKKS_INTERNAL_H
#define BF_CKKS_INTERNAL_H

#include "ckks/ckks.h"

struct bf_context {
    bf_params params;
    bf_ring *ring; /* moduli q_0..q_{n_q-1}, p_0..p_{n_p-1} */
    uint8_t hash[BF_HASH_BYTES];
    unsigned dnum; /* ceil(n_q / digit_limbs) */
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

/* Digits in use at `limbs` limbs. */
static inline unsigned bf_context_digits(const bf_context *ctx, unsigned limbs)
{
    return (limbs + ctx->params.digit_limbs - 1) / ctx->params.digit_limbs;
}

#endif
