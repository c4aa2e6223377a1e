/* Numbers to plaintexts and back ([CKKS17] section 3).
 *
 * Rounding adds to each coefficient an error uniform in [-1/2, 1/2]; N of them
 * give each slot an error of standard deviation sqrt(N/12)/scale (sqrt(count/6)
 * for a vector of `count` values repeated, whose coefficients are 2*count).
 * Double precision adds about 2^-52 * log2(N) relative to the largest slot. */
#include <math.h>

#include "base/maximum.h"
#include "ckks/internal.h"

static bf_status check_scale(double scale)
{
    if (!(scale > 0) || isinf(scale))
        return bf_fail(BF_ERR_ARGUMENT, "encoding scale %g", scale);
    return BF_OK;
}

static bf_status check_slot_count(const bf_context *ctx, size_t count)
{
    size_t slots = ctx->ring->n / 2;
    if (count < 1 || count > slots || (count & (count - 1)) != 0)
        return bf_fail(BF_ERR_ARGUMENT, "%zu values to encode: must be a power "
                       "of two up to %zu", count, slots);
    return BF_OK;
}

/* Q/2 over `limbs` limbs, or infinity when above the range of a double. */
static double half_modulus(const bf_params *p, unsigned limbs)
{
    long double product = 0.5L;
    for (unsigned i = 0; i < limbs; i++) product *= (long double)p->q[i];
    return (double)product;
}

/* x -> round(x * factor). False if a result is not below `limit` in absolute
 * value, or not a number. */
static bool scale_and_round(double *x, size_t n, double factor, double limit)
{
    unsigned bad = 0;
    for (size_t k = 0; k < n; k++) {
        x[k] = rint(x[k] * factor);
        bad |= !(fabs(x[k]) < limit);
    }
    return !bad;
}

/* x_k -> coefficient k*stride, the others zero, in place. */
static void spread(double *x, size_t count, size_t stride)
{
    if (stride == 1) return;
    for (size_t k = count; k-- > 0;) {
        double v = x[k];
        memset(x + k * stride, 0, stride * sizeof(double));
        x[k * stride] = v;
    }
}

static bf_status range_error(size_t count, double scale, double limit)
{
    return bf_fail(BF_ERR_RANGE, "encoding %zu values at scale 2^%.1f: one is "
                   "not a number, or a coefficient reaches half the modulus, "
                   "2^%.1f", count, log2(scale), log2(limit));
}

typedef struct residues_job {
    bf_pt *out;
    const double *coeffs;
} residues_job;

static void residues_limb(void *user, size_t m)
{
    const residues_job *job = user;
    const bf_ring *ring = job->out->ctx->ring;
    double *limb = job->out->data + m * ring->n;
    bf_limb_from_double(ring, (unsigned)m, limb, job->coeffs);
    bf_ntt_forward(ring, (unsigned)m, limb);
}

double bf_embedding_noise(const bf_pt *pt)
{
    return 0x1p-52 * pt->bound * pt->scale / sqrt((double)pt->ctx->ring->n);
}

/* Integer coefficients[N] -> plaintext. */
static bf_status plaintext_of(bf_pt *out, const bf_context *ctx,
                              const double *coeffs, size_t nonzero,
                              double scale, double bound, unsigned limbs)
{
    BF_TRY(bf_pt_reserve(out, ctx, limbs, out->secret));
    out->scale = scale;
    out->bound = bound;
    out->noise = sqrt((double)nonzero / (double)ctx->ring->n / 12);
    residues_job job = {out, coeffs};
    bf_parallel(limbs, residues_limb, &job);
    return BF_OK;
}

/* work[N] holds count real, then count imaginary parts of the slots. */
static bf_status encode_split(bf_pt *out, const bf_context *ctx, double *work,
                              size_t count, double scale, unsigned limbs)
{
    double largest = 0;
    for (size_t j = 0; j < count; j++) {
        double re = work[j], im = work[count + j];
        largest = bf_max(largest, re * re + im * im);
    }
    unsigned log_count = (unsigned)__builtin_ctzll(count);
    BF_TRY(bf_embed_split_inverse(work, work + count, log_count));
    double limit = half_modulus(&ctx->params, limbs);
    if (!scale_and_round(work, 2 * count, scale / (double)count, limit))
        return range_error(count, scale, limit);
    spread(work, 2 * count, ctx->ring->n / (2 * count));
    return plaintext_of(out, ctx, work, 2 * count, scale, sqrt(largest),
                        limbs);
}

bf_status bf_encode_slots(bf_pt *out, const bf_context *ctx,
                          const double complex *values, size_t count,
                          double scale, unsigned limbs)
{
    BF_TRY(bf_context_check_limbs(ctx, limbs));
    BF_TRY(check_scale(scale));
    BF_TRY(check_slot_count(ctx, count));
    double *work = bf_secret_alloc(ctx->ring->n * sizeof(double));
    if (!work) return BF_ERR_MEMORY;
    for (size_t j = 0; j < count; j++) {
        work[j] = creal(values[j]);
        work[count + j] = cimag(values[j]);
    }
    bf_status status = encode_split(out, ctx, work, count, scale, limbs);
    bf_secret_free(work);
    return status;
}

bf_status bf_encode_real(bf_pt *out, const bf_context *ctx,
                         const double *values, size_t count, double scale,
                         unsigned limbs)
{
    BF_TRY(bf_context_check_limbs(ctx, limbs));
    BF_TRY(check_scale(scale));
    BF_TRY(check_slot_count(ctx, count));
    double *work = bf_secret_alloc(ctx->ring->n * sizeof(double));
    if (!work) return BF_ERR_MEMORY;
    memcpy(work, values, count * sizeof(double));
    memset(work + count, 0, count * sizeof(double));
    bf_status status = encode_split(out, ctx, work, count, scale, limbs);
    bf_secret_free(work);
    return status;
}

/* Largest |slot| of the polynomial with these coefficients. */
static bf_status largest_slot(double *bound, const double *coeffs,
                              unsigned log_n)
{
    size_t half = (size_t)1 << (log_n - 1);
    double complex *slots = bf_secret_alloc(half * sizeof *slots);
    if (!slots) return BF_ERR_MEMORY;
    bf_status status = bf_embed_forward(slots, coeffs, log_n);
    double largest = 0;
    for (size_t j = 0; status == BF_OK && j < half; j++)
        largest = bf_max(largest, cabs(slots[j]));
    *bound = largest;
    bf_secret_free(slots);
    return status;
}

bf_status bf_encode_coeffs(bf_pt *out, const bf_context *ctx,
                           const double *coeffs, size_t count, double scale,
                           unsigned limbs)
{
    BF_TRY(bf_context_check_limbs(ctx, limbs));
    BF_TRY(check_scale(scale));
    size_t n = ctx->ring->n;
    if (count > n)
        return bf_fail(BF_ERR_ARGUMENT, "%zu coefficients to encode: the ring "
                       "has %zu", count, n);
    double *work = bf_secret_alloc(n * sizeof(double));
    if (!work) return BF_ERR_MEMORY;
    memcpy(work, coeffs, count * sizeof(double));
    memset(work + count, 0, (n - count) * sizeof(double));
    double bound, limit = half_modulus(&ctx->params, limbs);
    bf_status status;
    BF_GOTO(largest_slot(&bound, work, ctx->params.log_n), done);
    if (!scale_and_round(work, count, scale, limit))
        status = range_error(count, scale, limit);
    else
        status = plaintext_of(out, ctx, work, count, scale, bound, limbs);
done:
    bf_secret_free(work);
    return status;
}

typedef struct decode_job {
    const bf_pt *pt;
    double *x, *tmp; /* [limbs][N] each */
    unsigned digit;  /* of mixed_radix, at hand */
    double *out;
} decode_job;

static void decode_limb(void *user, size_t m)
{
    const decode_job *job = user;
    const bf_ring *ring = job->pt->ctx->ring;
    bf_ntt_inverse(ring, (unsigned)m, job->x + m * ring->n);
}

/* Subtracts the current digit from one of the limbs above. */
static void take_digit(void *user, size_t above)
{
    const decode_job *job = user;
    const bf_ring *ring = job->pt->ctx->ring;
    const uint64_t *q = job->pt->ctx->params.q;
    size_t n = ring->n;
    unsigned j = job->digit, i = j + 1 + (unsigned)above;
    double *x = job->x + i * n, *tmp = job->tmp + i * n;
    bf_mulc inv = bf_mulc_make(bf_mod_inv(q[j] % q[i], q[i]), q[i]);
    bf_limb_reduce(ring, i, tmp, job->x + j * n);
    bf_limb_sub_mul_const(ring, i, x, x, tmp, inv);
}

/* Replaces residues x[limbs][N] by the centred mixed radix digits v of their
 * integer, v_0 + q_0 (v_1 + q_1 (v_2 + ...)), |v_i| <= q_i/2 ([Garner59]). As
 * every q_i is odd, digits in that range express each integer of absolute
 * value at most (Q-1)/2 once, so a small integer has zeros at the top and is
 * recovered exactly. */
static void mixed_radix(decode_job *job)
{
    unsigned limbs = job->pt->limbs;
    /* The other limbs are centred when take_digit subtracts digits. */
    bf_limb_reduce(job->pt->ctx->ring, 0, job->x, job->x);
    for (job->digit = 0; job->digit + 1 < limbs; job->digit++)
        bf_parallel(limbs - 1 - job->digit, take_digit, job);
}

/* Coefficients that one piece evaluates; N is a multiple. */
enum { RUN = 1024 };

static void evaluate_run(void *user, size_t run)
{
    const decode_job *job = user;
    const bf_pt *pt = job->pt;
    size_t n = pt->ctx->ring->n;
    for (size_t k = run * RUN; k < (run + 1) * RUN; k++) {
        long double v = (long double)job->x[(pt->limbs - 1) * n + k];
        for (unsigned i = pt->limbs - 1; i-- > 0;)
            v = v * (long double)pt->ctx->params.q[i] +
                (long double)job->x[i * n + k];
        job->out[k] = (double)(v / (long double)pt->scale);
    }
}

bf_status bf_decode_coeffs(double *out, const bf_pt *pt)
{
    if (!pt->data)
        return bf_fail(BF_ERR_ARGUMENT, "decoding a plaintext without data");
    size_t n = pt->ctx->ring->n, words = pt->limbs * n;
    double *x = bf_secret_alloc(2 * words * sizeof(double));
    if (!x) return BF_ERR_MEMORY;
    memcpy(x, pt->data, words * sizeof(double));
    decode_job job = {pt, x, x + words, 0, out};
    bf_parallel(pt->limbs, decode_limb, &job);
    mixed_radix(&job);
    bf_parallel(n / RUN, evaluate_run, &job);
    bf_secret_free(x);
    return BF_OK;
}

bf_status bf_decode_slots(double complex *out, const bf_pt *pt)
{
    if (!pt->data)
        return bf_fail(BF_ERR_ARGUMENT, "decoding a plaintext without data");
    double *coeffs = bf_secret_alloc(pt->ctx->ring->n * sizeof(double));
    if (!coeffs) return BF_ERR_MEMORY;
    bf_status status = bf_decode_coeffs(coeffs, pt);
    if (status == BF_OK)
        status = bf_embed_forward(out, coeffs, pt->ctx->params.log_n);
    bf_secret_free(coeffs);
    return status;
}
