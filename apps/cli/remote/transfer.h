/* A job's files to the server, and its model back. Both continue where an
 * earlier call was cut. */
#ifndef BF_REMOTE_TRANSFER_H
#define BF_REMOTE_TRANSFER_H

#include "remote/job.h"

/* Sends the files of the folder's job (docs/server.md, "Files of a job"; keys
 * may be in FOLDER/keys) and submits it. Files are verified first, and a secret
 * key under the name of another file is refused. A job that failed is withdrawn
 * and submitted again; for one that waits, runs or is done nothing happens.
 * *bytes: what was sent. */
BF_MUST_CHECK bf_status remote_push(remote_http *h, remote_folder *f,
                                    uint64_t *bytes);

/* Fetches the model of a job that is done to FOLDER/model.enc, verifies that it
 * is whole and the job's, and then removes the job from the server, unless
 * `keep`. */
BF_MUST_CHECK bf_status remote_pull(remote_http *h, remote_folder *f,
                                    bool keep);
#define REMOTE_MODEL "model.enc"

#endif
