/* Bootstrapping's two halves, for tests that look or reach in between. */
#ifndef BF_CKKS_BOOT_INTERNAL_H
#define BF_CKKS_BOOT_INTERNAL_H

#include "ckks/bootstrap.h"

/* Steps 1 and 2. out: all limbs, under s, of a's scale; in its coefficients
 * m + q_0 I. */
BF_MUST_CHECK bf_status bf_boot_raise(bf_eval *ev, bf_eval *encapsulation,
                                      bf_ct *out, const bf_ct *a,
                                      const bf_boot *b);
/* Steps 3 to 6. raised is consumed, also on failure. */
BF_MUST_CHECK bf_status bf_boot_finish(bf_eval *ev, bf_ct *out, bf_ct *raised,
                                       const bf_boot *b);

/* What EvalMod, its primes being 1, is off by in a coefficient of x = X/q_0
 * (rms): a rescale's N/sqrt(18) in a slot (bf_noise_rounding times sqrt(N)),
 * times the 16.27 of x over y, times 9.5 for what polynomial and doublings make
 * of it, as measured for N = 2^12 to 2^15: T_2 = 2 y^2 - 1 alone has the slope
 * 4 y, where y is a tenth typically. Of a sparse packing's N/4n equal slots the
 * mean is taken in the end. */
double bf_boot_sine_error(const bf_boot_params *p);

/* What a refresh of this scale adds (rms, in units of the message): to a
 * coefficient in Z[Y], where maps and the sine's bend err, and to one of all N,
 * where EvalMod's roundings are too. */
typedef struct bf_boot_errors {
    double inside, all;
} bf_boot_errors;
bf_boot_errors bf_boot_errors_of(const bf_boot *b, double scale_in);

#endif
