/* Noise: every B_k and every partial sum comes from the same x, so errors are
 * not independent; deviations are added, not squares. */
#include "ckks/polyeval.h"

#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "ckks/chebyshev.h"
#include "ckks/eval_internal.h"

typedef struct polyeval {
    bf_eval *ev;
    bf_basis basis;
    unsigned limbs; /* of B_1 */
    unsigned leaf;  /* leaves have degrees below this */
    bf_ct *b;       /* [degree + 1] B_k, empty until needed */
} polyeval;

static unsigned trimmed(const double *c, unsigned degree)
{
    while (degree > 0 && c[degree] == 0) degree--;
    return degree;
}

unsigned bf_poly_depth(const bf_poly *p)
{
    return bf_log2_ceil(trimmed(p->c, p->degree) + 1);
}

/* out = a*b, not rescaled. */
static bf_status multiply(bf_eval *ev, bf_ct *out, const bf_ct *a,
                          const bf_ct *b)
{
    bf_ct t = {0};
    double x = a->bound * a->scale, y = b->bound * b->scale;
    double noise = x * b->noise + y * a->noise +
                   sqrt((double)bf_eval_n(ev)) * a->noise * b->noise;
    BF_TRY(bf_tensor(ev, &t, a, b));
    t.noise = noise;
    bf_status status = bf_relinearize(ev, out, &t);
    bf_eval_release(ev, &t);
    return status;
}

/* a += b; either may hold the only sum so far. b is consumed. */
static bf_status accumulate(bf_eval *ev, bf_ct *a, bf_ct *b)
{
    if (!a->ctx) {
        bf_move(ev, a, b);
        return BF_OK;
    }
    double noise = a->noise + b->noise;
    bf_status status = bf_add(ev, a, a, b);
    a->noise = noise;
    bf_eval_release(ev, b);
    return status;
}

/* ---- basis --------------------------------------------------------------- */

static bf_status basis_element(polyeval *pe, unsigned k);

/* T_{a+b} = 2 T_a T_b - T_{a-b}, with T_{a-b} at the scale of the product. */
static bf_status chebyshev_step(polyeval *pe, bf_ct *t, unsigned difference)
{
    bf_ct last = {0};
    BF_TRY(bf_mul_int(pe->ev, t, t, 2));
    BF_TRY(bf_rescale(pe->ev, t, t));
    if (difference == 0) {
        BF_TRY(bf_add_const(pe->ev, t, t, -1));
    } else {
        BF_TRY(basis_element(pe, difference));
        BF_TRY(bf_adjust(pe->ev, &last, &pe->b[difference], -1, t->scale,
                         t->limbs));
        BF_TRY(accumulate(pe->ev, t, &last));
    }
    t->bound = 1;
    return BF_OK;
}

/* B_k from B_h, h the largest power of two below k, and B_{k-h}: ceil(log2 k)
 * levels. */
static bf_status basis_element(polyeval *pe, unsigned k)
{
    if (pe->b[k].ctx) return BF_OK;
    unsigned h = 1u << (bf_log2_ceil(k) - 1);
    bf_ct t = {0};
    BF_TRY(basis_element(pe, h));
    BF_TRY(basis_element(pe, k - h));
    bf_status status = multiply(pe->ev, &t, &pe->b[h], &pe->b[k - h]);
    if (status == BF_OK)
        status = pe->basis == BF_BASIS_POWER
                     ? bf_rescale(pe->ev, &t, &t)
                     : chebyshev_step(pe, &t, 2 * h - k);
    if (status == BF_OK)
        bf_move(pe->ev, &pe->b[k], &t);
    else
        bf_eval_release(pe->ev, &t);
    return status;
}

/* ---- evaluation -------------------------------------------------------------
 * A subtree returns its value at `limbs` + 1 limbs and scale * q_limbs, one
 * rescale before its target, so that a sum of subtrees is rescaled once. */

typedef struct target {
    unsigned limbs;
    double scale;
} target;

static double raised(const polyeval *pe, target to)
{
    return to.scale * (double)pe->ev->ctx->params.q[to.limbs];
}

/* sum += c B_k, by an integer constant. Rounding the constant adds an error of
 * at most B_k/2, at B_k's scale and bound, in every slot. */
static bf_status add_term(polyeval *pe, bf_ct *sum, unsigned k, double c,
                          target to)
{
    bf_ct t = {0};
    if (c == 0) return BF_OK;
    BF_TRY(basis_element(pe, k));
    bf_ct view = pe->b[k];
    double constant = nearbyint(c * raised(pe, to) / view.scale);
    if (!(fabs(constant) < 0x1p62))
        return bf_fail(BF_ERR_RANGE,
                       "polynomial: coefficient %g of degree %u does not reach "
                       "scale 2^%.1f at %u limbs",
                       c, k, log2(to.scale), to.limbs);
    view.limbs = to.limbs + 1;
    BF_TRY(bf_mul_int(pe->ev, &t, &view, (int64_t)constant));
    t.noise += view.scale * view.bound / 2 / sqrt((double)bf_eval_n(pe->ev));
    t.scale = raised(pe, to);
    t.bound = fabs(c) * view.bound;
    return accumulate(pe->ev, sum, &t);
}

static bf_status subtree(polyeval *pe, bf_ct *sum, const double *c,
                         unsigned degree, target to);

/* sum += q B_n, the degree of q at least 1. */
static bf_status add_product(polyeval *pe, bf_ct *sum, const double *q,
                             unsigned degree, unsigned n, target to)
{
    bf_ct t = {0};
    BF_TRY(basis_element(pe, n));
    const bf_ct *power = &pe->b[n];
    target inner = {to.limbs + 1, raised(pe, to) / power->scale};
    bf_status status;
    BF_GOTO(subtree(pe, &t, q, degree, inner), done);
    BF_GOTO(bf_rescale(pe->ev, &t, &t), done);
    t.scale = inner.scale;
    BF_GOTO(multiply(pe->ev, &t, &t, power), done);
    t.scale = raised(pe, to);
    status = accumulate(pe->ev, sum, &t);
done:
    bf_eval_release(pe->ev, &t);
    return status;
}

/* True if B_1..B_degree have enough limbs for the target and are few enough to
 * combine. */
static bool is_leaf(const polyeval *pe, unsigned degree, target to)
{
    return degree < pe->leaf &&
           bf_log2_ceil(degree ? degree : 1) + to.limbs + 1 <= pe->limbs;
}

static void divide(const polyeval *pe, const double *c, unsigned degree,
                   unsigned n, double *q, double *r)
{
    if (pe->basis == BF_BASIS_CHEBYSHEV) {
        bf_chebyshev_divide(c, degree, n, q, r);
        return;
    }
    memcpy(r, c, n * sizeof *r);
    memcpy(q, c + n, (degree - n + 1) * sizeof *q);
}

/* sum += p without its constant term, which goes to *constant. */
static bf_status split(polyeval *pe, bf_ct *sum, const double *c,
                       unsigned degree, target to, double *constant)
{
    degree = trimmed(c, degree);
    if (is_leaf(pe, degree, to)) {
        for (unsigned k = 1; k <= degree; k++)
            BF_TRY(add_term(pe, sum, k, c[k], to));
        *constant = c[0];
        return BF_OK;
    }
    unsigned n = 1u << (bf_log2_ceil(degree + 1) - 1);
    double *q = bf_alloc(2 * n * sizeof *q);
    if (!q) return BF_ERR_MEMORY;
    double *r = q + n;
    divide(pe, c, degree, n, q, r);
    unsigned top = trimmed(q, degree - n);
    bf_status status = top ? add_product(pe, sum, q, top, n, to)
                           : add_term(pe, sum, n, q[0], to);
    if (status == BF_OK) status = split(pe, sum, r, n - 1, to, constant);
    bf_free(q);
    return status;
}

static bf_status subtree(polyeval *pe, bf_ct *sum, const double *c,
                         unsigned degree, target to)
{
    double constant;
    BF_TRY(split(pe, sum, c, degree, to, &constant));
    if (!sum->ctx)
        return bf_fail(BF_ERR_INTERNAL, "polynomial: a subtree is constant");
    return constant == 0 ? BF_OK
                         : bf_add_const(pe->ev, sum, sum, constant);
}

/* B_1 = y: the affine map to [-1, 1] is a change of scale and an addition. */
static bf_status open_basis(polyeval *pe, const bf_ct *x, const bf_poly *p)
{
    bf_ct *y = &pe->b[1];
    BF_TRY(bf_copy(pe->ev, y, x));
    if (p->basis == BF_BASIS_POWER) return BF_OK;
    double half = (p->b - p->a) / 2;
    y->scale *= half;
    if (p->a + p->b != 0)
        BF_TRY(bf_add_const(pe->ev, y, y, -(p->a + p->b) / 2 / half));
    y->bound = 1;
    return BF_OK;
}

static bf_status check(const bf_ct *x, const bf_poly *p, unsigned degree,
                       double scale)
{
    for (unsigned k = 0; k <= degree; k++)
        if (!isfinite(p->c[k]))
            return bf_fail(BF_ERR_ARGUMENT, "polynomial: coefficient %u is %g",
                           k, p->c[k]);
    if (degree == 0 || degree > BF_POLY_EVAL_DEGREE_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "polynomial of degree %u", degree);
    if (p->basis == BF_BASIS_CHEBYSHEV && !(p->a < p->b))
        return bf_fail(BF_ERR_ARGUMENT, "polynomial on [%g, %g]", p->a, p->b);
    if (!(scale > 0) || !isfinite(scale))
        return bf_fail(BF_ERR_ARGUMENT, "polynomial: scale %g", scale);
    if (x->limbs < bf_poly_depth(p) + 1)
        return bf_fail(BF_ERR_ARGUMENT,
                       "polynomial of degree %u takes %u levels, %u are left",
                       degree, bf_poly_depth(p), x->limbs - 1);
    return BF_OK;
}

bf_status bf_poly_evaluate(bf_eval *ev, bf_ct *out, const bf_ct *x,
                           const bf_poly *p, double scale)
{
    unsigned degree = trimmed(p->c, p->degree);
    BF_TRY(bf_eval_check(ev, x, 2, "polynomial"));
    BF_TRY(check(x, p, degree, scale));
    unsigned depth = bf_poly_depth(p);
    polyeval pe = {.ev = ev, .basis = p->basis, .limbs = x->limbs,
                   .leaf = 1u << ((depth + 1) / 2)};
    target to = {x->limbs - depth, scale};
    bf_ct sum = {0};
    pe.b = bf_alloc_zero((degree + 1) * sizeof *pe.b);
    if (!pe.b) return BF_ERR_MEMORY;
    bf_status status;
    BF_GOTO(open_basis(&pe, x, p), done);
    BF_GOTO(subtree(&pe, &sum, p->c, degree, to), done);
    BF_GOTO(bf_rescale(ev, &sum, &sum), done);
    sum.scale = scale;
    bf_move(ev, out, &sum);
done:
    bf_eval_release(ev, &sum);
    for (unsigned k = 0; k <= degree; k++) bf_eval_release(ev, &pe.b[k]);
    bf_free(pe.b);
    return status;
}
