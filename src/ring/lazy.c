#include "ring/lazy.h"

#include <math.h>

#define INTERVAL_MAX 65536
#define GRID_MAX 60
/* Room for roundings and for a residue carried over from the last flush. */
#define SLACK (1 - 0x1p-10)

bf_lazy bf_lazy_make(double bound, double p)
{
    /* |sum| / p < 2^51, so that its nearest integer can be read off. */
    const double quotient = SLACK * 0x1p51 * p / bound;
    double interval = 0;
    int grid = 0;
    for (int e = 0; e <= GRID_MAX; e++) {
        /* h stays within 2^(51+e) of its offset; what it rounds off, at most
         * 2^(e-1) a term, sums to at most 2^52. */
        double terms = SLACK * ldexp(1, 51 + e) / bound;
        terms = fmin(terms, fmin(quotient, ldexp(1, 53 - e)));
        terms = fmin(floor(terms), INTERVAL_MAX);
        if (terms > interval) {
            interval = terms;
            grid = e;
        }
    }
    return (bf_lazy){ldexp(1.5, 52 + grid), (unsigned)interval};
}

bf_modulus bf_modulus_make(uint64_t value)
{
    const double p = (double)value, x = bf_reduced_bound(p);
    return (bf_modulus){value, p, 1 / p, bf_lazy_make(x * x, p),
                        bf_lazy_make(4 * x * x, p)};
}
