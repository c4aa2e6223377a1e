/* Shared by the tests of the ring: a seeded generator, primes of every size,
 * aligned arrays, and the backends of this machine. */
#ifndef BF_TESTS_KERNELS_TESTING_H
#define BF_TESTS_KERNELS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ring/backend.h"
#include "ring/lazy.h"
#include "ring/ntt.h"

__extension__ typedef __int128 wide;

/* splitmix64 [SLF14]: independent of the library's own randomness. */
typedef struct rng {
    uint64_t state;
} rng;

static inline uint64_t rng_next(rng *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Seeded from BLINDFIT_TEST_SEED or the clock; prints the seed. */
static inline rng rng_start(const char *test)
{
    const char *text = getenv("BLINDFIT_TEST_SEED");
    const uint64_t seed =
        text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) * 2654435761u;
    printf("%s: BLINDFIT_TEST_SEED=%llu\n", test, (unsigned long long)seed);
    return (rng){seed};
}

/* Uniform in [-bound, bound]. */
static inline double rng_within(rng *r, uint64_t bound)
{
    return (double)((int64_t)(rng_next(r) % (2 * bound + 1)) - (int64_t)bound);
}

/* Largest magnitude of a reduced residue. */
static inline uint64_t reduced_max(uint64_t p)
{
    return 2 * p / 3;
}

static inline void fill_reduced(rng *r, double *x, size_t n, uint64_t p)
{
    for (size_t i = 0; i < n; i++) x[i] = rng_within(r, reduced_max(p));
}

static inline double *new_array(size_t n)
{
    double *x = bf_alloc_zero(n * sizeof *x);
    assert_non_null(x);
    return x;
}

/* x mod p in 0..p-1. */
static inline uint64_t wide_mod(wide x, uint64_t p)
{
    const wide r = x % (wide)p;
    return (uint64_t)(r < 0 ? r + (wide)p : r);
}

static inline wide as_integer(double x)
{
    assert_true(x == (double)(int64_t)x);
    return (wide)(int64_t)x;
}

static inline void assert_same_bits(const double *x, const double *y, size_t n)
{
    assert_memory_equal(x, y, n * sizeof *x);
}

/* The largest prime of exactly `bits` bits that is 1 mod 2N. */
static inline uint64_t prime_of_bits(unsigned bits, unsigned log_n)
{
    const uint64_t p = bf_prime_below(1ULL << bits, log_n, NULL, 0);
    return p >> (bits - 1) ? p : 0;
}

#define FOR_BACKENDS(k)                                                        \
    for (const bf_kernels **k##_list = test_backends(), *k;                    \
         (k = *k##_list) != NULL; k##_list++)

/* Tables of all backends this machine runs, scalar first, NULL last. */
static inline const bf_kernels **test_backends(void)
{
    static const bf_kernels *list[4];
    size_t count = 0;
    for (bf_backend b = BF_BACKEND_SCALAR; b <= BF_BACKEND_AVX512; b++)
        if (bf_backend_kernels(b)) list[count++] = bf_backend_kernels(b);
    list[count] = NULL;
    return list;
}

#endif
