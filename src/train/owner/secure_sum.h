/* Exact sums of owners' vectors, of which each stays hidden from the other
 * owners: pairs of owners add masks that cancel ([BIK+17], without that paper's
 * shares for owners who drop out).
 *
 * A vector has `count` fixed-point numbers of `width` bytes, little endian,
 * two's complement: 8 bytes in units of 2^-40, or 16 in units of 2^-64. Sums
 * are modulo 2^(8 width). If the sum of the rounded numbers is below half of
 * that, the total is this sum, exactly.
 *
 * Owners i < j share
 *   k_ij = BLAKE2b-256("blindfit-sum\0" || X25519(i, j) || i || j ||
 *                      public i || public j || session || name)
 * (i and j a byte each). Owner i adds the stream of k_ij (base/random.h, domain
 * "blindfit-sum"), and owner j subtracts this stream. Whoever holds the secrets
 * of some owners sees vectors of the other owners that are uniform but for
 * their sum. */
#ifndef BF_TRAIN_OWNER_SECURE_SUM_H
#define BF_TRAIN_OWNER_SECURE_SUM_H

#include "base/random.h"
#include "blindfit/session.h"
#include "ring/wide.h"

#define BF_X25519_BYTES 32

typedef struct bf_sum_owner {
    const uint8_t *secret; /* X25519, in secret memory */
    const uint8_t *publics[BF_OWNERS_MAX];
    unsigned owners, number; /* K, and the number of this owner, from 0 */
    const uint8_t *session;  /* BF_HASH_BYTES */
} bf_sum_owner;

/* Masks a vector in place. The caller uses a name once in a session: two
 * vectors under one name would show their difference. BF_ERR_ARGUMENT for fewer
 * than 2 or more than BF_OWNERS_MAX owners; BF_ERR_MISMATCH if the secret does
 * not belong to publics[number]; BF_ERR_FORMAT, which names the owner, for a
 * public key of small order. On failure the vector is wiped. */
BF_MUST_CHECK bf_status bf_sum_mask(uint8_t *vector, size_t count,
                                    unsigned width, const bf_sum_owner *own,
                                    const char *name);
/* k_ij of this owner and owner `other`, in the caller's secret memory; errors
 * as bf_sum_mask. */
BF_MUST_CHECK bf_status bf_sum_pair_key(uint8_t key[BF_HASH_BYTES],
                                        const bf_sum_owner *own, unsigned other,
                                        const char *name);
/* sum += vector. */
void bf_sum_add(uint8_t *sum, const uint8_t *vector, size_t count,
                unsigned width);

/* Adds v, rounded to the unit. |v| < 2^22 for 8 bytes, < 2^62 for 16. */
void bf_sum_add_number(uint8_t *number, double v, unsigned width);
double bf_sum_number(const uint8_t *number, unsigned width);
/* The magnitude of a number of 16 bytes, in units. Returns true if the number
 * is negative. */
bool bf_sum_magnitude(bf_u128 *units, const uint8_t *number);

#endif
