/* A file that an owner sends in pieces. In the folder of NAME lie
 *
 *   .NAME.part   the bytes that are here, until NAME is complete
 *   .NAME.info   {"length": .., "metadata": "..", "verified": ..}
 *
 * and NAME itself once it is complete. `verified` is there while bytes with a
 * checksum arrive: those from there on do not count yet, also after a crash.
 * Who writes to a file holds a lock (flock) on its part, so that any number of
 * gateways may work on a spool. Functions return 0 or an errno; EBUSY: another
 * writer is at work. */
#ifndef BF_GATEWAY_UPLOAD_H
#define BF_GATEWAY_UPLOAD_H

#include <gnutls/crypto.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "blindfit/blindfit.h"
#include "gateway/ages.h"
#include "gateway/parse/headers.h"

#define UPLOAD_FILE_BYTES (SPOOL_FILE_MAX + 8) /* of ".NAME.part" */

typedef struct upload {
    bool complete;
    uint64_t length, offset;
    time_t changed; /* when the last byte came */
    char metadata[METADATA_MAX + 1];
} upload;

/* ENOENT: neither begun nor complete. */
BF_MUST_CHECK int upload_look(upload *out, int folder, const char *name);
/* Begins anew: an earlier file of this name is removed. A file without bytes is
 * complete at once. */
BF_MUST_CHECK int upload_begin(int folder, const char *name, uint64_t length,
                               const char *metadata);
BF_MUST_CHECK int upload_remove(int folder, const char *name);
/* Removes the part if its last byte came more than `limit` seconds ago. */
BF_MUST_CHECK int upload_expire(int folder, const char *name, const ages *a,
                                double limit);
/* The NAME in ".NAME.part"; false for other names. */
bool upload_part_name(char out[SPOOL_FILE_MAX + 1], const char *file);

typedef struct upload_writer {
    int fd, folder;
    char name[SPOOL_FILE_MAX + 1];
    uint64_t offset, length;
    uint64_t start;   /* the offset at the start */
    uint64_t flushed; /* bytes that were given to the disk */
    upload info;      /* as it was at the start */
    bool checked;     /* by this checksum */
    checksum expected;
    gnutls_hash_hd_t hash;
} upload_writer;

/* Opens a begun file; `folder` is the caller's, until upload_close. expected
 * may be NULL. */
BF_MUST_CHECK int upload_open(upload_writer *w, int folder, const char *name,
                              const checksum *expected);
BF_MUST_CHECK int upload_write(upload_writer *w, const void *data,
                               size_t bytes);
/* whole: all bytes of the request have come. With a checksum, drops the
 * request's bytes unless all came and fit; EBADMSG if they don't fit. Puts the
 * file in its place when it is complete; drops all its bytes, EBADMSG, if it is
 * a job's and does not end with the digest of its metadata. */
BF_MUST_CHECK int upload_close(upload_writer *w, bool whole);

#endif
