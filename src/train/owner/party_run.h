/* One step of an owner (blindfit/party.h): what the files of a step share.
 *
 *   BOX/state      what the owner keeps between steps (party_state.h)
 *   BOX/new/       files of a message in the making, which nobody has seen
 *   BOX/held/      what round 1 promised: r2-KK.square; model.enc as it was in
 *                  the inbox when round 5 named it
 *   BOX/outbox/    messages that others may have seen
 *   BOX/inbox/     the others' messages, and model.enc
 *   BOX/rows       the tags that the others must send (party_rows.c)
 *   BOX/transform  the transform of an owner who holds features of all rows
 *
 * A message is made in three steps. Step 1 writes all its files into new/ and
 * flushes them. Step 2 replaces the state by a state that holds the message's
 * head. Step 3 moves the files to the outbox, the head last. If the process
 * ends before step 2, the next run discards new/, which nobody has seen. If the
 * process ends after step 2, the next run makes nothing again; it moves the
 * remaining files. */
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
    unsigned me; /* number of this owner */
    bf_context *ctx;
    const bf_plan *plan;
    bf_share_needs linear, square;
    bf_party_state st;
    /* Rounds of which all heads are here, and these heads. */
    unsigned seen;
    bf_head head[BF_ROUNDS_MAX][BF_OWNERS_MAX];
    uint8_t t[BF_ROUNDS_MAX + 1][BF_HASH_BYTES]; /* T_0 to T_seen */
    bool opened;
} bf_party_run;

typedef struct bf_path {
    char s[PATH_MAX];
} bf_path;

static inline const bf_session_owner *bf_party_me(const bf_party_run *p)
{
    return &p->session->owner[p->me];
}

/* True if each owner has some columns of all rows (train/column_blocks.h). */
static inline bool bf_party_has_block(const bf_party_run *p)
{
    return p->session->options.split == BF_SPLIT_COLUMNS;
}

/* ---- files (party_box.c) ------------------------------------------------- */

/* BOX/folder/name; folder may be NULL. */
BF_MUST_CHECK bf_status bf_box_path(bf_path *out, const bf_party_run *p,
                                    const char *folder, const char *name);
/* The path of a file of a message: in the outbox for this owner's messages, in
 * the inbox for the others'. kind 0 is the head. */
BF_MUST_CHECK bf_status bf_box_message(bf_path *out, const bf_party_run *p,
                                       unsigned round, unsigned owner,
                                       bf_part_kind kind);
/* The path of a file of the message in the making. */
BF_MUST_CHECK bf_status bf_box_new(bf_path *out, const bf_party_run *p,
                                   unsigned round, bf_part_kind kind);
/* The server's model. The file in the inbox can be replaced between a recheck
 * and the opening: bf_box_take_model copies it, and all else reads the copy at
 * bf_box_model. BF_ERR_WAITING while the inbox has none. */
#define BF_MODEL_FILE "model.enc"
BF_MUST_CHECK bf_status bf_box_take_model(const bf_party_run *p);
BF_MUST_CHECK bf_status bf_box_model(bf_path *out, const bf_party_run *p);
/* Makes the box's folders, and removes files that an interrupted step left half
 * written. */
BF_MUST_CHECK bf_status bf_box_prepare(const bf_party_run *p);
/* Removes all files in new/. */
BF_MUST_CHECK bf_status bf_box_empty_new(const bf_party_run *p);
BF_MUST_CHECK bf_status bf_box_save_state(bf_party_run *p);
/* Moves the files of this owner's last message that are not in the outbox yet
 * to the outbox. */
BF_MUST_CHECK bf_status bf_box_publish(const bf_party_run *p);

/* ---- others' messages (party_inbox.c) ------------------------------------ */

/* The number of rounds whose message this owner has made. */
unsigned bf_party_sent(const bf_party_run *p);
/* Reads the heads of round seen + 1, if this owner has sent its head of that
 * round. If all heads are here, p->seen grows by one; else BF_ERR_WAITING. */
BF_MUST_CHECK bf_status bf_party_collect(bf_party_run *p);
/* The file of an owner's part, which that owner's head has. Checks its digest
 * whenever it is read: a file may have been replaced or removed since an
 * earlier step. BF_ERR_WAITING if another's file is not there; BF_ERR_FORMAT if
 * it differs from its digest in the head. */
BF_MUST_CHECK bf_status bf_party_part(bf_path *out, const bf_party_run *p,
                                      unsigned round, unsigned owner,
                                      bf_part_kind kind);
/* The same of each owner who sends this part of the round; names all whose
 * files are not there. */
BF_MUST_CHECK bf_status bf_party_need(const bf_party_run *p, unsigned round,
                                      bf_part_kind kind);
/* Ends the session for this owner: wipes the owner's secrets, so that no
 * further share can be made. Returns BF_ERR_SECURITY with the message, or the
 * error that prevented the state from being written. */
BF_MUST_CHECK bf_status bf_party_over(bf_party_run *p, const char *fmt, ...)
    BF_PRINTF(2, 3);

/* ---- own messages (party_message.c) -------------------------------------- */

/* Makes the message of round seen + 1 and moves it to the outbox. */
BF_MUST_CHECK bf_status bf_party_send(bf_party_run *p);
/* For receivers, after the last round: opens the model. */
BF_MUST_CHECK bf_status bf_party_receive(bf_party_run *p);

#endif
