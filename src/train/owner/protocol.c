#include "train/owner/protocol.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/env.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "ckks/owner/boot_keys.h"
#include "train/checkpoint.h"
#include "train/handle.h"
#include "train/inputs.h"
#include "train/owner/rounding.h"
#include "train/owner/seal.h"
#include "train/owner/twin.h"
#include "train/parts.h"
#include "train/refresh.h"
#include "train/upload.h"

/* With two rings, sk is the secret of the refresh's ring. With three, that ring
 * has a secret which follows from sk. */
static bf_status make_refresh_keys(bf_eval_keys *sets, bf_rings rings,
                                   const bf_secret_key *sk,
                                   const bf_key_need *const needs[BF_RINGS_MAX],
                                   const size_t count[BF_RINGS_MAX])
{
    bf_secret_key *large = NULL;
    bf_status status;
    if (rings.count == 2)
        return bf_boot_keys_generate(
            &sets[0], &sets[1], rings.ring[1], (bf_boot_secrets){sk, NULL},
            needs[0], count[0], needs[1], count[1], NULL);
    BF_TRY(bf_secret_key_derive(&large, rings.ring[2], sk));
    BF_GOTO(bf_eval_keys_generate(&sets[0], sk, needs[0], count[0], NULL),
            done);
    BF_GOTO(bf_boot_keys_generate(
                &sets[2], &sets[1], rings.ring[1], (bf_boot_secrets){large, sk},
                needs[2], count[2], needs[1], count[1], NULL),
            done);
done:
    bf_secret_key_destroy(large);
    return status;
}

bf_status bf_protocol_make_keys(bf_eval_keys *sets, bf_rings rings,
                                const bf_secret_key *sk,
                                const bf_key_need *needs, size_t all)
{
    const bf_key_need *of[BF_RINGS_MAX];
    size_t count[BF_RINGS_MAX] = {0}, before = 0;
    if (rings.count == 1)
        return bf_eval_keys_generate(&sets[0], sk, needs, all, NULL);
    bf_key_need *own = bf_alloc((all ? all : 1) * sizeof *own);
    if (!own) return BF_ERR_MEMORY;
    for (size_t i = 0; i < all; i++) {
        own[i] = needs[i];
        count[own[i].name.ring]++;
        own[i].name.ring = 0; /* within a ring the number is 0 */
    }
    for (unsigned r = 0; r < rings.count; r++) { /* needs are sorted by ring */
        of[r] = own + before;
        before += count[r];
    }
    bf_status status = make_refresh_keys(sets, rings, sk, of, count);
    bf_free(own);
    return status;
}

bf_status bf_protocol_some_keys(bf_outfile **out, const bf_job *job,
                                const uint8_t job_id[BF_HASH_BYTES],
                                const bf_secret_key *sk,
                                const bf_key_need *needs, size_t count,
                                const char *path)
{
    bf_eval_keys sets[BF_RINGS_MAX] = {{0}};
    bf_context *further[BF_RINGS_MAX] = {NULL};
    bf_rings rings = bf_one_ring(bf_secret_key_context(sk));
    uint8_t data_id[BF_HASH_BYTES];
    bf_status status;
    for (unsigned r = 1; r < job->rings; r++) {
        BF_GOTO(bf_context_create(&further[r], &job->ring[r], BF_BACKEND_AUTO),
                done);
        rings.ring[rings.count++] = further[r];
    }
    BF_GOTO(bf_protocol_make_keys(sets, rings, sk, needs, count), done);
    bf_job_data_id(job, data_id);
    bf_wire_ids ids = {bf_secret_key_id(sk), job_id, data_id};
    BF_GOTO(bf_wire_prepare_eval_keys(out, path, sets, rings, ids, NULL), done);
done:
    for (unsigned r = 0; r < rings.count; r++) bf_eval_keys_clear(&sets[r]);
    for (unsigned r = 1; r < job->rings; r++) bf_context_destroy(further[r]);
    return status;
}

bf_status bf_protocol_keys(bf_outfile **out, const bf_job *job,
                           const uint8_t job_id[BF_HASH_BYTES],
                           const bf_secret_key *sk, const char *path)
{
    const bf_plan *plan;
    bf_plan own;
    BF_TRY(bf_job_plan_get(&plan, &own, job));
    bf_status s = bf_protocol_some_keys(out, job, job_id, sk, plan->keys,
                                        plan->key_count, path);
    bf_plan_clear(&own);
    return s;
}

static bf_status check_shapes(const bf_job *job, const bf_matrix *u,
                              const bf_schedule *schedule)
{
    const bf_layout *l = &job->layout;
    if (u->rows != l->n || u->cols != l->cols)
        return bf_fail(BF_ERR_MISMATCH,
                       "the data are %zu x %zu after the transform, the job is "
                       "for %zu x %zu",
                       u->rows, u->cols, l->n, l->cols);
    const bf_matrix *v0 = &schedule->v0;
    if (!job->schedule.zero_start && !v0->data)
        return bf_fail(BF_ERR_ARGUMENT, "the job needs initial weights");
    if (v0->data && (v0->rows != l->classes || v0->cols != l->cols))
        return bf_fail(BF_ERR_MISMATCH,
                       "initial weights are %zu x %zu, the job is for "
                       "%zu x %zu",
                       v0->rows, v0->cols, l->classes, l->cols);
    return BF_OK;
}

/* If the errors of weights change scores as much as the rows do, the model is
 * noise. (With the recipes' default parameters errors are below a hundredth of
 * this limit.) */
static bf_status check_noise(const bf_job *job, double resolution)
{
    const bf_plan *plan;
    bf_plan own;
    BF_TRY(bf_job_plan_get(&plan, &own, job));
    double noise = plan->weight_noise;
    bf_plan_clear(&own);
    if (noise < resolution) return BF_OK;
    return bf_fail(
        BF_ERR_RANGE,
        "the model would drown in noise: errors of %.1e are expected "
        "in weights that tell rows apart by %.1e; less --lambda or "
        "more --clip makes them larger",
        noise, resolution);
}

/* Weights of one column's classes, from class `first` on, and zeros for the
 * others: no coefficient of packed weights belongs to two classes. */
typedef struct packing {
    const bf_job *job;
    bf_matrix all; /* C x cols */
    size_t first;
} packing;

static bf_status check_packed(void *user, unsigned t, const bf_matrix *v)
{
    packing *p = user;
    size_t cols = p->all.cols;
    double most, bound = bf_refresh_bound(p->job);
    memcpy(p->all.data + p->first * cols, v->data,
           v->rows * cols * sizeof *v->data);
    BF_TRY(bf_largest_packed(&most, p->job, &p->all));
    if (most <= bound) return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "packed weights reach %.3g after iteration %u, the job's "
                   "refreshes are made for %.3g",
                   most, t + 1, bound);
}

static bf_status measure(bf_magnitudes *out, double *resolution,
                         const bf_job *job, const bf_matrix *u,
                         const int32_t *labels, unsigned classes, size_t first,
                         const bf_schedule *schedule)
{
    packing p = {.job = job, .first = first};
    if (!job->refresh.on)
        return bf_twin_measure(out, resolution, schedule, u, labels, classes,
                               NULL, NULL);
    BF_TRY(bf_matrix_init(&p.all, job->layout.classes, u->cols));
    bf_status s = bf_twin_measure(out, resolution, schedule, u, labels, classes,
                                  check_packed, &p);
    bf_matrix_clear(&p.all);
    return s;
}

static bf_status check_column(const bf_job *job, const bf_matrix *u,
                              const int32_t *labels, unsigned classes,
                              size_t first, const bf_schedule *schedule)
{
    bf_magnitudes measured, covered = job->bounds;
    double resolution;
    for (unsigned t = 0; t < schedule->iterations; t++)
        covered.logit[t] *= BF_LOGIT_SLACK;
    covered.residual = INFINITY;
    bf_status s = measure(&measured, &resolution, job, u, labels, classes,
                          first, schedule);
    if (s == BF_OK)
        s = bf_magnitudes_check(&measured, &covered, schedule->iterations);
    if (s == BF_ERR_RANGE)
        return bf_fail_in(s, "the data leave the recipe's range");
    BF_TRY(s);
    return check_noise(job, resolution);
}

/* The rehearsal: runs the job in plaintext, as an encrypted run outside the
 * circuit's range returns noise. Classes do not depend on each other, so that
 * columns of labels run one after the other. */
bf_status bf_protocol_check_bounds(const bf_job *job, const bf_matrix *u,
                                   const int32_t *labels,
                                   const bf_schedule *schedule)
{
    bf_schedule part = *schedule;
    size_t first = 0;
    BF_TRY(check_shapes(job, u, schedule));
    for (unsigned i = 0; i < job->labels.count; i++) {
        unsigned classes = job->labels.classes[i];
        if (part.v0.data) part.v0.rows = classes;
        BF_TRY(
            check_column(job, u, labels + i * u->rows, classes, first, &part));
        first += classes;
        if (part.v0.data) part.v0.data += classes * part.v0.cols;
    }
    return BF_OK;
}

/* Encrypting one ciphertext has serial parts, so that several are encrypted in
 * parallel to keep all threads busy. Ciphertexts are written in order. */
enum { BATCH_PER_THREAD = 4 };

typedef struct batch {
    const bf_job *job;
    const bf_secret_key *sk;
    const bf_rows_held *own;
    size_t first, end, room; /* inputs still to make; size of a batch */
    size_t *index;           /* [room], inputs of the batch */
    bf_ct *ct;               /* [room] */
    bf_pt *pt;               /* one for each thread */
} batch;

static bf_status seal_one(void *user, size_t i)
{
    const batch *b = user;
    return bf_job_seal_part(&b->ct[i], &b->pt[bf_worker()], b->job, b->sk,
                            b->own, b->index[i]);
}

/* Selects the next inputs in which the owner has a part, as many as fit. */
static size_t choose_batch(batch *b)
{
    size_t n = 0;
    for (; b->first < b->end && n < b->room; b->first++)
        if (bf_job_input_held(b->job, b->own, b->first))
            b->index[n++] = b->first;
    return n;
}

/* The files of an upload: one, or its parts. */
typedef struct upload_files {
    bf_wire_writer *w[BF_UPLOAD_PARTS_MAX];
    unsigned count;
} upload_files;

static bf_status put_input(const batch *b, const upload_files *f, size_t i)
{
    bf_label label;
    bf_input_kind kind = bf_job_input_kind(b->job, b->index[i], &label.index);
    label.kind = BF_UPLOAD_INPUT + kind;
    for (unsigned p = 0; p < f->count; p++) {
        const bf_ranks part = {.own = p, .count = f->count};
        if (bf_job_circuit(b->job)->has(b->job, f->count > 1 ? &part : NULL,
                                        kind, label.index))
            BF_TRY(bf_wire_put_ct(f->w[p], label, &b->ct[i]));
    }
    return BF_OK;
}

static bf_status write_batches(batch *b, const upload_files *f)
{
    size_t begin = b->first, count = b->end - begin, n;
    while ((n = choose_batch(b)) > 0) {
        /* Serial with fixed randomness, which depends on the order of the
         * calls. */
        BF_TRY(bf_parallel_for(n, bf_random_is_fixed(), seal_one, b));
        for (size_t i = 0; i < n; i++) BF_TRY(put_input(b, f, i));
        bf_report("encrypt", (double)(b->first - begin), (double)count);
    }
    return BF_OK;
}

static bf_status write_upload(batch *b, const upload_files *f)
{
    size_t threads = bf_env_threads(NULL);
    b->room = BATCH_PER_THREAD * threads;
    b->ct = bf_alloc_zero(b->room * sizeof *b->ct);
    b->pt = bf_alloc_zero(threads * sizeof *b->pt);
    b->index = bf_alloc(b->room * sizeof *b->index);
    for (size_t i = 0; b->pt && i < threads; i++) b->pt[i].secret = true;
    bf_status s =
        b->ct && b->pt && b->index ? write_batches(b, f) : BF_ERR_MEMORY;
    for (size_t i = 0; b->ct && i < b->room; i++) bf_ct_clear(&b->ct[i]);
    for (size_t i = 0; b->pt && i < threads; i++) bf_pt_clear(&b->pt[i]);
    bf_free(b->ct);
    bf_free(b->pt);
    bf_free(b->index);
    return s;
}

/* The ids of an upload; the digest follows later. */
static bf_upload_id upload_of(const bf_secret_key *sk, const bf_job *job)
{
    bf_upload_id of = {{0}, {0}, {0}};
    memcpy(of.key, bf_secret_key_id(sk), sizeof of.key);
    bf_job_data_id(job, of.data);
    return of;
}

/* Sets first and end such that the part holds inputs first..end-1. */
static void inputs_of(size_t *first, size_t *end, const bf_job *job,
                      bf_upload_part part)
{
    size_t rows = bf_job_circuit(job)->inputs(job, BF_INPUT_ROWS);
    *first = part == BF_UPLOAD_LABELS ? rows : 0;
    *end = part == BF_UPLOAD_ROWS ? rows : bf_job_inputs(job);
}

size_t bf_upload_ciphertexts(const bf_job *job, bf_upload_part part)
{
    size_t first, end;
    inputs_of(&first, &end, job, part);
    return end - first;
}

static bf_status begin_files(upload_files *f, const batch *b, bf_wire_ids ids,
                             const char *path, unsigned parts)
{
    bf_rings rings = bf_one_ring(bf_secret_key_context(b->sk));
    bf_rank_part part = {.count = parts};
    char name[PATH_MAX];
    bf_random_bytes(part.upload, sizeof part.upload);
    for (unsigned p = 0; p < parts; p++) {
        BF_TRY(bf_upload_part_path(name, sizeof name, path, p));
        BF_TRY(bf_wire_create(&f->w[p], name, BF_WIRE_UPLOAD, rings, ids));
        f->count++;
        part.own = p;
        BF_TRY(bf_part_put(f->w[p], &part));
    }
    if (parts) return BF_OK;
    f->count = 1;
    return bf_wire_create(&f->w[0], path, BF_WIRE_UPLOAD, rings, ids);
}

/* Of the last file, `digest` becomes that of all. */
static bf_status finish_files(bf_outfile **out, uint8_t digest[BF_HASH_BYTES],
                              upload_files *f)
{
    uint8_t digests[BF_UPLOAD_PARTS_MAX][BF_HASH_BYTES];
    bf_status s = BF_OK;
    unsigned done = 0;
    for (; done < f->count && s == BF_OK; done++) {
        s = bf_wire_finish(&out[done], digests[done], f->w[done]);
        f->w[done] = NULL;
    }
    if (s == BF_OK) {
        bf_upload_digests_combine(digest, digests, f->count);
        return BF_OK;
    }
    for (unsigned p = 0; p + 1 < done; p++) bf_outfile_abort(out[p]);
    return s;
}

/* out: as many files as there are parts, or one. */
static bf_status upload(bf_outfile **out, uint8_t digest[BF_HASH_BYTES],
                        batch *b, bf_wire_ids ids, const char *path,
                        unsigned parts)
{
    upload_files f = {.count = 0};
    bf_status s = begin_files(&f, b, ids, path, parts);
    if (s == BF_OK) s = write_upload(b, &f);
    if (s == BF_OK) s = finish_files(out, digest, &f);
    for (unsigned p = 0; p < f.count; p++) bf_wire_abort(f.w[p]);
    return s;
}

bf_status bf_protocol_upload(bf_outfile **out, bf_upload_id *of,
                             const bf_job *job,
                             const uint8_t job_id[BF_HASH_BYTES],
                             const bf_secret_key *sk, const bf_uploaded *u)
{
    const bf_rows_held all = {
        u->rows, u->labels, &u->schedule->v0, 0, u->rows->rows, 0, 0, true};
    BF_TRY(check_shapes(job, u->rows, u->schedule));
    if (u->parts) BF_TRY(bf_parts_check(job, u->parts));
    batch b = {.job = job, .sk = sk, .own = &all};
    inputs_of(&b.first, &b.end, job, u->part);
    bf_upload_id made = upload_of(sk, job);
    bf_wire_ids ids = {made.key, u->part == BF_UPLOAD_ROWS ? NULL : job_id,
                       made.data};
    BF_TRY(upload(out, made.digest, &b, ids, u->path, u->parts));
    if (of) *of = made;
    return BF_OK;
}

bf_status bf_protocol_upload_part(bf_outfile **out, const bf_job *job,
                                  const uint8_t job_id[BF_HASH_BYTES],
                                  const bf_secret_key *sk,
                                  const bf_rows_held *own, const char *path)
{
    batch b = {.job = job, .sk = sk, .own = own};
    inputs_of(&b.first, &b.end, job, BF_UPLOAD_ALL);
    bf_upload_id made = upload_of(sk, job);
    return upload(out, made.digest, &b,
                  (bf_wire_ids){made.key, job_id, made.data}, path, 0);
}

/* The job determines limbs and scale of every iteration's model; any other
 * ciphertext under the model's label is refused. */
static bf_status check_model(const bf_plan_step *planned, const bf_ct *ct,
                             unsigned iteration, const char *path)
{
    bf_status s = bf_plan_check_ct(
        ct, (bf_plan_ct){planned->model_limbs, planned->output.scale});
    return s == BF_OK ? s
                      : bf_fail_in(s, "%s: the model after iteration %u", path,
                                   iteration);
}

static bf_status read_origin(bf_upload_id *of, bf_wire_reader *r,
                             const char *path)
{
    bf_wire_item item;
    unsigned iterations;
    BF_TRY(bf_wire_find(r, BF_WIRE_JSON, (bf_label){BF_STATE_TEXT, 0}, &item));
    return bf_run_text_read(&iterations, of->digest, r, path);
}

bf_status bf_protocol_record(bf_ct *out, bf_upload_id *of, const bf_job *job,
                             const uint8_t job_id[BF_HASH_BYTES],
                             const bf_secret_key *sk, const char *path,
                             bf_label label)
{
    bf_wire_reader *r = NULL;
    bf_wire_item item;
    bf_status status;
    *of = upload_of(sk, job);
    BF_GOTO(bf_wire_open(&r, path, BF_WIRE_MODEL,
                         bf_one_ring(bf_secret_key_context(sk)),
                         (bf_wire_ids){bf_secret_key_id(sk), job_id, NULL}),
            done);
    BF_GOTO(read_origin(of, r, path), done);
    BF_GOTO(bf_wire_find(r, BF_WIRE_CIPHERTEXT, label, &item), done);
    BF_GOTO(bf_wire_get_ct(r, out), done);
done:
    bf_wire_close(r);
    return status;
}

bf_status bf_protocol_weights(bf_matrix *weights, bf_upload_id *of,
                              const bf_job *job,
                              const uint8_t job_id[BF_HASH_BYTES],
                              const bf_secret_key *sk, const char *path,
                              unsigned iteration)
{
    bf_label label = {iteration ? BF_MODEL_ITERATION : BF_MODEL_FINAL,
                      iteration};
    const bf_plan *plan;
    bf_plan own;
    bf_ct ct = {0};
    bf_upload_id origin;
    bf_status status;
    if (iteration > job->schedule.iterations)
        return bf_fail(BF_ERR_ARGUMENT, "iteration %u: the job has %u",
                       iteration, job->schedule.iterations);
    BF_TRY(bf_job_plan_get(&plan, &own, job));
    BF_GOTO(bf_protocol_record(&ct, &origin, job, job_id, sk, path, label),
            done);
    unsigned after = iteration ? iteration : job->schedule.iterations;
    const bf_plan_step *planned = &plan->steps[after - 1];
    BF_GOTO(check_model(planned, &ct, after, path), done);
    status = bf_job_open(weights, job, sk, &ct);
    if (status != BF_OK) {
        status = bf_fail_in(status, "%s", path);
        goto done;
    }
    bf_weights_round(weights, planned->noise);
    if (of) *of = origin;
done:
    bf_ct_clear(&ct);
    bf_plan_clear(&own);
    return status;
}
