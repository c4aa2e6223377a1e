/* 16-bit floats. */
#ifndef BF_FEATURES_HALF_H
#define BF_FEATURES_HALF_H

#include <stdint.h>
#include <string.h>

static inline float bf_float_from_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* IEEE 754 binary16 to binary32: exact. A subnormal m*2^-24 is built as the
 * float (1 + m/2^10)*2^-14 less 2^-14. */
static inline float bf_float_from_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exponent = (h >> 10) & 0x1f, mantissa = h & 0x3ff;
    uint32_t fraction = mantissa << 13;
    if (exponent == 0x1f)
        return bf_float_from_bits(sign | 0x7f800000 | fraction);
    if (exponent != 0)
        return bf_float_from_bits(sign | (exponent + 112) << 23 | fraction);
    float small = bf_float_from_bits(113u << 23 | fraction) -
                  bf_float_from_bits(113u << 23);
    return sign ? -small : small;
}

#endif
