#include <math.h>

#include "ckks/owner/internal.h"

/* (e - a*s [+ m], a); m may be NULL. */
typedef struct zero_job {
    const bf_secret_key *sk;
    double *c0, *c1; /* limbs `step` doubles apart */
    size_t step;
    const int8_t *noise;
    const uint8_t *seed;
    const double *m;
} zero_job;

static void zero_limb(void *user, size_t index)
{
    const zero_job *job = user;
    const bf_ring *ring = job->sk->ctx->ring;
    unsigned i = (unsigned)index;
    double *c0 = job->c0 + i * job->step, *c1 = job->c1 + i * job->step;
    bf_expand_a(job->sk->ctx, job->seed, 0, 0, i, c1);
    bf_limb_from_i8(ring, i, c0, job->noise);
    bf_ntt_forward(ring, i, c0);
    if (job->m) bf_limb_add(ring, i, c0, c0, job->m + i * ring->n);
    bf_limb_mul_add(ring, i, c0, c1, bf_secret_neg(job->sk, i));
}

bf_status bf_encrypt_symmetric(bf_ct *out, const bf_secret_key *sk,
                               const bf_pt *m)
{
    if (!m->data)
        return bf_fail(BF_ERR_ARGUMENT, "encryption of an empty plaintext");
    if (!bf_context_same(sk->ctx, m->ctx))
        return bf_fail(BF_ERR_MISMATCH, "plaintext and secret key have "
                       "different parameters");
    BF_TRY(bf_secret_check_modulus(sk, m->limbs, false));
    size_t n = sk->ctx->ring->n;
    int8_t *noise = bf_secret_alloc(n);
    if (!noise) return BF_ERR_MEMORY;
    bf_status status;
    BF_GOTO(bf_ct_reserve(out, sk->ctx, m->limbs, 2), done);
    bf_sample_noise(noise, n);
    bf_random_bytes(out->seed, sizeof out->seed);
    out->seed_index = 0;
    out->seeded = true;
    out->scale = m->scale;
    out->bound = m->bound;
    out->noise = hypot(sqrt(BF_NOISE_SD * BF_NOISE_SD + 1.0 / 12),
                       bf_embedding_noise(m));
    zero_job job = {sk, bf_ct_limb(out, 0, 0, n), bf_ct_limb(out, 1, 0, n),
                    2 * n, noise, out->seed, m->data};
    bf_parallel(m->limbs, zero_limb, &job);
done:
    bf_secret_free(noise);
    return status;
}

bf_status bf_public_key_generate(bf_public_key *out, const bf_secret_key *sk)
{
    const bf_context *ctx = sk->ctx;
    unsigned limbs = ctx->params.n_q;
    BF_TRY(bf_secret_check_modulus(sk, limbs, false));
    size_t n = ctx->ring->n;
    int8_t *noise = bf_secret_alloc(n);
    double *data = bf_alloc(2 * limbs * n * sizeof(double));
    if (!noise || !data) {
        bf_secret_free(noise);
        bf_free(data);
        return BF_ERR_MEMORY;
    }
    uint8_t seed[BF_SEED_BYTES];
    bf_sample_noise(noise, n);
    bf_random_bytes(seed, sizeof seed);
    zero_job job = {sk, data, data + n, 2 * n, noise, seed, NULL};
    bf_parallel(limbs, zero_limb, &job);
    bf_secret_free(noise);
    bf_public_key_clear(out);
    *out = (bf_public_key){.ctx = ctx, .data = data};
    memcpy(out->key_id, sk->id, sizeof out->key_id);
    return BF_OK;
}
