#include "ckks/encrypt.h"

#include <math.h>

#include "ckks/internal.h"
#include "ckks/sample.h"

void bf_public_key_clear(bf_public_key *pk)
{
    bf_free(pk->data);
    *pk = (bf_public_key){0};
}

/* Small secrets of one encryption, N bytes each. */
typedef struct ephemeral {
    int8_t *u, *e0, *e1;
} ephemeral;

typedef struct encrypt_job {
    bf_ct *out;
    const bf_public_key *pk;
    const bf_pt *m;
    ephemeral small;
    double *scratch; /* [limbs][N], secret */
} encrypt_job;

static void encrypt_limb(void *user, size_t index)
{
    const encrypt_job *job = user;
    const bf_ring *ring = job->out->ctx->ring;
    size_t n = ring->n;
    unsigned i = (unsigned)index;
    const double *b = job->pk->data + 2 * i * n, *a = b + n;
    double *u = job->scratch + i * n;
    double *c0 = bf_ct_limb(job->out, 0, i, n);
    double *c1 = bf_ct_limb(job->out, 1, i, n);
    bf_limb_from_i8(ring, i, u, job->small.u);
    bf_limb_from_i8(ring, i, c0, job->small.e0);
    bf_limb_from_i8(ring, i, c1, job->small.e1);
    bf_ntt_forward(ring, i, u);
    bf_ntt_forward(ring, i, c0);
    bf_ntt_forward(ring, i, c1);
    bf_limb_mul_add(ring, i, c0, b, u);
    bf_limb_mul_add(ring, i, c1, a, u);
    bf_limb_add(ring, i, c0, c0, job->m->data + i * n);
}

/* With b + a s = e: c0 + c1 s - m = e u + e0 + e1 s. Each coefficient of e u is
 * a sum of N products of variances V = 21/2 and 2/3, and so is e1 s for a
 * uniform ternary s (a sparse s gives less): V (1 + 4N/3), and 1/12 for the
 * rounding of m. This is a mean over keys: slots where the key's e is large
 * have more noise, so that the tail over slots is that of products of normals.
 */
static double public_noise(size_t n)
{
    double v = BF_NOISE_SD * BF_NOISE_SD;
    return sqrt(v * (1 + 4.0 / 3 * (double)n) + 1.0 / 12);
}

bf_status bf_encrypt_public(bf_ct *out, const bf_public_key *pk, const bf_pt *m)
{
    if (!pk->data || !m->data)
        return bf_fail(BF_ERR_ARGUMENT,
                       "encryption of, or by, an empty object");
    if (!bf_context_same(pk->ctx, m->ctx))
        return bf_fail(BF_ERR_MISMATCH, "plaintext and public key have "
                       "different parameters");
    const bf_context *ctx = pk->ctx;
    size_t n = ctx->ring->n;
    int8_t *bytes = bf_secret_alloc(3 * n);
    double *scratch = bf_secret_alloc(m->limbs * n * sizeof(double));
    bf_status status = BF_ERR_MEMORY;
    if (!bytes || !scratch) goto done;
    BF_GOTO(bf_ct_reserve(out, ctx, m->limbs, 2), done);
    ephemeral small = {bytes, bytes + n, bytes + 2 * n};
    bf_sample_ternary(small.u, n);
    bf_sample_noise(small.e0, n);
    bf_sample_noise(small.e1, n);
    encrypt_job job = {out, pk, m, small, scratch};
    bf_parallel(m->limbs, encrypt_limb, &job);
    out->scale = m->scale;
    out->bound = m->bound;
    out->noise = hypot(public_noise(n), bf_embedding_noise(m));
    out->seeded = false;
done:
    bf_secret_free(scratch);
    bf_secret_free(bytes);
    return status;
}
