/* Between a ring of degree n and a larger one of degree N = k n, X -> X^k
 * ([GHPS13], in the form for power-of-two cyclotomics).
 *
 * Up: the coefficients of a ciphertext under s are spread k apart, which gives
 * one of the same message and noise in the large ring under s(X^k), at no cost;
 * a key switch brings it under the large ring's own secret S. Slot j of the
 * large ring then holds slot j mod n/2 of the small one.
 * Down: a key switch from S to s(X^k), whereupon every k-th coefficient of both
 * polynomials is kept. Of the message the same coefficients remain; a message
 * from the subring, as after Up, is whole.
 *
 * The rings share the ciphertext primes, which are 1 mod 2N; the switching keys
 * live in the large ring, and use its special primes (owner/ring_switch_key.h).
 */
#ifndef BF_CKKS_RINGSWITCH_H
#define BF_CKKS_RINGSWITCH_H

#include "ckks/ckks.h"

/* Parameters of a ring of degree 2^log_n whose chain is the first n_q
 * ciphertext and n_p special primes of `large`. BF_ERR_ARGUMENT when these do
 * not exist or the ring is not smaller. Security is checked when a context is
 * made. */
BF_MUST_CHECK bf_status bf_ring_switch_params(bf_params *small,
                                              const bf_params *large,
                                              unsigned log_n, unsigned n_q,
                                              unsigned n_p,
                                              unsigned digit_limbs);

/* BF_ERR_MISMATCH unless the first `limbs` primes agree and small is smaller.
 */
BF_MUST_CHECK bf_status bf_ring_switch_check(const bf_context *small,
                                             const bf_context *large,
                                             unsigned limbs);

/* The evaluators are both real or both symbolic; the key is the large ring's,
 * of use RING_UP or RING_DOWN. a lies in the ring of `from`, out in that of
 * `to`. Scale, bound and limbs are kept. */
BF_MUST_CHECK bf_status bf_ring_switch_up(bf_eval *from, bf_eval *to,
                                          bf_ct *out, const bf_ct *a);
BF_MUST_CHECK bf_status bf_ring_switch_down(bf_eval *from, bf_eval *to,
                                            bf_ct *out, const bf_ct *a);
/* The error that a switch from or to this larger ring adds, in a coefficient,
 * in units of 1/scale. */
double bf_ring_switch_noise(const bf_context *large, unsigned limbs);

#endif
