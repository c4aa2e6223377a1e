#include "ckks/internal.h"

bf_status bf_context_check_limbs(const bf_context *ctx, unsigned limbs)
{
    if (limbs < 1 || limbs > ctx->params.n_q)
        return bf_fail(BF_ERR_ARGUMENT, "%u limbs: the modulus chain has 1 to "
                       "%u", limbs, ctx->params.n_q);
    return BF_OK;
}

void bf_pt_clear(bf_pt *pt)
{
    if (pt->secret)
        bf_secret_free(pt->data);
    else
        bf_free(pt->data);
    *pt = (bf_pt){.secret = pt->secret};
}

void bf_ct_clear(bf_ct *ct)
{
    bf_free(ct->data);
    *ct = (bf_ct){0};
}

bf_status bf_pt_init(bf_pt *pt, const bf_context *ctx, unsigned limbs)
{
    bf_pt fresh = {0};
    BF_TRY(bf_pt_reserve(&fresh, ctx, limbs, false));
    *pt = fresh;
    return BF_OK;
}

bf_status bf_ct_init(bf_ct *ct, const bf_context *ctx, unsigned limbs,
                     unsigned polys)
{
    BF_TRY(bf_context_check_limbs(ctx, limbs));
    if (polys < 2 || polys > 3)
        return bf_fail(BF_ERR_ARGUMENT, "a ciphertext of %u polynomials: 2 or "
                       "3", polys);
    size_t bytes = (size_t)limbs * polys * ctx->ring->n * sizeof(double);
    double *data = bf_alloc(bytes);
    if (!data) return BF_ERR_MEMORY;
    *ct = (bf_ct){.ctx = ctx, .limbs = limbs, .polys = polys, .scale = 1,
                  .data = data, .bytes = bytes};
    return BF_OK;
}

bf_status bf_pt_reserve(bf_pt *pt, const bf_context *ctx, unsigned limbs,
                        bool secret)
{
    BF_TRY(bf_context_check_limbs(ctx, limbs));
    if (pt->data && pt->ctx == ctx && pt->limbs == limbs &&
        pt->secret == secret)
        return BF_OK;
    size_t bytes = limbs * ctx->ring->n * sizeof(double);
    double *data = secret ? bf_secret_alloc(bytes) : bf_alloc(bytes);
    if (!data) return BF_ERR_MEMORY;
    bf_pt_clear(pt);
    *pt = (bf_pt){.ctx = ctx, .limbs = limbs, .scale = 1, .data = data,
                  .secret = secret};
    return BF_OK;
}

bf_status bf_ct_reserve(bf_ct *ct, const bf_context *ctx, unsigned limbs,
                        unsigned polys)
{
    if (ct->data && ct->ctx == ctx && ct->limbs == limbs &&
        ct->polys == polys)
        return BF_OK;
    bf_ct fresh;
    BF_TRY(bf_ct_init(&fresh, ctx, limbs, polys));
    bf_ct_clear(ct);
    *ct = fresh;
    return BF_OK;
}
