/* A file from a gateway, by ranges. */
#ifndef BF_REMOTE_RECEIVE_H
#define BF_REMOTE_RECEIVE_H

#include "remote/http.h"

typedef struct remote_receive {
    const char *from; /* "/v1/jobs/JOB/model.enc" */
    const char *path; /* of the part here, for errors */
    int fd;           /* of the part */
    uint64_t expected; /* bytes of the whole file, whatever the server says */
    uint64_t at;       /* bytes that are here */
    char etag[REMOTE_ETAG_BYTES]; /* of the file that they are of */
    bool soon; /* 409: it will be there in a moment */
    /* May be NULL. Called before the first bytes of a file with another ETag,
     * which replace the part's. */
    bf_status (*anew)(void *user);
    void (*moved)(void *user, uint64_t here);
    void *user;
} remote_receive;

/* Opens the part at f->path, which is no link, and finds out how much is here.
 * A part without an ETag begins anew. */
BF_MUST_CHECK bf_status remote_receive_open(remote_receive *f);
/* Fetches what is missing of the part; on disk when this returns. The caller
 * closes f->fd. */
BF_MUST_CHECK bf_status remote_receive_rest(remote_http *h, remote_receive *f);

#endif
