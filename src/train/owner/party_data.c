/* This owner's rows and labels: read, and uploaded. */
#include <string.h>

#include "base/memory.h"
#include "train/handle.h"
#include "train/owner/party_part.h"
#include "train/owner/protocol.h"

static const bf_session_owner *me(const bf_party_run *p)
{
    return &p->session->owner[p->me];
}

static bf_status check_data(const bf_party_run *p, unsigned round)
{
    const bf_view *x = p->o->x;
    size_t classes = p->session->job->layout.classes;
    if (!x || !p->o->labels)
        return bf_fail(BF_ERR_ARGUMENT,
                       "round %u wants this owner's rows and labels", round);
    BF_TRY(bf_view_check(x, "features"));
    if (x->rows != me(p)->count || x->cols != p->session->job->features)
        return bf_fail(BF_ERR_MISMATCH,
                       "%zu rows of %zu features, the session wants %zu of %zu "
                       "from %s",
                       x->rows, x->cols, me(p)->count, p->session->job->features,
                       me(p)->party.name);
    for (size_t i = 0; i < x->rows; i++)
        if (p->o->labels[i] < 0 || (size_t)p->o->labels[i] >= classes)
            return bf_fail(BF_ERR_ARGUMENT,
                           "row %zu has label %d, the job is for 0 to %zu",
                           i + 1, (int)p->o->labels[i], classes - 1);
    return BF_OK;
}

static void digest_of(uint8_t out[BF_HASH_BYTES], const bf_matrix *x,
                      const int32_t *labels)
{
    bf_hasher h;
    bf_hasher_init(&h);
    bf_hasher_update(&h, x->data, x->rows * x->cols * sizeof *x->data);
    bf_hasher_update(&h, labels, x->rows * sizeof *labels);
    bf_hasher_final(&h, out);
}

/* Statistics are of the rows that were uploaded, or the range that the circuit
 * covers is not theirs. */
static bf_status check_same(bf_party_run *p, const bf_matrix *x, unsigned round)
{
    uint8_t digest[BF_HASH_BYTES];
    digest_of(digest, x, p->o->labels);
    if (round == 1) memcpy(p->st.rows, digest, sizeof digest);
    if (memcmp(p->st.rows, digest, sizeof digest) == 0) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "other rows or labels than in round 1");
}

bf_status bf_party_rows(bf_matrix *x, bf_party_run *p, unsigned round)
{
    bf_matrix made = {0};
    BF_TRY(check_data(p, round));
    BF_TRY(bf_matrix_from(&made, p->o->x));
    bf_status s = check_same(p, &made, round);
    if (s == BF_OK)
        *x = made;
    else
        bf_matrix_clear(&made);
    return s;
}

static bf_status upload(bf_party_run *p, const bf_transform *t,
                        const bf_matrix *x, const char *path)
{
    const bf_job *job = p->session->job;
    bf_schedule schedule = {0};
    bf_matrix u = {0};
    bf_outfile *f;
    bf_status status;
    BF_GOTO(bf_transform_apply(&u, t, x, true, NULL), done);
    BF_GOTO(bf_schedule_make(&schedule, &job->recipe, job->layout.n), done);
    BF_GOTO(bf_transform_start(&schedule, t, (unsigned)job->layout.classes),
            done);
    bf_rows_held own = {.u = &u, .labels = p->o->labels, .v0 = &schedule.v0,
                        .first = me(p)->first, .start = p->me == 0};
    BF_GOTO(bf_protocol_upload_part(&f, job, bf_job_id(job), p->st.s, &own,
                                    path),
            done);
    status = bf_outfile_commit(f);
done:
    bf_matrix_clear(&u);
    bf_schedule_clear(&schedule);
    return status;
}

bf_status bf_party_make_upload(bf_party_run *p, const char *path)
{
    bf_transform *t;
    bf_matrix x = {0};
    BF_TRY(bf_party_rows(&x, p, 4));
    bf_status s = bf_party_transform(&t, p);
    if (s == BF_OK) {
        s = upload(p, t, &x, path);
        bf_transform_destroy(t);
    }
    bf_matrix_clear(&x);
    return s;
}
