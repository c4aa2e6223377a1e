/* Steps of an owner (blindfit/party.h). */
#include "blindfit/party.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "train/handle.h"
#include "train/owner/finish.h"
#include "train/owner/party_part.h"
#include "train/owner/session_check.h"

static unsigned number_of(const bf_session *s, const bf_party *party)
{
    unsigned k = 0;
    for (; k < s->owners; k++) {
        const bf_party *of = &s->owner[k].party;
        if (memcmp(of->sign, party->sign, sizeof of->sign) == 0 &&
            memcmp(of->seal, party->seal, sizeof of->seal) == 0)
            break;
    }
    return k;
}

bf_status bf_session_find_owner(unsigned *out, const bf_session *s,
                                const char *identity)
{
    bf_identity id;
    BF_TRY(bf_identity_read(&id, identity));
    unsigned k = number_of(s, &id.party);
    bf_status status =
        k < s->owners ? BF_OK
                      : bf_fail(BF_ERR_MISMATCH, "%s: %s is no owner of the "
                                "session", identity, id.party.name);
    bf_identity_clear(&id);
    if (status == BF_OK) *out = k;
    return status;
}

static bf_status find_owner(bf_party_run *p)
{
    p->me = number_of(p->session, &p->id.party);
    if (p->me < p->session->owners) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s: %s is no owner of the session %s",
                   p->o->identity, p->id.party.name, p->o->session);
}

static bf_status check_sample(const bf_party_run *p)
{
    const bf_view *x = p->o->sample;
    size_t rows = p->session->options.sample_rows;
    if (!x) return BF_OK;
    if (!rows)
        return bf_fail(BF_ERR_ARGUMENT, "%s: a session without a public sample",
                       p->o->session);
    BF_TRY(bf_view_check(x, "sample"));
    if (x->rows == rows && x->cols == p->session->job->features) return BF_OK;
    bf_status s = bf_fail(BF_ERR_MISMATCH,
                          "a sample of %zu rows of %zu features, the session "
                          "wants %zu of %zu",
                          x->rows, x->cols, rows, p->session->job->features);
    return bf_party_in_file(s, p->o->sample_file);
}

/* Messages are shown after the state is on disk: without it, an owner who has
 * sent some would begin anew, with other secrets behind the same round. */
static bf_status check_unused(const bf_party_run *p, const bf_path *state)
{
    bool there;
    bf_path head;
    BF_TRY(bf_box_message(&head, p, 1, p->me, 0));
    BF_TRY(bf_message_there(&there, head.s));
    if (!there) return BF_OK;
    return bf_fail(BF_ERR_IO,
                   "%s: is gone, though messages were sent: the session has to "
                   "begin anew",
                   state->s);
}

static bf_status load(bf_party_run *p)
{
    bool there;
    bf_path path;
    BF_TRY(bf_session_read(&p->session, p->o->session));
    BF_TRY(bf_session_check(p->session));
    BF_TRY(check_sample(p));
    BF_TRY(bf_identity_read(&p->id, p->o->identity));
    BF_TRY(find_owner(p));
    BF_TRY(bf_job_walked(&p->plan, p->session->job));
    BF_TRY(bf_share_needs_of(&p->linear, p->session->job, p->plan, false));
    BF_TRY(bf_share_needs_of(&p->square, p->session->job, p->plan, true));
    BF_TRY(bf_context_create(&p->ctx, &p->session->job->ring[0],
                             BF_BACKEND_AUTO));
    BF_TRY(bf_box_prepare(p));
    p->st.owner = p->me;
    BF_TRY(bf_box_path(&path, p, NULL, "state"));
    BF_TRY(bf_message_there(&there, path.s));
    if (!there) return check_unused(p, &path);
    return bf_party_state_read(&p->st, p->session, p->me, p->ctx, path.s);
}

static bf_status advance(bf_party_run *p)
{
    if (p->st.over)
        return bf_fail(BF_ERR_SECURITY, "%s; this session is over", p->st.why);
    unsigned last = bf_session_rounds(p->session);
    BF_TRY(bf_box_publish(p));
    for (;;) {
        /* An owner that receives no model needs none of the others' last
         * messages. */
        if (bf_party_sent(p) == last &&
            !p->session->owner[p->me].receives) {
            p->st.done = true;
            return BF_OK;
        }
        BF_TRY(bf_party_collect(p));
        if (p->seen == last) return bf_party_receive(p);
        BF_TRY(bf_party_send(p));
    }
}

static void clear(bf_party_run *p)
{
    bf_party_state_clear(&p->st);
    bf_share_needs_clear(&p->linear);
    bf_share_needs_clear(&p->square);
    bf_context_destroy(p->ctx);
    bf_identity_clear(&p->id);
    bf_session_destroy(p->session);
}

/* ---- what a step is, and another use of the box -------------------------- */

typedef bf_status (*task)(bf_party_run *p, void *user);

/* Removes a box that this run made, unless a round has begun in it. */
static void drop_unused(const bf_party_run *p)
{
    bf_path state;
    if (bf_box_path(&state, p, NULL, "state") != BF_OK ||
        access(state.s, F_OK) == 0 || errno != ENOENT)
        return;
    bf_status removed = bf_remove_tree(p->o->box);
    (void)removed;
}

static bf_status run(const bf_party_options *o, task what, void *user)
{
    int lock;
    bf_party_run p = {.o = o};
    if (!o->session || !o->identity || !o->box)
        return bf_fail(BF_ERR_ARGUMENT,
                       "a step needs a session, an identity and a box");
    if (o->recheck > BF_RECHECK_NEVER)
        return bf_fail(BF_ERR_ARGUMENT, "choice %d of rechecks",
                       (int)o->recheck);
    BF_TRY(bf_random_init());
    bool made = access(o->box, F_OK) != 0 && errno == ENOENT;
    BF_TRY(bf_make_dir(o->box, 0700));
    if (!bf_lock_take(&lock, o->box, false))
        return bf_fail(BF_ERR_ARGUMENT, "%s: another step is at work in it",
                       o->box);
    bf_status s = load(&p);
    if (s == BF_OK) s = what(&p, user);
    if (made && s != BF_OK) drop_unused(&p);
    clear(&p);
    bf_lock_drop(lock, NULL);
    return s;
}

static bf_status step(bf_party_run *p, void *report)
{
    bf_party_report *out = report;
    bf_status s = advance(p);
    if (s == BF_OK || s == BF_ERR_WAITING)
        *out = (bf_party_report){.owner = p->me,
                                 .sent = bf_party_sent(p),
                                 .done = p->st.done,
                                 .opened = p->opened};
    return s;
}

bf_status bf_party_step(bf_party_report *out, const bf_party_options *o,
                        bf_env *env)
{
    BF_UNDER(env);
    return run(o, step, out);
}

/* ---- labels elsewhere: on in the clear ----------------------------------- */

static bf_status finish_rows(bf_matrix *weights, const bf_party_run *p,
                             const bf_transform *t, unsigned steps)
{
    const bf_job *job = p->session->job;
    bf_matrix u = {0}, v1 = {0};
    bf_status s = bf_party_weights(&v1, NULL, p, BF_PART_SHARE);
    if (s == BF_OK) s = bf_transform_apply_view(&u, t, p->o->x, true, NULL);
    if (s == BF_OK)
        s = bf_finish(weights, &job->schedule, &v1, &u, steps, NULL, NULL,
                      NULL);
    bf_matrix_clear(&u);
    bf_matrix_clear(&v1);
    return s;
}

static bf_status check_finish(const bf_party_run *p)
{
    if (p->session->options.split != BF_SPLIT_LABELS ||
        !bf_party_me(p)->features)
        return bf_fail(
            BF_ERR_ARGUMENT,
            "%s: %s has no model to finish: that is for the owner of "
            "the features where labels are elsewhere",
            p->o->session, p->id.party.name);
    if (p->st.done && p->o->model) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: no model was received yet (party step)", p->o->box);
}

static bf_status usual_steps(unsigned *steps, const bf_session *s)
{
    bf_label_privacy privacy;
    BF_TRY(bf_session_label_privacy(&privacy, s));
    *steps = bf_finish_steps(bf_session_noise(s, &privacy),
                             s->job->layout.cols);
    return BF_OK;
}

static bf_status finish(bf_party_run *p, void *user)
{
    unsigned steps = *(unsigned *)user;
    bf_matrix weights = {0};
    bf_transform *t = NULL;
    BF_TRY(check_finish(p));
    if (steps == 0) BF_TRY(usual_steps(&steps, p->session));
    BF_TRY(bf_party_collect(p));
    bf_status s = bf_party_check_data(p, bf_session_rounds(p->session));
    if (s == BF_OK) s = bf_party_transform(&t, p, NULL);
    if (s == BF_OK) s = finish_rows(&weights, p, t, steps);
    if (s == BF_OK) s = bf_party_save_model(p, t, &weights);
    bf_matrix_clear(&weights);
    bf_transform_destroy(t);
    return s;
}

bf_status bf_party_finish(const bf_party_options *o, unsigned steps,
                          bf_env *env)
{
    BF_UNDER(env);
    return run(o, finish, &steps);
}
