/* A maximum for numbers that are later compared with a limit. */
#ifndef BF_BASE_MAXIMUM_H
#define BF_BASE_MAXIMUM_H

#include <math.h>

/* The larger of two numbers; NaN if either is NaN, which fmax and a bare
 * comparison would drop. */
static inline double bf_max(double a, double b)
{
    return a > b || isnan(a) ? a : b;
}

#endif
