/* Training whose weights are refreshed between iterations (ckks/bootstrap.h).
 *
 * Between iterations nothing exists but packed weights. Refreshed after each,
 * they enter the next one at the same limbs and the same scale, so that rows
 * and labels stay at the limbs of one iteration for any number of them. Ring 0
 * has the primes of that iteration at the bottom and those of the refresh
 * above, ring 1 is the one of the encapsulation. */
#ifndef BF_TRAIN_REFRESH_H
#define BF_TRAIN_REFRESH_H

#include "train/job.h"

/* Rings and everything else of the refresh from job->refresh and the chain of
 * one iteration, q_0 first. BF_ERR_RANGE and BF_ERR_SECURITY where there are no
 * such rings. */
BF_MUST_CHECK bf_status bf_refresh_make(bf_job *job, const uint64_t *q,
                                        unsigned limbs);
/* The same for a job from a file, whose rings must be those that follow
 * (BF_ERR_ARGUMENT). */
BF_MUST_CHECK bf_status bf_refresh_derive(bf_job *job);

/* Bound and root mean square of the coefficients of packed weights. */
double bf_refresh_bound(const bf_job *job);
double bf_refresh_typical(const bf_job *job);

/* log2 of the slots that the primes are made for: those of the job's weights,
 * or of another job's over the same rows. */
unsigned bf_refresh_log_slots(const bf_job *job);

/* log2 of q_0 over the scale of weights that are to be refreshed. */
double bf_refresh_headroom(const bf_job *job);

#endif
