/* Polynomials of ciphertexts, and of numbers. */
#include <math.h>

#include "api/api.h"
#include "ckks/chebyshev.h"
#include "ckks/polyeval.h"

static bf_poly powers(const double *c, unsigned degree)
{
    return (bf_poly){.basis = BF_BASIS_POWER, .degree = degree, .c = c};
}

static bf_poly chebyshev(const double *c, unsigned degree, double lo, double hi)
{
    return (bf_poly){.basis = BF_BASIS_CHEBYSHEV,
                     .degree = degree,
                     .c = c,
                     .a = lo,
                     .b = hi};
}

/* Before anything reads the coefficients. */
static bf_status begin(bf_op *op, bf_evaluator *ev, const char *what,
                       const bf_cipher *a, unsigned degree)
{
    BF_TRY(bf_api_begin(op, ev, what, a, NULL, 0));
    if (degree >= 1 && degree <= BF_POLY_EVAL_DEGREE_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s of degree %u: 1 to %d", what, degree,
                   BF_POLY_EVAL_DEGREE_MAX);
}

static bf_status check_interval(const bf_op *op, double lo, double hi)
{
    double half = (hi - lo) / 2;
    if (half > 0 && isfinite(half)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s on [%g, %g]", op->what, lo, hi);
}

/* p(x) at exactly this scale. */
static bf_status at_scale(bf_op *op, bf_cipher **out, const bf_ct *x,
                          const bf_poly *p, double scale)
{
    bf_ct res = {0};
    return bf_api_give(op, out, &res,
                       bf_poly_evaluate(op->eval, &res, x, p, scale));
}

/* p(x) at the scale of its level. */
static bf_status at_level(bf_op *op, bf_cipher **out, const bf_ct *x,
                          const bf_poly *p)
{
    BF_TRY(bf_api_need(op, x, bf_poly_depth(p)));
    return at_scale(op, out, x, p,
                    op->ckks->scale[x->limbs - bf_poly_depth(p)]);
}

bf_status bf_cipher_power_series(bf_evaluator *ev, bf_cipher **out,
                                 const bf_cipher *a, const double *c,
                                 unsigned degree)
{
    bf_op op;
    bf_poly p = powers(c, degree);
    BF_TRY(begin(&op, ev, "polynomial", a, degree));
    return at_level(&op, out, &a->ct, &p);
}

/* The scale of the variable on [-1, 1] is that of x times (hi - lo)/2. If the
 * two lie apart, every squaring doubles the distance (ckks/polyeval.h), so that
 * a level for x 2/(hi - lo) at its own scale is well spent. */
bf_status bf_cipher_chebyshev(bf_evaluator *ev, bf_cipher **out,
                              const bf_cipher *a, const double *c,
                              unsigned degree, double lo, double hi)
{
    bf_op op;
    bf_poly p = chebyshev(c, degree, lo, hi);
    double half = (hi - lo) / 2;
    BF_TRY(begin(&op, ev, "Chebyshev polynomial", a, degree));
    BF_TRY(check_interval(&op, lo, hi));
    if (half >= 0.5 && half <= 2) return at_level(&op, out, &a->ct, &p);
    BF_TRY(bf_api_need(&op, &a->ct, bf_poly_depth(&p) + 1));
    bf_ct x = {0};
    unsigned limbs = a->ct.limbs - 1;
    p.a = lo / half;
    p.b = hi / half;
    bf_status status =
        bf_adjust(op.eval, &x, &a->ct, 1 / half, op.ckks->scale[limbs], limbs);
    if (status == BF_OK) status = at_level(&op, out, &x, &p);
    bf_eval_release(op.eval, &x);
    return status;
}

bf_status bf_cipher_power_series_at(bf_evaluator *ev, bf_cipher **out,
                                    const bf_cipher *a, const double *c,
                                    unsigned degree, double scale)
{
    bf_op op;
    bf_poly p = powers(c, degree);
    BF_TRY(begin(&op, ev, "polynomial", a, degree));
    return at_scale(&op, out, &a->ct, &p, scale);
}

bf_status bf_cipher_chebyshev_at(bf_evaluator *ev, bf_cipher **out,
                                 const bf_cipher *a, const double *c,
                                 unsigned degree, double lo, double hi,
                                 double scale)
{
    bf_op op;
    bf_poly p = chebyshev(c, degree, lo, hi);
    BF_TRY(begin(&op, ev, "Chebyshev polynomial", a, degree));
    BF_TRY(check_interval(&op, lo, hi));
    return at_scale(&op, out, &a->ct, &p, scale);
}

unsigned bf_polynomial_levels(const double *c, unsigned degree)
{
    bf_poly p = powers(c, degree);
    return bf_poly_depth(&p);
}

bf_status bf_chebyshev_coefficients(double *c, unsigned degree, double lo,
                                    double hi,
                                    double (*f)(double x, void *user),
                                    void *user)
{
    return bf_chebyshev_fit(c, degree, lo, hi, f, user);
}

double bf_chebyshev_at(const double *c, unsigned degree, double lo, double hi,
                       double x)
{
    return bf_chebyshev_value(c, degree, lo, hi, x);
}
