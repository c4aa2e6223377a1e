/* Exact sums of owners' vectors, of which nobody sees another's: masks of pairs
 * that cancel ([BIK+17], without its shares for owners who drop out).
 *
 * A vector is `count` fixed-point numbers of `width` bytes, little endian, two's
 * complement: 8 bytes in units of 2^-40, or 16 in units of 2^-64. Sums are
 * modulo 2^(8 width); what is summed must stay below half of that, and then the
 * total is that of the rounded numbers, exactly.
 *
 * Owners i < j share
 *   k_ij = BLAKE2b-256("blindfit-sum\0" || X25519(i, j) || i || j ||
 *                      public i || public j || session || name)
 * (i and j a byte each), whose stream (base/random.h, domain "blindfit-sum") i
 * adds and j subtracts. To whoever holds the secrets of some owners, the vectors
 * of the others are uniform but for their sum. */
#ifndef BF_TRAIN_OWNER_SECURE_SUM_H
#define BF_TRAIN_OWNER_SECURE_SUM_H

#include "base/random.h"
#include "blindfit/session.h"
#include "ring/wide.h"

#define BF_X25519_BYTES 32

typedef struct bf_sum_owner {
    const uint8_t *secret; /* X25519, in secret memory */
    const uint8_t *publics[BF_OWNERS_MAX];
    unsigned owners, number; /* K, and which of them this is, from 0 */
    const uint8_t *session;  /* BF_HASH_BYTES */
} bf_sum_owner;

/* Masks a vector in place. A name serves once in a session: of two vectors under
 * one name the difference is in the clear, and the caller has to see to it.
 * BF_ERR_ARGUMENT for fewer than 2 or more than BF_OWNERS_MAX owners;
 * BF_ERR_MISMATCH when the secret is not that of publics[number];
 * BF_ERR_FORMAT for a public key of small order, which names its owner. On
 * failure the vector is wiped. */
BF_MUST_CHECK bf_status bf_sum_mask(uint8_t *vector, size_t count,
                                    unsigned width, const bf_sum_owner *own,
                                    const char *name);
/* k_ij of this owner and another, into secret memory of the caller's; the same
 * errors. */
BF_MUST_CHECK bf_status bf_sum_pair_key(uint8_t key[BF_HASH_BYTES],
                                        const bf_sum_owner *own, unsigned other,
                                        const char *name);
/* sum += vector. */
void bf_sum_add(uint8_t *sum, const uint8_t *vector, size_t count,
                unsigned width);

/* Adds v, rounded to the unit; |v| < 2^22 with 8 bytes, < 2^62 with 16. */
void bf_sum_add_number(uint8_t *number, double v, unsigned width);
double bf_sum_number(const uint8_t *number, unsigned width);
/* The magnitude of one of 16 bytes, in units; whether it is negative. */
bool bf_sum_magnitude(bf_u128 *units, const uint8_t *number);

#endif
