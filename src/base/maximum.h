/* A maximum for what is held against a limit afterwards. */
#ifndef BF_BASE_MAXIMUM_H
#define BF_BASE_MAXIMUM_H

#include <math.h>

/* The larger, and NaN where one is: fmax, and a bare comparison, drop it. */
static inline double bf_max(double a, double b)
{
    return a > b || isnan(a) ? a : b;
}

#endif
