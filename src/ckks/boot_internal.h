/* The two halves of bootstrapping, for tests of the state between them. */
#ifndef BF_CKKS_BOOT_INTERNAL_H
#define BF_CKKS_BOOT_INTERNAL_H

#include "ckks/bootstrap.h"

/* Steps 1 and 2. out has all limbs, secret s and a's scale; its coefficients
 * are m + q_0 I. */
BF_MUST_CHECK bf_status bf_boot_raise(bf_eval *ev, bf_eval *encapsulation,
                                      bf_ct *out, const bf_ct *a,
                                      const bf_boot *b);
/* Steps 3 to 6. Consumes raised, also on failure. */
BF_MUST_CHECK bf_status bf_boot_finish(bf_eval *ev, bf_ct *out, bf_ct *raised,
                                       const bf_boot *b);

/* Error (rms) of EvalMod in a coefficient of x = X/q_0, in units of 1 over
 * EvalMod's primes: a rescale's N/sqrt(18) in a slot (bf_noise_rounding times
 * sqrt(N)), times 16.27 = x/y, times 9.5 for the growth in polynomial and
 * doublings, measured for N = 2^12 to 2^15. (T_2 = 2 y^2 - 1 alone has the
 * slope 4 y, and y is typically a tenth.) A sparse packing ends with the mean
 * of N/4n equal slots. */
double bf_boot_sine_error(const bf_boot_params *p);

#endif
