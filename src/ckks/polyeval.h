/* Polynomials on ciphertexts, in the power or the Chebyshev basis B_k
 * (B_k = y^k or T_k(y)).
 *
 * Paterson-Stockmeyer [PS73]: p = q B_n + r, n a power of two, down to leaves
 * of low degree, which are integer combinations of precomputed B_k. Depth is
 * the least possible, ceil(log2(degree + 1)): the branch of the leading
 * coefficient has no level to spare and is split down to degree 1, the others
 * end in longer leaves ([BMTH21]). Scales are exact: each subtree has a target
 * scale at which its terms are added, and constants are encoded to reach that
 * scale. / */
#ifndef BF_CKKS_POLYEVAL_H
#define BF_CKKS_POLYEVAL_H

#include "ckks/ckks.h"

#define BF_POLY_EVAL_DEGREE_MAX 1023

typedef enum bf_basis { BF_BASIS_POWER, BF_BASIS_CHEBYSHEV } bf_basis;

typedef struct bf_poly {
    bf_basis basis;
    unsigned degree;
    const double *c; /* [degree + 1] */
    double a, b;     /* Chebyshev: y in [-1, 1] is the image of x in [a, b] */
} bf_poly;

/* ceil(log2(degree + 1)), leading zeros not counted. */
unsigned bf_poly_depth(const bf_poly *p);

/* out = p(x) with exactly this scale, depth limbs below x. Slots of x must be
 * real and, in the Chebyshev basis, lie in [a, b]: outside it the value grows
 * like (2y)^degree.
 *
 * The scale of y, which is x->scale times (b - a)/2 in the Chebyshev basis, and
 * `scale` should both be near the primes of the chain: every level of B_k
 * squares their ratio. A ratio of 2^r costs about r*degree bits of precision
 * (out->noise includes the loss), and fails with BF_ERR_RANGE when a constant
 * exceeds 63 bits. BF_ERR_ARGUMENT for a constant polynomial, a coefficient
 * that is not finite, or too few limbs. */
BF_MUST_CHECK bf_status bf_poly_evaluate(bf_eval *ev, bf_ct *out,
                                         const bf_ct *x, const bf_poly *p,
                                         double scale);

#endif
