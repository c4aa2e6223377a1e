/* The server's part of a session before training: makes evaluation keys from
 * all owners' shares, and checks all that they signed. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "train/handle.h"
#include "train/message.h"
#include "train/share_file.h"

typedef struct gather {
    const char *box;
    bf_session *session;
    bf_context *ctx;
    const bf_plan *plan;
    bf_share_needs linear, square;
    bf_head head[BF_ROUND_UPLOAD][BF_OWNERS_MAX];
    uint8_t t[BF_ROUND_UPLOAD + 1][BF_HASH_BYTES];
    bf_gather_report report;
} gather;

static bf_status find(bf_message_path *out, const gather *g, unsigned round,
                      unsigned owner, bf_part_kind kind)
{
    return bf_message_find(out, g->box, round, owner, kind,
                           g->session->owner[owner].party.name);
}

/* ---- heads --------------------------------------------------------------- */

static bf_status read_head(gather *g, unsigned round, unsigned owner)
{
    bf_message_path path;
    uint8_t *data;
    size_t bytes;
    bf_head *h = &g->head[round - 1][owner];
    BF_TRY(find(&path, g, round, owner, 0));
    BF_TRY(bf_read_file(path.s, BF_HEAD_BYTES_MAX, &data, &bytes));
    bf_status s =
        bf_head_parse(h, g->session, round, owner, data, bytes, path.s);
    bf_free(data);
    if (s != BF_OK) return s;
    if (memcmp(h->before, g->t[round - 1], BF_HASH_BYTES) == 0) return BF_OK;
    return bf_fail(BF_ERR_SECURITY,
                   "%s: its sender was shown other messages of earlier rounds",
                   path.s);
}

static bf_status read_heads(gather *g)
{
    unsigned owners = g->session->owners;
    memcpy(g->t[0], g->session->id, BF_HASH_BYTES);
    for (unsigned round = 1; round <= BF_ROUND_UPLOAD; round++) {
        for (unsigned k = 0; k < owners; k++) BF_TRY(read_head(g, round, k));
        bf_transcript_next(g->t[round], g->t[round - 1], g->head[round - 1],
                           owners);
    }
    return BF_OK;
}

/* The parts of one kind, of all owners. */
typedef struct parts {
    const bf_part *part[BF_OWNERS_MAX];
    bf_message_path path[BF_OWNERS_MAX];
} parts;

static bf_status check_part(void *user, size_t k)
{
    const parts *p = user;
    return bf_part_check(p->part[k], p->path[k].s);
}

/* Checks each owner's part of this kind against the part's digest in the head.
 */
static bf_status check_parts(gather *g, unsigned round, bf_part_kind kind,
                             parts *p)
{
    unsigned owners = g->session->owners;
    for (unsigned k = 0; k < owners; k++) {
        p->part[k] = bf_head_part(&g->head[round - 1][k], kind);
        BF_TRY(find(&p->path[k], g, round, k, kind));
        g->report.bytes_read += p->part[k]->bytes;
    }
    return bf_parallel_for(owners, false, check_part, p);
}

/* ---- keys ---------------------------------------------------------------- */

/* The files of all owners' shares of one kind. */
typedef struct share_set {
    bf_share_reader reader[BF_OWNERS_MAX];
    parts parts;
} share_set;

static bf_status open_set(share_set *set, gather *g, unsigned round,
                          bf_part_kind kind, const bf_share_needs *needs,
                          bf_key_a a)
{
    BF_TRY(check_parts(g, round, kind, &set->parts));
    for (unsigned k = 0; k < g->session->owners; k++)
        BF_TRY(bf_share_open(&set->reader[k], g->session, g->ctx, needs, a,
                             set->parts.path[k].s));
    return BF_OK;
}

static bf_status end_set(share_set *set, unsigned owners)
{
    for (unsigned k = 0; k < owners; k++)
        BF_TRY(bf_share_end(&set->reader[k]));
    return BF_OK;
}

static void close_set(share_set *set)
{
    for (unsigned k = 0; k < BF_OWNERS_MAX; k++)
        bf_share_close(&set->reader[k]);
}

static bf_status add_linear(gather *g, bf_wire_writer *w, share_set *set)
{
    unsigned owners = g->session->owners;
    BF_TRY(open_set(set, g, 2, BF_PART_KEYS, &g->linear, BF_KEY_A_SEED));
    for (size_t i = 0; i < g->linear.count; i++) {
        bf_eval_keys sum = {0};
        BF_TRY(bf_check_interrupt());
        BF_TRY(bf_share_next_sum(set->reader, owners, &sum));
        bf_status s = bf_wire_put_switch_key(w, &sum.keys[0]);
        bf_eval_keys_clear(&sum);
        BF_TRY(s);
        bf_report("add shares", (double)(i + 1), (double)g->report.keys);
    }
    return end_set(set, owners);
}

static bf_status add_square(gather *g, bf_wire_writer *w, share_set *first,
                            share_set *second)
{
    unsigned owners = g->session->owners;
    bf_eval_keys h = {0}, key = {0};
    bf_status s = bf_share_next_sum(first->reader, owners, &h);
    if (s == BF_OK) s = bf_share_next_sum(second->reader, owners, &key);
    if (s == BF_OK) s = bf_shares_finish_squares(&key, &h);
    if (s == BF_OK) s = bf_wire_put_switch_key(w, &key.keys[0]);
    bf_eval_keys_clear(&h);
    bf_eval_keys_clear(&key);
    return s;
}

static bf_status add_squares(gather *g, bf_wire_writer *w, share_set *first,
                             share_set *second)
{
    BF_TRY(open_set(first, g, 2, BF_PART_SQUARE, &g->square, BF_KEY_A_WHOLE));
    BF_TRY(open_set(second, g, 3, BF_PART_SECOND, &g->square, BF_KEY_A_APART));
    for (size_t i = 0; i < g->square.count; i++) {
        BF_TRY(bf_check_interrupt());
        BF_TRY(add_square(g, w, first, second));
        bf_report("add shares", (double)(g->linear.count + i + 1),
                  (double)g->report.keys);
    }
    BF_TRY(end_set(first, g->session->owners));
    return end_set(second, g->session->owners);
}

static bf_status write_keys(gather *g, bf_wire_writer *w)
{
    share_set *sets = bf_alloc_zero(3 * sizeof *sets);
    if (!sets) return BF_ERR_MEMORY;
    bf_status s = add_linear(g, w, &sets[0]);
    if (s == BF_OK) s = add_squares(g, w, &sets[1], &sets[2]);
    for (unsigned i = 0; i < 3; i++) close_set(&sets[i]);
    bf_free(sets);
    return s;
}

static bf_status prepare_keys(bf_outfile **out, gather *g, const uint8_t *key,
                              const char *path)
{
    uint8_t data_id[BF_HASH_BYTES];
    bf_wire_writer *w;
    bf_job_data_id(g->session->job, data_id);
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_EVAL_KEYS, bf_one_ring(g->ctx),
                          (bf_wire_ids){key, bf_job_id(g->session->job),
                                        data_id}));
    bf_status s = write_keys(g, w);
    if (s == BF_OK) return bf_wire_finish(out, NULL, w);
    bf_wire_abort(w);
    return s;
}

/* ---- all of it ----------------------------------------------------------- */

static bf_status write_job(bf_outfile **out, const gather *g, const char *path)
{
    const bf_job_handle *job = g->session->job->handle;
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, 0644));
    bf_status s = bf_outfile_write(f, job->text, job->bytes);
    if (s == BF_OK)
        *out = f;
    else
        bf_outfile_abort(f);
    return s;
}

static bf_status write_files_in(gather *g, const char *out)
{
    uint8_t key[BF_KEY_ID_BYTES];
    bf_message_path keys, job;
    bf_outfile *f[2] = {NULL, NULL};
    bf_session_joint_key(key, g->t[2]);
    BF_TRY(bf_message_path_join(&keys, out, "eval.keys"));
    BF_TRY(bf_message_path_join(&job, out, "job.json"));
    bf_status s = prepare_keys(&f[0], g, key, keys.s);
    if (s == BF_OK) s = write_job(&f[1], g, job.s);
    if (s == BF_OK) return bf_outfile_commit_all(f, 2);
    bf_outfile_abort(f[0]);
    return s;
}

static bf_status write_files(gather *g, const char *out)
{
    bool made = mkdir(out, 0755) == 0;
    BF_TRY(bf_make_dir(out, 0755));
    bf_status s = write_files_in(g, out);
    if (made && s != BF_OK) rmdir(out);
    return s;
}

static bf_status run(gather *g, const char *session, const char *out)
{
    parts uploads;
    BF_TRY(bf_session_read(&g->session, session));
    BF_TRY(bf_job_walked(&g->plan, g->session->job));
    BF_TRY(bf_share_needs_of(&g->linear, g->session->job, g->plan, false));
    BF_TRY(bf_share_needs_of(&g->square, g->session->job, g->plan, true));
    BF_TRY(bf_context_create(&g->ctx, &g->session->job->ring[0],
                             BF_BACKEND_AUTO));
    bf_context_set_owners(g->ctx, g->session->owners);
    BF_TRY(read_heads(g));
    g->report.owners = g->session->owners;
    g->report.keys = g->linear.count + g->square.count;
    BF_TRY(check_parts(g, BF_ROUND_UPLOAD, BF_PART_UPLOAD, &uploads));
    return write_files(g, out);
}

bf_status bf_session_gather(bf_gather_report *report, const char *session,
                            const char *box, const char *out, bf_env *env)
{
    BF_UNDER(env);
    gather *g = bf_alloc_zero(sizeof *g);
    if (!g) return BF_ERR_MEMORY;
    g->box = box;
    bf_status s = run(g, session, out);
    if (s == BF_OK) *report = g->report;
    bf_share_needs_clear(&g->linear);
    bf_share_needs_clear(&g->square);
    bf_context_destroy(g->ctx);
    bf_session_destroy(g->session);
    bf_free(g);
    return s;
}
