/* Limits the information in a decrypted weight beyond its value. */
#ifndef BF_TRAIN_OWNER_ROUNDING_H
#define BF_TRAIN_OWNER_ROUNDING_H

#include "blindfit/features.h"

/* Rounds weights of transformed space to multiples of the step, the power of
 * two just below their expected error, as digits below the noise depend on the
 * secret key and not on the model; then adds to each weight a random number,
 * uniform between minus half a step and half a step, from libsodium.
 *
 * Multiples alone would form a lattice: the map to features multiplies column k
 * by a private number (`paper`), or mixes columns by a private matrix
 * (`whitened`). Common divisors of the classes' weights would give away this
 * number or matrix to the last digit.
 *
 * Rounding and random number each add at most half a step, so that an error of
 * rms `noise` grows by a factor of at most BF_ROUNDING_ERROR. */
#define BF_ROUNDING_ERROR 1.0801 /* sqrt(1 + 2/12) */
void bf_weights_round(bf_matrix *weights, double noise);

#endif
