/* What owners and a server do in a session, each step a function. */
#ifndef PARTY_STEPS_H
#define PARTY_STEPS_H

#include "train/message.h"
#include "train/party_testing.h"
#include "train/upload.h"
#include "wire/wire.h"

static bf_session *session;
static bf_matrix rows;
static int32_t labels[ROWS];
static bf_recheck recheck = BF_RECHECK_NEVER; /* of steps */
static const bf_view *sample;                 /* of steps */

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
                              .label_count = session->owner[k].count,
                              .model = buffers[3].s};
}

/* What owner k has of the features. */
static inline bf_view view_of(unsigned k)
{
    const bf_session_owner *me = &session->owner[k];
    size_t before = me->first * FEATURES;
    if (session->options.split == BF_SPLIT_COLUMNS)
        for (unsigned i = 0; i < k; i++) before += session->owner[i].features;
    return (bf_view){rows.data + before, me->count, me->features, FEATURES,
                     BF_FLOAT64};
}

static inline bf_status step_report(bf_party_report *r, unsigned k)
{
    path buffers[4];
    bf_party_options o = options_of(k, buffers);
    bf_view x = view_of(k);
    o.x = &x;
    o.recheck = recheck;
    o.sample = sample;
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

/* Copies the boxes of all owners; `from` and `to` are prefixes of names in the
 * folder. */
static inline void copy_tree(const char *from, const char *to)
{
    static const char *const boxes[] = {"box-a", "box-b", "box-c"};
    static const char *const parts[] = {"", "/new", "/held", "/outbox",
                                        "/inbox"};
    for (int b = 0; b < 3; b++)
        for (int i = 0; i < 5; i++) {
            path f = at("%s%s%s", from, boxes[b], parts[i]);
            path t = at("%s%s%s", to, boxes[b], parts[i]);
            path s = at("%s%s/state", from, boxes[b]);
            check_ok(bf_make_dir(t.s, 0700));
            if (i)
                copy_files(f, t);
            else if (there(s))
                copy_file(s, at("%s%s/state", to, boxes[b]));
        }
}

/* The server's model with changed ciphertexts, in a whole file of the joint key
 * and the job. */
static inline void build_model(path out,
                               void (*change)(bf_label label, bf_ct *ct))
{
    bf_wire_reader *r;
    bf_wire_writer *w;
    bf_wire_item item;
    bf_context *ctx;
    check_ok(bf_context_create(&ctx, &session->job->ring[0], BF_BACKEND_AUTO));
    check_ok(bf_wire_open(&r, at("model.enc").s, BF_WIRE_MODEL,
                          bf_one_ring(ctx), (bf_wire_ids){0}));
    const bf_frame_header *h = bf_wire_header(r);
    check_ok(bf_wire_create(&w, out.s, BF_WIRE_MODEL, bf_one_ring(ctx),
                            (bf_wire_ids){h->key_id, h->job_id, h->data_id}));
    for (;;) {
        check_ok(bf_wire_next(r, &item));
        if (item.kind == BF_FRAME_END) break;
        if (item.kind == BF_WIRE_JSON) {
            char *text;
            size_t bytes;
            check_ok(bf_wire_get_json(r, &text, &bytes));
            check_ok(bf_wire_put_json(w, item.label, text, bytes));
            bf_free(text);
        } else {
            bf_ct ct = {0};
            check_ok(bf_wire_get_ct(r, &ct));
            change(item.label, &ct);
            check_ok(bf_wire_put_ct(w, item.label, &ct));
            bf_ct_clear(&ct);
        }
    }
    check_ok(bf_wire_commit(w));
    bf_wire_close(r);
    bf_context_destroy(ctx);
}

/* The first coefficient that holds weights, by so much in units of one. */
static double moved;

static inline void first_moves(bf_label label, bf_ct *ct)
{
    const bf_params *p = bf_context_params(ct->ctx);
    size_t n = (size_t)1 << p->log_n;
    if (label.kind != BF_MODEL_FINAL) return;
    for (size_t l = 0; l < ct->limbs; l++)
        for (size_t i = 0; i < n; i++) {
            double *c0 = &ct->data[2 * l * n + i], q = (double)p->q[l];
            *c0 = fmod(*c0 + rint(moved * ct->scale), q);
        }
}

/* To all owners. */
static inline void send_model(path model)
{
    for (unsigned k = 0; k < OWNERS; k++)
        copy_file(model, at("box-%c/inbox/model.enc", 'a' + (int)k));
}

#endif
