/* The container of every blindfit file: a header, records, an end record.
 *
 * docs/formats.md describes the bytes. Every record carries a digest over the
 * digest before it (that of the header for the first), its own header and its
 * payload. So a reader knows, before it uses a record, that the record is
 * whole, in its place and of this file; the last digest covers the whole file.
 * Digests reveal damage and mix-ups, and tampering by someone who does not
 * recompute them; they do not prove origin.
 *
 * Every error names the file, and the record if one is at fault. Readers bound
 * lengths by the file's length before they allocate; callers that allocate also
 * bound lengths by the parameters. A reader or writer belongs to one thread,
 * and computes digests on all threads. */
#ifndef BF_WIRE_FRAME_H
#define BF_WIRE_FRAME_H

#include "base/file.h"
#include "base/random.h"

#define BF_FRAME_VERSION 2
#define BF_FRAME_HEADER_BYTES 192
#define BF_FRAME_RECORD_BYTES 32 /* before the payload; the digest follows the
                                  * payload */
#define BF_FRAME_ID_BYTES 16

typedef struct bf_frame_header {
    uint16_t type;         /* bf_wire_type */
    uint64_t bytes;        /* after the header, end record included */
    uint64_t records;      /* end record not counted */
    uint8_t context[BF_HASH_BYTES]; /* of all rings */
    uint8_t key_id[BF_FRAME_ID_BYTES];
    uint8_t job_id[BF_HASH_BYTES]; /* BLAKE2b-256 of job.json, or zero */
    uint8_t data_id[BF_HASH_BYTES]; /* of the data set, or zero */
} bf_frame_header;

/* A label: the application's name for a record, by kind and index. */
typedef struct bf_label {
    uint32_t kind;
    uint64_t index;
} bf_label;

#define BF_FRAME_END 0xffffffffu /* kind of the end record */

typedef struct bf_frame_record {
    uint32_t kind; /* bf_wire_kind, or BF_FRAME_END */
    bf_label label;
    uint64_t sequence; /* 0, 1, ... */
    uint64_t bytes;    /* of the payload */
} bf_frame_record;

/* ---- writing: to a temporary that commit moves into place --------------- */

typedef struct bf_frame_writer bf_frame_writer;
/* bytes and records of *header are ignored: commit fills them in. */
BF_MUST_CHECK bf_status bf_frame_create(bf_frame_writer **out, const char *path,
                                        unsigned mode,
                                        const bf_frame_header *header);
BF_MUST_CHECK bf_status bf_frame_write(bf_frame_writer *w, uint32_t kind,
                                       bf_label label, const void *payload,
                                       size_t bytes);
/* Writes the end record and the header, and leaves the commit to
 * bf_outfile_commit_all. Always frees w. digest receives the file's digest; may
 * be NULL. */
BF_MUST_CHECK bf_status bf_frame_finish(bf_outfile **out,
                                        uint8_t digest[BF_HASH_BYTES],
                                        bf_frame_writer *w);
/* The same, and commits the file. */
BF_MUST_CHECK bf_status bf_frame_commit(bf_frame_writer *w);
void bf_frame_abort(bf_frame_writer *w); /* NULL is fine */
const char *bf_frame_writer_path(const bf_frame_writer *w);

/* ---- reading ------------------------------------------------------------ */

typedef struct bf_frame_reader bf_frame_reader;
/* Checks the header, and the length of a regular file. */
BF_MUST_CHECK bf_status bf_frame_open(bf_frame_reader **out, const char *path);
/* From a descriptor, at its current offset; bf_frame_close leaves it open.
 * `name` is for messages. A pipe can only be read in order. */
BF_MUST_CHECK bf_status bf_frame_open_fd(bf_frame_reader **out, int fd,
                                         const char *name);
void bf_frame_close(bf_frame_reader *r); /* NULL is fine */
const bf_frame_header *bf_frame_header_of(const bf_frame_reader *r);
const char *bf_frame_reader_path(const bf_frame_reader *r);

/* The header of the next record. Its sequence is checked, and its length
 * against the rest of the file; reading the payload verifies it. Skips an
 * unread payload. At the end of the file: kind BF_FRAME_END, verified, with
 * nothing after it. */
BF_MUST_CHECK bf_status bf_frame_next(bf_frame_reader *r, bf_frame_record *rec);
/* Reads the payload of that record, rec.bytes long; wipes it unless its digest
 * matches. */
BF_MUST_CHECK bf_status bf_frame_read(bf_frame_reader *r, void *payload);
/* Verifies the payload of that record, and stores its first head_bytes in head
 * (at most 64 KiB, and at most the payload's length). head may be NULL. */
BF_MUST_CHECK bf_status bf_frame_verify(bf_frame_reader *r, void *head,
                                        size_t head_bytes);
/* Makes the record of this kind and label the next record (builds an index on
 * first use). BF_ERR_FORMAT when the file has no such record, or two. */
BF_MUST_CHECK bf_status bf_frame_seek(bf_frame_reader *r, uint32_t kind,
                                      bf_label label);
/* The digest of the last record read; after the end, the digest of the file. */
const uint8_t *bf_frame_digest(const bf_frame_reader *r);

/* Puts file and record in front of this thread's message; for errors in the
 * content of a payload. */
bf_status bf_frame_fail_in(const bf_frame_reader *r, bf_status s);

#endif
