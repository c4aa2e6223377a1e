/* Keys for ckks/ringswitch.h. Both live in the large ring.
 *
 * A key to s(X^k) is as weak as s: each sample of the key, modulo X^k, is k
 * samples of the small ring under s. The whole modulus q_0..q_{limbs-1}*P of
 * the key, with P of the large ring, is therefore checked against the small
 * ring's row of the table. */
#ifndef BF_CKKS_OWNER_RING_SWITCH_KEY_H
#define BF_CKKS_OWNER_RING_SWITCH_KEY_H

#include "ckks/owner/owner.h"

/* From s(X^k), s of the small ring, to the large ring's secret. */
BF_MUST_CHECK bf_status bf_ring_up_key_generate(bf_switch_key *out,
                                                const bf_secret_key *small,
                                                const bf_secret_key *large,
                                                unsigned limbs);
/* From the large ring's secret to s(X^k). BF_ERR_SECURITY when its modulus is
 * beyond what the small ring allows. */
BF_MUST_CHECK bf_status bf_ring_down_key_generate(bf_switch_key *out,
                                                  const bf_secret_key *small,
                                                  const bf_secret_key *large,
                                                  unsigned limbs);

#endif
