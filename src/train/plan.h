/* What the search for a plan takes from plans. */
#ifndef BF_TRAIN_PLAN_H
#define BF_TRAIN_PLAN_H

#include "train/job.h"

/* The largest error that jobs of this recipe are planned with. */
double bf_plan_tolerance(const bf_recipe *recipe, size_t n, size_t cols,
                         unsigned owners);

/* Magnitudes to expect, where bf_recipe_bounds has the largest that a plan
 * allows: of a safe recipe those of the same one if it were not. */
BF_MUST_CHECK bf_status bf_plan_typical(bf_magnitudes *out,
                                        const bf_recipe *recipe, size_t n,
                                        size_t cols);
/* Everything of the plan that follows from its counters and key needs, the
 * job's parameters, and the rank (NULL: the only one) that was walked. */
void bf_plan_sizes(bf_plan *plan, const bf_job *job, const bf_ranks *ranks);

/* Bytes of a key in the file that the server gets. */
uint64_t bf_job_key_bytes(const bf_job *job, const bf_key_need *need);

#endif
