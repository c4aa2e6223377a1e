/* Automorphisms and monomials: evaluation form against coefficient form, and
 * coefficient form against the definition. */
#include "kernels/testing.h"

static bf_ring *ring_of(unsigned log_n)
{
    const uint64_t primes[] = {prime_of_bits(49, log_n),
                               prime_of_bits(36, log_n)};
    bf_ring *r = NULL;
    assert_int_equal(bf_ring_create(&r, log_n, primes, 2, BF_BACKEND_AUTO),
                     BF_OK);
    return r;
}

/* The group that the library uses: powers of 5, conjugation, and their
 * products; and a few arbitrary odd numbers. */
static uint32_t galois(rng *r, unsigned t, size_t n)
{
    const uint32_t mask = (uint32_t)(2 * n - 1);
    static const uint32_t fixed[] = {1, 3, 5, 25};
    if (t < 4) return fixed[t];
    if (t == 4) return mask;
    if (t == 5) return (uint32_t)n + 1;
    return ((uint32_t)rng_next(r) & mask) | 1;
}

static void check_perm(const uint32_t *perm, size_t n)
{
    uint8_t *seen = calloc(n, 1);
    assert_non_null(seen);
    for (size_t i = 0; i < n; i++) {
        assert_true(perm[i] < n && !seen[perm[i]]);
        seen[perm[i]] = 1;
        assert_int_equal(perm[i] / 16, perm[i & ~(size_t)15] / 16);
    }
    free(seen);
}

static void test_automorphisms(void **state)
{
    (void)state;
    rng r = rng_start("automorphisms");
    for (unsigned log_n = BF_LOG_N_MIN; log_n <= BF_LOG_N_MAX; log_n++) {
        bf_ring *ring = ring_of(log_n);
        const size_t n = ring->n;
        double *a = new_array(n), *v = new_array(n), *o = new_array(n);
        double *expected = new_array(n);
        uint32_t *perm = bf_alloc(n * sizeof *perm);
        assert_non_null(perm);
        for (unsigned t = 0; t < 8; t++) {
            const uint32_t g = galois(&r, t, n);
            const unsigned m = t % 2;
            for (size_t i = 0; i < n; i++)
                a[i] = rng_within(&r, ring->mod[m].value / 2);
            for (size_t i = 0; i < n; i++) {
                const uint64_t j = i * (uint64_t)g % (2 * n);
                expected[j % n] = j < n ? a[i] : -a[i];
            }
            bf_limb_automorphism_coeff(ring, o, a, g);
            for (size_t i = 0; i < n; i++) assert_true(o[i] == expected[i]);
            memcpy(v, a, n * sizeof *v);
            bf_ntt_forward(ring, m, v);
            bf_ring_automorphism(log_n, g, perm);
            check_perm(perm, n);
            bf_limb_permute(ring, o, v, perm);
            bf_ntt_inverse(ring, m, o);
            bf_limb_reduce(ring, m, o, o);
            for (size_t i = 0; i < n; i++) assert_true(o[i] == expected[i]);
        }
        bf_free(a);
        bf_free(v);
        bf_free(o);
        bf_free(expected);
        bf_free(perm);
        bf_ring_destroy(ring);
    }
}

static void test_monomials(void **state)
{
    (void)state;
    rng r = rng_start("monomials");
    bf_ring *ring = ring_of(12);
    const uint32_t n = (uint32_t)ring->n;
    double *a = new_array(n), *x = new_array(n), *o = new_array(n);
    const uint32_t exponents[] = {0,         1,         n / 2,
                                  n - 1,     n,         n + 1,
                                  2 * n - 1, 2 * n + 7, (uint32_t)rng_next(&r)};
    for (size_t t = 0; t < sizeof exponents / sizeof *exponents; t++) {
        const uint32_t e = exponents[t];
        for (uint32_t i = 0; i < n; i++)
            a[i] = rng_within(&r, ring->mod[0].value / 2);
        memcpy(x, a, n * sizeof *x);
        bf_ntt_forward(ring, 0, x);
        bf_limb_monomial(ring, 0, o, e);
        bf_limb_mul(ring, 0, x, x, o);
        bf_ntt_inverse(ring, 0, x);
        bf_limb_reduce(ring, 0, x, x);
        for (uint32_t i = 0; i < n; i++) {
            const uint32_t j = (i + e) % (2 * n);
            assert_true(x[j % n] == (j < n ? a[i] : -a[i]));
        }
    }
    bf_free(a);
    bf_free(x);
    bf_free(o);
    bf_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_automorphisms),
        cmocka_unit_test(test_monomials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
