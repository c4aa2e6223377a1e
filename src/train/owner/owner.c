/* The owner's public interface (blindfit/owner.h). */
#include "blindfit/owner.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "blindfit/files.h"
#include "base/memory.h"
#include "features/class_names.h"
#include "train/handle.h"
#include "train/owner/certified.h"
#include "train/owner/mapped.h"
#include "train/owner/protocol.h"
#include "train/parts.h"
#include "wire/owner/owner_wire.h"

struct bf_owner {
    const bf_job *job;
    bf_context *ctx;
    bf_secret_key *sk;
};

/* ---- keys ---------------------------------------------------------------- */

void bf_owner_destroy(bf_owner *owner)
{
    if (!owner) return;
    bf_secret_key_destroy(owner->sk);
    bf_context_destroy(owner->ctx);
    bf_free(owner);
}

/* secret_path NULL: of a new key. */
static bf_status make_owner(bf_owner **out, const bf_job *job,
                            const char *secret_path)
{
    bf_owner *o = bf_alloc_zero(sizeof *o);
    if (!o) return BF_ERR_MEMORY;
    o->job = job;
    bf_status s = bf_context_create(&o->ctx, &job->ring[0], BF_BACKEND_AUTO);
    if (s == BF_OK)
        s = secret_path ? bf_wire_read_secret_key(&o->sk, secret_path, o->ctx)
                        : bf_secret_key_generate(&o->sk, o->ctx, 0);
    if (s == BF_OK)
        *out = o;
    else
        bf_owner_destroy(o);
    return s;
}

bf_status bf_owner_create(bf_owner **out, const bf_job *job, bf_env *env)
{
    BF_UNDER(env);
    return make_owner(out, job, NULL);
}

bf_status bf_owner_open(bf_owner **out, const bf_job *job,
                        const char *secret_path, bf_env *env)
{
    BF_UNDER(env);
    return make_owner(out, job, secret_path);
}

/* The folder of a file. */
static bf_status folder_of(char out[PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    int n = !slash ? snprintf(out, PATH_MAX, ".")
            : slash > path
                ? snprintf(out, PATH_MAX, "%.*s", (int)(slash - path), path)
                : snprintf(out, PATH_MAX, "/");
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", path);
}

/* Nothing can lie in a pipe. */
static bf_status check_free(const char *path, const char *why)
{
    struct stat st;
    if (!path || stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: is there already; %s, so remove it yourself or choose "
                   "another place",
                   path, why);
}

/* The keys to save: the job's keys, or the keys that other jobs' keys lack.
 */
typedef struct saving {
    const bf_owner *owner;
    const char *secret, *keys; /* paths, or NULL */
    const bf_job *const *have;
    size_t jobs;
} saving;

static bf_status make_keys(bf_outfile **f, const saving *k)
{
    const bf_job *job = k->owner->job;
    bf_key_need *needs;
    size_t count;
    BF_TRY(bf_job_lacking(&needs, &count, job, k->have, k->jobs));
    bf_status s = BF_OK;
    if (count == 0 && k->jobs)
        s = bf_fail(BF_ERR_ARGUMENT,
                    "%s: the job needs no keys beyond those "
                    "that are there already",
                    k->keys);
    if (s == BF_OK)
        s = bf_protocol_some_keys(f, job, bf_job_id(job), k->owner->sk, needs,
                                  count, k->keys);
    bf_free(needs);
    return s;
}

static bf_status prepare_keys(bf_outfile *f[2], const saving *k)
{
    BF_TRY(check_free(k->secret, "what it opens would be lost"));
    BF_TRY(check_free(k->keys, "uploads under its key would be of no use"));
    if (k->keys) BF_TRY(make_keys(&f[0], k));
    return k->secret
               ? bf_wire_prepare_secret_key(&f[1], k->secret, k->owner->sk)
               : BF_OK;
}

static bf_status commit_keys(bf_outfile *f[2])
{
    if (f[0] && f[1]) return bf_outfile_commit_all(f, 2);
    bf_outfile *one = f[0] ? f[0] : f[1];
    return one ? bf_outfile_commit(one) : BF_OK;
}

/* One process at a time in a folder, as two would each find the folder free. */
static bf_status save_keys(const saving *k)
{
    const char *first = k->secret ? k->secret : k->keys;
    bf_outfile *f[2] = {NULL, NULL};
    char folder[PATH_MAX];
    int lock;
    if (!first) return BF_OK;
    BF_TRY(folder_of(folder, first));
    if (k->secret && k->keys)
        BF_TRY(bf_outfile_check(k->keys, &k->secret, 1));
    bool alone = bf_lock_take(&lock, folder, false);
    bf_status s = alone
                      ? prepare_keys(f, k)
                      : bf_fail(BF_ERR_ARGUMENT,
                                "%s: another keygen is at work in it", folder);
    if (s == BF_OK) {
        s = commit_keys(f);
    } else {
        bf_outfile_abort(f[0]);
        bf_outfile_abort(f[1]);
    }
    bf_lock_drop(lock, NULL);
    return s;
}

bf_status bf_owner_save(const bf_owner *owner, const char *secret_path,
                        const char *keys_path, bf_env *env)
{
    BF_UNDER(env);
    return save_keys(
        &(saving){.owner = owner, .secret = secret_path, .keys = keys_path});
}

bf_status bf_owner_save_more(const bf_owner *owner, const char *keys_path,
                             const bf_job *const *have, size_t jobs,
                             bf_env *env)
{
    BF_UNDER(env);
    return save_keys(&(saving){
        .owner = owner, .keys = keys_path, .have = have, .jobs = jobs});
}

/* ---- rows ---------------------------------------------------------------- */

/* Accepts the transform of any upload that has the job's recipe and shapes. */
static bf_status check_fitted(const bf_transform *t, const bf_job *job,
                              const char *fitted)
{
    const bf_recipe *r = &job->recipe;
    if (t->kind != r->kind)
        return bf_fail(
            BF_ERR_MISMATCH, "%s: a transform of recipe %s, the job's is %s",
            fitted, bf_recipe_kind_name(t->kind), bf_recipe_kind_name(r->kind));
    bf_relu of = t->expansion ? t->expansion->of : (bf_relu){0};
    if (of.count != r->expand.count || of.seed != r->expand.seed)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: a transform with %zu random features of seed %llu, "
                       "the job's has %zu of seed %llu",
                       fitted, of.count, (unsigned long long)of.seed,
                       r->expand.count, (unsigned long long)r->expand.seed);
    if (r->map != BF_MAP_AUTO && t->map != r->map)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: a transform with feature map %s, the job's is %s",
                       fitted, bf_feature_map_name(t->map),
                       bf_feature_map_name(r->map));
    if (t->inputs == job->features && t->outputs == job->layout.cols)
        return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: takes %zu features to %zu columns, the job %zu to %zu",
                   fitted, t->inputs, t->outputs, job->features,
                   job->layout.cols);
}

static bf_status get_transform(bf_prepared *p, const bf_job *job,
                               const bf_view *x, const char *fitted)
{
    if (!fitted)
        return bf_transform_fit_view(&p->transform, &job->recipe, x, NULL);
    BF_TRY(bf_transform_load(&p->transform, fitted));
    return check_fitted(p->transform, job, fitted);
}

static bf_status prepare(bf_prepared *out, const bf_job *job, const bf_view *x,
                         const char *fitted)
{
    bf_prepared p = {0};
    bf_status status;
    BF_GOTO(get_transform(&p, job, x, fitted), fail);
    BF_GOTO(bf_transform_apply_view(&p.rows, p.transform, x, true, NULL), fail);
    if (fitted && job->recipe.safe) {
        status = bf_rows_check_safe(&p.rows, job->bounds.row, 1);
        if (status != BF_OK) {
            status = bf_fail_in(status, "%s", fitted);
            goto fail;
        }
    }
    BF_GOTO(bf_schedule_make(&p.schedule, &job->recipe, x->rows), fail);
    BF_GOTO(bf_transform_start(&p.schedule, p.transform,
                               (unsigned)job->layout.classes),
            fail);
    p.fingerprint = bf_fingerprint(x);
    *out = p;
    return BF_OK;
fail:
    bf_prepared_clear(&p);
    return status;
}

bf_status bf_prepare(bf_prepared *out, const bf_job *job, const bf_view *x,
                     const char *fitted, bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(bf_view_check(x, "features"));
    if (x->rows != job->layout.n || x->cols != job->features)
        return bf_fail(BF_ERR_MISMATCH,
                       "%zu rows of %zu features, the job is for %zu of %zu",
                       x->rows, x->cols, job->layout.n, job->features);
    return prepare(out, job, x, fitted);
}

void bf_prepared_clear(bf_prepared *p)
{
    bf_transform_destroy(p->transform);
    bf_matrix_clear(&p->rows);
    bf_schedule_clear(&p->schedule);
    *p = (bf_prepared){0};
}

/* ---- encryption ---------------------------------------------------------- */

/* All files or none, as the models of an upload without its transform could not
 * be decrypted. Class names are beside the transform, as uploads to the server
 * do not carry them. Of several runs at once, one finds the place free. */
static bf_status save(bf_outfile **upload, unsigned count,
                      const bf_transform *t, const bf_encrypt_options *o,
                      size_t classes)
{
    const bf_dataset named = {.classes = (unsigned)classes,
                              .class_names = (char **)o->class_names};
    bf_outfile *f[BF_UPLOAD_PARTS_MAX + 1];
    char folder[PATH_MAX];
    int lock = -1;
    memcpy(f, upload, count * sizeof *f);
    bf_status s = folder_of(folder, o->transform);
    if (s == BF_OK) bf_lock_take(&lock, folder, true);
    if (s == BF_OK)
        s = check_free(o->transform,
                       "no model of the upload that it belongs to could be "
                       "read without it");
    if (s == BF_OK) s = bf_transform_prepare(&f[count], t, o->transform);
    if (s == BF_OK)
        s = bf_class_names_commit(f, count + 1, o->transform, &named, false);
    else
        for (unsigned i = 0; i < count; i++) bf_outfile_abort(upload[i]);
    bf_lock_drop(lock, NULL);
    return s;
}

/* Rows of one class, in a column of labels, teach nothing. */
static bf_status check_variety(const bf_job *job, const int32_t *labels)
{
    size_t n = job->layout.n;
    for (unsigned c = 0; c < job->labels.count; c++) {
        const int32_t *l = labels + c * n;
        size_t same = 1;
        while (same < n && l[same] == l[0]) same++;
        if (same == n)
            return bf_fail(BF_ERR_ARGUMENT,
                           "every row has label %d: nothing to tell apart",
                           (int)l[0]);
    }
    return BF_OK;
}

static bf_status check_labels(const bf_job *job, const int32_t *labels)
{
    size_t n = job->layout.n;
    for (size_t i = 0; i < n * job->labels.count; i++) {
        unsigned classes = job->labels.classes[i / n];
        if (labels[i] < 0 || (unsigned)labels[i] >= classes)
            return bf_fail(BF_ERR_ARGUMENT,
                           "row %zu has label %d, the job is for 0 to %u",
                           i % n + 1, (int)labels[i], classes - 1);
    }
    return check_variety(job, labels);
}

/* An upload and its transform are two files; without its transform no model of
 * the rows could be read. */
static bf_status check_encrypt(const bf_encrypt_options *o)
{
    if (o->part > BF_UPLOAD_LABELS || o->rehearse > BF_REHEARSE_NEVER)
        return bf_fail(BF_ERR_ARGUMENT, "encryption: part %d, rehearsal %d",
                       (int)o->part, (int)o->rehearse);
    if (!o->upload || (!o->transform && o->part != BF_UPLOAD_LABELS))
        return bf_fail(BF_ERR_ARGUMENT, "encryption: no %s is named",
                       o->upload ? "transform" : "upload");
    if (!o->transform) return BF_OK;
    char names[PATH_MAX];
    BF_TRY(bf_sidecar_path(names, o->transform));
    const char *const others[] = {o->transform,
                                  o->class_names ? names : NULL};
    if (!o->parts) return bf_outfile_check(o->upload, others, 2);
    for (unsigned i = 0; i < o->parts && i < BF_UPLOAD_PARTS_MAX; i++) {
        char part[PATH_MAX];
        BF_TRY(bf_upload_part_path(part, sizeof part, o->upload, i));
        BF_TRY(bf_outfile_check(part, others, 2));
    }
    return BF_OK;
}

/* Labels in the order of other rows than the uploaded ones would train a wrong
 * model. Older files do not tell the rows. */
static bf_status check_rows(const bf_prepared *p)
{
    uint64_t want = p->transform->rows;
    if (!want || !p->fingerprint || want == p->fingerprint) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "these are other rows, or in another order, than those of "
                   "the upload that the transform belongs to");
}

static bool is_cheap(const bf_job *job)
{
    const bf_layout *l = &job->layout;
    return 2.0 * (double)l->n * (double)l->cols * (double)l->classes *
               job->schedule.iterations <
           0x1p38;
}

static bf_status rehearse(const bf_job *job, const bf_prepared *p,
                          const int32_t *labels, bf_rehearsal when)
{
    if (when == BF_REHEARSE_NEVER) return BF_OK;
    if (when == BF_REHEARSE_ALWAYS || is_cheap(job))
        return bf_protocol_check_bounds(job, &p->rows, labels, &p->schedule);
    bf_note(
        "no rehearsal in plaintext, which would take long; the review of the "
        "decrypted model checks the bounds");
    return BF_OK;
}

bf_status bf_owner_encrypt(const bf_owner *owner, const bf_prepared *p,
                           const int32_t *labels, const bf_encrypt_options *o,
                           bf_env *env)
{
    BF_UNDER(env);
    const bf_job *job = owner->job;
    bool rows = o->part != BF_UPLOAD_LABELS;
    unsigned files = o->parts ? o->parts : 1;
    bf_outfile *upload[BF_UPLOAD_PARTS_MAX];
    BF_TRY(check_encrypt(o));
    if (o->parts) BF_TRY(bf_parts_check(job, o->parts));
    BF_TRY(check_labels(job, labels));
    if (!rows) BF_TRY(check_rows(p));
    BF_TRY(rehearse(job, p, labels, o->rehearse));
    BF_TRY(bf_protocol_upload(upload, rows ? &p->transform->of : NULL, job,
                              bf_job_id(job), owner->sk,
                              &(bf_uploaded){.rows = &p->rows,
                                             .labels = labels,
                                             .schedule = &p->schedule,
                                             .part = o->part,
                                             .path = o->upload,
                                             .parts = o->parts}));
    if (rows) p->transform->rows = p->fingerprint;
    return o->transform
               ? save(upload, files, p->transform, o, job->layout.classes)
               : bf_outfile_commit_all(upload, files);
}

/* ---- decryption ---------------------------------------------------------- */

bf_status bf_model_of(bf_model *out, const bf_transform *t,
                      const bf_matrix *weights, const char *const *class_names)
{
    bf_model m = {.map = bf_transform_map(t)};
    BF_TRY(bf_transform_unmap(&m.weights, t, weights));
    bf_status s =
        t->expansion ? bf_expansion_copy(&m.expansion, t->expansion) : BF_OK;
    if (s == BF_OK && class_names)
        s = bf_class_names_copy(&m.class_names, class_names, m.weights.rows);
    if (s == BF_OK)
        *out = m;
    else
        bf_model_clear(&m);
    return s;
}

bf_status bf_model_column(bf_model *out, const bf_model *m,
                          const bf_label_columns *labels, unsigned column)
{
    size_t first = 0, cols = m->weights.cols;
    bf_model part = {.map = m->map};
    if (column >= labels->count || column >= BF_LABEL_COLUMNS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "column %u of labels: there are %u",
                       column + 1, labels->count);
    for (unsigned i = 0; i < column; i++) first += labels->classes[i];
    size_t count = labels->classes[column];
    if (first + count > m->weights.rows)
        return bf_fail(BF_ERR_MISMATCH,
                       "a model of %zu classes is none of these "
                       "labels",
                       m->weights.rows);
    BF_TRY(bf_matrix_init(&part.weights, count, cols));
    memcpy(part.weights.data, m->weights.data + first * cols,
           count * cols * sizeof *part.weights.data);
    bf_status s =
        m->expansion ? bf_expansion_copy(&part.expansion, m->expansion) : BF_OK;
    if (s == BF_OK && m->class_names)
        s = bf_class_names_copy(&part.class_names,
                                (const char *const *)m->class_names + first,
                                count);
    if (s == BF_OK)
        *out = part;
    else
        bf_model_clear(&part);
    return s;
}

/* Class names are beside the transform, if encryption knew them. A fault of the
 * names does not lose the model. */
static bf_status name_model(bf_model *out, const bf_transform *t,
                            const bf_matrix *weights, const char *path)
{
    char **names;
    size_t count;
    bf_status s = bf_class_names_beside(&names, &count, path);
    if (s != BF_OK)
        bf_note("%s; the model has none", bf_last_error());
    else if (names && count != weights->rows)
        bf_note(
            "%s.json: names of %zu classes, the model has %zu and gets none",
            path, count, weights->rows);
    bool fit = names && count == weights->rows;
    s = bf_model_of(out, t, weights, fit ? (const char *const *)names : NULL);
    bf_class_names_free(names, count);
    return s;
}

bf_status bf_owner_decrypt(bf_model *out, const bf_owner *owner,
                           const char *model_path, const char *transform_path,
                           unsigned iteration, bf_env *env)
{
    BF_UNDER(env);
    bf_transform *t;
    bf_upload_id of;
    bf_matrix weights = {0};
    bf_wire_info whole; /* also verifies records that decryption does not use */
    const bf_job *job = owner->job;
    BF_TRY(bf_refuse_pipe(model_path));
    BF_TRY(bf_wire_inspect(&whole, model_path, NULL));
    BF_TRY(bf_transform_load(&t, transform_path));
    bf_status s = bf_protocol_weights(&weights, &of, job, bf_job_id(job),
                                      owner->sk, model_path, iteration);
    if (s == BF_OK) s = bf_transform_check_of(t, transform_path, &of);
    if (s == BF_OK) s = name_model(out, t, &weights, transform_path);
    bf_matrix_clear(&weights);
    bf_transform_destroy(t);
    return s;
}

bf_status bf_owner_certificate(bf_certificate *out, const bf_owner *owner,
                               const char *model_path, unsigned iteration,
                               bf_env *env)
{
    BF_UNDER(env);
    const bf_job *job = owner->job;
    return bf_protocol_certificate(out, job, bf_job_id(job), owner->sk,
                                   model_path, iteration);
}

bf_status bf_owner_review(bf_review *out, const bf_owner *owner,
                          const char *model_path, const char *transform_path,
                          const bf_view *x, unsigned last, bf_env *env)
{
    BF_UNDER(env);
    bf_transform *t = NULL; /* of rows; bytes that were read from a pipe are
                             * gone */
    const bf_job *job = owner->job;
    if (x) BF_TRY(bf_view_check(x, "rows"));
    if (x || bf_review_starts(job)) {
        BF_TRY(bf_refuse_pipe(transform_path));
        BF_TRY(bf_transform_load(&t, transform_path));
    }
    bf_status s = bf_protocol_review(out, job, bf_job_id(job), owner->sk,
                                     model_path, t, x, last);
    bf_transform_destroy(t);
    return s;
}
