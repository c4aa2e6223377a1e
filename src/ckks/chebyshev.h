/* Polynomials in the Chebyshev basis, in plaintext: sum_k c_k T_k(y), y the
 * affine image in [-1, 1] of x in [a, b]. */
#ifndef BF_CKKS_CHEBYSHEV_H
#define BF_CKKS_CHEBYSHEV_H

#include "base/status.h"

/* Coefficients c[0..degree] of the interpolant of f at the Chebyshev nodes of
 * [a, b]: within a factor 2 + (2/pi) log(degree + 1) of the best approximation
 * ([Tre19] chapter 15). BF_ERR_ARGUMENT unless a < b; BF_ERR_RANGE when f is
 * not finite at a node. */
BF_MUST_CHECK bf_status bf_chebyshev_fit(double *c, unsigned degree, double a,
                                         double b,
                                         double (*f)(double x, void *user),
                                         void *user);
/* By Clenshaw's recurrence. */
double bf_chebyshev_value(const double *c, unsigned degree, double a, double b,
                          double x);
/* p = q T_n + r for p of degree below 2n: q[0..degree-n], r[0..n-1], from
 * T_{n+i} = 2 T_n T_i - T_{n-i}. Needs n <= degree < 2n. */
void bf_chebyshev_divide(const double *p, unsigned degree, unsigned n,
                         double *q, double *r);

#endif
