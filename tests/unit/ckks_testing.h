/* Shared by the tests of src/ckks: seeds, random values, small contexts. */
#ifndef BF_TESTS_UNIT_CKKS_TESTING_H
#define BF_TESTS_UNIT_CKKS_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/internal.h"
#include "ckks/owner/owner.h"
#include "support/status.h"

/* The seed of a test: the test's default, or BLINDFIT_TEST_SEED; always
 * printed. The seed also fixes the library's randomness, so that a failure can
 * be repeated. */
static inline uint64_t ckks_test_seed(uint64_t own)
{
    const char *text = getenv("BLINDFIT_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : own;
    print_message("seed %llu\n", (unsigned long long)seed);
    bf_random_fix_for_tests(seed);
    return seed;
}

/* splitmix64: test data only. */
static inline uint64_t ckks_test_u64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Uniform in [-1, 1). */
static inline double ckks_test_unit(uint64_t *state)
{
    return (double)(ckks_test_u64(state) >> 11) * 0x1p-52 - 1;
}

static inline void ckks_test_slots(double complex *z, size_t count,
                                   uint64_t *state)
{
    for (size_t j = 0; j < count; j++) {
        double re = ckks_test_unit(state), im = ckks_test_unit(state);
        z[j] = re + im * I;
    }
}

static inline bf_context *ckks_test_context(unsigned log_n,
                                            const unsigned *q_bits,
                                            unsigned n_q,
                                            const unsigned *p_bits,
                                            unsigned n_p, unsigned digit_limbs,
                                            bool insecure)
{
    bf_params p;
    bf_context *ctx = NULL;
    assert_ok(bf_params_make(&p, log_n, q_bits, n_q, p_bits, n_p,
                             digit_limbs));
    p.insecure = insecure;
    assert_ok(bf_context_create(&ctx, &p, BF_BACKEND_AUTO));
    return ctx;
}

#endif
