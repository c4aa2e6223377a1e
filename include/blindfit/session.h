/* Sessions: one job that several owners train together, on rows that none of
 * them gives away (docs/owners.md). Everything here is public, and the server
 * holds it too; what an owner does is in blindfit/party.h.
 *
 *   bf_session_create(&session, job, owners, count, NULL);
 *   bf_session_write(session, "session.bf");
 *   ... the owners exchange messages, by files ...
 *   bf_session_gather(&report, "session.bf", "box", "job", env);
 *   ... the server trains ... */
#ifndef BLINDFIT_SESSION_H
#define BLINDFIT_SESSION_H

#include <stdbool.h>

#include "blindfit/job.h"

#define BF_OWNER_NAME_BYTES 32 /* with the NUL */

/* Who an owner is, to others: a file that blindfit/party.h writes. */
typedef struct bf_party {
    char name[BF_OWNER_NAME_BYTES]; /* letters, digits, '.', '_' and '-' */
    uint8_t sign[32];               /* Ed25519 */
    uint8_t seal[32];               /* X25519 */
} bf_party;
BF_API BF_MUST_CHECK bf_status bf_party_read(bf_party *out, const char *path);

/* What of a job's data is whose. */
typedef enum bf_split {
    BF_SPLIT_ROWS,  /* each has some of the rows, with their labels */
    BF_SPLIT_LABELS, /* one has the features of all rows and receives the model of
                      * one iteration; each of the others labels of some rows */
    BF_SPLIT_COLUMNS /* each has some features of all rows, and receives the part of
                      * the model that applies to these; one has the labels */
} bf_split;
/* "rows", "labels", "columns" */
BF_API const char *bf_split_name(bf_split split);

typedef struct bf_session_owner {
    bf_party party;
    size_t first, count; /* rows that it has something of */
    bool labels;         /* their labels */
    size_t features;     /* how many of their features */
    bool receives;       /* the model */
} bf_session_owner;

typedef struct bf_session_options {
    bf_split split;
    /* Labels elsewhere: (epsilon, delta) of the privacy of a single label, by
     * noise that its owner adds to the opening; 0, 0: none. */
    double epsilon, delta;
} bf_session_options;
/* Of label noise where nobody asks for another delta. */
#define BF_LABEL_DELTA_DEFAULT 1e-6

typedef struct bf_session bf_session;

/* A new session for a job, with a random number that makes it one of its own.
 * Options may be NULL: rows are split. Owners come in order, their rows (or, split
 * by labels, the rows that they have labels of) one behind the other; `first` and
 * `features` are filled in, and where rows are split `labels` too. Split by columns,
 * an owner says `features`, and rows are filled in.
 * BF_ERR_ARGUMENT for fewer than 2 or more than BF_OWNERS_MAX owners, names or
 * keys that are there twice, rows that are not the job's, a job that was planned
 * for another number of owners, no receiver, or a job that several owners cannot
 * run: with batches, random features, refreshed weights, or a feature map that
 * is yet to be chosen by rows that nobody sees all of. Split by labels: unless one
 * owner has all rows and is the only receiver, and for jobs of other than one
 * iteration from zero. Split by columns: unless features add up to the job's, one
 * owner has the labels, and the recipe has blocks (train/column_blocks.h):
 * `whitened` with all components, of more rows than features. */
BF_API BF_MUST_CHECK bf_status
bf_session_create(bf_session **out, const bf_job *job,
                  const bf_session_owner *owners, unsigned count,
                  const bf_session_options *options);
/* Reading checks everything that a hostile file could get wrong. */
BF_API BF_MUST_CHECK bf_status bf_session_read(bf_session **out,
                                               const char *path);
BF_API BF_MUST_CHECK bf_status bf_session_write(const bf_session *s,
                                                const char *path);
BF_API void bf_session_destroy(bf_session *s);

BF_API const bf_job *bf_session_job(const bf_session *s);
BF_API bf_session_options bf_session_options_of(const bf_session *s);
BF_API unsigned bf_session_owners(const bf_session *s);
BF_API const bf_session_owner *bf_session_owner_at(const bf_session *s,
                                                   unsigned i);
/* The BLAKE2b digest of the file. */
BF_API const uint8_t *bf_session_id(const bf_session *s); /* 32 bytes */
/* Half of it in groups of four digits, which owners compare by voice: a file
 * with other keys has another. */
#define BF_FINGERPRINT_BYTES 40
BF_API void bf_session_fingerprint(char out[BF_FINGERPRINT_BYTES],
                                   const bf_session *s);

/* ---- the server ---------------------------------------------------------- */

typedef struct bf_gather_report {
    unsigned owners;
    size_t keys;
    uint64_t bytes_read; /* of shares */
} bf_gather_report;

/* From the owners' messages of rounds 1 to 4, in BOX/inbox (or, of an owner that
 * does what the server did, in BOX/outbox): checks signatures, digests and what
 * each says it has seen, adds the shares, brings the uploads under the joint key
 * and adds them, and writes job.json, eval.keys and upload.bf, which training
 * takes, into the folder `out`. The same messages make the same files.
 * BF_ERR_WAITING while something is missing. */
BF_API BF_MUST_CHECK bf_status bf_session_gather(bf_gather_report *report,
                                                 const char *session,
                                                 const char *box,
                                                 const char *out, bf_env *env);

#endif
