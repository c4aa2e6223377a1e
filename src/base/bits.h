/* Sizes, and their logarithms. */
#ifndef BF_BASE_BITS_H
#define BF_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>

/* The least b with x <= 2^b; 0 for x = 0. */
static inline unsigned bf_log2_ceil(size_t x)
{
    unsigned b = 0;
    while (((size_t)1 << b) < x) b++;
    return b;
}

static inline bool bf_is_power_of_two(size_t x)
{
    return x && !(x & (x - 1));
}

#endif
