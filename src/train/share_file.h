/* Files of shares of keys (ckks/collective.h), which every owner of a session
 * sends: evaluation keys in the order of the job's needs. Readers take one key
 * at a time, as all keys together take gigabytes of memory. */
#ifndef BF_TRAIN_SHARE_FILE_H
#define BF_TRAIN_SHARE_FILE_H

#include "ckks/collective.h"
#include "train/session.h"
#include "wire/wire.h"

/* The keys of a session that one kind of share makes: keys of one round, with
 * the import keys of all owners, or keys from the square, in two rounds. */
typedef struct bf_share_needs {
    bf_key_need *need; /* owned */
    size_t count;
} bf_share_needs;
BF_MUST_CHECK bf_status bf_share_needs_of(bf_share_needs *out,
                                          const bf_job *job,
                                          const bf_plan *plan, bool square);
void bf_share_needs_clear(bf_share_needs *n);

/* Writes a complete file, not yet committed. The key id is the share's; job id
 * and data id are the session's. */
BF_MUST_CHECK bf_status bf_share_file_prepare(bf_outfile **out,
                                              const bf_session *s,
                                              const bf_eval_keys *shares,
                                              const char *path);

typedef struct bf_share_reader {
    bf_wire_reader *wire;
    const bf_session *session;
    const bf_share_needs *needs;
    const char *path;
    bf_key_a a; /* which halves its keys have */
    size_t next;
} bf_share_reader;
BF_MUST_CHECK bf_status bf_share_open(bf_share_reader *out, const bf_session *s,
                                      const bf_context *ctx,
                                      const bf_share_needs *needs, bf_key_a a,
                                      const char *path);
/* Reads the share of the next need. BF_ERR_MISMATCH for a share of another key,
 * of other limbs, or with an a half that is not the session's. */
BF_MUST_CHECK bf_status bf_share_next(bf_share_reader *r, bf_switch_key *out);
/* Checks that no share follows the last one. */
BF_MUST_CHECK bf_status bf_share_end(bf_share_reader *r);
void bf_share_close(bf_share_reader *r); /* zeroed ones, too */

/* Reads the next share of each file and adds them. */
BF_MUST_CHECK bf_status bf_share_next_sum(bf_share_reader *readers,
                                          unsigned count, bf_eval_keys *out);

#endif
