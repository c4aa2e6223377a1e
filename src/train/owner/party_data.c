/* This owner's rows and labels: checks them and makes this owner's upload. */
#include <string.h>

#include "base/memory.h"
#include "train/handle.h"
#include "train/owner/block.h"
#include "train/owner/party_part.h"
#include "train/owner/protocol.h"
#include "train/owner/session_check.h"

/* ---- what is at hand ----------------------------------------------------- */

static size_t labels_given(const bf_party_options *o)
{
    if (!o->labels) return 0;
    return o->label_count || !o->x ? o->label_count : o->x->rows;
}

static bf_status check_there(const bf_party_run *p, unsigned round)
{
    const bf_session_owner *me = bf_party_me(p);
    if ((!me->features || p->o->x) && (!me->labels || p->o->labels))
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "round %u wants this owner's %s%s%s", round,
                   me->features ? "rows" : "",
                   me->features && me->labels ? " and " : "",
                   me->labels ? "labels" : "");
}

static bf_status check_features(const bf_party_run *p)
{
    const bf_view *x = p->o->x;
    const bf_session_owner *me = bf_party_me(p);
    BF_TRY(bf_view_check(x, "features"));
    if (x->rows == me->count && x->cols == me->features) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%zu rows of %zu features, the session wants %zu of %zu "
                   "from %s",
                   x->rows, x->cols, me->count, me->features, me->party.name);
}

static bf_status check_labels(const bf_party_run *p)
{
    const bf_session_owner *me = bf_party_me(p);
    size_t classes = p->session->job->layout.classes;
    size_t count = labels_given(p->o);
    if (count != me->count)
        return bf_fail(BF_ERR_MISMATCH,
                       "%zu labels, the session wants %zu from %s", count,
                       me->count, me->party.name);
    for (size_t i = 0; i < count; i++)
        if (p->o->labels[i] < 0 || (size_t)p->o->labels[i] >= classes)
            return bf_fail(BF_ERR_ARGUMENT,
                           "row %zu has label %d, the job is for 0 to %zu",
                           i + 1, (int)p->o->labels[i], classes - 1);
    return BF_OK;
}

/* The digest covers each number as a double, so that it does not depend on the
 * type and stride of the caller's view. */
static bf_status add_features(bf_hasher *h, const bf_view *x)
{
    double *row = bf_alloc(x->cols * sizeof *row);
    if (!row) return BF_ERR_MEMORY;
    for (size_t i = 0; i < x->rows; i++) {
        bf_view_row(row, x, i);
        bf_hasher_update(h, row, x->cols * sizeof *row);
    }
    bf_free(row);
    return BF_OK;
}

static bf_status digest_of(uint8_t out[BF_HASH_BYTES], const bf_party_run *p)
{
    const bf_session_owner *me = bf_party_me(p);
    bf_hasher h;
    bf_hasher_init(&h);
    if (me->features) BF_TRY(add_features(&h, p->o->x));
    if (me->labels)
        bf_hasher_update(&h, p->o->labels, me->count * sizeof *p->o->labels);
    bf_hasher_final(&h, out);
    return BF_OK;
}

/* The statistics of round 1 and the upload must come from the same rows: the
 * circuit's range holds only for the rows that the transform was fitted to. */
static bf_status check_same(bf_party_run *p, unsigned round)
{
    uint8_t digest[BF_HASH_BYTES];
    BF_TRY(digest_of(digest, p));
    if (round == 1) memcpy(p->st.rows, digest, sizeof digest);
    if (memcmp(p->st.rows, digest, sizeof digest) == 0) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "other rows or labels than in round 1");
}

bf_status bf_party_in_file(bf_status s, const char *file)
{
    return s == BF_OK || !file ? s : bf_fail_in(s, "%s", file);
}

bf_status bf_party_check_data(bf_party_run *p, unsigned round)
{
    const bf_session_owner *me = bf_party_me(p);
    const char *x = p->o->x_file;
    const char *labels = p->o->labels_file ? p->o->labels_file : x;
    BF_TRY(check_there(p, round));
    if (me->features) BF_TRY(bf_party_in_file(check_features(p), x));
    if (me->labels) BF_TRY(bf_party_in_file(check_labels(p), labels));
    return bf_party_in_file(check_same(p, round), me->features ? x : labels);
}

/* ---- the transform ------------------------------------------------------- */

static bf_status fit_alone(bf_transform **out, const bf_party_run *p,
                           const bf_view *x)
{
    const bf_recipe *r = &p->session->job->recipe;
    bf_column_block b;
    if (!bf_party_has_block(p)) return bf_transform_fit_view(out, r, x, NULL);
    BF_TRY(bf_session_block(&b, p->session, p->me));
    return bf_block_fit(out, r, &b, x, NULL);
}

static bf_status apply(bf_matrix *u, const bf_party_run *p,
                       const bf_transform *t)
{
    const bf_view *x = p->o->x;
    bf_column_block b;
    if (!bf_party_has_block(p))
        return bf_transform_apply_view(u, t, x, true, NULL);
    BF_TRY(bf_session_block(&b, p->session, p->me));
    return bf_block_apply(u, t, &b, x, true, NULL);
}

static bf_status fit(bf_transform **out, const bf_party_run *p,
                     const bf_view *x, const char *path)
{
    BF_TRY(fit_alone(out, p, x));
    bf_status s = bf_transform_save(*out, path);
    if (s == BF_OK) return BF_OK;
    bf_transform_destroy(*out);
    *out = NULL;
    return s;
}

bf_status bf_party_transform(bf_transform **out, bf_party_run *p,
                             const bf_view *x)
{
    bf_path path;
    if (p->session->options.split == BF_SPLIT_ROWS)
        return x ? bf_party_pooled_transform(out, p)
                 : bf_party_pooled_again(out, p);
    BF_TRY(bf_box_path(&path, p, NULL, "transform"));
    return x ? fit(out, p, x, path.s) : bf_transform_load(out, path.s);
}

bf_status bf_party_own_rows(bf_matrix *u, bf_party_run *p)
{
    bf_transform *t;
    BF_TRY(bf_party_transform(&t, p, NULL));
    bf_status s = apply(u, p, t);
    bf_transform_destroy(t);
    return s;
}

/* ---- the upload ---------------------------------------------------------- */

/* The plan assumes that U^T U of all owners' features is at most n. Whitening
 * by all rows makes it so; where one owner whitens, each owner checks its part.
 */
static bf_status check_whitened(const bf_party_run *p, const bf_matrix *u)
{
    const bf_session_owner *by = bf_session_whitener(p->session);
    if (!by) return BF_OK;
    bf_status s = bf_rows_check_safe(u, p->session->job->bounds.row,
                                     bf_session_rows_bound(p->session, p->me));
    if (s != BF_ERR_RANGE) return s;
    return bf_fail_in(s,
                      "rows of %s differ too much from those that %s fitted "
                      "the transform to: make a session in which another owner "
                      "whitens, or by a sample that resembles all rows",
                      bf_party_me(p)->party.name, by->party.name);
}

static bf_status transform_rows(bf_matrix *u, bf_schedule *schedule,
                                bf_party_run *p)
{
    unsigned classes = (unsigned)p->session->job->layout.classes;
    bf_transform *t;
    BF_TRY(bf_party_transform(&t, p, p->o->x));
    bf_status s = apply(u, p, t);
    if (s == BF_OK) s = check_whitened(p, u);
    if (s == BF_OK) s = bf_transform_start(schedule, t, classes);
    bf_transform_destroy(t);
    return s;
}

/* If the border of two owners' blocks lies within a pair of chunks, both owners
 * upload this pair. */
static bf_status own_pairs(bf_rows_held *own, const bf_party_run *p)
{
    bf_column_block b;
    size_t end;
    BF_TRY(bf_session_block(&b, p->session, p->me));
    bf_column_block_pairs(&b, &p->session->job->layout, &own->pair, &end);
    own->pairs = end - own->pair;
    return BF_OK;
}

/* In places of the job's layout. */
static size_t first_place(const bf_party_run *p)
{
    const bf_job *job = p->session->job;
    return job->owner_rows[0]
               ? bf_layout_first(&job->layout, job->owner_rows, p->me)
               : bf_party_me(p)->first;
}

static bf_status upload(bf_party_run *p, const char *path)
{
    const bf_job *job = p->session->job;
    const bf_session_owner *me = bf_party_me(p);
    bf_schedule schedule = {0};
    bf_matrix u = {0};
    bf_outfile *f;
    bf_status status;
    BF_GOTO(bf_schedule_make(&schedule, &job->recipe, job->layout.n), done);
    if (me->features) BF_GOTO(transform_rows(&u, &schedule, p), done);
    bf_rows_held own = {.u = me->features ? &u : NULL,
                        .labels = me->labels ? p->o->labels : NULL,
                        .v0 = &schedule.v0, .first = first_place(p),
                        .count = me->count, .start = p->me == 0};
    if (bf_party_has_block(p)) BF_GOTO(own_pairs(&own, p), done);
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
    BF_TRY(bf_party_check_data(p, 4));
    return upload(p, path);
}
