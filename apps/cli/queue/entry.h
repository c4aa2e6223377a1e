/* Admitted jobs, SPOOL/.queue/SEQUENCE.OWNER.JOB: what the queue needs to train
 * them, out of reach of owners. Functions return 0 or an errno. */
#ifndef BF_CLI_QUEUE_ENTRY_H
#define BF_CLI_QUEUE_ENTRY_H

#include "queue/queue.h"

/* Admits the job, under the next sequence number. */
BF_MUST_CHECK int entry_make(queue *q, queue_job *j, const char *job_text,
                             size_t bytes,
                             const uint8_t stamp[QUEUE_DIGEST_BYTES]);
BF_MUST_CHECK int entry_open(int *out, const queue *q, const queue_job *j);
BF_MUST_CHECK int entry_remove(const queue *q, queue_job *j);
/* Keeps the number of deaths. */
BF_MUST_CHECK int entry_keep_deaths(const queue *q, const queue_job *j);
/* The inode of the checkpoint, which is another after each iteration; 0: none.
 */
ino_t entry_checkpoint(int entry);
/* Adds all admitted jobs, and removes what a killed queue left half made. */
BF_MUST_CHECK int entries_load(queue *q);

#endif
