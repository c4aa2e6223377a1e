/* Recipes whose ranges are proved. */
#ifndef BF_TRAIN_SAFE_H
#define BF_TRAIN_SAFE_H

#include "blindfit/train.h"

/* Scores, updates and weights of a safe recipe, behind the bound on rows and the
 * largest residual on the polynomial's interval. BF_ERR_ARGUMENT where scores
 * may leave that, or nothing is proved. */
BF_MUST_CHECK bf_status bf_safe_bounds(bf_magnitudes *b, const bf_recipe *r,
                                       size_t n, double residual);

static inline double bf_recipe_step(const bf_recipe *r, unsigned t)
{
    return r->steps[t < r->step_count ? t : r->step_count - 1];
}

#endif
