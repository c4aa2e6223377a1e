/* The uniform sampler: the words of the stream taken modulo p one by one, and
 * a chi-squared test. Seeds are fixed, so that the outcome is. */
#include "kernels/testing.h"

#define LOG_N 17
#define N ((size_t)1 << LOG_N)
#define BINS 64

static bf_ring *ring_of(const uint64_t *primes, unsigned count)
{
    bf_ring *r = NULL;
    assert_int_equal(bf_ring_create(&r, LOG_N, primes, count, BF_BACKEND_AUTO),
                     BF_OK);
    return r;
}

/* A 49-bit prime for which one word in some 2^15 is rejected. */
static uint64_t rejecting_prime(void)
{
    uint64_t p = 1ULL << 49;
    do {
        p = bf_prime_below(p, LOG_N, NULL, 0);
    } while (UINT64_MAX % p < p / 10 * 9);
    return p;
}

static void test_words(void **state)
{
    (void)state;
    const uint64_t primes[] = {rejecting_prime(), prime_of_bits(48, LOG_N),
                               prime_of_bits(36, LOG_N)};
    const uint8_t seed[BF_SEED_BYTES] = {7};
    bf_ring *ring = ring_of(primes, 3);
    double *o = new_array(N);
    size_t rejected = 0;
    assert_int_equal(bf_random_init(), BF_OK);
    for (unsigned m = 0; m < 3; m++) {
        bf_stream s, again;
        const wide p = (wide)primes[m], limit = ((wide)1 << 64) / p * p;
        bf_stream_init(&s, seed, "uniform", m, 0);
        bf_stream_init(&again, seed, "uniform", m, 0);
        bf_limb_uniform(ring, m, o, &s);
        for (size_t i = 0; i < N;) {
            uint8_t b[8];
            wide x = 0;
            bf_stream_bytes(&again, b, 8);
            for (int j = 7; j >= 0; j--) x = x << 8 | b[j];
            if (x >= limit) {
                rejected++;
                continue;
            }
            assert_true(o[i++] == bf_centre((uint64_t)(x % p), primes[m]));
        }
        /* Both have consumed the same bytes. */
        assert_true(bf_stream_u64(&s) == bf_stream_u64(&again));
    }
    assert_true(rejected > 0);
    bf_free(o);
    bf_ring_destroy(ring);
}

/* 63 degrees of freedom: mean 63, standard deviation 11.2. */
static void test_chi_squared(void **state)
{
    (void)state;
    const uint64_t primes[] = {prime_of_bits(49, LOG_N),
                               prime_of_bits(36, LOG_N),
                               prime_of_bits(24, LOG_N)};
    bf_ring *ring = ring_of(primes, 3);
    double *o = new_array(N);
    assert_int_equal(bf_random_init(), BF_OK);
    for (unsigned m = 0; m < 3; m++)
        for (uint8_t t = 0; t < 8; t++) {
            const uint8_t seed[BF_SEED_BYTES] = {t};
            const double p = ring->mod[m].p, expected = (double)N / BINS;
            size_t bins[BINS] = {0};
            double chi = 0;
            bf_stream s;
            bf_stream_init(&s, seed, "chi", m, t);
            bf_limb_uniform(ring, m, o, &s);
            for (size_t i = 0; i < N; i++) {
                assert_true(2 * o[i] < p && 2 * o[i] > -p);
                bins[(size_t)((o[i] + p / 2) / p * BINS)]++;
            }
            for (size_t b = 0; b < BINS; b++) {
                const double d = (double)bins[b] - expected;
                chi += d * d / expected;
            }
            assert_true(chi > 63 - 3.5 * 11.2 && chi < 63 + 4.5 * 11.2);
        }
    bf_free(o);
    bf_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_chi_squared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
