#include <math.h>

#include "ckks/owner/internal.h"

static bf_status check_modulus(const bf_context *ctx, unsigned weight,
                               unsigned limbs, bool special)
{
    const bf_params *p = &ctx->params;
    if (p->insecure) return BF_OK;
    double log2_qp = bf_params_log2_q(p, limbs);
    if (special) log2_qp += bf_params_log2_p(p);
    return bf_security_check(p->log_n, log2_qp, weight);
}

bf_status bf_secret_check_modulus(const bf_secret_key *sk, unsigned limbs,
                                  bool special)
{
    return check_modulus(sk->ctx, sk->weight, limbs, special);
}

bf_status bf_secret_allocate(bf_secret_key **out, const bf_context *ctx,
                             unsigned weight)
{
    bf_secret_key *sk = bf_alloc_zero(sizeof *sk);
    if (!sk) return BF_ERR_MEMORY;
    size_t n = ctx->ring->n;
    sk->ctx = ctx;
    sk->weight = weight;
    sk->coeffs = bf_secret_alloc(n);
    sk->neg = bf_secret_alloc(ctx->ring->count * n * sizeof(double));
    if (!sk->coeffs || !sk->neg) {
        bf_secret_key_destroy(sk);
        return BF_ERR_MEMORY;
    }
    *out = sk;
    return BF_OK;
}

static void transform_limb(void *user, size_t index)
{
    bf_secret_key *sk = user;
    const bf_ring *ring = sk->ctx->ring;
    unsigned m = (unsigned)index;
    double *limb = sk->neg + m * ring->n;
    bf_limb_from_i8(ring, m, limb, sk->coeffs);
    bf_limb_neg(ring, m, limb, limb);
    bf_ntt_forward(ring, m, limb);
}

void bf_secret_transform(bf_secret_key *sk)
{
    bf_parallel(sk->ctx->ring->count, transform_limb, sk);
}

/* A weight that no modulus allows fails at allocation and not at first use. */
static bf_status allocate(bf_secret_key **out, const bf_context *ctx,
                          unsigned weight)
{
    BF_TRY(check_modulus(ctx, weight, 1, false));
    return bf_secret_allocate(out, ctx, weight);
}

bf_status bf_secret_key_generate(bf_secret_key **out, const bf_context *ctx,
                                 unsigned weight)
{
    bf_secret_key *sk;
    BF_TRY(allocate(&sk, ctx, weight));
    if (weight == 0) {
        bf_sample_ternary(sk->coeffs, ctx->ring->n);
    } else {
        bf_status status =
            bf_sample_sparse_ternary(sk->coeffs, ctx->ring->n, weight);
        if (status != BF_OK) {
            bf_secret_key_destroy(sk);
            return status;
        }
    }
    bf_random_bytes(sk->id, sizeof sk->id);
    bf_secret_transform(sk);
    *out = sk;
    return BF_OK;
}

bf_status bf_secret_key_derive(bf_secret_key **out, const bf_context *ctx,
                               const bf_secret_key *sk)
{
    uint8_t seed[BF_HASH_BYTES];
    bf_secret_key *made;
    bf_stream s;
    BF_TRY(allocate(&made, ctx, 0));
    bf_hash(sk->coeffs, sk->ctx->ring->n, seed);
    bf_stream_init(&s, seed, "blindfit-derived-secret", ctx->params.log_n, 0);
    bf_stream_ternary(&s, made->coeffs, ctx->ring->n);
    bf_stream_wipe(&s);
    bf_wipe(seed, sizeof seed);
    memcpy(made->id, sk->id, sizeof made->id);
    bf_secret_transform(made);
    *out = made;
    return BF_OK;
}

/* The range of Hamming weights of a key of this kind. A uniform draw has 2n/3
 * nonzero coefficients, variance 2n/9; a deviation of t sd has probability
 * below 2 exp(-2 (t sd)^2/n) = 2 exp(-4 t^2/9) ([Hoeffding63]): 2^-100.8 at t =
 * 12.6.
 */
static void plausible_weights(uint64_t *least, uint64_t *most, size_t n,
                              unsigned weight)
{
    *least = *most = weight;
    if (weight != 0) return;
    double mean = 2.0 / 3 * (double)n;
    double deviation = 12.6 * sqrt(2.0 / 9 * (double)n);
    *least = (uint64_t)ceil(fmax(0, mean - deviation));
    *most = (uint64_t)(mean + deviation);
}

/* True if the coefficients are a valid secret. Code branches on no other bit
 * that depends on them. */
static bool valid_coeffs(const int8_t *coeffs, size_t n, unsigned weight)
{
    uint64_t least, most, nonzero = 0, bad = 0; /* in the top bit */
    plausible_weights(&least, &most, n, weight);
    for (size_t i = 0; i < n; i++) {
        uint64_t shifted = (uint64_t)(coeffs[i] + 1); /* 0, 1 or 2 */
        bad |= shifted | (2 - shifted);
        nonzero += (shifted & 1) ^ 1;
    }
    bad |= (nonzero - least) | (most - nonzero);
    return bad >> 63 == 0;
}

bf_status bf_secret_key_import(bf_secret_key **out, const bf_context *ctx,
                               const int8_t *coeffs, unsigned weight,
                               const uint8_t id[BF_KEY_ID_BYTES])
{
    size_t n = ctx->ring->n;
    if (!valid_coeffs(coeffs, n, weight))
        return bf_fail(BF_ERR_FORMAT, "secret key: a coefficient is not "
                       "ternary, or their weight not that of its kind");
    bf_secret_key *sk;
    BF_TRY(allocate(&sk, ctx, weight));
    memcpy(sk->coeffs, coeffs, n);
    memcpy(sk->id, id, BF_KEY_ID_BYTES);
    bf_secret_transform(sk);
    *out = sk;
    return BF_OK;
}

void bf_secret_key_destroy(bf_secret_key *sk)
{
    if (!sk) return;
    bf_secret_free(sk->coeffs);
    bf_secret_free(sk->neg);
    bf_free(sk);
}

const uint8_t *bf_secret_key_id(const bf_secret_key *sk)
{
    return sk->id;
}

const bf_context *bf_secret_key_context(const bf_secret_key *sk)
{
    return sk->ctx;
}

unsigned bf_secret_key_weight(const bf_secret_key *sk)
{
    return sk->weight;
}

const int8_t *bf_secret_key_coeffs(const bf_secret_key *sk)
{
    return sk->coeffs;
}
