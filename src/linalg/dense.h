/* Between per-class ciphertexts and dense groups: fold sums scores over
 * features into dense slots, spread copies dense errors over features. Both
 * use masks (a plaintext product each, merged into the caller's next rescale)
 * and rotations: by every r, 0 < |r| < K, sharing ModUps and ModDowns, while K
 * is small; by signed powers of two, with fewer keys, beyond. */
#ifndef BF_LINALG_DENSE_H
#define BF_LINALG_DENSE_H

#include "linalg/layout.h"

/* Masks of a layout, encoded once for `limbs`. With F = 1 there are none. */
typedef struct bf_masks {
    const bf_layout *layout;
    double scale;
    bf_pt *one;   /* [K] place f of every row */
    bf_pt *every; /* [K] all places = f mod K */
    /* Errors of a slot of these, root mean square. They are the same in every
     * row. */
    double one_error, every_error;
} bf_masks;
/* log2 of the least scale at which the rounded coefficients of a mask give an
 * error of 2^-bits in a slot (root mean square); 0 if F = 1. For small F, at
 * some scales every coefficient is far closer to an integer than the usual
 * error of sqrt(F/6)/scale. even: the errors of a mask's places add up to zero,
 * so that what all classes have in common does not change. The sum is F times
 * the error of the coefficient 1/F, which a multiple of F does not round. */
double bf_mask_log_scale(const bf_layout *layout, int bits, bool even);
/* symbolic: metadata only. */
BF_MUST_CHECK bf_status bf_masks_make(bf_masks *out, const bf_context *ctx,
                                      const bf_layout *layout, double scale,
                                      unsigned limbs, bool symbolic);
void bf_masks_clear(bf_masks *m);

/* a[0..count) (consumed) hold products X*W of one group's outputs; z is their
 * sum over features at dense places, scale times the mask's (unless F = 1);
 * not yet rescaled and not yet periodic. */
BF_MUST_CHECK bf_status bf_fold(bf_eval *ev, const bf_masks *masks, bf_ct *a,
                                size_t count, bf_ct *z);
/* Fills places K..F-1 of a folded z by copies, period K. */
BF_MUST_CHECK bf_status bf_fold_periodic(bf_eval *ev, const bf_masks *masks,
                                         bf_ct *z);
/* out[k] = the errors of output k copied over all features; scale times the
 * mask's (unless F = 1). */
BF_MUST_CHECK bf_status bf_spread(bf_eval *ev, const bf_masks *masks,
                                  const bf_ct *e, size_t count, bf_ct *out);

#endif
