/* Evaluation keys that K owners make together, for s = s_0 + ... + s_{K-1},
 * which exists nowhere ([MTBH21]).
 *
 * All a halves of linear keys come from one seed that nobody chose. For digit j
 * and modulus m, [j,m] = P where m belongs to j, else 0; e are fresh errors,
 * and u_i is a second secret of owner i's, for this alone. Owner i's share of
 *
 *   the key of Galois element g   b_i = e - a phi_{1/g}(s_i) + [j,m] s_i
 *   the import key of owner k     b_i = e - a s_i + (i = k) [j,m] s_k
 *   a key from the square, g      h0_i = e0 - a u_i + [j,m] s_i
 *                                 h1_i = e1 + a s_i
 *     and with the sums h0, h1    b_i = e2 + s_i h0 + (u_i - phi_{1/g}(s_i)) h1
 *
 * Sums of b_i are keys, those from the square with h1 as their a half:
 *   b + h1 phi_{1/g}(s) = [j,m] s^2 + (s e0 + u e1 + e2).
 *
 * A share is a bf_eval_keys of its owner's (ckks/owner/key_share.h): linear
 * ones of a = BF_KEY_A_SEED, squares' first ones (h0, h1) of BF_KEY_A_WHOLE,
 * their second ones of BF_KEY_A_APART. Sums are the same with all owners'
 * shares. No secret is used here. */
#ifndef BF_CKKS_COLLECTIVE_H
#define BF_CKKS_COLLECTIVE_H

#include "ckks/ckks.h"

/* a, encrypted under owner number k's own secret, under s: a key switch. */
BF_MUST_CHECK bf_status bf_import(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                  unsigned k);

/* rms of the error that an import adds at so many limbs. */
double bf_import_noise(const bf_context *ctx, unsigned limbs);

/* Adds a share to a sum of shares; to an empty sum: becomes a copy of it. The
 * key id of the sum stays. BF_ERR_MISMATCH, and the sum as it was, unless both
 * have the same keys in the same order, of the same kind, limbs and seed. */
BF_MUST_CHECK bf_status bf_shares_add(bf_eval_keys *sum,
                                      const bf_eval_keys *share);

/* The sum of second shares becomes keys, with h1 of the sum of first ones.
 * BF_ERR_MISMATCH, and nothing done, unless they are of the same keys. */
BF_MUST_CHECK bf_status bf_shares_finish_squares(bf_eval_keys *second,
                                                 const bf_eval_keys *first);

#endif
