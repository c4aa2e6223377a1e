/* Recipes whose ranges are proved. */
#ifndef BF_TRAIN_SAFE_H
#define BF_TRAIN_SAFE_H

#include "blindfit/train.h"

/* Bounds on scores, updates and weights of a safe recipe, from the bound on
 * rows and the largest residual on the polynomial's interval. BF_ERR_ARGUMENT
 * if scores may leave the interval: then nothing is proved. */
BF_MUST_CHECK bf_status bf_safe_bounds(bf_magnitudes *b, const bf_recipe *r,
                                       size_t n, double residual);

static inline double bf_recipe_step(const bf_recipe *r, unsigned t)
{
    return r->steps[t < r->step_count ? t : r->step_count - 1];
}

#endif
