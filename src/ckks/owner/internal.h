/* Shared by the files of ckks/owner. */
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

/* Allocates an empty key and does not check the weight; computes `neg` from
 * `coeffs`. */
BF_MUST_CHECK bf_status bf_secret_allocate(bf_secret_key **out,
                                           const bf_context *ctx,
                                           unsigned weight);
void bf_secret_transform(bf_secret_key *sk);

/* s(X^k) as a secret of a ring k times as large; k = 1: s in another context.
 * Every key checks the modulus that its secret allows. */
BF_MUST_CHECK bf_status bf_secret_embed(bf_secret_key **out,
                                        const bf_secret_key *small,
                                        const bf_context *large);

/* BF_ERR_SECURITY unless something encrypted under sk modulo q_0..q_{limbs-1},
 * times P when `special`, is safe, or the parameters are `insecure`. */
BF_MUST_CHECK bf_status bf_secret_check_modulus(const bf_secret_key *sk,
                                                unsigned limbs, bool special);

/* The secrets of one key, with a limb for each modulus of the ring. */
typedef struct bf_secret_pair {
    const double *to;   /* -s_to in evaluation form */
    const double
        *from; /* s_from, or -s_from when from_negated; NULL for none */
    bool from_negated;
} bf_secret_pair;

/* Memory for secrets derived from s: one limb for each modulus. */
typedef struct bf_derived {
    uint32_t *perm;
    double *square, *image; /* secret memory */
} bf_derived;
BF_MUST_CHECK bf_status bf_derived_init(bf_derived *d, const bf_ring *ring);
void bf_derived_clear(bf_derived *d);
/* -phi_{1/g}(s) in evaluation form, in d->image; g = 1: sk's own. */
const double *bf_derived_image(bf_derived *d, const bf_secret_key *sk,
                               uint32_t g);

/* BF_ERR_ARGUMENT for a name that is no automorphism, or limbs beyond the
 * chain; BF_ERR_SECURITY for a modulus beyond the limit of the secret. */
BF_MUST_CHECK bf_status bf_key_check_galois(const bf_context *ctx,
                                            bf_key_name name);
BF_MUST_CHECK bf_status bf_key_check_limbs(const bf_secret_key *to,
                                           unsigned limbs);

/* BF_ERR_ARGUMENT for two keys of one name, which would share their a halves.
 */
BF_MUST_CHECK bf_status bf_keys_check_distinct(const bf_key_need *needs,
                                               size_t count);

/* A key of this name, its a halves from the seed, with fresh noise:
 * b = e - a s_to + P [modulus in digit] s_from. *out is left without data on
 * failure. */
BF_MUST_CHECK bf_status bf_key_make(bf_switch_key *out, const bf_context *ctx,
                                    bf_key_need need,
                                    const uint8_t seed[BF_SEED_BYTES],
                                    const bf_secret_pair *pair);
/* Undefined contents, of this name and seed. */
BF_MUST_CHECK bf_status bf_key_allocate(bf_switch_key *out,
                                        const bf_context *ctx,
                                        bf_key_need need);

#endif
