/* Primes = 1 mod 2N. */
#include <math.h>

#include "ring/ring.h"

/* Strong probable prime to base b, for n - 1 = d 2^s. */
static bool strong_probable(uint64_t n, uint64_t b, uint64_t d, unsigned s)
{
    uint64_t x = bf_mod_pow(b, d, n);
    if (x == 1 || x == n - 1) return true;
    for (unsigned i = 1; i < s; i++) {
        x = bf_mod_mul(x, x, n);
        if (x == n - 1) return true;
    }
    return false;
}

static bool is_prime(uint64_t n)
{
    /* These bases leave no pseudoprime below 2^64, the first nine none below
     * 3,825,123,056,546,413,051 > 2^61 [SW17]. */
    static const uint64_t bases[] = {2,  3,  5,  7,  11, 13,
                                     17, 19, 23, 29, 31, 37};
    const size_t count = n >> 61 ? sizeof bases / sizeof *bases : 9;
    if (n < 2) return false;
    for (size_t i = 0; i < count; i++)
        if (n % bases[i] == 0) return n == bases[i];
    uint64_t d = n - 1;
    unsigned s = 0;
    for (; d % 2 == 0; d /= 2) s++;
    for (size_t i = 0; i < count; i++)
        if (!strong_probable(n, bases[i], d, s)) return false;
    return true;
}

/* A search for plans asks for the same thousands of numbers again and again.
 * Each thread keeps its latest answers, 2n + (n is prime), in slots by a hash
 * of n: multiples of the golden ratio spread evenly. */
bool bf_is_prime_var(uint64_t n)
{
    static _Thread_local uint64_t answers[32768];
    if (n >> 63) return is_prime(n);
    uint64_t *slot = &answers[n * 0x9E3779B97F4A7C15u >> 49];
    if (*slot >> 1 != n) *slot = 2 * n + is_prime(n);
    return *slot & 1;
}

static bool contains(const uint64_t *used, unsigned count, uint64_t p)
{
    for (unsigned i = 0; i < count; i++)
        if (used[i] == p) return true;
    return false;
}

static bool usable(uint64_t p, const uint64_t *used, unsigned used_count)
{
    return !contains(used, used_count, p) && bf_is_prime_var(p);
}

/* The largest number = 1 mod 2N below `below`, the smallest from `from`, of
 * lengths that are allowed; 0 where there is none. */
static uint64_t candidate_below(uint64_t below, uint64_t step)
{
    const uint64_t top = 1ULL << BF_PRIME_BITS_MAX;
    if (below > top) below = top;
    if (below < step + 2) return 0;
    uint64_t p = (below - 2) / step * step + 1;
    return p >> (BF_PRIME_BITS_MIN - 1) ? p : 0;
}

static uint64_t candidate_above(uint64_t from, uint64_t step)
{
    const uint64_t least = 1ULL << (BF_PRIME_BITS_MIN - 1);
    if (from < least) from = least;
    uint64_t p = (from + step - 2) / step * step + 1;
    return p >> BF_PRIME_BITS_MAX ? 0 : p;
}

uint64_t bf_prime_below(uint64_t below, unsigned log_n, const uint64_t *used,
                        unsigned used_count)
{
    const uint64_t step = 2ULL << log_n;
    uint64_t p = candidate_below(below, step);
    while (p && !usable(p, used, used_count)) p = candidate_below(p, step);
    return p;
}

uint64_t bf_prime_above(uint64_t from, unsigned log_n, const uint64_t *used,
                        unsigned used_count)
{
    const uint64_t step = 2ULL << log_n;
    uint64_t p = candidate_above(from, step);
    while (p && !usable(p, used, used_count)) p = candidate_above(p + 1, step);
    return p;
}

uint64_t bf_prime_near(double bits, unsigned log_n, const uint64_t *used,
                       unsigned used_count)
{
    const uint64_t step = 2ULL << log_n, target = (uint64_t)exp2(bits);
    uint64_t below = candidate_below(target, step);
    uint64_t above = candidate_above(target, step);
    while (below || above) {
        bool up = above && (!below || above - target < target - below);
        uint64_t p = up ? above : below;
        if (usable(p, used, used_count)) return p;
        if (up)
            above = candidate_above(p + 1, step);
        else
            below = candidate_below(p, step);
    }
    return 0;
}
