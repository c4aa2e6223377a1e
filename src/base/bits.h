/* Logarithms of sizes. */
#ifndef BF_BASE_BITS_H
#define BF_BASE_BITS_H

#include <stddef.h>

/* The least b with x <= 2^b; 0 for x = 0. */
static inline unsigned bf_log2_ceil(size_t x)
{
    unsigned b = 0;
    while (((size_t)1 << b) < x) b++;
    return b;
}

#endif
