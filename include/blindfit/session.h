/* Sessions: several owners train one job together, and no owner shows its data
 * to another (docs/owners.md). Everything in this header is public, and the
 * server has it too; blindfit/party.h has an owner's part.
 *
 *     bf_session_create(&session, job, owners, count, NULL);
 *     bf_session_write(session, "session.bf");
 *     ... the owners exchange messages, by files ...
 *     bf_session_gather(&report, "session.bf", "box", "job", env);
 *     ... the server trains ... */
#ifndef BLINDFIT_SESSION_H
#define BLINDFIT_SESSION_H

#include <stdbool.h>

#include "blindfit/job.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BF_OWNER_NAME_BYTES 32 /* with the NUL */

/* An owner's name and public keys: a file that blindfit/party.h writes. */
typedef struct bf_party {
    char name[BF_OWNER_NAME_BYTES]; /* letters, digits, '.', '_' and '-' */
    uint8_t sign[32];               /* Ed25519 */
    uint8_t seal[32];               /* X25519 */
} bf_party;
BF_API BF_MUST_CHECK bf_status bf_party_read(bf_party *out, const char *path);

/* How a job's data are divided among the owners. */
typedef enum bf_split {
    /* Each owner has some rows, with their features and labels. */
    BF_SPLIT_ROWS,
    /* One owner has the features of all rows, and receives the model of one
     * iteration. Each other owner has the labels of some rows. */
    BF_SPLIT_LABELS,
    /* Each owner has some features of all rows, and receives the part of the
     * model that belongs to these features. One owner has the labels. */
    BF_SPLIT_COLUMNS
} bf_split;
/* "rows", "labels", "columns" */
BF_API const char *bf_split_name(bf_split split);

typedef struct bf_session_owner {
    bf_party party;
    size_t first, count; /* rows of which the owner has features or labels */
    bool labels;         /* the owner has their labels */
    size_t features;     /* number of features that the owner has */
    bool receives;       /* the owner receives the model */
    /* BF_SPLIT_ROWS: the owner fits the transform of all rows alone, and no
     * sums over rows are exchanged. */
    bool whitens;
} bf_session_owner;

typedef struct bf_session_options {
    bf_split split;
    /* BF_SPLIT_LABELS: (epsilon, delta) of the privacy of a single label, from
     * noise that the owners of labels add to the opening; 0, 0: no noise. */
    double epsilon, delta;
    /* BF_SPLIT_ROWS: audit of the last step. Before owners open the model, they
     * open the weights that the last step starts from, and commit to what their
     * rows add to these. A model that differs from the sum ends the session. */
    bool audit;
    /* Rows of the public sample to which the owner who `whitens` fits the
     * transform; 0: that owner's own rows. */
    size_t sample_rows;
} bf_session_options;
/* The delta of label noise if no other delta is given. */
#define BF_LABEL_DELTA_DEFAULT 1e-6

typedef struct bf_session bf_session;

/* Makes a session for a job, with a random number that distinguishes the
 * session from others of the same owners. Options may be NULL: rows are split.
 * Rows of owners follow each other in the order of owners; bf_session_create
 * fills in `first`. What else the caller gives, and what the function fills in:
 *
 *   BF_SPLIT_ROWS     given: count; filled in: `labels`, `features`
 *   BF_SPLIT_LABELS   given: `labels`, and count of the rows of which the owner
 *                     has labels or features; filled in: `features`
 *   BF_SPLIT_COLUMNS  given: `features`, `labels`; filled in: count
 *
 * BF_ERR_ARGUMENT for fewer than 2 or more than BF_OWNERS_MAX owners, names or
 * keys that occur twice, rows that do not add up to the job's, a job that was
 * planned for another number of owners, no receiver, and jobs that several
 * owners cannot run: with batches, random features or refreshed weights, or
 * with a feature map that depends on the data of all owners.
 *
 * BF_SPLIT_LABELS: BF_ERR_ARGUMENT unless one owner has the features of all
 * rows and is the only receiver, and the job has one iteration from zero.
 * BF_SPLIT_COLUMNS: BF_ERR_ARGUMENT unless features add up to the job's, one
 * owner has the labels, and the recipe has blocks (train/column_blocks.h):
 * `whitened` with all components and more rows than features. With `audit`:
 * BF_ERR_ARGUMENT unless rows are split, all owners receive the model, and the
 * recipe is `whitened`. With an owner who `whitens`: BF_ERR_ARGUMENT unless
 * rows are split, no other does, and the recipe is `whitened`; without one, for
 * sample_rows. */
BF_API BF_MUST_CHECK bf_status
bf_session_create(bf_session **out, const bf_job *job,
                  const bf_session_owner *owners, unsigned count,
                  const bf_session_options *options);
/* bf_session_read checks everything that a hostile file could get wrong. */
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
/* The owner who fits the transform of all rows alone; NULL if nobody does. */
BF_API const bf_session_owner *bf_session_whitener(const bf_session *s);
/* The number of the owner who rechecks the model where one owner does
 * (BF_RECHECK_ONE): the first who receives nothing, or the first of all. */
BF_API unsigned bf_session_rechecker(const bf_session *s);
/* The round whose messages the server trains on, and the last round: 5, or 7
 * with an audit. */
#define BF_ROUND_UPLOAD 4
BF_API unsigned bf_session_rounds(const bf_session *s);
/* The BLAKE2b digest of the session's file. */
BF_API const uint8_t *bf_session_id(const bf_session *s); /* 32 bytes */
/* Half of the id in groups of four digits, which owners compare by voice. A
 * file with other keys has another fingerprint. */
#define BF_FINGERPRINT_BYTES 40
BF_API void bf_session_fingerprint(char out[BF_FINGERPRINT_BYTES],
                                   const bf_session *s);

/* ---- the server ---------------------------------------------------------- */

typedef struct bf_gather_report {
    unsigned owners;
    size_t keys;         /* those that import uploads among them */
    uint64_t bytes_read; /* of shares and uploads */
} bf_gather_report;

/* The server's part. Reads the owners' messages of rounds 1 to 4 from
 * BOX/inbox; if an owner repeats the server's work, that owner's messages come
 * from BOX/outbox. Checks signatures, digests, and that all owners saw the same
 * messages; adds the shares of keys. Writes job.json and eval.keys, from which
 * the server trains, into the folder `out`. Training reads the uploads from the
 * box, switches them to the joint key and adds them. The same messages make the
 * same files. BF_ERR_WAITING while a message is missing; BF_ERR_IO if the box
 * is. */
BF_API BF_MUST_CHECK bf_status bf_session_gather(bf_gather_report *report,
                                                 const char *session,
                                                 const char *box,
                                                 const char *out, bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
