/* What an owner keeps of a session between two steps: BOX/state.
 *
 * The file, mode 0600: "BFPARTY\0", u32 version 1, u32 owner, session id[32],
 * u32 over, u32 done, why[256], digest of rows and labels[32], u32 s and u32 u:
 * 1 if the secret is there; heads of all rounds by owner, each u32 bytes (0:
 * none) and the bytes; id of s[16] and s, then u, packed (wire/pack.h);
 * BLAKE2b-256 of all bytes before it. */
#ifndef BF_TRAIN_OWNER_PARTY_STATE_H
#define BF_TRAIN_OWNER_PARTY_STATE_H

#include "ckks/owner/owner.h"
#include "train/message.h"

#define BF_WHY_BYTES 256

typedef struct bf_kept_head {
    uint32_t bytes; /* 0: not there */
    uint8_t data[BF_HEAD_BYTES_MAX];
} bf_kept_head;

typedef struct bf_party_state {
    unsigned owner;
    bool over;              /* for good: someone cheated */
    char why[BF_WHY_BYTES]; /* a line */
    bool done;
    uint8_t rows[BF_HASH_BYTES]; /* of the data of round 1 */
    bf_kept_head head[BF_ROUNDS_MAX][BF_OWNERS_MAX];
    bf_secret_key *s, *u; /* owned; NULL: not yet drawn, or given up */
} bf_party_state;

void bf_party_state_clear(bf_party_state *st);
/* Replaces the file. When the function returns, the new file is on disk. */
BF_MUST_CHECK bf_status bf_party_state_write(bf_party_state *st,
                                             const bf_session *s,
                                             const char *path);
/* BF_ERR_MISMATCH for a state of another session or of another owner. */
BF_MUST_CHECK bf_status bf_party_state_read(bf_party_state *st,
                                            const bf_session *s, unsigned owner,
                                            const bf_context *ctx,
                                            const char *path);

#endif
