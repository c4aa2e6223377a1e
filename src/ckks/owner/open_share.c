#include "ckks/owner/open_share.h"

#include "ckks/owner/internal.h"

static bf_status check(const bf_ct *ct, bf_places places)
{
    if (!ct->data || ct->polys != 2)
        return bf_fail(BF_ERR_ARGUMENT, "opening of an object of other than "
                                        "two polynomials");
    for (size_t i = 0; i < places.count; i++)
        if (places.at[i] >= ct->ctx->ring->n)
            return bf_fail(BF_ERR_ARGUMENT, "coefficient %u of a ring of %zu",
                           places.at[i], ct->ctx->ring->n);
    return BF_OK;
}

/* ---- a share ------------------------------------------------------------- */

typedef struct share_job {
    const bf_secret_key *s;
    const bf_ct *ct;
    bf_places places;
    const double *flood; /* [count] */
    double *x;           /* [limbs][N], secret memory */
    uint64_t *values;
} share_job;

static void share_limb(void *user, size_t index)
{
    const share_job *job = user;
    const bf_ring *ring = job->s->ctx->ring;
    unsigned m = (unsigned)index;
    size_t count = job->places.count;
    double *x = job->x + m * ring->n, *sum = x;
    int64_t q = (int64_t)ring->mod[m].value;
    bf_limb_mul(ring, m, x, bf_ct_limb(job->ct, 1, m, ring->n),
                bf_secret_neg(job->s, m));
    bf_ntt_inverse(ring, m, x);
    bf_limb_neg(ring, m, x, x);
    for (size_t i = 0; i < count; i++) sum[job->places.at[i]] += job->flood[i];
    bf_limb_reduce(ring, m, x, x);
    for (size_t i = 0; i < count; i++) {
        int64_t v = (int64_t)x[job->places.at[i]]; /* centred */
        job->values[m * count + i] = (uint64_t)(v + (q & (v >> 63)));
    }
}

bf_status bf_open_share(uint64_t *values, const bf_secret_key *s,
                        const bf_ct *ct, bf_places places, double sd)
{
    BF_TRY(check(ct, places));
    if (!bf_context_same(s->ctx, ct->ctx))
        return bf_fail(BF_ERR_MISMATCH, "ciphertext and secret key have "
                                        "different parameters");
    if (!(sd >= 1 && sd <= BF_OPEN_SD_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "a share with an error of %g", sd);
    BF_TRY(bf_secret_check_modulus(s, ct->limbs, false));
    size_t n = s->ctx->ring->n;
    double *x = bf_secret_alloc(ct->limbs * n * sizeof *x);
    double *flood = bf_secret_alloc(places.count * sizeof *flood);
    bf_status status = x && flood ? BF_OK : BF_ERR_MEMORY;
    if (status == BF_OK) {
        share_job job = {s, ct, places, flood, x, values};
        bf_sample_normal(flood, places.count, sd);
        bf_parallel(ct->limbs, share_limb, &job);
    }
    bf_secret_free(x);
    bf_secret_free(flood);
    return status;
}

/* ---- all of them --------------------------------------------------------- */

typedef struct combine_job {
    bf_pt *out;
    const bf_ct *ct;
    bf_places places;
    const uint64_t *const *shares;
    unsigned owners;
} combine_job;

static bf_status combine_limb(void *user, size_t index)
{
    const combine_job *job = user;
    const bf_ring *ring = job->ct->ctx->ring;
    unsigned m = (unsigned)index;
    size_t n = ring->n, count = job->places.count;
    uint64_t q = ring->mod[m].value;
    double *o = job->out->data + m * n;
    double *c0 = bf_alloc(n * sizeof *c0);
    if (!c0) return BF_ERR_MEMORY;
    memcpy(c0, bf_ct_limb(job->ct, 0, m, n), n * sizeof *c0);
    bf_ntt_inverse(ring, m, c0);
    memset(o, 0, n * sizeof *o);
    for (size_t i = 0; i < count; i++) {
        uint64_t sum = bf_uncentre(c0[job->places.at[i]], q);
        for (unsigned k = 0; k < job->owners; k++) {
            sum += job->shares[k][m * count + i];
            sum -= q & (0 - (uint64_t)(sum >= q));
        }
        o[job->places.at[i]] = bf_centre(sum, q);
    }
    bf_free(c0);
    bf_ntt_forward(ring, m, o);
    return BF_OK;
}

/* The only branch on the shares' secret values: whether all values are
 * residues. Values are below 2^63, so v - q is negative if and only if v < q.
 */
static bf_status check_values(const combine_job *job)
{
    const bf_params *p = &job->ct->ctx->params;
    size_t count = job->places.count;
    for (unsigned k = 0; k < job->owners; k++) {
        uint64_t below = 1;
        for (unsigned m = 0; m < job->ct->limbs; m++)
            for (size_t i = 0; i < count; i++) {
                uint64_t v = job->shares[k][m * count + i];
                below &= (v - p->q[m]) >> 63 & ~(v >> 63);
            }
        if (!below)
            return bf_fail(BF_ERR_FORMAT,
                           "opening share of owner %u: a value is no residue",
                           k);
    }
    return BF_OK;
}

bf_status bf_open_combine(bf_pt *out, const bf_ct *ct, bf_places places,
                          const uint64_t *const *shares, unsigned owners)
{
    combine_job job = {out, ct, places, shares, owners};
    BF_TRY(check(ct, places));
    BF_TRY(check_values(&job));
    BF_TRY(bf_pt_reserve(out, ct->ctx, ct->limbs, true));
    out->scale = ct->scale;
    out->bound = ct->bound;
    out->noise = ct->noise;
    return bf_parallel_for(ct->limbs, false, combine_limb, &job);
}
