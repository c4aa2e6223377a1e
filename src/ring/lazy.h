/* Sums of products without reduction of each term.
 *
 * A sum of integer products x*y is kept as h + l: h = fma(x, y, h) rounds to a
 * multiple of 2^e, because it starts from the offset 1.5 * 2^(52+e), and l
 * collects what the rounding lost, which fma recovers exactly. Both stay exact
 * for `interval` terms; then the sum is reduced into l and h starts again.
 * Derivation: RANGES.md, "Sums of products". */
#ifndef BF_RING_LAZY_H
#define BF_RING_LAZY_H

#include "ring/ring.h"

/* For |x*y| <= bound and modulus p. */
bf_lazy bf_lazy_make(double bound, double p);

bf_modulus bf_modulus_make(uint64_t p);

/* Bound of |x| for reduced residues of p. */
static inline double bf_reduced_bound(double p)
{
    return p * (2.0 / 3.0);
}

#endif
