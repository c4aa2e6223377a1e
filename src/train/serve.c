#include "train/serve.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "train/circuit.h"
#include "train/upload.h"
#include "wire/wire.h"

typedef struct server {
    const bf_serve_options *o;
    bf_job job;
    uint8_t job_id[BF_HASH_BYTES], key_id[BF_KEY_ID_BYTES];
    bf_context *ctx;
    bf_eval_keys keys;
    bf_eval *ev;
    size_t count; /* of inputs */
    bf_ct *inputs;
    bf_train_state state;
    bf_wire_writer *model; /* open while iterations are being kept */
} server;

static bf_wire_ids ids_of(const server *s)
{
    return (bf_wire_ids){s->key_id, s->job_id};
}

/* ---- upload ------------------------------------------------------------------- */

/* What input `index` must be, from the job alone. */
static void expected_input(const bf_job *job, size_t index, unsigned *limbs,
                           double *scale, double *bound)
{
    size_t xs = job->layout.chunks * job->layout.pairs;
    if (index < xs) {
        *limbs = bf_job_x_limbs(job);
        *scale = exp2(job->log_x);
        *bound = job->typical.entry;
    } else if (index < xs + job->layout.groups) {
        *limbs = bf_job_y_limbs(job);
        *scale = exp2(job->log_dense);
        *bound = 0.5;
    } else {
        *limbs = bf_job_x_limbs(job);
        *scale = exp2(job->log_v0);
        *bound = job->typical.weight;
    }
}

static bf_status read_input(server *s, bf_wire_reader *r, size_t index)
{
    bf_wire_item item;
    unsigned limbs;
    double scale, bound;
    BF_TRY(bf_wire_next(r, &item));
    if (item.kind != BF_WIRE_CIPHERTEXT || item.label.kind != BF_UPLOAD_INPUT ||
        item.label.index != index)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: input %zu of %zu is missing or out of order",
                       s->o->upload, index + 1, s->count);
    bf_ct *ct = &s->inputs[index];
    BF_TRY(bf_wire_get_ct(r, ct));
    expected_input(&s->job, index, &limbs, &scale, &bound);
    if (ct->limbs != limbs || ct->polys != 2 ||
        fabs(ct->scale / scale - 1) > 1e-9)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: input %zu has %u limbs at scale 2^%.3f, the job "
                       "wants %u at 2^%.3f",
                       s->o->upload, index + 1, ct->limbs, log2(ct->scale),
                       limbs, log2(scale));
    ct->bound = bound; /* the estimate's, whatever the file says */
    return BF_OK;
}

static bf_status read_upload(server *s, bf_progress progress)
{
    bf_wire_reader *r;
    bf_wire_item item;
    bf_status status = BF_OK;
    s->count = bf_job_uploads(&s->job);
    s->inputs = bf_alloc_zero(s->count * sizeof(bf_ct));
    if (!s->inputs) return BF_ERR_MEMORY;
    BF_TRY(bf_wire_open(&r, s->o->upload, BF_WIRE_UPLOAD, s->ctx, ids_of(s)));
    for (size_t i = 0; i < s->count && status == BF_OK; i++) {
        status = bf_check_interrupt();
        if (status == BF_OK) status = read_input(s, r, i);
        if (progress.fn)
            progress.fn(progress.user, "read upload", (double)(i + 1),
                        (double)s->count);
    }
    if (status == BF_OK) status = bf_wire_next(r, &item);
    if (status == BF_OK && item.kind != BF_FRAME_END)
        status = bf_fail(BF_ERR_FORMAT, "%s: more than the job's %zu inputs",
                         s->o->upload, s->count);
    bf_wire_close(r);
    return status;
}

static bf_status read_keys(server *s, bf_progress progress)
{
    bf_wire_ids any = {NULL, s->job_id};
    BF_TRY(bf_wire_read_eval_keys(&s->keys, s->o->keys, s->ctx, any, progress));
    memcpy(s->key_id, s->keys.key_id, sizeof s->key_id);
    return bf_eval_create(&s->ev, s->ctx, &s->keys);
}

/* ---- checkpoints ---------------------------------------------------------------- */

static bf_status put_state(server *s, bf_wire_writer *w)
{
    char text[64];
    int n = snprintf(text, sizeof text, "{\"iterations\": %u}",
                     s->state.iteration);
    BF_TRY(bf_wire_put_json(w, (bf_label){BF_STATE_TEXT, 0}, text, (size_t)n));
    BF_TRY(bf_wire_put_ct(w, (bf_label){BF_STATE_V, 0}, &s->state.v));
    if (s->state.previous.ctx)
        BF_TRY(bf_wire_put_ct(w, (bf_label){BF_STATE_PREVIOUS, 0},
                              &s->state.previous));
    return bf_wire_put_ct(w, (bf_label){BF_STATE_W, 0}, &s->state.w);
}

static bf_status write_checkpoint(server *s)
{
    bf_wire_writer *w;
    BF_TRY(bf_wire_create(&w, s->o->checkpoint, BF_WIRE_CHECKPOINT, s->ctx,
                          ids_of(s)));
    bf_status status = put_state(s, w);
    if (status == BF_OK) return bf_wire_commit(w);
    bf_wire_abort(w);
    return status;
}

static bf_status read_state_text(server *s, bf_wire_reader *r)
{
    char *text;
    size_t bytes;
    BF_TRY(bf_wire_get_json(r, &text, &bytes));
    cJSON *o = cJSON_ParseWithLength(text, bytes);
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, "iterations");
    double v = cJSON_IsNumber(n) ? n->valuedouble : -1;
    cJSON_Delete(o);
    bf_free(text);
    if (!(v >= 1 && v <= s->job.schedule.iterations && v == floor(v)))
        return bf_fail(BF_ERR_FORMAT, "%s: no iteration count",
                       s->o->checkpoint);
    s->state.iteration = (unsigned)v;
    return BF_OK;
}

static bf_status read_state_item(server *s, bf_wire_reader *r,
                                 const bf_wire_item *item)
{
    if (item->kind == BF_WIRE_JSON) return read_state_text(s, r);
    if (item->kind == BF_WIRE_CIPHERTEXT) {
        if (item->label.kind == BF_STATE_V)
            return bf_wire_get_ct(r, &s->state.v);
        if (item->label.kind == BF_STATE_PREVIOUS)
            return bf_wire_get_ct(r, &s->state.previous);
        if (item->label.kind == BF_STATE_W)
            return bf_wire_get_ct(r, &s->state.w);
    }
    return bf_fail(BF_ERR_FORMAT, "%s: unexpected record", s->o->checkpoint);
}

static bf_status read_checkpoint(server *s)
{
    bf_wire_reader *r;
    bf_wire_item item;
    bf_status status = BF_OK;
    BF_TRY(bf_wire_open(&r, s->o->checkpoint, BF_WIRE_CHECKPOINT, s->ctx,
                        ids_of(s)));
    for (;;) {
        status = bf_wire_next(r, &item);
        if (status != BF_OK || item.kind == BF_FRAME_END) break;
        BF_GOTO(read_state_item(s, r, &item), done);
    }
done:
    bf_wire_close(r);
    if (status == BF_OK && (!s->state.iteration || !s->state.v.ctx ||
                            !s->state.w.ctx))
        status = bf_fail(BF_ERR_FORMAT, "%s: incomplete", s->o->checkpoint);
    return status;
}

/* ---- run ------------------------------------------------------------------------ */

/* The circuit descends: what lies above the weights' limbs is not used again. */
static void drop_limbs(server *s, unsigned limbs)
{
    size_t limb = (size_t)2 * sizeof(double) << s->job.params.log_n;
    for (size_t i = 0; i < s->count; i++) {
        bf_ct *ct = &s->inputs[i];
        if (ct->limbs <= limbs) continue;
        ct->limbs = limbs;
        bf_release_tail(ct->data, limbs * limb, ct->bytes);
    }
}

static bf_status after_iteration(void *user, const bf_train_state *state)
{
    server *s = user;
    drop_limbs(s, state->v.limbs);
    if (s->model)
        BF_TRY(bf_wire_put_ct(
            s->model, (bf_label){BF_MODEL_ITERATION, state->iteration},
            &state->w));
    return s->o->checkpoint ? write_checkpoint(s) : BF_OK;
}

static bf_status check_memory(const server *s)
{
    bf_plan plan;
    if (!s->o->max_memory) return BF_OK;
    BF_TRY(bf_job_walk(&plan, &s->job));
    uint64_t need = plan.memory_bytes;
    bf_plan_clear(&plan);
    if (need <= s->o->max_memory) return BF_OK;
    return bf_fail(BF_ERR_MEMORY,
                   "the job needs %.2f GB of memory, %.2f GB are allowed",
                   (double)need / 1e9, (double)s->o->max_memory / 1e9);
}

static bf_status run(server *s, bf_serve_report *report, bf_progress progress)
{
    double start = bf_now();
    BF_TRY(bf_job_read(&s->job, s->o->job, s->job_id));
    BF_TRY(check_memory(s));
    BF_TRY(bf_context_create(&s->ctx, &s->job.params, s->o->backend));
    BF_TRY(read_keys(s, progress));
    BF_TRY(read_upload(s, progress));
    if (s->o->resume) BF_TRY(read_checkpoint(s));
    BF_TRY(bf_wire_create(&s->model, s->o->model, BF_WIRE_MODEL, s->ctx,
                          ids_of(s)));
    const bf_layout *l = &s->job.layout;
    const bf_ct *y = s->inputs + l->chunks * l->pairs;
    bf_train_inputs in = {s->inputs, y, NULL};
    if (!s->job.schedule.zero_start) in.v0 = y + l->groups;
    report->read_seconds = bf_now() - start;
    start = bf_now();
    BF_TRY(bf_train_circuit(s->ev, &s->job, &in, &s->state, after_iteration, s,
                            progress));
    report->train_seconds = bf_now() - start;
    start = bf_now();
    BF_TRY(bf_wire_put_ct(s->model, (bf_label){BF_MODEL_FINAL, 0},
                          &s->state.w));
    bf_status status = bf_wire_commit(s->model);
    s->model = NULL;
    report->write_seconds = bf_now() - start;
    return status;
}

bf_status bf_serve_train(bf_serve_report *report, const bf_serve_options *o,
                         bf_progress progress)
{
    server s = {.o = o};
    bf_serve_report made = {0};
    bf_status status = run(&s, &made, progress);
    bf_wire_abort(s.model);
    if (s.ev) {
        bf_eval_counters(s.ev, &made.counters);
        made.peak_ciphertext_bytes = bf_eval_peak_bytes(s.ev);
        bf_train_state_release(s.ev, &s.state);
        bf_eval_destroy(s.ev);
    }
    for (size_t i = 0; s.inputs && i < s.count; i++) bf_ct_clear(&s.inputs[i]);
    bf_free(s.inputs);
    bf_eval_keys_clear(&s.keys);
    bf_context_destroy(s.ctx);
    made.peak_rss = bf_peak_rss();
    if (status == BF_OK) *report = made;
    return status;
}
