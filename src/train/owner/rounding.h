/* What a decrypted weight may say beyond its value. */
#ifndef BF_TRAIN_OWNER_ROUNDING_H
#define BF_TRAIN_OWNER_ROUNDING_H

#include "blindfit/features.h"

/* Rounds weights of transformed space to multiples of the step, the power of
 * two just below their expected error, as digits below the noise tell of the
 * secret key and not of the model; then adds to each what is uniform in half a
 * step to both sides, from libsodium.
 *
 * Multiples alone would be a lattice: the map to features multiplies column k
 * by a private number (`paper`), or mixes columns by a private matrix
 * (`whitened`), which common divisors of the classes' weights would give away
 * to the last digit.
 *
 * Both are at most half a step off, and the error of rms `noise` becomes one of
 * at most sqrt(1 + 2/12) times that. */
void bf_weights_round(bf_matrix *weights, double noise);

#endif
