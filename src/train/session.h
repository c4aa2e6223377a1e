/* A session (blindfit/session.h): the file, and what the files of src/train
 * share.
 *
 * The file is text:
 *   blindfit-session 1
 *   nonce HEX
 *   split rows [audit] [sample ROWS] | split labels [EPSILON DELTA] |
 *       split columns
 *   owner NAME SIGN SEAL COUNT [labels] [receives] [whitens]
 *                        one line each, in order; COUNT: rows, or columns
 *   job BYTES
 * The bytes of job.json follow. A session has exactly one text; reading refuses
 * a file that differs from this text by a byte. */
#ifndef BF_TRAIN_SESSION_H
#define BF_TRAIN_SESSION_H

#include "base/random.h"
#include "blindfit/session.h"
#include "train/column_blocks.h"
#include "train/job.h"

#define BF_NONCE_BYTES 32

struct bf_session {
    uint8_t id[BF_HASH_BYTES];
    /* The seed of the a halves of all linear keys: H("blindfit-crs\0" || id).
     * Who chooses the nonce cannot choose the seed. */
    uint8_t crs[BF_SEED_BYTES];
    uint8_t nonce[BF_NONCE_BYTES];
    bf_session_options options;
    unsigned owners;
    bf_session_owner owner[BF_OWNERS_MAX];
    bf_job *job;
    char *text; /* of the file */
    size_t bytes;
};

/* Parses the text of a session's file; `name` is the file's name, for messages.
 */
BF_MUST_CHECK bf_status bf_session_parse(bf_session **out, const char *text,
                                         size_t bytes, const char *name);

/* Fills in each owner's rows and features (session_split.c). BF_ERR_ARGUMENT if
 * the owners together do not have all of the job's data, or if owners cannot
 * run such a job. Each count is at most BF_JOB_SAMPLES_MAX. */
BF_MUST_CHECK bf_status bf_session_divide(bf_session *s);
/* The columns of owner k, if columns are split. */
BF_MUST_CHECK bf_status bf_session_block(bf_column_block *out,
                                         const bf_session *s, unsigned k);

/* The number of the owner who sends the transform of all rows. */
unsigned bf_session_transforms(const bf_session *s);

/* The text of a .pub file: "blindfit-owner 1 NAME SIGN SEAL\n". */
#define BF_PARTY_TEXT_BYTES 256
void bf_party_print(char out[BF_PARTY_TEXT_BYTES], const bf_party *p);
BF_MUST_CHECK bf_status bf_party_parse(bf_party *out, const char *text,
                                       size_t bytes, const char *name);
bool bf_party_name_valid(const char *name);

/* H(tag, NUL included, || data). */
void bf_session_hash(uint8_t out[BF_HASH_BYTES], const char *tag,
                     const uint8_t data[BF_HASH_BYTES]);
/* The id of the owners' joint key, once T_2 is known (train/message.h). */
void bf_session_joint_key(uint8_t out[BF_KEY_ID_BYTES],
                          const uint8_t t2[BF_HASH_BYTES]);

#endif
