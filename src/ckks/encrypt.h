/* Encryption with a public key: needs no secret. */
#ifndef BF_CKKS_ENCRYPT_H
#define BF_CKKS_ENCRYPT_H

#include "ckks/ckks.h"

struct bf_public_key;
/* c = (b*u + e0 + m, a*u + e1), u ternary ([CKKS17] section 3.4). */
BF_MUST_CHECK bf_status bf_encrypt_public(bf_ct *out,
                                          const struct bf_public_key *pk,
                                          const bf_pt *m);

#endif
