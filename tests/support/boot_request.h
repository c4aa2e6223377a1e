/* The refresh that tests and benchmarks ask for. */
#ifndef BF_TESTS_SUPPORT_BOOT_REQUEST_H
#define BF_TESTS_SUPPORT_BOOT_REQUEST_H

#include "ckks/bootstrap.h"

/* Weights of a training job with one iteration of three primes between
 * refreshes: in 2^15 with 2^11 slots, 4,096 coefficients. Rings below 2^15 have
 * the same primes and are insecure. */
static inline bf_boot_request bf_boot_test_request(unsigned log_n,
                                                   unsigned log_slots)
{
    return (bf_boot_request){.log_n = log_n,
                             .log_slots = log_slots,
                             .limbs = 4,
                             .q0_bits = 42,
                             .limb_bits = 48.5,
                             .bound = 1,
                             .ratio = 6,
                             .scale = 0x1p30,
                             .precision = 17.5,
                             .insecure = log_n < 15};
}

#endif
