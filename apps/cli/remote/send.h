/* A file to a gateway, by tus 1.0 (docs/server.md, "Uploads"). */
#ifndef BF_REMOTE_SEND_H
#define BF_REMOTE_SEND_H

#include "remote/http.h"

typedef struct remote_send {
    const char *files; /* the collection: "/v1/jobs/JOB/files" */
    const char *name;  /* of the file there */
    int fd;
    uint64_t bytes;
    const uint8_t *digest; /* BF_FILE_ID_BYTES that name these bytes */
    /* Called while bytes travel: how many of the file's have. */
    void (*moved)(void *user, uint64_t there);
    void *user;
    uint64_t sent; /* result: what travelled, some bytes perhaps twice */
} remote_send;

/* Sends what the server does not have of the file yet: continues where an
 * earlier upload of the same bytes was cut, and replaces one of others. */
BF_MUST_CHECK bf_status remote_send_file(remote_http *h, remote_send *f);

#endif
