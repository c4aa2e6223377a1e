/* What a job of the public interface carries beside its choices. */
#ifndef BF_TRAIN_HANDLE_H
#define BF_TRAIN_HANDLE_H

#include <pthread.h>

#include "train/job.h"

typedef struct bf_job_handle {
    char *text; /* the job file's */
    size_t bytes;
    uint8_t id[BF_HASH_BYTES];
    pthread_mutex_t lock; /* of what follows */
    bool walked;
    bf_plan plan;
    bf_job *alternative; /* or NULL */
} bf_job_handle;

/* The job of such a text, which is copied; name is the file's, for messages. */
BF_MUST_CHECK bf_status bf_job_of_text(bf_job **out, const char *text,
                                       size_t bytes, const char *name);

/* The job's plan, of one walk; valid as long as the job. */
BF_MUST_CHECK bf_status bf_job_walked(const bf_plan **plan, const bf_job *job);

/* The plan of any job: where the job is no handle, of a walk now. own is to be
 * cleared when *plan is done with. */
BF_MUST_CHECK bf_status bf_job_plan_get(const bf_plan **plan, bf_plan *own,
                                        const bf_job *job);

/* Keys that a job needs and those of these jobs lack, *needs to be freed with
 * bf_free; all are handles. BF_ERR_MISMATCH where one is over other data. */
BF_MUST_CHECK bf_status bf_job_lacking(bf_key_need **needs, size_t *count,
                                       const bf_job *job,
                                       const bf_job *const *have, size_t jobs);

/* What the public interface says of a job and its plan. */
void bf_job_describe(bf_job_figures *out, const bf_job *job,
                     const bf_plan *plan);
uint64_t bf_counters_key_switches(const bf_counters rings[BF_RINGS_MAX]);

#endif
