/* Noise and ternary polynomials as signed bytes, in constant time. */
#ifndef BF_CKKS_SAMPLE_H
#define BF_CKKS_SAMPLE_H

#include "base/random.h"

/* Centred binomial, 21 + 21 bits (variance 10.5): popcount difference. */
void bf_sample_noise(int8_t *out, size_t n);
/* Uniform in {-1, 0, 1}: two bits with masked rejection over 64-bit words, or
 * 128-bit fixed-point thirds; no branch or index depends on the sample. */
void bf_sample_ternary(int8_t *out, size_t n);
/* Exactly `weight` nonzero signs at uniform places: constant-time shuffle
 * (sorting by random 64-bit keys with a fixed network). */
void bf_sample_sparse_ternary(int8_t *out, size_t n, unsigned weight);

#endif
