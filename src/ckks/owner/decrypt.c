#include "ckks/owner/internal.h"

typedef struct decrypt_job {
    bf_pt *out;
    const bf_secret_key *sk;
    const bf_ct *ct;
} decrypt_job;

/* c0 + c1 s + c2 s^2 by Horner's rule in -s. */
static void decrypt_limb(void *user, size_t index)
{
    const decrypt_job *job = user;
    const bf_secret_key *sk = job->sk;
    const bf_ct *ct = job->ct;
    const bf_ring *ring = sk->ctx->ring;
    unsigned i = (unsigned)index;
    double *o = job->out->data + i * ring->n;
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
    decrypt_job job = {out, sk, ct};
    bf_parallel(ct->limbs, decrypt_limb, &job);
    return BF_OK;
}
