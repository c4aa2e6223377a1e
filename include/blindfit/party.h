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

/* Whether owners of so many rows can add up what a transform needs without
 * telling each other their rows: before anybody begins. BF_ERR_ARGUMENT names
 * who has too few. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_session_check(const bf_session *s);

typedef struct bf_party_options {
    const char *session, *identity, *box;
    /* This owner's rows and labels, wanted in rounds 1, 2 and 4; NULL when they
     * are not at hand. */
    const bf_view *x;
    const int32_t *labels;
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

#endif
