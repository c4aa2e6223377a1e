/* The files of a submitted job, opened so that the owner cannot exchange them
 * for others. */
#ifndef BF_CLI_QUEUE_INPUTS_H
#define BF_CLI_QUEUE_INPUTS_H

#include "queue/queue.h"

#define QUEUE_INPUTS_MAX (BF_UPLOAD_PARTS_MAX + 3)

typedef struct queue_input {
    int fd;
    char name[SPOOL_JOB_MAX + 24]; /* for the trainer: upload.bf, or of an
                                    * earlier job first/upload.bf */
} queue_input;

typedef struct queue_inputs {
    queue_input file[QUEUE_INPUTS_MAX];
    size_t count;
    unsigned parts; /* as of train */
    char uses[SPOOL_JOB_MAX + 1]; /* the earlier job; or empty */
    bool more_keys; /* beside those of the earlier job */
} queue_inputs;

/* Opens all files of the job, in a folder within `jobs`. Checks kinds and
 * lengths of files, not their content. The error names the file. */
BF_MUST_CHECK bf_status queue_inputs_open(queue_inputs *out, int jobs,
                                          int folder);
void queue_inputs_close(queue_inputs *in);

/* A digest of the submission: of job.json, and of the sizes and last bytes of
 * its other files and of those that it uses. The last bytes of a file of
 * blindfit are the digest of the whole file. */
void queue_inputs_stamp(uint8_t out[QUEUE_DIGEST_BYTES], int jobs, int folder);
/* A digest of what stat says of READY and, with `all`, of the job's files:
 * another if they have changed. */
void queue_inputs_look(uint8_t out[QUEUE_DIGEST_BYTES], int folder, bool all);

/* job.json; free with free(). BF_ERR_FORMAT with the reason. */
BF_MUST_CHECK bf_status queue_job_text(char **text, size_t *bytes, int folder);
void queue_digest(uint8_t out[QUEUE_DIGEST_BYTES], const void *data,
                  size_t bytes);
/* Says what is wrong with a file of an owner: err of at_file or at_read. */
BF_MUST_CHECK bf_status queue_bad_file(int err, const char *name);

#endif
