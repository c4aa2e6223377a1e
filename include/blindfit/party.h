/* An owner's half of a session (blindfit/session.h): an identity, and steps of
 * the protocol over files.
 *
 *   bf_identity_create("a.id", "a.pub", "a");
 *   ... somebody makes session.bf of all owners' .pub files ...
 *   bf_party_step(&report, &(bf_party_options){.session = "session.bf",
 *                 .identity = "a.id", .box = "box", .x = &x, .labels = y}, env);
 *
 * A box is a folder of this owner's for one session. What is to go to the others
 * appears in BOX/outbox, what came from them is put into BOX/inbox, under the
 * same names; who carries the files sees nothing that helps it, and cannot
 * change them unseen. BOX/state holds secrets (0600). */
#ifndef BLINDFIT_PARTY_H
#define BLINDFIT_PARTY_H

#include "blindfit/session.h"

/* Makes both files, the first with secret keys (0600). BF_ERR_ARGUMENT when the
 * identity is there already, or for a name that bf_party has not. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_identity_create(const char *identity,
                                                        const char *publics,
                                                        const char *name);

/* Whether owners can do this without telling each other more than a session says:
 * before anybody begins, and in every step. BF_ERR_ARGUMENT names an owner of rows
 * who has too few for sums over them; or says that the model would tell too much
 * of each label to who has the features, without label noise. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_session_check(const bf_session *s);

/* What label noise is, where labels are elsewhere (docs/owners.md); zeros where
 * there is none. One label moves Y'U by at most `sensitivity`; each owner of
 * labels adds normal noise of deviation sd to every entry of it. */
typedef struct bf_label_privacy {
    double epsilon, delta;
    double sensitivity, sd;
    double normal_delta; /* what such noise gives with epsilon, exactly: at most
                          * half of delta; the rest is for how it is drawn */
    double weight_sd;    /* the noise on an opened weight */
} bf_label_privacy;
BF_OWNER_API BF_MUST_CHECK bf_status
bf_session_label_privacy(bf_label_privacy *out, const bf_session *s);

typedef struct bf_party_options {
    const char *session, *identity, *box;
    /* What the session says that this owner has of rows and labels, wanted in
     * rounds 1, 2 and 4 where rows are split, else in rounds 1 and 4; NULL when
     * it is not at hand. Anything else is not looked at. */
    const bf_view *x;
    const int32_t *labels;
    size_t label_count; /* 0: as many as x has rows */
    /* What this owner calls its rows, a line of text for each in a file, or NULL;
     * wanted in round 1 of owners who have something of the same rows. The session
     * ends where another calls them otherwise; only whether they are the same is
     * told, to those two. */
    const char *row_names;
    const char *model; /* to write, for receivers; NULL: not yet */
    /* Before the opening share leaves: gather and train as the server did, and
     * end the session unless the model comes out the same. Takes what a server
     * takes, and all files of all owners in the inbox. Without it, a server in
     * league with a receiver can read this owner's secret out of a built model
     * (SECURITY.md): at least one owner of a session should. */
    bool recheck;
} bf_party_options;

typedef struct bf_party_report {
    unsigned owner;   /* which of the session's this is */
    unsigned sent;    /* rounds whose message lies in the outbox */
    bool done;        /* nothing is left to do */
    bool opened;      /* this step wrote the model */
} bf_party_report;

/* Does what is due, and all that becomes due by it. BF_OK when nothing is left
 * to do; BF_ERR_WAITING, with a line that says for what, when others' files are
 * awaited; other errors name the file and say whether to fetch it again.
 * *out is filled in the first two cases.
 *
 * A message is made once, and its bytes never change: a step that is
 * interrupted at any moment, by a loss of power too, goes on with the next one.
 * When another owner or whoever carries the files cheats, the session ends for
 * this owner, for good: its secrets are gone from the box (BF_ERR_SECURITY, as
 * for every later step). */
BF_OWNER_API BF_MUST_CHECK bf_status bf_party_step(bf_party_report *out,
                                                   const bf_party_options *o,
                                                   bf_env *env);

/* Labels elsewhere: the owner of the features goes on from the model that it
 * received, in the clear and with the exact sigmoid, and writes o->model. Wants
 * the rows of round 1. steps 0: 40, or 2 with label noise, which further steps
 * would fit. BF_ERR_ARGUMENT in another session, for another owner, and before
 * the model was received. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_party_finish(const bf_party_options *o,
                                                     unsigned steps,
                                                     bf_env *env);

#endif
