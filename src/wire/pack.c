#include "wire/pack.h"

#include <string.h>

/* 2^52. The low mantissa bits of 2^52 + v are the integer v, for 0 <= v < 2^52,
 * so that conversions vectorise without 64-bit instructions. */
#define TWO52 4503599627370496.0
#define MANTISSA (((uint64_t)1 << 52) - 1)
#define EXPONENT52 ((uint64_t)0x433 << 52)

#define BLOCK 64 /* residues converted at a time */

static uint64_t bits_of(double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof v);
    return v;
}

static double double_of(uint64_t v)
{
    double d;
    memcpy(&d, &v, sizeof d);
    return d;
}

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}

static void store64(uint8_t *p, uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    memcpy(p, &v, sizeof v);
}

unsigned bf_bit_length(uint64_t p)
{
    return p ? 64 - (unsigned)__builtin_clzll(p) : 0;
}

/* Selections use masks, as a branch on the sign of a uniform residue would be
 * mispredicted half of the time. */

/* Integers 0..p-1. Returns nonzero when an input is not an integer in (-p, p):
 * then the sum with 2^52 is below 2^52 (bit 63 of u), or u is at least p (bit
 * 63 of p-1-u), or the sum was rounded (taking 2^52 off again differs). */
static uint64_t uncentre_block(uint64_t *v, const double *x, size_t n,
                               uint64_t p)
{
    uint64_t outside = 0, rounded = 0, p_bits = bits_of((double)p);
    for (size_t i = 0; i < n; i++) {
        double a = x[i] + 0.0; /* -0 becomes +0 */
        double y = a + double_of(p_bits & (0 - (bits_of(a) >> 63)));
        double s = y + TWO52;
        uint64_t u = bits_of(s) - EXPONENT52;
        outside |= u | (p - 1 - u);
        rounded |= bits_of(s - TWO52) ^ bits_of(y);
        v[i] = u & MANTISSA;
    }
    return outside >> 63 | (uint64_t)(rounded != 0);
}

/* Eight values of w <= 49 bits to w bytes. Each store writes eight bytes from
 * the byte where the value starts: up to 7 bits of the value before, then w,
 * 56 at most. `out` needs room for 8 more bytes. */
static void pack8(uint8_t *out, const uint64_t *v, unsigned w)
{
    uint64_t acc = 0;
    unsigned fill = 0;
    for (unsigned i = 0; i < 8; i++) {
        acc |= v[i] << fill;
        fill += w;
        store64(out, acc);
        out += fill / 8;
        acc >>= fill / 8 * 8;
        fill %= 8;
    }
}

bf_status bf_pack_row(uint8_t *out, const double *row, size_t n, uint64_t p)
{
    unsigned w = bf_bit_length(p);
    uint64_t v[BLOCK], bad = 0;
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t count = n - i < BLOCK ? n - i : BLOCK;
        bad |= uncentre_block(v, row + i, count, p);
        for (size_t k = 0; k < count; k += 8) {
            if (i + k + 8 < n) {
                pack8(out, v + k, w);
            } else { /* no write beyond the row */
                uint8_t last[64];
                pack8(last, v + k, w);
                memcpy(out, last, w);
            }
            out += w;
        }
    }
    if (bad)
        return bf_fail(BF_ERR_INTERNAL,
                       "residues to be packed are not reduced");
    return BF_OK;
}

/* The eight bytes loaded from the byte where a value starts hold all of it:
 * 7 + 49 bits at most. `in` needs 8 readable bytes after the group. */
static void unpack8(uint64_t *v, const uint8_t *in, unsigned w)
{
    uint64_t mask = ((uint64_t)1 << w) - 1;
    for (unsigned i = 0; i < 8; i++)
        v[i] = load64(in + i * w / 8) >> i * w % 8 & mask;
}

/* Reduced residues of integers below 2^50; nonzero when one is p or more. */
static uint64_t centre_block(double *x, const uint64_t *v, size_t n, uint64_t p)
{
    uint64_t outside = 0, p_bits = bits_of((double)p), half = (p - 1) / 2;
    for (size_t i = 0; i < n; i++) {
        double y = double_of(v[i] | EXPONENT52) - TWO52;
        outside |= p - 1 - v[i];
        x[i] = y - double_of(p_bits & (0 - ((half - v[i]) >> 63)));
    }
    return outside >> 63;
}

/* Up to BLOCK residues. No byte behind the last of a row is read; nonzero as
 * above. */
static uint64_t unpack_block(double *out, const uint8_t *in, size_t count,
                             bool last, uint64_t p)
{
    unsigned w = bf_bit_length(p);
    uint64_t v[BLOCK];
    for (size_t k = 0; k < count; k += 8, in += w) {
        if (!last || k + 8 < count) {
            unpack8(v + k, in, w);
        } else {
            uint8_t end[64] = {0};
            memcpy(end, in, w);
            unpack8(v + k, end, w);
        }
    }
    return centre_block(out, v, count, p);
}

/* Block i of a row goes to out + i*step. */
static bf_status unpack_blocks(double *out, size_t step, const uint8_t *in,
                               size_t n, uint64_t p)
{
    uint64_t bad = 0;
    unsigned w = bf_bit_length(p);
    for (size_t i = 0; i < n; i += BLOCK) {
        size_t count = n - i < BLOCK ? n - i : BLOCK;
        bad |= unpack_block(out + i / BLOCK * step, in + i / 8 * w, count,
                            i + count == n, p);
    }
    if (bad)
        return bf_fail(BF_ERR_FORMAT, "a residue is not below its prime");
    return BF_OK;
}

bf_status bf_unpack_row(double *out, const uint8_t *in, size_t n, uint64_t p)
{
    return unpack_blocks(out, BLOCK, in, n, p);
}

bf_status bf_check_row(const uint8_t *in, size_t n, uint64_t p)
{
    double block[BLOCK];
    return unpack_blocks(block, 0, in, n, p);
}

void bf_pack_ternary(uint8_t *out, const int8_t *coeffs, size_t n)
{
    for (size_t i = 0; i < n / 4; i++) {
        const int8_t *c = coeffs + 4 * i;
        out[i] = (uint8_t)((c[0] & 3) | (c[1] & 3) << 2 | (c[2] & 3) << 4 |
                           (c[3] & 3) << 6);
    }
}

void bf_unpack_ternary(int8_t *out, const uint8_t *in, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned pair = in[i / 4] >> 2 * (i % 4) & 3;
        out[i] = (int8_t)((int)(pair & 1) - (int)(pair & 2));
    }
}
