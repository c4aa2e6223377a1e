#include <math.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "ckks/internal.h"

/* The hash covers the numbers and this text: scheme, secret, noise. */
static const char scheme[] = "blindfit-ckks-1/ternary/cbd21";

static bf_status check_shape(const bf_params *p)
{
    if (p->log_n < BF_LOG_N_MIN || p->log_n > BF_LOG_N_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "ring degree 2^%u: must be 2^%d to "
                       "2^%d", p->log_n, BF_LOG_N_MIN, BF_LOG_N_MAX);
    if (p->n_q < 1 || p->n_q > BF_MAX_Q || p->n_p < 1 || p->n_p > BF_MAX_P)
        return bf_fail(BF_ERR_ARGUMENT, "%u ciphertext and %u special primes: "
                       "must be 1 to %d and 1 to %d", p->n_q, p->n_p, BF_MAX_Q,
                       BF_MAX_P);
    if (p->digit_limbs < 1 || p->digit_limbs > p->n_q)
        return bf_fail(BF_ERR_ARGUMENT,
                       "key-switching digits of %u limbs: must "
                       "be 1 to %u",
                       p->digit_limbs, p->n_q);
    return BF_OK;
}

/* The noise of a key switch is that of the key times digit/P, so every digit
 * must lie below P. Products are compared by their logarithms with 64 bits,
 * which separate any two distinct products of primes = 1 mod 2N. */
static bf_status check_digits(const bf_params *p)
{
    long double special = 0;
    for (unsigned k = 0; k < p->n_p; k++)
        special += log2l((long double)p->p[k]);
    for (unsigned first = 0; first < p->n_q; first += p->digit_limbs) {
        long double digit = 0;
        for (unsigned i = first; i < first + p->digit_limbs && i < p->n_q; i++)
            digit += log2l((long double)p->q[i]);
        if (!(special > digit))
            return bf_fail(BF_ERR_ARGUMENT, "the special primes multiply to "
                           "2^%.3Lf, not above the digit from limb %u, 2^%.3Lf",
                           special, first, digit);
    }
    return BF_OK;
}

static bf_status check_security(const bf_params *p)
{
    if (p->insecure) return BF_OK;
    double log2_qp = bf_params_log2_q(p, p->n_q) + bf_params_log2_p(p);
    return bf_security_check(p->log_n, log2_qp, 0);
}

void bf_params_hash(const bf_params *p, uint8_t out[BF_HASH_BYTES])
{
    uint8_t text[sizeof scheme + 16 + 8 * (BF_MAX_Q + BF_MAX_P)];
    memcpy(text, scheme, sizeof scheme);
    uint8_t *at = text + sizeof scheme;
    const unsigned counts[] = {p->log_n, p->n_q, p->n_p, p->digit_limbs};
    for (unsigned i = 0; i < 4; i++, at += 4) bf_put_u32(at, counts[i]);
    for (unsigned i = 0; i < p->n_q; i++, at += 8) bf_put_u64(at, p->q[i]);
    for (unsigned k = 0; k < p->n_p; k++, at += 8) bf_put_u64(at, p->p[k]);
    bf_hash(text, (size_t)(at - text), out);
}

static bf_status create_ring(bf_context *ctx, bf_backend backend)
{
    const bf_params *p = &ctx->params;
    uint64_t primes[BF_MAX_Q + BF_MAX_P];
    memcpy(primes, p->q, p->n_q * sizeof *primes);
    memcpy(primes + p->n_q, p->p, p->n_p * sizeof *primes);
    return bf_ring_create(&ctx->ring, p->log_n, primes, p->n_q + p->n_p,
                          backend);
}

static bf_status create_constants(bf_context *ctx)
{
    const bf_params *p = &ctx->params;
    unsigned n_q = p->n_q;
    ctx->p_inv_mod_q = bf_alloc(n_q * sizeof *ctx->p_inv_mod_q);
    ctx->p_mod_q = bf_alloc(n_q * sizeof *ctx->p_mod_q);
    ctx->q_inv_mod_q = bf_alloc_zero(n_q * n_q * sizeof *ctx->q_inv_mod_q);
    if (!ctx->p_inv_mod_q || !ctx->p_mod_q || !ctx->q_inv_mod_q)
        return BF_ERR_MEMORY;
    for (unsigned i = 0; i < n_q; i++) {
        uint64_t q = p->q[i], special = 1;
        for (unsigned k = 0; k < p->n_p; k++)
            special = bf_mod_mul(special, p->p[k] % q, q);
        ctx->p_mod_q[i] = special;
        ctx->p_inv_mod_q[i] = bf_mulc_make(bf_mod_inv(special, q), q);
        for (unsigned last = i + 1; last < n_q; last++) {
            uint64_t inv = bf_mod_inv(p->q[last] % q, q);
            ctx->q_inv_mod_q[last * n_q + i] = bf_mulc_make(inv, q);
        }
    }
    return BF_OK;
}

static bf_status create_up(bf_context *ctx, unsigned limbs, unsigned digit)
{
    const bf_params *p = &ctx->params;
    unsigned src[BF_MAX_Q], dst[BF_MAX_Q + BF_MAX_P], k = 0, dsts = 0;
    unsigned first = digit * p->digit_limbs;
    for (unsigned i = 0; i < limbs; i++) {
        if (i >= first && i < first + p->digit_limbs)
            src[k++] = i;
        else
            dst[dsts++] = i;
    }
    for (unsigned i = 0; i < p->n_p; i++) dst[dsts++] = p->n_q + i;
    size_t slot = (size_t)(limbs - 1) * ctx->dnum + digit;
    return bf_convert_create(&ctx->convert_up[slot], ctx->ring, src, k, dst,
                             dsts);
}

static bf_status create_conversions(bf_context *ctx)
{
    const bf_params *p = &ctx->params;
    ctx->convert_up =
        bf_alloc_zero((size_t)p->n_q * ctx->dnum * sizeof *ctx->convert_up);
    if (!ctx->convert_up) return BF_ERR_MEMORY;
    for (unsigned limbs = 1; limbs <= p->n_q; limbs++) {
        for (unsigned d = 0; d < bf_params_digits(p, limbs); d++)
            BF_TRY(create_up(ctx, limbs, d));
    }
    unsigned src[BF_MAX_P], dst[BF_MAX_Q];
    for (unsigned k = 0; k < p->n_p; k++) src[k] = p->n_q + k;
    for (unsigned i = 0; i < p->n_q; i++) dst[i] = i;
    return bf_convert_create(&ctx->convert_down, ctx->ring, src, p->n_p, dst,
                             p->n_q);
}

static bf_status create_bare(bf_context **out, const bf_params *params)
{
    BF_TRY(check_shape(params));
    BF_TRY(check_digits(params));
    BF_TRY(check_security(params));
    BF_TRY(bf_random_init());
    bf_context *ctx = bf_alloc_zero(sizeof *ctx);
    if (!ctx) return BF_ERR_MEMORY;
    ctx->params = *params;
    ctx->owners = 1;
    ctx->dnum = bf_params_digits(params, params->n_q);
    bf_params_hash(params, ctx->hash);
    *out = ctx;
    return BF_OK;
}

bf_status bf_context_create_symbolic(bf_context **out, const bf_params *params)
{
    bf_context *ctx;
    BF_TRY(create_bare(&ctx, params));
    ctx->ring = bf_alloc_zero(sizeof *ctx->ring);
    if (!ctx->ring) {
        bf_context_destroy(ctx);
        return BF_ERR_MEMORY;
    }
    ctx->ring->log_n = params->log_n;
    ctx->ring->n = (size_t)1 << params->log_n;
    *out = ctx;
    return BF_OK;
}

bf_status bf_context_create(bf_context **out, const bf_params *params,
                            bf_backend backend)
{
    bf_context *ctx;
    BF_TRY(create_bare(&ctx, params));
    bf_status status;
    BF_GOTO(create_ring(ctx, backend), failed);
    BF_GOTO(create_constants(ctx), failed);
    BF_GOTO(create_conversions(ctx), failed);
    *out = ctx;
    return BF_OK;
failed:
    bf_context_destroy(ctx);
    return status;
}

void bf_context_destroy(bf_context *ctx)
{
    if (!ctx) return;
    size_t ups = (size_t)ctx->params.n_q * ctx->dnum;
    for (size_t i = 0; ctx->convert_up && i < ups; i++)
        bf_convert_destroy(ctx->convert_up[i]);
    bf_free(ctx->convert_up);
    bf_convert_destroy(ctx->convert_down);
    bf_free(ctx->p_inv_mod_q);
    bf_free(ctx->p_mod_q);
    bf_free(ctx->q_inv_mod_q);
    bf_ring_destroy(ctx->ring);
    bf_free(ctx);
}

void bf_context_set_owners(bf_context *ctx, unsigned owners)
{
    ctx->owners = owners;
}

const bf_params *bf_context_params(const bf_context *ctx)
{
    return &ctx->params;
}

const bf_ring *bf_context_ring(const bf_context *ctx)
{
    return ctx->ring;
}

const uint8_t *bf_context_hash(const bf_context *ctx)
{
    return ctx->hash;
}

/* 5 has order N/2 modulo 2N, so r counts modulo N/2, the number of slots. */
uint32_t bf_galois_rotation(const bf_context *ctx, int r)
{
    int64_t slots = (int64_t)(ctx->ring->n / 2);
    uint64_t e = (uint64_t)((r % slots + slots) % slots);
    uint64_t mask = 2 * (uint64_t)ctx->ring->n - 1, power = 1, base = 5;
    for (; e; e >>= 1) {
        if (e & 1) power = power * base & mask;
        base = base * base & mask;
    }
    return (uint32_t)power;
}

uint32_t bf_galois_conjugation(const bf_context *ctx)
{
    return (uint32_t)(2 * ctx->ring->n - 1);
}

void bf_expand_a(const bf_context *ctx, const uint8_t seed[BF_SEED_BYTES],
                 uint64_t seed_index, unsigned digit, unsigned modulus,
                 double *out)
{
    bf_stream s;
    bf_stream_init(&s, seed, "blindfit-a", seed_index,
                   ((uint64_t)digit << 16) + modulus);
    bf_limb_uniform(ctx->ring, modulus, out, &s);
}
