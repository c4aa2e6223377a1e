/* The parts of a public job handle beside the job's choices. */
#ifndef BF_TRAIN_HANDLE_H
#define BF_TRAIN_HANDLE_H

#include <pthread.h>

#include "train/job.h"

typedef struct bf_job_handle {
    char *text; /* the job file's */
    size_t bytes;
    uint8_t id[BF_HASH_BYTES];
    pthread_mutex_t lock; /* protects the fields below */
    bool walked;
    bf_plan plan;
    bf_job *alternative; /* or NULL */
} bf_job_handle;

/* Makes a job from a text, which is copied; name is the file's name for
 * messages. */
BF_MUST_CHECK bf_status bf_job_of_text(bf_job **out, const char *text,
                                       size_t bytes, const char *name);

/* The job's plan, from a single walk; valid as long as the job. */
BF_MUST_CHECK bf_status bf_job_walked(const bf_plan **plan, const bf_job *job);

/* The plan of any job; walks the circuit if the job has no handle. The caller
 * clears own after the last use of *plan. */
BF_MUST_CHECK bf_status bf_job_plan_get(const bf_plan **plan, bf_plan *own,
                                        const bf_job *job);

/* Keys that a job needs in addition to those of the given jobs; free *needs
 * with bf_free. All jobs have handles. BF_ERR_MISMATCH for a job over another
 * data set. */
BF_MUST_CHECK bf_status bf_job_lacking(bf_key_need **needs, size_t *count,
                                       const bf_job *job,
                                       const bf_job *const *have, size_t jobs);

/* Fills the public description of a job and its plan. */
void bf_job_describe(bf_job_figures *out, const bf_job *job,
                     const bf_plan *plan);
uint64_t bf_counters_key_switches(const bf_counters rings[BF_RINGS_MAX]);

#endif
