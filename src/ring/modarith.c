/* 64-bit modular arithmetic for set-up code. */
#include "ring/ring.h"
#include "ring/wide.h"

/* a b mod p < 2^50, by 1/p. The quotient is below 2^50; three roundings change
 * it by less than 1/2, so that the truncated quotient is right or one off. */
static uint64_t mul_short(uint64_t a, uint64_t b, uint64_t p, double inverse)
{
    uint64_t quotient = (uint64_t)((double)a * (double)b * inverse);
    int64_t r = (int64_t)(a * b - quotient * p);
    if (r < 0) return (uint64_t)r + p;
    return (uint64_t)r >= p ? (uint64_t)r - p : (uint64_t)r;
}

static uint64_t mul(uint64_t a, uint64_t b, uint64_t p, double inverse)
{
    return p >> 50 ? (uint64_t)((bf_u128)a * b % p)
                   : mul_short(a, b, p, inverse);
}

uint64_t bf_mod_mul(uint64_t a, uint64_t b, uint64_t p)
{
    return mul(a, b, p, 1 / (double)p);
}

uint64_t bf_mod_pow(uint64_t a, uint64_t e, uint64_t p)
{
    const double inverse = 1 / (double)p;
    uint64_t r = 1 % p;
    for (a %= p; e; e >>= 1, a = mul(a, a, p, inverse))
        if (e & 1) r = mul(r, a, p, inverse);
    return r;
}

uint64_t bf_mod_inv(uint64_t a, uint64_t p)
{
    return bf_mod_pow(a, p - 2, p);
}

double bf_centre(uint64_t a, uint64_t p)
{
    return (double)((int64_t)a - (int64_t)(p & (0 - (uint64_t)(a > p / 2))));
}

uint64_t bf_uncentre(double a, uint64_t p)
{
    int64_t r = (int64_t)a % (int64_t)p;
    return (uint64_t)(r < 0 ? r + (int64_t)p : r);
}

bf_mulc bf_mulc_make(uint64_t w, uint64_t p)
{
    /* Both operands are exact doubles, so the quotient is the nearest one. */
    double c = bf_centre(w, p);
    return (bf_mulc){c, c / (double)p};
}
