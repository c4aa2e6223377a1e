/* 64-bit modular arithmetic for set-up code. */
#include "ring/ring.h"
#include "ring/wide.h"

/* Three roundings leave the quotient, below 2^50, less than 2^-1 off: truncated,
 * it is right or a neighbour of the right one. */
uint64_t bf_mod_mul(uint64_t a, uint64_t b, uint64_t p)
{
    if (p >> 50) return (uint64_t)((bf_u128)a * b % p);
    uint64_t quotient = (uint64_t)((double)a * (double)b / (double)p);
    int64_t r = (int64_t)(a * b - quotient * p);
    if (r < 0) return (uint64_t)r + p;
    return (uint64_t)r >= p ? (uint64_t)r - p : (uint64_t)r;
}

uint64_t bf_mod_pow(uint64_t a, uint64_t e, uint64_t p)
{
    uint64_t r = 1 % p;
    for (a %= p; e; e >>= 1, a = bf_mod_mul(a, a, p))
        if (e & 1) r = bf_mod_mul(r, a, p);
    return r;
}

uint64_t bf_mod_inv(uint64_t a, uint64_t p)
{
    return bf_mod_pow(a, p - 2, p);
}

double bf_centre(uint64_t a, uint64_t p)
{
    return (double)((int64_t)a - (a > p / 2 ? (int64_t)p : 0));
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
