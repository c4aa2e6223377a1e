#include "ckks/owner/ring_switch_key.h"

#include "ckks/owner/internal.h"
#include "ckks/ringswitch.h"

bf_status bf_secret_embed(bf_secret_key **out, const bf_secret_key *small,
                          const bf_context *large)
{
    size_t n = small->ctx->ring->n, stride = large->ring->n / n;
    bf_secret_key *sk;
    BF_TRY(bf_secret_allocate(&sk, large, small->weight));
    memcpy(sk->id, small->id, sizeof sk->id);
    memset(sk->coeffs, 0, large->ring->n);
    for (size_t j = 0; j < n; j++) sk->coeffs[j * stride] = small->coeffs[j];
    bf_secret_transform(sk);
    *out = sk;
    return BF_OK;
}

static bf_key_name name_of(bf_key_use use, const bf_secret_key *small,
                           const bf_secret_key *large)
{
    size_t stride = large->ctx->ring->n / small->ctx->ring->n;
    return (bf_key_name){use, 0, (uint32_t)stride};
}

/* Checks a key under s(X^k) against the limit of the small ring. */
static bf_status check_under_small(const bf_secret_key *small,
                                   const bf_params *large, unsigned limbs)
{
    if (small->ctx->params.insecure) return BF_OK;
    double log2_qp = bf_params_log2_q(large, limbs) + bf_params_log2_p(large);
    bf_status status = bf_security_check(small->ctx->params.log_n, log2_qp,
                                         small->weight);
    if (status == BF_OK) return BF_OK;
    return bf_fail_in(status, "key into the ring of 2^%u at %u limbs",
                      small->ctx->params.log_n, limbs);
}

bf_status bf_ring_up_key_generate(bf_switch_key *out,
                                  const bf_secret_key *small,
                                  const bf_secret_key *large, unsigned limbs)
{
    bf_secret_key *embedded;
    BF_TRY(bf_ring_switch_check(small->ctx, large->ctx, limbs));
    BF_TRY(bf_secret_embed(&embedded, small, large->ctx));
    bf_status status = bf_switch_key_generate(out, embedded, large, limbs);
    if (status == BF_OK) out->name = name_of(BF_KEY_RING_UP, small, large);
    bf_secret_key_destroy(embedded);
    return status;
}

bf_status bf_ring_down_key_generate(bf_switch_key *out,
                                    const bf_secret_key *small,
                                    const bf_secret_key *large, unsigned limbs)
{
    bf_secret_key *embedded;
    BF_TRY(bf_ring_switch_check(small->ctx, large->ctx, limbs));
    BF_TRY(check_under_small(small, &large->ctx->params, limbs));
    BF_TRY(bf_secret_embed(&embedded, small, large->ctx));
    bf_status status = bf_switch_key_generate(out, large, embedded, limbs);
    if (status == BF_OK) out->name = name_of(BF_KEY_RING_DOWN, small, large);
    bf_secret_key_destroy(embedded);
    return status;
}
