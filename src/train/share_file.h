/* Files of shares of keys (ckks/collective.h), as every owner of a session sends
 * them: evaluation keys in the order of the job's needs, read key by key, as all
 * of them at once take gigabytes. */
#ifndef BF_TRAIN_SHARE_FILE_H
#define BF_TRAIN_SHARE_FILE_H

#include "ckks/collective.h"
#include "train/session.h"
#include "wire/wire.h"

/* What a session needs keys for that come by one kind of share: in one round,
 * import keys of all owners among them, or from the square in two. */
typedef struct bf_share_needs {
    bf_key_need *need; /* owned */
    size_t count;
} bf_share_needs;
BF_MUST_CHECK bf_status bf_share_needs_of(bf_share_needs *out,
                                          const bf_job *job,
                                          const bf_plan *plan, bool square);
void bf_share_needs_clear(bf_share_needs *n);

/* Whole but not committed; ids but the key's are the session's. */
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
/* The share of the next need. BF_ERR_MISMATCH when it is of another key, of
 * other limbs, or with another a half than the session's. */
BF_MUST_CHECK bf_status bf_share_next(bf_share_reader *r, bf_switch_key *out);
/* Behind the last one: that nothing follows. */
BF_MUST_CHECK bf_status bf_share_end(bf_share_reader *r);
void bf_share_close(bf_share_reader *r); /* zeroed ones, too */

/* The sums of next shares of all files. */
BF_MUST_CHECK bf_status bf_share_next_sum(bf_share_reader *readers,
                                          unsigned count, bf_eval_keys *out);

#endif
