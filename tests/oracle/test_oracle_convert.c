/* Basis conversion against CRT in GMP: random values, a million of them for two
 * numbers of sources, and those next to the boundary +-Q/2 where the
 * representative flips. */
#include <gmp.h>
#include <math.h>

#include "kernels/testing.h"

#define LOG_N 10
#define N ((size_t)1 << LOG_N)

static void set_u64(mpz_t x, uint64_t v)
{
    mpz_import(x, 1, -1, sizeof v, 0, 0, &v);
}

static uint64_t mod_u64(const mpz_t x, uint64_t p)
{
    _Static_assert(sizeof(unsigned long) == sizeof p, "a prime is a GMP limb");
    return mpz_fdiv_ui(x, p);
}

/* Primes of mixed sizes, 36 to 49 bits, all different. */
static bf_ring *mixed_ring(unsigned count)
{
    static const unsigned bits[] = {49, 40, 36, 47, 49, 45};
    uint64_t primes[BF_MODULI_MAX];
    bf_ring *r = NULL;
    for (unsigned i = 0; i < count; i++) {
        primes[i] = bf_prime_below(1ULL << bits[i % 6], LOG_N, primes, i);
        assert_true(primes[i] != 0);
    }
    assert_int_equal(bf_ring_create(&r, LOG_N, primes, count, BF_BACKEND_AUTO),
                     BF_OK);
    return r;
}

/* Value number i: the first are 0, small, and beside the boundary at a
 * distance just above the 2^-43 Q that the contract leaves open; the rest are
 * uniform in (-Q/2, Q/2). */
static void value(mpz_t x, size_t i, const mpz_t q, gmp_randstate_t rand)
{
    mpz_t t;
    mpz_init(t);
    if (i < 5) {
        mpz_set_si(x, (long)i - 2);
    } else if (i < 13) {
        mpz_fdiv_q_2exp(x, q, 1);
        mpz_fdiv_q_2exp(t, q, 43);
        mpz_add_ui(t, t, i);
        mpz_sub(x, x, t);
        if (i % 2) mpz_neg(x, x);
    } else {
        mpz_urandomm(x, rand, q);
        mpz_fdiv_q_2exp(t, q, 1);
        mpz_sub(x, x, t);
    }
    mpz_clear(t);
}

/* Q/q_j; the library's factor is its inverse. */
static void cofactor(mpz_t hat, const mpz_t q, uint64_t p, uint64_t factor)
{
    set_u64(hat, p);
    mpz_divexact(hat, q, hat);
    assert_true(bf_mod_mul(mod_u64(hat, p), factor, p) == 1);
}

/* The first half of a decides the sources, x_j = a (Q/q_j)^-1 mod q_j; in the
 * second half sources at their bounds decide a. */
static void fill_sources(rng *r, const bf_ring *ring, const bf_convert *c,
                         const unsigned *src, unsigned k, const mpz_t q,
                         mpz_t *a, double **x)
{
    mpz_t hat;
    mpz_init(hat);
    for (size_t i = N / 2; i < N; i++) mpz_set_ui(a[i], 0);
    for (unsigned j = 0; j < k; j++) {
        const uint64_t p = ring->mod[src[j]].value, f = bf_convert_factor(c, j);
        const uint64_t max = reduced_max(p);
        cofactor(hat, q, p, f);
        for (size_t i = 0; i < N / 2; i++) {
            /* Any reduced representative will do: shift some by p. */
            const double y = bf_centre(bf_mod_mul(mod_u64(a[i], p), f, p), p);
            const double other = y > 0 ? y - (double)p : y + (double)p;
            x[j][i] = i % 3 == 0 && fabs(other) <= (double)max ? other : y;
        }
        for (size_t i = N / 2; i < N; i++) {
            /* The bound itself first; signs alike, or at random. */
            const uint64_t y = max - (i < N / 2 + 16 ? 0 : rng_next(r) % 1000);
            const bool up = i % 4 > 1 ? rng_next(r) & 1 : i & 1;
            x[j][i] = up ? (double)y : 0 - (double)y;
            if (up)
                mpz_addmul_ui(a[i], hat, y);
            else
                mpz_submul_ui(a[i], hat, y);
        }
    }
    mpz_fdiv_q_2exp(hat, q, 1);
    for (size_t i = N / 2; i < N; i++) {
        mpz_add(a[i], a[i], hat);
        mpz_mod(a[i], a[i], q);
        mpz_sub(a[i], a[i], hat);
    }
    mpz_clear(hat);
}

static void check_targets(const bf_ring *ring, const bf_convert *c,
                          const unsigned *dst, unsigned dsts, mpz_t *a,
                          double **x, double *v, double *o)
{
    bf_convert_overflow(c, v, (const double *const *)x);
    for (unsigned t = 0; t < dsts; t++) {
        const uint64_t p = ring->mod[dst[t]].value;
        bf_span_convert(c, t, o, (const double *const *)x, v, N);
        for (size_t i = 0; i < N; i++)
            assert_true(o[i] == bf_centre(mod_u64(a[i], p), p));
    }
}

static void check_conversion(rng *r, bf_ring *ring, unsigned k,
                             gmp_randstate_t rand, mpz_t *a, double **x)
{
    unsigned src[BF_MODULI_MAX], dst[BF_MODULI_MAX], dsts = 0;
    bf_convert *c = NULL;
    mpz_t q, p;
    mpz_inits(q, p, NULL);
    mpz_set_ui(q, 1);
    /* Sources from the middle, so that indices matter. */
    for (unsigned i = 0; i < ring->count; i++) {
        if (i >= 2 && i < 2 + k) {
            src[i - 2] = i;
            set_u64(p, ring->mod[i].value);
            mpz_mul(q, q, p);
        } else {
            dst[dsts++] = i;
        }
    }
    assert_int_equal(bf_convert_create(&c, ring, src, k, dst, dsts), BF_OK);
    for (size_t i = 0; i < N / 2; i++) value(a[i], i, q, rand);
    fill_sources(r, ring, c, src, k, q, a, x);
    FOR_BACKENDS(kernels)
    {
        ring->k = kernels;
        check_targets(ring, c, dst, dsts, a, x, x[k], x[k + 1]);
    }
    bf_convert_destroy(c);
    mpz_clears(q, p, NULL);
}

/* Rounds of N values for each number of sources, with two targets before the
 * sources and two or more behind. */
static void check_sources(const unsigned *sources, size_t count,
                          unsigned primes, size_t rounds, rng *r)
{
    mpz_t *a = malloc(N * sizeof *a);
    double *x[BF_CONVERT_SOURCES_MAX + 2];
    gmp_randstate_t rand;
    bf_ring *ring = mixed_ring(primes);
    assert_non_null(a);
    gmp_randinit_default(rand);
    gmp_randseed_ui(rand, rng_next(r));
    for (size_t i = 0; i < N; i++) mpz_init(a[i]);
    for (size_t i = 0; i < BF_CONVERT_SOURCES_MAX + 2; i++) x[i] = new_array(N);
    for (size_t i = 0; i < count * rounds; i++)
        check_conversion(r, ring, sources[i % count], rand, a, x);
    for (size_t i = 0; i < BF_CONVERT_SOURCES_MAX + 2; i++) bf_free(x[i]);
    for (size_t i = 0; i < N; i++) mpz_clear(a[i]);
    free(a);
    gmp_randclear(rand);
    bf_ring_destroy(ring);
}

static void test_conversion(void **state)
{
    (void)state;
    rng r = rng_start("conversion against CRT");
    static const unsigned sources[] = {
        1, 2, 3, 4, 7, 8, 11, 12, 13, 16, 24, BF_CONVERT_SOURCES_MAX};
    check_sources(sources, sizeof sources / sizeof *sources,
                  BF_CONVERT_SOURCES_MAX + 4, 1, &r);
}

/* A million uniform values, and as many from sources at their bounds. */
static void test_million(void **state)
{
    (void)state;
    rng r = rng_start("a million conversions");
    static const unsigned two = 2, seven = 7;
    check_sources(&two, 1, two + 4, 2000000 / N, &r);
    check_sources(&seven, 1, seven + 4, 2000000 / N, &r);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_ring *ring = mixed_ring(4);
    bf_convert *c = NULL;
    const unsigned both[] = {0, 1}, twice[] = {2, 2}, absent[] = {9},
                   one[] = {1};
    assert_int_equal(bf_convert_create(&c, ring, both, 2, one, 1),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_convert_create(&c, ring, twice, 2, one, 1),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_convert_create(&c, ring, absent, 1, one, 1),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_convert_create(&c, ring, both, 0, one, 1),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_convert_create(&c, ring, both, 1, one, 0),
                     BF_ERR_ARGUMENT);
    assert_null(c);
    bf_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversion),
        cmocka_unit_test(test_million),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
