/* Additions, plaintext products, monomials, scale adjustment: operations that
 * need no key. Noise: an error with standard deviation e per coefficient has
 * e*sqrt(N) per slot, and so has the rounding of a plaintext; products multiply
 * by slot magnitudes. */
#include <math.h>
#include <string.h>

#include "ckks/eval_internal.h"

/* A factor of this size has a relative error of at most 2^-25 when rounded to
 * an integer. */
#define ADJUST_WHOLE 0x1p24
/* The part of a product's noise that its factor may add by being rounded, where
 * a prime is left for a more exact factor. */
#define ADJUST_PART 0.125

/* Bytes of the residues; the block may be larger. */
static size_t ct_bytes(const bf_ct *ct)
{
    return ((size_t)ct->limbs * ct->polys * sizeof(double))
           << ct->ctx->params.log_n;
}

bf_status bf_copy(bf_eval *ev, bf_ct *out, const bf_ct *a)
{
    bf_ct res;
    BF_TRY(bf_eval_check(ev, a, 3, "copy"));
    if (out == a) return BF_OK;
    BF_TRY(bf_eval_new(ev, &res, a->limbs, a->polys));
    res.scale = a->scale;
    res.noise = a->noise;
    res.bound = a->bound;
    if (res.data) memcpy(res.data, a->data, ct_bytes(&res));
    bf_move(ev, out, &res);
    return BF_OK;
}

/* Elementwise work on limbs: op takes a limb of out and a, and a limb of b, or
 * of a plaintext (the same for all polynomials), or a constant for each limb.
 */
typedef struct limbwise {
    const bf_ring *ring;
    bf_ct *out;
    const bf_ct *a, *b;
    const bf_pt *plain;
    const bf_mulc *constant;
    void (*op)(const bf_ring *ring, unsigned m, double *out, const double *a,
               const double *b);
} limbwise;

static void limbwise_piece(void *user, size_t index)
{
    const limbwise *w = user;
    size_t n = w->ring->n;
    unsigned i = (unsigned)index / w->out->polys;
    unsigned k = (unsigned)index % w->out->polys;
    double *out = bf_ct_limb(w->out, k, i, n);
    const double *a = bf_ct_limb(w->a, k, i, n);
    if (w->constant)
        bf_limb_mul_const(w->ring, i, out, a, w->constant[i]);
    else
        w->op(w->ring, i, out, a,
              w->b ? bf_ct_limb(w->b, k, i, n) : w->plain->data + i * n);
}

static void run_limbwise(limbwise w)
{
    bf_parallel((size_t)w.out->limbs * w.out->polys, limbwise_piece, &w);
}

static bf_status add_or_sub(bf_eval *ev, bf_ct *out, const bf_ct *a,
                            const bf_ct *b, bool sub)
{
    const char *what = sub ? "subtraction" : "addition";
    bf_ct res;
    BF_TRY(bf_eval_check(ev, a, 3, what));
    BF_TRY(bf_eval_check(ev, b, 3, what));
    BF_TRY(bf_eval_check_scales(a->scale, b->scale, what));
    if (a->polys != b->polys)
        return bf_fail(BF_ERR_ARGUMENT, "%s: %u and %u polynomials", what,
                       a->polys, b->polys);
    unsigned limbs = a->limbs < b->limbs ? a->limbs : b->limbs;
    BF_TRY(bf_eval_new(ev, &res, limbs, a->polys));
    res.scale = a->scale;
    res.noise = hypot(a->noise, b->noise);
    res.bound = a->bound + b->bound;
    if (res.data)
        run_limbwise((limbwise){.ring = ev->ctx->ring, .out = &res, .a = a,
                                .b = b, .op = sub ? bf_limb_sub : bf_limb_add});
    bf_move(ev, out, &res);
    return BF_OK;
}

bf_status bf_add(bf_eval *ev, bf_ct *out, const bf_ct *a, const bf_ct *b)
{
    return add_or_sub(ev, out, a, b, false);
}

bf_status bf_sub(bf_eval *ev, bf_ct *out, const bf_ct *a, const bf_ct *b)
{
    return add_or_sub(ev, out, a, b, true);
}

bf_status bf_negate(bf_eval *ev, bf_ct *out, const bf_ct *a)
{
    return bf_mul_int(ev, out, a, -1);
}

/* Multiplies every limb of every polynomial by the limb's constant. */
static bf_status mul_constants(bf_eval *ev, bf_ct *res, const bf_ct *a,
                               const bf_mulc *c)
{
    BF_TRY(bf_eval_new(ev, res, a->limbs, a->polys));
    if (!res->data) return BF_OK;
    run_limbwise((limbwise){.ring = ev->ctx->ring, .out = res, .a = a,
                            .constant = c});
    return BF_OK;
}

/* An integer constant modulo every prime; |c| < 2^63. */
static void integer_constants(const bf_eval *ev, int64_t c, unsigned limbs,
                              bf_mulc *out)
{
    uint64_t mag = c < 0 ? -(uint64_t)c : (uint64_t)c;
    for (unsigned i = 0; i < limbs; i++) {
        uint64_t q = ev->ctx->params.q[i], r = mag % q;
        out[i] = bf_mulc_make(c < 0 && r ? q - r : r, q);
    }
}

/* The same for an integer of any size in a double. */
static void real_constants(const bf_eval *ev, double c, unsigned limbs,
                           bf_mulc *out)
{
    for (unsigned i = 0; i < limbs; i++) {
        double q = (double)ev->ctx->params.q[i], r = fmod(c, q);
        out[i] = bf_mulc_make((uint64_t)(r < 0 ? r + q : r), (uint64_t)q);
    }
}

bf_status bf_mul_int(bf_eval *ev, bf_ct *out, const bf_ct *a, int64_t c)
{
    bf_ct res;
    bf_mulc k[BF_MAX_Q];
    BF_TRY(bf_eval_check(ev, a, 3, "product with an integer"));
    integer_constants(ev, c, a->limbs, k);
    BF_TRY(mul_constants(ev, &res, a, k));
    res.scale = a->scale;
    res.noise = a->noise * fabs((double)c);
    res.bound = a->bound * fabs((double)c);
    bf_move(ev, out, &res);
    return BF_OK;
}

/* What rounding the factor to an integer does to slots of a's bound, spread
 * over the coefficients as noise is. The factor itself has the roundings of
 * three products of doubles. */
static double factor_noise(const bf_eval *ev, const bf_ct *a, double factor)
{
    double off = fabs(factor - nearbyint(factor)) + 0x1p-51 * fabs(factor);
    return off * a->bound * a->scale / sqrt((double)ev->ctx->ring->n);
}

bf_status bf_adjust(bf_eval *ev, bf_ct *out, const bf_ct *a, double factor,
                    double scale, unsigned limbs)
{
    bf_ct res = {0};
    bf_mulc k[BF_MAX_Q];
    BF_TRY(bf_eval_check(ev, a, 2, "scale adjustment"));
    if (!(scale > 0) || !isfinite(scale))
        return bf_fail(BF_ERR_ARGUMENT, "scale adjustment to the scale %g",
                       scale);
    double ratio = factor * scale / a->scale;
    bool divide = !(fabs(ratio) >= ADJUST_WHOLE) ||
                  (limbs < a->limbs &&
                   factor_noise(ev, a, ratio) >
                       ADJUST_PART * a->noise * fabs(ratio));
    if (limbs < 1 || limbs + divide > a->limbs)
        return bf_fail(BF_ERR_ARGUMENT,
                       "scale adjustment from %u to %u limbs: needs one less",
                       a->limbs, limbs);
    double q = divide ? (double)ev->ctx->params.q[limbs] : 1;
    double c = nearbyint(ratio * q);
    if (!(fabs(c) >= 0x1p10 && fabs(c) < 0x1p200))
        return bf_fail(BF_ERR_RANGE,
                       "scale adjustment from 2^%.2f to 2^%.2f by %g at %u "
                       "limbs: constant out of range",
                       log2(a->scale), log2(scale), factor, limbs);
    bf_ct view = *a;
    view.limbs = limbs + divide;
    real_constants(ev, c, view.limbs, k);
    BF_TRY(mul_constants(ev, &res, &view, k));
    res.scale = scale * q;
    res.noise = hypot(a->noise * fabs(c), factor_noise(ev, a, ratio * q));
    res.bound = a->bound * fabs(factor);
    bf_status status = divide ? bf_rescale(ev, &res, &res) : BF_OK;
    if (status != BF_OK) {
        bf_eval_release(ev, &res);
        return status;
    }
    res.scale = scale;
    bf_move(ev, out, &res);
    return BF_OK;
}

static bf_status check_plain(const bf_eval *ev, const bf_pt *b, unsigned limbs,
                             const char *what)
{
    if (b->ctx != ev->ctx)
        return bf_fail(BF_ERR_MISMATCH, "%s: plaintext of other parameters",
                       what);
    if (b->limbs < limbs)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: the plaintext has %u limbs, the ciphertext %u",
                       what, b->limbs, limbs);
    if (ev->keys && !b->data)
        return bf_fail(BF_ERR_ARGUMENT, "%s: plaintext without data", what);
    return BF_OK;
}

bf_status bf_add_plain(bf_eval *ev, bf_ct *out, const bf_ct *a, const bf_pt *b)
{
    bf_ct res;
    BF_TRY(bf_eval_check(ev, a, 3, "plaintext addition"));
    BF_TRY(check_plain(ev, b, a->limbs, "plaintext addition"));
    BF_TRY(bf_eval_check_scales(a->scale, b->scale, "plaintext addition"));
    BF_TRY(bf_eval_new(ev, &res, a->limbs, a->polys));
    res.scale = a->scale;
    res.noise = hypot(a->noise, b->noise);
    res.bound = a->bound + b->bound;
    if (res.data) {
        const bf_ring *ring = ev->ctx->ring;
        memcpy(res.data, a->data, ct_bytes(&res));
        for (unsigned i = 0; i < res.limbs; i++) {
            double *o = bf_ct_limb(&res, 0, i, ring->n);
            bf_limb_add(ring, i, o, o, b->data + (size_t)i * ring->n);
        }
    }
    bf_move(ev, out, &res);
    return BF_OK;
}

bf_status bf_add_const(bf_eval *ev, bf_ct *out, const bf_ct *a, double c)
{
    bf_ct res = {0};
    double v = nearbyint(c * a->scale);
    if (!isfinite(v))
        return bf_fail(BF_ERR_RANGE, "adding the constant %g", c);
    BF_TRY(bf_copy(ev, &res, a));
    res.bound = a->bound + fabs(c);
    if (res.data) {
        const bf_ring *ring = ev->ctx->ring;
        for (unsigned i = 0; i < res.limbs; i++) {
            /* The constant polynomial c has the value c at every root. */
            double r = fmod(v, ring->mod[i].p);
            double *o = bf_ct_limb(&res, 0, i, ring->n);
            for (size_t j = 0; j < ring->n; j++) o[j] += r;
            bf_limb_reduce(ring, i, o, o);
        }
    }
    bf_move(ev, out, &res);
    return BF_OK;
}

static void plain_metadata(bf_ct *res, const bf_ct *a, const bf_pt *b)
{
    res->scale = a->scale * b->scale;
    res->noise = hypot(a->noise * b->bound * b->scale,
                       a->bound * a->scale * b->noise);
    res->bound = a->bound * b->bound;
}

bf_status bf_mul_plain(bf_eval *ev, bf_ct *out, const bf_ct *a, const bf_pt *b)
{
    bf_ct res;
    BF_TRY(bf_eval_check(ev, a, 3, "plaintext product"));
    BF_TRY(check_plain(ev, b, a->limbs, "plaintext product"));
    BF_TRY(bf_eval_new(ev, &res, a->limbs, a->polys));
    plain_metadata(&res, a, b);
    bf_count(&ev->counters.plain_products, 1);
    if (res.data)
        run_limbwise((limbwise){.ring = ev->ctx->ring, .out = &res, .a = a,
                                .plain = b, .op = bf_limb_mul});
    bf_move(ev, out, &res);
    return BF_OK;
}

bf_status bf_mul_plain_add(bf_eval *ev, bf_ct *out, const bf_ct *a,
                           const bf_pt *b)
{
    bf_ct term;
    BF_TRY(bf_eval_check(ev, a, 3, "plaintext product"));
    BF_TRY(bf_eval_check(ev, out, 3, "plaintext product"));
    BF_TRY(check_plain(ev, b, out->limbs, "plaintext product"));
    if (a->limbs < out->limbs || a->polys != out->polys || a == out)
        return bf_fail(BF_ERR_ARGUMENT,
                       "plaintext product: the sum has %u limbs, the term %u",
                       out->limbs, a->limbs);
    plain_metadata(&term, a, b);
    BF_TRY(bf_eval_check_scales(out->scale, term.scale, "plaintext product"));
    out->noise = hypot(out->noise, term.noise);
    out->bound += term.bound;
    out->seeded = false; /* poly 1 no longer expands the seed */
    bf_count(&ev->counters.plain_products, 1);
    if (!out->data) return BF_OK;
    run_limbwise((limbwise){.ring = ev->ctx->ring, .out = out, .a = a,
                            .plain = b, .op = bf_limb_mul_add});
    return BF_OK;
}

bf_status bf_mul_monomial(bf_eval *ev, bf_ct *out, const bf_ct *a, int64_t e)
{
    bf_ct res;
    BF_TRY(bf_eval_check(ev, a, 3, "monomial product"));
    int64_t two_n = 2 * (int64_t)bf_eval_n(ev);
    uint32_t exponent = (uint32_t)(((e % two_n) + two_n) % two_n);
    BF_TRY(bf_eval_new(ev, &res, a->limbs, a->polys));
    res.scale = a->scale;
    res.noise = a->noise;
    res.bound = a->bound;
    if (res.data) {
        const bf_ring *ring = ev->ctx->ring;
        double *x = bf_eval_scratch(ev, 1);
        if (!x) {
            bf_eval_release(ev, &res);
            return BF_ERR_MEMORY;
        }
        for (unsigned i = 0; i < res.limbs; i++) {
            bf_limb_monomial(ring, i, x, exponent);
            for (unsigned k = 0; k < res.polys; k++)
                bf_limb_mul(ring, i, bf_ct_limb(&res, k, i, ring->n),
                            bf_ct_limb(a, k, i, ring->n), x);
        }
        bf_eval_scratch_give(ev, x, 1);
    }
    bf_move(ev, out, &res);
    return BF_OK;
}

bf_status bf_mod_drop(bf_eval *ev, bf_ct *ct, unsigned limbs)
{
    BF_TRY(bf_eval_check(ev, ct, 3, "modulus drop"));
    if (limbs < 1 || limbs > ct->limbs)
        return bf_fail(BF_ERR_ARGUMENT, "modulus drop from %u to %u limbs",
                       ct->limbs, limbs);
    ct->limbs = limbs;
    return BF_OK;
}
