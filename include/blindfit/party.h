/* An owner's part of a session (blindfit/session.h): an identity, and the steps
 * of the protocol, by files.
 *
 *     bf_identity_create("a.id", "a.pub", "a");
 *     ... somebody makes session.bf from the .pub files of all owners ...
 *     bf_party_options o = {.session = "session.bf", .identity = "a.id",
 *                           .box = "box", .x = &x, .labels = y};
 *     bf_party_step(&report, &o, env);
 *
 * A box is an owner's folder for one session. The owner sends the files in
 * BOX/outbox to the others, and puts the others' files, under the same names,
 * into BOX/inbox. Who carries the files learns nothing about the data from
 * them, and an owner notices any change of a file. BOX/state holds secrets
 * (mode 0600). */
#ifndef BLINDFIT_PARTY_H
#define BLINDFIT_PARTY_H

#include "blindfit/owner.h"
#include "blindfit/session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Makes both files, the first with secret keys (mode 0600). BF_ERR_ARGUMENT if
 * the identity exists already, or for a name that bf_party does not allow. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_identity_create(const char *identity,
                                                        const char *publics,
                                                        const char *name);

/* The number of the owner who has this identity; BF_ERR_MISMATCH if none of the
 * session has. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_session_find_owner(
    unsigned *out, const bf_session *s, const char *identity);

/* Checks that the owners can run the session without telling each other more
 * than the session says. bf_party_step checks this too. BF_ERR_ARGUMENT, which
 * names the owner, if sums over an owner's rows would tell too much about them
 * because the rows are too few; and if, without label noise, the model would
 * tell too much about each label to the owner of the features. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_session_check(const bf_session *s);

/* The label noise of a session in which one owner has the features and others
 * the labels (docs/owners.md); zeros in other sessions. One label changes Y'U
 * by at most `sensitivity` (Euclidean norm); each owner of labels adds normal
 * noise of deviation sd to every entry of Y'U. */
typedef struct bf_label_privacy {
    double epsilon, delta;
    double sensitivity, sd;
    double normal_delta; /* delta of normal noise with this epsilon, exactly: at
                          * most half of delta. The other half covers the
                          * distribution from which the noise is drawn */
    double weight_sd;    /* the noise on an opened weight */
} bf_label_privacy;
BF_OWNER_API BF_MUST_CHECK bf_status
bf_session_label_privacy(bf_label_privacy *out, const bf_session *s);

/* Before an owner's share of the opening leaves, the owner can gather and train
 * as the server did; the session ends unless the model has the same bytes. That
 * needs the memory and time of a server, and all files of all owners in the
 * inbox. A server that works together with a receiver can construct a model
 * whose opening reveals the other owners' secrets (SECURITY.md). */
typedef enum bf_recheck {
    /* One owner of a session: the first who receives nothing, or the first of
     * all if all receive. */
    BF_RECHECK_ONE,
    BF_RECHECK_ALWAYS,
    BF_RECHECK_NEVER
} bf_recheck;

typedef struct bf_party_options {
    const char *session, *identity, *box;
    /* This owner's rows and labels, as the session says; bf_party_step ignores
     * rows or labels that the session gives to others. Steps need them in
     * rounds 1 and 4; if rows are split, also in 2 or, of an owner who whitens
     * by them alone, in 3; with an audit also in 6. NULL in other rounds. */
    const bf_view *x;
    const int32_t *labels;
    size_t label_count; /* 0: the number of rows of x */
    /* The public sample that the session names, or NULL. The owner who whitens
     * by it needs it in round 3. With it, each other owner checks the transform
     * in round 4. BF_ERR_ARGUMENT in a session without one. */
    const bf_view *sample;
    /* A file with a name for each row, one in a line, or NULL. Round 1 needs
     * the names if owners have parts of the same rows. The session ends if
     * another owner has other names for these rows. Two owners learn only
     * whether their names agree. */
    const char *row_names;
    const char *model; /* for receivers: the file to write; NULL: not yet */
    /* Called for each certificate when the model is opened, in the order of
     * iterations; NULL if nobody wants them. */
    void (*certified)(void *user, const bf_certificate *c);
    void *user;
    bf_recheck recheck;
    /* The files of x, labels and sample, which messages about them name, or
     * NULL. */
    const char *x_file, *labels_file, *sample_file;
} bf_party_options;

typedef struct bf_party_report {
    unsigned owner; /* number of this owner in the session */
    unsigned sent;  /* rounds whose message is in the outbox */
    bool done;      /* nothing is left to do */
    bool opened;    /* this step wrote the model */
} bf_party_report;

/* Takes all steps that are possible now. BF_OK when nothing is left to do.
 * BF_ERR_WAITING, with a message that names the missing files, when files of
 * others are missing. Other errors name the file and say whether to fetch it
 * again. *out is filled in for BF_OK and BF_ERR_WAITING. If a step fails before
 * round 1 has begun, it removes a box that it made.
 *
 * An owner makes each message once, and the bytes of the message never change.
 * If a step is interrupted at any moment, even by a loss of power, the next
 * step continues. If another owner, or who carries the files, cheats, the
 * session ends for this owner: the owner's secrets are wiped from the box, and
 * this and every later step fails with BF_ERR_SECURITY. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_party_step(bf_party_report *out,
                                                   const bf_party_options *o,
                                                   bf_env *env);

/* For sessions in which others have the labels: the owner of the features
 * continues the training from the received model, in the clear and with the
 * exact sigmoid, and writes o->model. Needs the rows of round 1. steps: how
 * many; 0: 40, or with label noise as many as do not fit the noise
 * (docs/owners.md). BF_ERR_ARGUMENT in other sessions, for another owner, and
 * before the model was received. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_party_finish(const bf_party_options *o,
                                                     unsigned steps,
                                                     bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
