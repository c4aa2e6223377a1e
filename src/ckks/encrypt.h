/* Encryption with a public key: needs no secret. */
#ifndef BF_CKKS_ENCRYPT_H
#define BF_CKKS_ENCRYPT_H

#include "ckks/ckks.h"

typedef struct bf_public_key {
    const bf_context *ctx;
    uint8_t key_id[BF_KEY_ID_BYTES];
    double *data; /* [limb of q][b|a][N] */
} bf_public_key;
void bf_public_key_clear(bf_public_key *pk); /* safe on zeroed objects */

/* c = (b*u + e0 + m, a*u + e1), u ternary ([CKKS17] section 3.4), at the limbs
 * of m. out is zeroed or an earlier result, whose memory is reused if it fits.
 * BF_ERR_MISMATCH when m has other parameters. */
BF_MUST_CHECK bf_status bf_encrypt_public(bf_ct *out,
                                          const bf_public_key *pk,
                                          const bf_pt *m);

#endif
