/* An owner's folder of a session (blindfit/party.h), as far as its messages
 * travel: files of BOX/outbox go out, and files come into BOX/inbox. Nothing
 * else of the box is read, and no link is followed. */
#ifndef BF_REMOTE_BOX_H
#define BF_REMOTE_BOX_H

#include "remote/folder.h"

typedef struct remote_box {
    const char *path;
    int outbox, inbox, lock;
} remote_box;
/* Locks the box against other commands at a server; party step may work in it
 * meanwhile. BF_ERR_ARGUMENT without a box; the path must outlive the object.
 */
BF_MUST_CHECK bf_status remote_box_open(remote_box *out, const char *path);
void remote_box_close(remote_box *b);

typedef struct remote_message {
    char name[SPOOL_FILE_MAX + 1];
    spool_message is;
    uint64_t bytes;
    uint8_t end[BF_FILE_ID_BYTES]; /* its last bytes */
    /* The same in hexadecimal, by which a gateway names the bytes too; "" of
     * shorter files. Signatures, seals and digests end all messages, so that no
     * two have the same. */
    char etag[2 * BF_FILE_ID_BYTES + 1];
} remote_message;

/* Looks at a file of BOX/inbox or BOX/outbox. *fd: -1 if there is none, else
 * open for reading; NULL: not wanted, and *there says it. */
BF_MUST_CHECK bf_status remote_box_look(remote_message *out, bool *there,
                                        int *fd, const remote_box *b,
                                        bool outbox, const char *name);
/* "BOX/inbox/NAME" */
BF_MUST_CHECK bf_status remote_box_path(char out[PATH_MAX], const remote_box *b,
                                        bool outbox, const char *name);

typedef struct remote_messages {
    remote_message *at;
    size_t count;
    uint64_t bytes; /* of all */
} remote_messages;
void remote_messages_clear(remote_messages *m);
BF_MUST_CHECK bf_status remote_messages_add(remote_messages *m,
                                            const remote_message *one);
/* The messages of owner `me` in the outbox by rounds, the head of a round last,
 * as others take a head as a sign that all is there. BF_ERR_MISMATCH if one is
 * another owner's, or of another session than `id`; BF_ERR_ARGUMENT without a
 * message of round 1. */
BF_MUST_CHECK bf_status remote_box_own(remote_messages *out,
                                       const remote_box *b, unsigned me,
                                       const uint8_t *id);

#endif
