/* One step of an owner (blindfit/party.h), from the inside.
 *
 * BOX/state    what this owner remembers (party_state.h)
 * BOX/new/     files of a message in the making: nobody has seen them
 * BOX/held/    what round 1 promised: r2-KK.square
 * BOX/outbox/  messages that may have been seen
 * BOX/inbox/   others' messages, and model.enc
 * BOX/rows     what others have to call rows that this owner has, too
 * BOX/transform    of an owner of all rows
 *
 * A message is made in new/ and flushed; then the state is replaced by one that
 * holds its head; then its files are moved to the outbox, the head last. What
 * lies in new/ before the second step was never seen and is thrown away; after
 * it nothing is made again: the next step moves what is left to be moved. */
#ifndef BF_TRAIN_OWNER_PARTY_RUN_H
#define BF_TRAIN_OWNER_PARTY_RUN_H

#include <limits.h>

#include "blindfit/party.h"
#include "train/owner/identity.h"
#include "train/owner/party_state.h"
#include "train/share_file.h"

typedef struct bf_party_run {
    const bf_party_options *o;
    bf_session *session;
    bf_identity id;
    unsigned me; /* which owner */
    bf_context *ctx;
    const bf_plan *plan;
    bf_share_needs linear, square;
    bf_party_state st;
    /* Of the rounds that all heads are here of: */
    unsigned seen;
    bf_head head[BF_ROUNDS][BF_OWNERS_MAX];
    uint8_t t[BF_ROUNDS + 1][BF_HASH_BYTES]; /* T_0 to T_seen */
    bool opened;
} bf_party_run;

typedef struct bf_path {
    char s[PATH_MAX];
} bf_path;

static inline const bf_session_owner *bf_party_me(const bf_party_run *p)
{
    return &p->session->owner[p->me];
}

/* Whether this owner has some columns of all rows (train/column_blocks.h). */
static inline bool bf_party_has_block(const bf_party_run *p)
{
    return p->session->options.split == BF_SPLIT_COLUMNS;
}

/* ---- files (party_box.c) ------------------------------------------------- */

/* BOX/folder/name; folder may be NULL. */
BF_MUST_CHECK bf_status bf_box_path(bf_path *out, const bf_party_run *p,
                                    const char *folder, const char *name);
/* A file of a message of this owner's, or of another's where it is: in the
 * outbox or the inbox. kind 0: the head. */
BF_MUST_CHECK bf_status bf_box_message(bf_path *out, const bf_party_run *p,
                                       unsigned round, unsigned owner,
                                       bf_part_kind kind);
/* A file of the message in the making. */
BF_MUST_CHECK bf_status bf_box_new(bf_path *out, const bf_party_run *p,
                                   unsigned round, bf_part_kind kind);
bool bf_box_has(const bf_path *path);
/* Folders, and what a step that was cut off left half written. */
BF_MUST_CHECK bf_status bf_box_prepare(const bf_party_run *p);
/* Throws away what lies in new/. */
BF_MUST_CHECK bf_status bf_box_empty_new(const bf_party_run *p);
BF_MUST_CHECK bf_status bf_box_save_state(bf_party_run *p);
/* Moves what this owner's last message has to the outbox, as far as it is not
 * there. */
BF_MUST_CHECK bf_status bf_box_publish(const bf_party_run *p);

/* ---- others' messages (party_inbox.c) ------------------------------------ */

/* Rounds whose message this owner has made. */
unsigned bf_party_sent(const bf_party_run *p);
/* Takes in the heads of round seen + 1, as far as this owner has sent its own.
 * Once all are here, p->seen is one more. BF_ERR_WAITING while some are not. */
BF_MUST_CHECK bf_status bf_party_collect(bf_party_run *p);
/* BF_ERR_WAITING until this part of the round is here from everybody who sends
 * one, BF_ERR_FORMAT where it is not what the head says. */
BF_MUST_CHECK bf_status bf_party_need(bf_party_run *p, unsigned round,
                                      bf_part_kind kind);
/* Ends the session for this owner: its secrets go, and no share leaves any more.
 * Returns BF_ERR_SECURITY with the line, or what kept it from being noted. */
BF_MUST_CHECK bf_status bf_party_over(bf_party_run *p, const char *fmt, ...)
    BF_PRINTF(2, 3);

/* ---- own messages (party_message.c) -------------------------------------- */

/* Makes the message of round seen + 1 and shows it. */
BF_MUST_CHECK bf_status bf_party_send(bf_party_run *p);
/* After round 5, of a receiver: opens the model. */
BF_MUST_CHECK bf_status bf_party_receive(bf_party_run *p);

#endif
