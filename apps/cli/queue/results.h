/* What owners read: SPOOL/OWNER/results. Functions return 0 or an errno. */
#ifndef BF_CLI_QUEUE_RESULTS_H
#define BF_CLI_QUEUE_RESULTS_H

#include "queue/queue.h"

/* The folder of a job's results, which is made if it is missing. */
BF_MUST_CHECK int results_open(int *out, const queue *q, const queue_job *j);
/* Marks the job as finished, for this submission. The last file to be written.
 */
BF_MUST_CHECK int results_mark(const queue *q, const queue_job *j,
                               queue_state s,
                               const uint8_t stamp[QUEUE_DIGEST_BYTES]);
/* The state and the submission of the marker; false if there is none. */
bool results_marked(queue_state *s, uint8_t stamp[QUEUE_DIGEST_BYTES],
                    const queue *q, const queue_job *j);
/* Removes marker and model. */
BF_MUST_CHECK int results_clear(const queue *q, const queue_job *j);
/* Removes the folder. */
BF_MUST_CHECK int results_remove(const queue *q, const char *owner,
                                 const char *name);

/* ---- status.json (status.c) ---------------------------------------------- */

/* Writes what has changed since it was last written, for progress at most once
 * a second; with `now`, at once. */
BF_MUST_CHECK int results_publish(const queue *q, queue_job *j, bool now);
/* The owner's own status.json. */
BF_MUST_CHECK int results_publish_owner(const queue *q, const char *owner,
                           const cJSON *ignored);

#endif
