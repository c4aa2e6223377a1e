/* Opening a ciphertext under s = s_0 + ... + s_{K-1} (ckks/collective.h).
 *
 * Owner i sends h_i = s_i c1 + f_i, with f_i normally distributed, only at the
 * coefficients that hold the message; c0 + sum_i h_i is the message with all
 * errors f_i. At other coefficients s_i c1 would only give equations in s_i.
 * f_i hides the information that the message's own error holds about the
 * secrets. An owner makes one share for a ciphertext, and never a second one.
 */
#ifndef BF_CKKS_OWNER_OPEN_SHARE_H
#define BF_CKKS_OWNER_OPEN_SHARE_H

#include "ckks/owner/owner.h"

/* Indices of coefficients, in the order of the values. */
typedef struct bf_places {
    const uint32_t *at; /* [count], below N */
    size_t count;
} bf_places;

#define BF_OPEN_SD_MAX 0x1p46

/* values[limbs][count], from 0 to q-1, in secret memory of the caller. sd is
 * the standard deviation of f_i, 1 to BF_OPEN_SD_MAX. BF_ERR_ARGUMENT unless
 * the ciphertext has two polynomials, for a place beyond the ring, and for an
 * sd out of range; BF_ERR_SECURITY as for an encryption at these limbs. */
BF_MUST_CHECK bf_status bf_open_share(uint64_t *values, const bf_secret_key *s,
                                      const bf_ct *ct, bf_places places,
                                      double sd);

/* The plaintext from all owners' shares, zero at other coefficients, in secret
 * memory. BF_ERR_FORMAT for a value of q or more. */
BF_MUST_CHECK bf_status bf_open_combine(bf_pt *out, const bf_ct *ct,
                                        bf_places places,
                                        const uint64_t *const *shares,
                                        unsigned owners);

#endif
