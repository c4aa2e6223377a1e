/* What the ckks/owner files share among themselves. */
#ifndef BF_CKKS_OWNER_INTERNAL_H
#define BF_CKKS_OWNER_INTERNAL_H

#include "ckks/internal.h"
#include "ckks/owner/owner.h"

struct bf_secret_key {
    const bf_context *ctx;
    unsigned weight; /* 0: uniform ternary */
    uint8_t id[BF_KEY_ID_BYTES];
    int8_t *coeffs; /* [N], secret memory */
    /* [modulus of the ring][N], secret memory: -s in evaluation form. Every
     * use subtracts a*s, so the sign saves a pass. */
    double *neg;
};

static inline const double *bf_secret_neg(const bf_secret_key *sk, unsigned m)
{
    return sk->neg + (size_t)m * sk->ctx->ring->n;
}

/* An empty key, its weight unchecked; and `neg` from `coeffs`. */
BF_MUST_CHECK bf_status bf_secret_allocate(bf_secret_key **out,
                                           const bf_context *ctx,
                                           unsigned weight);
void bf_secret_transform(bf_secret_key *sk);

/* s(X^k) as a secret of a ring k times as large; k = 1: s in another context.
 * What may be encrypted under it is checked with every key. */
BF_MUST_CHECK bf_status bf_secret_embed(bf_secret_key **out,
                                        const bf_secret_key *small,
                                        const bf_context *large);

/* BF_ERR_SECURITY unless something encrypted under sk modulo q_0..q_{limbs-1},
 * times P when `special`, is safe, or the parameters are `insecure`. */
BF_MUST_CHECK bf_status bf_secret_check_modulus(const bf_secret_key *sk,
                                                unsigned limbs, bool special);

#endif
