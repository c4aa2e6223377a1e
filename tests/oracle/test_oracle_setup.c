/* Set-up code against GMP: primes, modular arithmetic, residues of large
 * integers; and refusals of bf_ring_create. */
#include <gmp.h>
#include <math.h>

#include "kernels/testing.h"

static void set_u64(mpz_t x, uint64_t v)
{
    mpz_import(x, 1, -1, sizeof v, 0, 0, &v);
}

static bool gmp_is_prime(uint64_t n)
{
    mpz_t x;
    mpz_init(x);
    set_u64(x, n);
    const bool prime = mpz_probab_prime_p(x, 30) > 0;
    mpz_clear(x);
    return prime;
}

static void test_primality(void **state)
{
    (void)state;
    rng r = rng_start("primality");
    /* Squares, Carmichael numbers, strong pseudoprimes to small bases. */
    const uint64_t hard[] = {0,
                             1,
                             2,
                             37,
                             41,
                             1369,
                             1681,
                             561,
                             1105,
                             2047,
                             1373653,
                             25326001,
                             3215031751u,
                             2152302898747u,
                             3474749660383u,
                             341550071728321u,
                             3825123056546413051u,
                             18446744073709551557u,
                             18446744073709551615u};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++)
        assert_int_equal(bf_is_prime_var(hard[i]), gmp_is_prime(hard[i]));
    for (uint64_t n = 0; n < 5000; n++)
        assert_int_equal(bf_is_prime_var(n), gmp_is_prime(n));
    for (int i = 0; i < 20000; i++) {
        const uint64_t n = rng_next(&r) >> rng_next(&r) % 60 | 1;
        assert_int_equal(bf_is_prime_var(n), gmp_is_prime(n));
    }
}

/* No prime of the right form lies between the bound and the answer or, without
 * an answer, between the bound and the end of the library's range of primes. */
static void check_neighbours(uint64_t at, unsigned log_n)
{
    const uint64_t step = 2ULL << log_n, first = (at - 1) / step * step + 1;
    uint64_t below = bf_prime_below(at, log_n, NULL, 0);
    uint64_t above = bf_prime_above(at, log_n, NULL, 0);
    if (below)
        assert_true(below < at && below % step == 1 && gmp_is_prime(below));
    else
        below = (1ULL << (BF_PRIME_BITS_MIN - 1)) - 1;
    if (above)
        assert_true(above >= at && above % step == 1 && gmp_is_prime(above));
    else
        above = 1ULL << BF_PRIME_BITS_MAX;
    for (uint64_t p = first < at ? first : first - step; p > below; p -= step)
        assert_false(gmp_is_prime(p));
    for (uint64_t p = first < at ? first + step : first; p < above; p += step)
        assert_false(gmp_is_prime(p));
}

static void check_nearest(double bits, unsigned log_n)
{
    const uint64_t target = (uint64_t)exp2(bits);
    uint64_t p = bf_prime_near(bits, log_n, NULL, 0);
    uint64_t below = bf_prime_below(target, log_n, NULL, 0);
    uint64_t above = bf_prime_above(target, log_n, NULL, 0);
    bool up = above && (!below || above - target < target - below);
    assert_true(p == (up ? above : below));
    if (p) assert_true(bf_prime_near(bits, log_n, &p, 1) != p);
}

static void test_prime_search(void **state)
{
    (void)state;
    rng r = rng_start("prime search");
    for (unsigned log_n = BF_LOG_N_MIN; log_n <= BF_LOG_N_MAX; log_n++) {
        for (unsigned bits = BF_PRIME_BITS_MIN; bits < BF_PRIME_BITS_MAX;
             bits++) {
            check_neighbours(1ULL << bits, log_n);
            check_neighbours((1ULL << bits) + rng_next(&r) % (1ULL << bits),
                             log_n);
            check_nearest(bits + 0x1p-20 * (double)(rng_next(&r) >> 44), log_n);
        }
        check_nearest(BF_PRIME_BITS_MIN - 1, log_n);
        check_nearest(BF_PRIME_BITS_MAX, log_n);
        /* The answer is excluded below and included above. */
        const uint64_t p = bf_prime_below(1ULL << 40, log_n, NULL, 0);
        assert_true(bf_prime_below(p, log_n, NULL, 0) < p);
        assert_true(bf_prime_above(p, log_n, NULL, 0) == p);
        assert_true(bf_prime_above(p, log_n, &p, 1) > p);
        assert_true(bf_prime_below(p + 1, log_n, &p, 1) < p);
    }
    assert_true(bf_prime_below(1ULL << 19, 17, NULL, 0) == 0);
    assert_true(bf_prime_below(0, 10, NULL, 0) == 0);
    assert_true(bf_prime_above((1ULL << 49) - 1, 17, NULL, 0) == 0);
    assert_true(bf_prime_below(UINT64_MAX, 10, NULL, 0) >> 49 == 0);
}

static void test_modular(void **state)
{
    (void)state;
    rng r = rng_start("modular arithmetic");
    mpz_t a, b, p, x;
    mpz_inits(a, b, p, x, NULL);
    for (int i = 0; i < 20000; i++) {
        const uint64_t q = bf_prime_below(1ULL << (20 + i % 30), 10, NULL, 0);
        const uint64_t u = rng_next(&r) % q, e = rng_next(&r) >> i % 64;
        set_u64(a, u);
        set_u64(b, e);
        set_u64(p, q);
        mpz_powm(x, a, b, p);
        assert_true(bf_mod_pow(u, e, q) == mpz_get_ui(x));
        if (u) assert_true(bf_mod_mul(u, bf_mod_inv(u, q), q) == 1);
        assert_true(bf_uncentre(bf_centre(u, q), q) == u);
        assert_true(2 * bf_centre(u, q) < (double)q);
        assert_true(2 * bf_centre(u, q) > -(double)q);
        const bf_mulc c = bf_mulc_make(u, q);
        assert_true(c.w == bf_centre(u, q));
        assert_true(fabsl((long double)c.wp -
                          (long double)c.w / (long double)q) <= 0x1p-54L);
    }
    mpz_clears(a, b, p, x, NULL);
}

static void test_from_integers(void **state)
{
    (void)state;
    rng r = rng_start("residues of integers");
    enum { LOG = 10, N = 1 << LOG };
    const uint64_t primes[] = {prime_of_bits(49, LOG), prime_of_bits(20, LOG)};
    bf_ring *ring = NULL;
    double *a = new_array(N), *o = new_array(N);
    int8_t bytes[N];
    mpz_t x, p;
    mpz_inits(x, p, NULL);
    assert_int_equal(bf_ring_create(&ring, LOG, primes, 2, BF_BACKEND_AUTO),
                     BF_OK);
    for (int pass = 0; pass < 5; pass++) {
        /* Up to 2^52, 2^54, 2^104, 2^120, and the largest doubles. */
        static const int spread[] = {1, 2, 52, 68, 971};
        for (size_t i = 0; i < N; i++) {
            const int e = (int)(rng_next(&r) % (uint64_t)spread[pass]);
            a[i] = ldexp(rng_within(&r, (1ULL << (pass ? 53 : 52)) - 1), e);
            bytes[i] = (int8_t)rng_next(&r);
        }
        a[0] = -0.0;
        for (unsigned m = 0; m < 2; m++) {
            set_u64(p, primes[m]);
            bf_limb_from_double(ring, m, o, a);
            assert_false(signbit(o[0]));
            for (size_t i = 0; i < N; i++) {
                mpz_set_d(x, a[i]);
                mpz_mod(x, x, p);
                assert_true(o[i] == bf_centre(mpz_get_ui(x), primes[m]));
            }
            bf_limb_from_i8(ring, m, o, bytes);
            for (size_t i = 0; i < N; i++) assert_true(o[i] == bytes[i]);
        }
    }
    mpz_clears(x, p, NULL);
    bf_ring_destroy(ring);
    bf_free(a);
    bf_free(o);
}

static void test_ring_refusals(void **state)
{
    (void)state;
    bf_ring *ring = NULL;
    const uint64_t p = prime_of_bits(40, 12), q = prime_of_bits(30, 10);
    const uint64_t twice[] = {p, p}, small = 12289, composite = (p - 1) / 2 + 1;
    const uint64_t large = 0x2000000002001ULL | 1ULL << 50;
    assert_int_equal(bf_ring_create(&ring, 9, &p, 1, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_create(&ring, 18, &p, 1, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_create(&ring, 12, &p, 0, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_create(&ring, 12, twice, 2, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_create(&ring, 17, &q, 1, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_create(&ring, 10, &small, 1, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_create(&ring, 10, &large, 1, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_create(&ring, 10, &composite, 1, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_null(ring);
}

static void test_resolve(void **state)
{
    (void)state;
    bf_backend b = BF_BACKEND_AUTO;
    unsetenv("BLINDFIT_BACKEND");
    assert_int_equal(bf_backend_resolve(BF_BACKEND_AUTO, &b), BF_OK);
    assert_true(b != BF_BACKEND_AUTO && bf_backend_kernels(b));
    setenv("BLINDFIT_BACKEND", "scalar", 1);
    assert_int_equal(bf_backend_resolve(BF_BACKEND_AUTO, &b), BF_OK);
    assert_int_equal(b, BF_BACKEND_SCALAR);
    setenv("BLINDFIT_BACKEND", "none", 1);
    assert_int_equal(bf_backend_resolve(BF_BACKEND_AUTO, &b), BF_ERR_ARGUMENT);
    assert_int_equal(b, BF_BACKEND_SCALAR);
    unsetenv("BLINDFIT_BACKEND");
    for (bf_backend e = BF_BACKEND_SCALAR; e <= BF_BACKEND_AVX512; e++) {
        const bf_kernels *k = bf_backend_kernels(e);
        const bf_status s = bf_backend_resolve(e, &b);
        assert_int_equal(s, k ? BF_OK : BF_ERR_UNSUPPORTED);
        if (k) assert_string_equal(k->name, bf_backend_name(e));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_primality),
        cmocka_unit_test(test_prime_search),
        cmocka_unit_test(test_modular),
        cmocka_unit_test(test_from_integers),
        cmocka_unit_test(test_ring_refusals),
        cmocka_unit_test(test_resolve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
