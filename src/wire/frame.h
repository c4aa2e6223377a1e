/* The container of every blindfit file: a header, records, an end record.
 *
 * docs/formats.md describes the bytes. Every record carries a digest over the
 * digest before it (that of the header for the first), its own header and its
 * payload. So a reader knows that a record is whole, in its place and of this
 * very file before using it, and the last digest stands for the whole file. A
 * digest shows damage, mix-ups, and tampering by whoever does not recompute it;
 * it does not prove origin.
 *
 * Every error names the file, and the record where one is concerned. Readers
 * bound lengths by that of the file before they allocate; callers that allocate
 * bound them by the parameters too. Readers and
 * writers belong to one thread; they digest with all threads. */
#ifndef BF_WIRE_FRAME_H
#define BF_WIRE_FRAME_H

#include "base/file.h"
#include "base/random.h"

#define BF_FRAME_VERSION 2
#define BF_FRAME_HEADER_BYTES 192
#define BF_FRAME_RECORD_BYTES 32 /* before the payload; digest behind */
#define BF_FRAME_ID_BYTES 16

typedef struct bf_frame_header {
    uint16_t type;         /* bf_wire_type */
    uint64_t bytes;        /* behind the header, end record included */
    uint64_t records;      /* end record not counted */
    uint8_t context[BF_HASH_BYTES]; /* of all rings */
    uint8_t key_id[BF_FRAME_ID_BYTES];
    uint8_t job_id[BF_HASH_BYTES]; /* BLAKE2b-256 of job.json, or zero */
    uint8_t data_id[BF_HASH_BYTES]; /* of the data set, or zero */
} bf_frame_header;

/* What a record is, and which one: a label is the application's name for it. */
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
/* Writes the end record and the header; frees w always. The file is left for
 * bf_outfile_commit_all. digest: that of the file; may be NULL. */
BF_MUST_CHECK bf_status bf_frame_finish(bf_outfile **out,
                                        uint8_t digest[BF_HASH_BYTES],
                                        bf_frame_writer *w);
/* The same, and commits it. */
BF_MUST_CHECK bf_status bf_frame_commit(bf_frame_writer *w);
void bf_frame_abort(bf_frame_writer *w); /* NULL is fine */
const char *bf_frame_writer_path(const bf_frame_writer *w);

/* ---- reading ------------------------------------------------------------ */

typedef struct bf_frame_reader bf_frame_reader;
/* Checks the header, and the length of a regular file. */
BF_MUST_CHECK bf_status bf_frame_open(bf_frame_reader **out, const char *path);
/* From a descriptor, which close leaves open, at its present place; `name` is
 * for messages. Pipes can be read in order only. */
BF_MUST_CHECK bf_status bf_frame_open_fd(bf_frame_reader **out, int fd,
                                         const char *name);
void bf_frame_close(bf_frame_reader *r); /* NULL is fine */
const bf_frame_header *bf_frame_header_of(const bf_frame_reader *r);
const char *bf_frame_reader_path(const bf_frame_reader *r);

/* The header of the next record: not verified until its payload is read, but
 * in sequence and no longer than the rest of the file. A payload not read is
 * skipped. At the end: kind BF_FRAME_END, verified, and nothing behind it. */
BF_MUST_CHECK bf_status bf_frame_next(bf_frame_reader *r, bf_frame_record *rec);
/* The payload of that record, rec.bytes long; wiped unless it verifies. */
BF_MUST_CHECK bf_status bf_frame_read(bf_frame_reader *r, void *payload);
/* Verifies the payload of that record, and keeps its first head_bytes (at most
 * 64 KiB, and no more than it has). head may be NULL for none. */
BF_MUST_CHECK bf_status bf_frame_verify(bf_frame_reader *r, void *head,
                                        size_t head_bytes);
/* Makes the record of this kind and label the next one (an index is built on
 * first use). BF_ERR_FORMAT when it is not there or there twice. */
BF_MUST_CHECK bf_status bf_frame_seek(bf_frame_reader *r, uint32_t kind,
                                      bf_label label);
/* The digest of the record read last; after the end, that of the file. */
const uint8_t *bf_frame_digest(const bf_frame_reader *r);

/* Puts file and record in front of this thread's message: for failures that
 * the meaning of a payload causes. */
bf_status bf_frame_fail_in(const bf_frame_reader *r, bf_status s);

#endif
