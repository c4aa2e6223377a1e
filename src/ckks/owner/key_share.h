/* One owner's shares of keys that K owners make together (ckks/collective.h,
 * with the algebra). The modulus of every share is checked against the limits
 * of both secrets of the owner, as for a key. An owner gives one answer to one
 * public polynomial: call each function at most once in a session. */
#ifndef BF_CKKS_OWNER_KEY_SHARE_H
#define BF_CKKS_OWNER_KEY_SHARE_H

#include "ckks/collective.h"
#include "ckks/owner/owner.h"

typedef struct bf_share_secrets {
    const bf_secret_key *s;
    const bf_secret_key *u; /* for squares alone, drawn for this session */
    unsigned owner;         /* its number, from 0 */
} bf_share_secrets;

/* All outputs are in the order of the needs, which are of one ring; all a
 * halves come from the seed. bf_share_linear takes needs of use GALOIS and
 * IMPORT, bf_share_squares those FROM_SQUARE. With one owner, shares of Galois
 * keys equal the keys of bf_eval_keys_generate. BF_ERR_ARGUMENT for another use
 * or a need listed twice; progress by key. */
BF_MUST_CHECK bf_status bf_share_linear(bf_eval_keys *out, bf_share_secrets own,
                                        const bf_key_need *needs, size_t count,
                                        const uint8_t seed[BF_SEED_BYTES],
                                        bf_env *env);
/* (h0_i, h1_i). */
BF_MUST_CHECK bf_status bf_share_squares(bf_eval_keys *out,
                                         bf_share_secrets own,
                                         const bf_key_need *needs, size_t count,
                                         const uint8_t seed[BF_SEED_BYTES],
                                         bf_env *env);
/* b_i, from the sum of all owners' (h0, h1). The caller must have added these
 * shares itself: with a forged sum the result gives s_i away. */
BF_MUST_CHECK bf_status bf_share_squares_second(bf_eval_keys *out,
                                                bf_share_secrets own,
                                                const bf_eval_keys *sum,
                                                bf_env *env);

#endif
