/* Evaluation keys that K owners make together, for s = s_0 + ... + s_{K-1},
 * which exists nowhere ([MTBH21]).
 *
 * All a halves of linear keys come from one seed that no owner can choose. For
 * digit j and modulus m, [j,m] = P if m belongs to j, else 0; e are fresh
 * errors, and u_i is a second secret of owner i, for keys from the square
 * alone. The shares of owner i:
 *
 *   the key of Galois element g   b_i = e - a phi_{1/g}(s_i) + [j,m] s_i
 *   the import key of owner k     b_i = e - a s_i + (i = k) [j,m] s_k
 *   a key from the square, g      h0_i = e0 - a u_i + [j,m] s_i
 *                                 h1_i = e1 + a s_i
 *     and with the sums h0, h1    b_i = e2 + s_i h0 + (u_i - phi_{1/g}(s_i)) h1
 *
 * The sums of all b_i are keys; keys from the square have h1 as their a half:
 *   b + h1 phi_{1/g}(s) = [j,m] s^2 + (s e0 + u e1 + e2).
 *
 * A share is a bf_eval_keys of its owner's (ckks/owner/key_share.h): linear
 * shares have a = BF_KEY_A_SEED, first shares of squares (h0, h1)
 * BF_KEY_A_WHOLE, second shares BF_KEY_A_APART. Sums of shares have the same
 * form. No function here uses a secret. */
#ifndef BF_CKKS_COLLECTIVE_H
#define BF_CKKS_COLLECTIVE_H

#include "ckks/ckks.h"

/* Switches a from the secret of owner k to s; out may be a, whose memory then
 * stays. If the switch fails, *out is cleared. */
BF_MUST_CHECK bf_status bf_import(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                  unsigned k);

/* rms error that an import adds at this number of limbs. */
double bf_import_noise(const bf_context *ctx, unsigned limbs);

/* Adds a share to a sum of shares; an empty sum becomes a copy of the share.
 * The key id of the sum does not change. BF_ERR_MISMATCH, with the sum
 * unchanged, unless both have the same keys in the same order, of the same
 * kind, limbs and seed. */
BF_MUST_CHECK bf_status bf_shares_add(bf_eval_keys *sum,
                                      const bf_eval_keys *share);

/* Turns the sum of second shares into keys, with h1 from the sum of first
 * shares. BF_ERR_MISMATCH, with both unchanged, unless both sums have the same
 * keys. */
BF_MUST_CHECK bf_status bf_shares_finish_squares(bf_eval_keys *second,
                                                 const bf_eval_keys *first);

#endif
