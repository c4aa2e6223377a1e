/* Opening a ciphertext under s = s_0 + ... + s_{K-1} (ckks/collective.h).
 *
 * Owner i sends h_i = s_i c1 + f_i at some coefficients alone, f_i of normal
 * distribution; c0 + sum_i h_i is the message there, with all errors f_i.
 * Beyond the coefficients that hold a message, s_i c1 is but equations in s_i,
 * so they are left out; f_i hides what the message's own error tells of the
 * secrets. What an owner has sent for one ciphertext it never makes again. */
#ifndef BF_CKKS_OWNER_OPEN_SHARE_H
#define BF_CKKS_OWNER_OPEN_SHARE_H

#include "ckks/owner/owner.h"

/* Which coefficients, in the order of the values. */
typedef struct bf_places {
    const uint32_t *at; /* [count], below N */
    size_t count;
} bf_places;

/* values[limbs][count], of 0..q-1: secret memory of the caller's. sd: that of
 * f_i, 1 to 2^46. BF_ERR_ARGUMENT for other than two polynomials, a place
 * beyond the ring or another sd; BF_ERR_SECURITY as of an encryption of those
 * limbs. */
BF_MUST_CHECK bf_status bf_open_share(uint64_t *values, const bf_secret_key *s,
                                      const bf_ct *ct, bf_places places,
                                      double sd);

/* Of all owners' shares the plaintext, zero at other coefficients, in secret
 * memory. BF_ERR_FORMAT for a value of q or more. */
BF_MUST_CHECK bf_status bf_open_combine(bf_pt *out, const bf_ct *ct,
                                        bf_places places,
                                        const uint64_t *const *shares,
                                        unsigned owners);

#endif
