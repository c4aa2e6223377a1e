/* Training whose weights are refreshed between iterations (ckks/bootstrap.h).
 *
 * Between iterations only packed weights exist. A refresh after each iteration
 * returns the weights to the same limbs and the same scale, so that rows and
 * labels need only the limbs of one iteration, for any number of iterations.
 * Ring 1 is the encapsulation ring. If ring 0 has the degree of a refresh, its
 * chain has the primes of an iteration at the bottom and the primes of the
 * refresh above. Otherwise ring 0 is smaller and has the primes of an iteration
 * alone; ring 2 has the whole chain. The encapsulation then takes weights from
 * ring 0 towards ring 2, and a ring switch (ckks/ringswitch.h) takes the
 * refreshed weights back to ring 0. */
#ifndef BF_TRAIN_REFRESH_H
#define BF_TRAIN_REFRESH_H

#include "train/job.h"

#define BF_REFRESH_LOG_N 15u /* log2 of the degree of a refresh's ring */

/* The primes of the job's chain are 1 modulo 2^(log_n + 1) for this log_n. */
unsigned bf_refresh_log_n(const bf_job *job);
/* The number of the ring whose chain a refresh uses. */
static inline unsigned bf_refresh_ring(const bf_job *job)
{
    return job->layout.log_n < BF_REFRESH_LOG_N ? 2 : 0;
}

/* Sets the parameters of the refresh and its rings from job->refresh and the
 * chain of one iteration, q_0 first. If ring 0 is smaller than the refresh's
 * ring, the caller sets ring 0. BF_ERR_RANGE or BF_ERR_SECURITY if no such
 * rings exist. */
BF_MUST_CHECK bf_status bf_refresh_make(bf_job *job, const uint64_t *q,
                                        unsigned limbs);
/* The same for a job from a file, whose rings must equal the derived ones
 * (BF_ERR_ARGUMENT). */
BF_MUST_CHECK bf_status bf_refresh_derive(bf_job *job);

/* Whether rows determine every direction well, as 64 rows a column do. */
#define BF_MANY_ROWS 64
static inline bool bf_refresh_many_rows(size_t n, size_t cols)
{
    return n >= BF_MANY_ROWS * cols;
}

/* Bound and root mean square of the coefficients of packed weights. */
double bf_refresh_bound(const bf_job *job);
double bf_refresh_typical(const bf_job *job);

/* log2 of the slots for which the primes are made: those of the job's weights,
 * or of the weights of another job over the same rows. */
unsigned bf_refresh_log_slots(const bf_job *job);

/* log2 of q_0 over the scale of weights before a refresh. */
double bf_refresh_headroom(const bf_job *job);

#endif
