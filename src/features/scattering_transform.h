/* The scattering transform of a group of equally sized images. */
#ifndef BF_FEATURES_SCATTERING_TRANSFORM_H
#define BF_FEATURES_SCATTERING_TRANSFORM_H

#include "features/scattering_plan.h"

/* Scratch of one thread, large enough for every plan. */
typedef struct bf_scat_work bf_scat_work;
BF_MUST_CHECK bf_status bf_scat_work_create(bf_scat_work **out);
void bf_scat_work_destroy(bf_scat_work *w);

/* pixels[l] (height x width of the plan) -> rows[l] (BF_SCAT_OUTPUTS floats)
 * for l < count <= BF_LANES. Order of outputs: order 0; order 1 by scale, then
 * angle; order 2 by angle at scale 0, then angle at scale 1; within a path by
 * row, then column of the grid. */
void bf_scat_transform(const bf_scat_plan *p, bf_scat_work *w,
                       const float *const *pixels, float *const *rows,
                       unsigned count);

#endif
