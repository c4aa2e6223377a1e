#include <omp.h>

#include "ckks/owner/internal.h"

/* c0 + c1 s + c2 s^2 by Horner's rule in -s. */
static void decrypt_limb(double *o, const bf_secret_key *sk, const bf_ct *ct,
                         unsigned i)
{
    const bf_ring *ring = sk->ctx->ring;
    const double *neg = bf_secret_neg(sk, i);
    const double *c0 = bf_ct_limb(ct, 0, i, ring->n);
    const double *c1 = bf_ct_limb(ct, 1, i, ring->n);
    if (ct->polys == 2) {
        bf_limb_mul(ring, i, o, c1, neg);
        bf_limb_sub(ring, i, o, c0, o);
        return;
    }
    bf_limb_mul(ring, i, o, bf_ct_limb(ct, 2, i, ring->n), neg);
    bf_limb_sub(ring, i, o, o, c1);
    bf_limb_mul(ring, i, o, o, neg);
    bf_limb_add(ring, i, o, o, c0);
}

bf_status bf_decrypt(bf_pt *out, const bf_secret_key *sk, const bf_ct *ct)
{
    if (!ct->data || ct->polys < 2 || ct->polys > 3)
        return bf_fail(BF_ERR_ARGUMENT, "decryption of %s",
                       ct->data ? "an object of other than 2 or 3 polynomials"
                                : "an empty ciphertext");
    if (!bf_context_same(sk->ctx, ct->ctx))
        return bf_fail(BF_ERR_MISMATCH, "ciphertext and secret key have "
                       "different parameters");
    BF_TRY(bf_pt_reserve(out, sk->ctx, ct->limbs, true));
    out->scale = ct->scale;
    out->bound = ct->bound;
    out->noise = ct->noise;
#pragma omp parallel for if (!omp_in_parallel())
    for (unsigned i = 0; i < ct->limbs; i++)
        decrypt_limb(out->data + i * sk->ctx->ring->n, sk, ct, i);
    return BF_OK;
}
