/* A session (blindfit/session.h), from the inside.
 *
 * Its file is text:
 *   blindfit-session 1
 *   nonce HEX
 *   split rows | split labels [EPSILON DELTA] | split columns
 *   owner NAME SIGN SEAL COUNT [labels] [receives]    one line each, in order;
 *                                                     COUNT: rows, or columns
 *   job BYTES
 * and behind it the bytes of job.json. There is one way to write a session:
 * whatever differs from it by a byte is refused. */
#ifndef BF_TRAIN_SESSION_H
#define BF_TRAIN_SESSION_H

#include "base/random.h"
#include "blindfit/session.h"
#include "train/column_blocks.h"
#include "train/job.h"

#define BF_NONCE_BYTES 32

struct bf_session {
    uint8_t id[BF_HASH_BYTES];
    /* Of all a halves of linear keys: H("blindfit-crs\0" || id), which whoever
     * chose the nonce cannot steer. */
    uint8_t crs[BF_SEED_BYTES];
    uint8_t nonce[BF_NONCE_BYTES];
    bf_session_options options;
    unsigned owners;
    bf_session_owner owner[BF_OWNERS_MAX];
    bf_job *job;
    char *text; /* of the file */
    size_t bytes;
};

/* Of such a text; name is the file's, for messages. */
BF_MUST_CHECK bf_status bf_session_parse(bf_session **out, const char *text,
                                         size_t bytes, const char *name);

/* Fills in whose rows are which and what each has of them; BF_ERR_ARGUMENT where
 * that is not all of the job's data, or not a job for such owners. Owners' counts
 * are at most BF_JOB_SAMPLES_MAX. (session_split.c) */
BF_MUST_CHECK bf_status bf_session_divide(bf_session *s);
/* Where columns are split: those of owner k. */
BF_MUST_CHECK bf_status bf_session_block(bf_column_block *out,
                                         const bf_session *s, unsigned k);

/* "blindfit-owner 1 NAME SIGN SEAL\n". */
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
