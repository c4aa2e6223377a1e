/* A job from training rows to an opened model, at a server. Each phase leaves
 * its result in the job's folder as a whole, so that the same call continues.
 */
#ifndef BF_REMOTE_FIT_H
#define BF_REMOTE_FIT_H

#include "findings.h"
#include "remote/session.h"
#include "remote/transfer.h"

typedef struct remote_fit {
    bf_dataset train, test; /* test empty: accuracy on the training rows */
    remote_http *http;
    remote_folder folder;
    const char *output; /* the model to write */
    const char *name;   /* of the job there, or NULL */

    bf_job *job;
    bf_owner *owner;
    bf_model model;
    cli_findings found;
    bf_metrics metrics;
    uint64_t sent;
    double seconds, peak_rss_bytes; /* of the server; NaN: not known */
} remote_fit;

/* job.json, keys and upload, as far as they are missing (prepare.c). */
BF_MUST_CHECK bf_status remote_fit_prepare(remote_fit *f);
/* The rest (fit.c). */
BF_MUST_CHECK bf_status remote_fit_run(remote_fit *f);

#endif
