/* A job at a server: its status, submission, removal. */
#ifndef BF_REMOTE_JOB_H
#define BF_REMOTE_JOB_H

#include "remote/folder.h"

/* GET /v1/jobs: the owner, its jobs and quotas. Deleted by the caller. */
BF_MUST_CHECK bf_status remote_jobs(cJSON **out, remote_http *h);
/* As docs/server.md defines it; NULL if the server has no such job. Deleted by
 * the caller. */
BF_MUST_CHECK bf_status remote_job_status(cJSON **out, remote_http *h,
                                          const char *name);
const char *remote_text(const cJSON *o, const char *key); /* "" without it */
double remote_number(const cJSON *o, const char *key);    /* or NaN */
bool remote_state_is(const cJSON *status, const char *state);
bool remote_is_submitted(const cJSON *status);
/* What the status says, for people: "waiting, 2 jobs ahead". */
void remote_status_line(char *out, size_t room, const cJSON *status);

/* "submit" or "withdraw" */
BF_MUST_CHECK bf_status remote_job_do(remote_http *h, const char *name,
                                      const char *what);
/* A job that the server does not have counts as removed. */
BF_MUST_CHECK bf_status remote_job_delete(remote_http *h, const char *name);

/* Until the state is `uploading`, as after a withdrawal, which the queue sees a
 * second later. */
BF_MUST_CHECK bf_status remote_job_await_uploading(remote_http *h,
                                                   const char *name);
/* Until a submitted job is done, with progress. BF_ERR_IO with the server's
 * line if it failed or was refused, and for a job that is gone. */
BF_MUST_CHECK bf_status remote_job_wait(remote_http *h, const char *name);
/* The failure of a job that is not done, or BF_OK; BF_ERR_WAITING while it may
 * yet be. status may be NULL. */
BF_MUST_CHECK bf_status remote_job_verdict(const cJSON *status,
                                           const char *name);

#endif
