/* Noise and ternary polynomials as signed bytes, in constant time: no branch,
 * index or early exit depends on a sample. Each call draws a fresh 32-byte seed
 * from bf_random_bytes and expands it by ChaCha20; intermediates are wiped.
 * The caller wipes `out`. */
#ifndef BF_CKKS_SAMPLE_H
#define BF_CKKS_SAMPLE_H

#include "base/random.h"

#define BF_NOISE_SD 3.2403703492039302 /* sqrt(21/2) */

/* Centred binomial, 21 + 21 bits: popcount difference. */
void bf_sample_noise(int8_t *out, size_t n);
/* Uniform in {-1, 0, 1}: sixteen base-3 digits of each 128-bit fraction, so
 * the distance from uniform is below 2^-102 per sixteen coefficients. */
void bf_sample_ternary(int8_t *out, size_t n);
/* The same from the bytes of a stream. */
void bf_stream_ternary(bf_stream *s, int8_t *out, size_t n);
/* Integers with a normal distribution of standard deviation sd, 1 to 2^46. Each
 * is a sum of centred binomials of variance 256 with weights 1, 4, 16, ...,
 * 4^23, scaled and rounded; the sum of the lower terms smooths the steps of
 * each term. |out| <= 32 sd. */
void bf_sample_normal(double *out, size_t n, double sd);
/* Exactly `weight` nonzero signs at uniform places: the order of random 61-bit
 * keys, sorted by a fixed network, redrawn when two keys are equal.
 * BF_ERR_ARGUMENT when weight > n or n > 2^24. */
BF_MUST_CHECK bf_status bf_sample_sparse_ternary(int8_t *out, size_t n,
                                                 unsigned weight);

#endif
