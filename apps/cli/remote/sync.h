/* The messages of a session of several owners (docs/owners.md), through the
 * relay of a gateway (docs/server.md, "Sessions"). */
#ifndef BF_REMOTE_SYNC_H
#define BF_REMOTE_SYNC_H

#include "blindfit/session.h"
#include "remote/box.h"

typedef struct remote_sync {
    remote_http *http;
    const char *session_path;
    const bf_session *session;
    remote_box box;
    /* Owners' names at the server, with commas between, in the session's order;
     * NULL: as in the session. */
    const char *members;
    cli_when recheck; /* fetch what only an owner who rechecks needs, too */

    char owner[SPOOL_OWNER_MAX + 1]; /* what the server calls this one; "" at
                                      * first */

    /* Results: of files. */
    unsigned me;    /* number of this owner */
    unsigned round; /* of its last message */
    size_t sent, received;
    uint64_t bytes_sent, bytes_received;
    cJSON *missing; /* names of files that are awaited */
    char line[BF_OWNERS_MAX * (BF_OWNER_NAME_BYTES + 2) + 32]; /* the same */
} remote_sync;

/* Sends messages of the box that the server lacks, and fetches those of others
 * that the box lacks. Continues transfers that were cut. BF_OK if party step
 * has something to do, or if nothing more will come; else BF_ERR_WAITING.
 * BF_ERR_MISMATCH for a message that differs here and there, which stays as it
 * is on both sides. */
BF_MUST_CHECK bf_status remote_sync_run(remote_sync *s);
/* Repeats this until what is awaited has come. */
BF_MUST_CHECK bf_status remote_sync_wait(remote_sync *s);
void remote_sync_clear(remote_sync *s);

#endif
