/* What owners and a server do in a session, each step a function. */
#ifndef PARTY_STEPS_H
#define PARTY_STEPS_H

#include "train/party_testing.h"

static bf_session *session;
static bf_matrix rows;
static int32_t labels[ROWS];
static bool recheck; /* of steps */

/* Fixture of a test program, which makes `session`. */
static inline int open_session(void **state)
{
    make_data(&rows, labels);
    return make_folder(state);
}

static inline int close_session(void **state)
{
    bf_session_destroy(session);
    bf_matrix_clear(&rows);
    return remove_folder(state);
}

static inline bf_party_options options_of(unsigned k, path *buffers)
{
    buffers[0] = at("session.bf");
    buffers[1] = at("%c.id", 'a' + (int)k);
    buffers[2] = at("box-%c", 'a' + (int)k);
    buffers[3] = at("%c.npy", 'a' + (int)k);
    return (bf_party_options){.session = buffers[0].s,
                              .identity = buffers[1].s,
                              .box = buffers[2].s,
                              .labels = labels + session->owner[k].first,
                              .model = buffers[3].s};
}

static inline bf_status step_report(bf_party_report *r, unsigned k)
{
    path buffers[4];
    bf_party_options o = options_of(k, buffers);
    const bf_session_owner *me = &session->owner[k];
    bf_view x = {rows.data + me->first * FEATURES, me->count, FEATURES,
                 FEATURES, BF_FLOAT64};
    o.x = &x;
    o.recheck = recheck;
    return bf_party_step(r, &o, NULL);
}

static inline bf_status step(unsigned k)
{
    bf_party_report r;
    return step_report(&r, k);
}

static inline path out_of(unsigned k)
{
    return at("box-%c/outbox", 'a' + (int)k);
}

static inline path in_of(unsigned k)
{
    return at("box-%c/inbox", 'a' + (int)k);
}

static inline void carry(void)
{
    for (unsigned k = 0; k < OWNERS; k++) {
        for (unsigned to = 0; to < OWNERS; to++)
            if (to != k) copy_files(out_of(k), in_of(to));
        copy_files(out_of(k), at("server/inbox"));
    }
}

/* To all owners. */
static inline void send_model(path model)
{
    for (unsigned k = 0; k < OWNERS; k++)
        copy_file(model, at("box-%c/inbox/model.enc", 'a' + (int)k));
}

#endif
