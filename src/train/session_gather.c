/* The server's part of a session: makes evaluation keys from all owners' shares
 * and one upload from the owners' uploads. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/env.h"
#include "base/file.h"
#include "base/memory.h"
#include "train/handle.h"
#include "train/import.h"
#include "train/message.h"
#include "train/share_file.h"

#define LAST_ROUND 4

typedef struct gather {
    const char *box;
    bf_session *session;
    bf_context *ctx;
    const bf_plan *plan;
    bf_share_needs linear, square;
    bf_eval_keys imports; /* of all owners, for the uploads alone */
    bf_head head[LAST_ROUND][BF_OWNERS_MAX];
    uint8_t t[LAST_ROUND + 1][BF_HASH_BYTES];
    bf_gather_report report;
} gather;

typedef struct file_path {
    char s[PATH_MAX];
} file_path;

static bf_status join(file_path *out, const char *folder, const char *name)
{
    int n = snprintf(out->s, sizeof out->s, "%s/%s", folder, name);
    if (n >= 0 && (size_t)n < sizeof out->s) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", folder);
}

/* Finds the file of a message; BF_ERR_WAITING if it is not there. */
static bf_status find(file_path *out, const gather *g, unsigned round,
                      unsigned owner, bf_part_kind kind)
{
    struct stat st;
    static const char *const folders[] = {"inbox", "outbox"};
    char name[BF_MESSAGE_NAME_BYTES], within[BF_MESSAGE_NAME_BYTES + 8];
    bf_message_name(name, round, owner, kind);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(within, sizeof within, "%s/%s", folders[i], name);
        BF_TRY(join(out, g->box, within));
        if (stat(out->s, &st) == 0) return BF_OK;
    }
    return bf_fail(BF_ERR_WAITING, "round %u: waiting for %s (%s)", round,
                   g->session->owner[owner].party.name, name);
}

/* ---- heads --------------------------------------------------------------- */

static bf_status read_head(gather *g, unsigned round, unsigned owner)
{
    file_path path;
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
    for (unsigned round = 1; round <= LAST_ROUND; round++) {
        for (unsigned k = 0; k < owners; k++) BF_TRY(read_head(g, round, k));
        bf_transcript_next(g->t[round], g->t[round - 1], g->head[round - 1],
                           owners);
    }
    return BF_OK;
}

/* Checks each owner's part of this kind against the part's digest in the head.
 */
static bf_status check_parts(gather *g, unsigned round, bf_part_kind kind,
                             file_path *paths)
{
    for (unsigned k = 0; k < g->session->owners; k++) {
        const bf_part *part = bf_head_part(&g->head[round - 1][k], kind);
        BF_TRY(find(&paths[k], g, round, k, kind));
        BF_TRY(bf_part_check(part, paths[k].s));
        g->report.bytes_read += part->bytes;
    }
    return BF_OK;
}

/* ---- keys ---------------------------------------------------------------- */

/* The files of all owners' shares of one kind. */
typedef struct share_set {
    bf_share_reader reader[BF_OWNERS_MAX];
    file_path path[BF_OWNERS_MAX];
} share_set;

static bf_status open_set(share_set *set, gather *g, unsigned round,
                          bf_part_kind kind, const bf_share_needs *needs,
                          bf_key_a a)
{
    BF_TRY(check_parts(g, round, kind, set->path));
    for (unsigned k = 0; k < g->session->owners; k++)
        BF_TRY(bf_share_open(&set->reader[k], g->session, g->ctx, needs, a,
                             set->path[k].s));
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
        bf_status s = sum.keys[0].name.use == BF_KEY_IMPORT
                          ? bf_eval_keys_add(&g->imports, &sum.keys[0])
                          : bf_wire_put_switch_key(w, &sum.keys[0]);
        bf_eval_keys_clear(&sum);
        BF_TRY(s);
        bf_report("add shares", (double)(i + 1), (double)g->plan->key_count);
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
                  (double)g->plan->key_count);
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

static bf_status import(bf_outfile **out, gather *g, const uint8_t *key,
                        const file_path *paths, const char *path)
{
    bf_owner_upload uploads[BF_OWNERS_MAX];
    for (unsigned k = 0; k < g->session->owners; k++)
        uploads[k] = (bf_owner_upload){paths[k].s, NULL};
    bf_import_options o = {.job = g->session->job,
                           .job_id = bf_job_id(g->session->job),
                           .ctx = g->ctx,
                           .keys = &g->imports,
                           .uploads = uploads,
                           .owners = g->session->owners,
                           .key_id = key};
    return bf_import_uploads(out, &o, path, NULL);
}

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

static bf_status write_files(gather *g, const file_path *uploads,
                             const char *out)
{
    uint8_t key[BF_KEY_ID_BYTES];
    file_path keys, job, upload;
    bf_outfile *f[3] = {NULL, NULL, NULL};
    bf_session_joint_key(key, g->t[2]);
    BF_TRY(bf_make_dir(out, 0755));
    BF_TRY(join(&keys, out, "eval.keys"));
    BF_TRY(join(&job, out, "job.json"));
    BF_TRY(join(&upload, out, "upload.bf"));
    bf_status s = prepare_keys(&f[0], g, key, keys.s);
    if (s == BF_OK) s = import(&f[1], g, key, uploads, upload.s);
    if (s == BF_OK) s = write_job(&f[2], g, job.s);
    if (s == BF_OK) return bf_outfile_commit_all(f, 3);
    bf_outfile_abort(f[0]);
    bf_outfile_abort(f[1]);
    return s;
}

static bf_status run(gather *g, const char *session, const char *out)
{
    file_path uploads[BF_OWNERS_MAX];
    BF_TRY(bf_session_read(&g->session, session));
    BF_TRY(bf_job_walked(&g->plan, g->session->job));
    BF_TRY(bf_share_needs_of(&g->linear, g->session->job, g->plan, false));
    BF_TRY(bf_share_needs_of(&g->square, g->session->job, g->plan, true));
    BF_TRY(bf_context_create(&g->ctx, &g->session->job->ring[0],
                             BF_BACKEND_AUTO));
    bf_context_set_owners(g->ctx, g->session->owners);
    BF_TRY(read_heads(g));
    BF_TRY(check_parts(g, 4, BF_PART_UPLOAD, uploads));
    g->imports.ctx = g->ctx;
    return write_files(g, uploads, out);
}

bf_status bf_session_gather(bf_gather_report *report, const char *session,
                            const char *box, const char *out, bf_env *env)
{
    BF_UNDER(env);
    gather *g = bf_alloc_zero(sizeof *g);
    if (!g) return BF_ERR_MEMORY;
    g->box = box;
    bf_status s = run(g, session, out);
    if (s == BF_OK) {
        g->report.owners = g->session->owners;
        g->report.keys = g->plan->key_count;
        *report = g->report;
    }
    bf_share_needs_clear(&g->linear);
    bf_share_needs_clear(&g->square);
    bf_eval_keys_clear(&g->imports);
    bf_context_destroy(g->ctx);
    bf_session_destroy(g->session);
    bf_free(g);
    return s;
}
