#include "train/checkpoint.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "train/json_fields.h"
#include "train/upload.h"

void bf_run_state_release(bf_eval *ev, bf_run_state *s)
{
    if (ev) bf_state_release(ev, &s->circuit);
    for (unsigned t = 0; t < BF_MAX_ITERATIONS; t++) {
        bf_ct_clear(&s->models[t]);
        bf_ct_clear(&s->certificates[t]);
    }
}

/* ---- models of iterations ------------------------------------------------ */

static bf_status keep(bf_ct *kept, const bf_ct *ct, unsigned limbs)
{
    bf_ct fresh;
    BF_TRY(bf_ct_init(&fresh, ct->ctx, limbs, ct->polys));
    memcpy(fresh.data, ct->data, ((size_t)limbs * ct->polys * sizeof(double))
                                     << bf_context_params(ct->ctx)->log_n);
    fresh.scale = ct->scale;
    fresh.noise = ct->noise;
    fresh.bound = ct->bound;
    bf_ct_clear(kept);
    *kept = fresh;
    return BF_OK;
}

bf_status bf_run_state_keep(bf_run_state *s, const bf_plan *plan)
{
    unsigned t = s->circuit.step - 1;
    const bf_ct *certificate = &s->circuit.certificate;
    BF_TRY(keep(&s->models[t], &s->circuit.output, plan->steps[t].model_limbs));
    return certificate->data
               ? keep(&s->certificates[t], certificate, certificate->limbs)
               : BF_OK;
}

static bf_status put_models(bf_wire_writer *w, const bf_run_state *s)
{
    for (unsigned t = 1; t <= s->circuit.step; t++) {
        const bf_ct *certificate = &s->certificates[t - 1];
        BF_TRY(bf_wire_put_ct(w, (bf_label){BF_MODEL_ITERATION, t},
                              &s->models[t - 1]));
        if (certificate->data)
            BF_TRY(bf_wire_put_ct(w, (bf_label){BF_MODEL_CERTIFICATE, t},
                                  certificate));
    }
    return BF_OK;
}

/* ---- writing ------------------------------------------------------------ */

#define TEXT_MAX 128

static size_t make_text(char out[TEXT_MAX], unsigned iterations,
                        const uint8_t upload[BF_HASH_BYTES])
{
    char hex[2 * BF_HASH_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, upload, BF_HASH_BYTES);
    return (size_t)snprintf(out, TEXT_MAX,
                            "{\"iterations\": %u, \"upload\": \"%s\"}",
                            iterations, hex);
}

size_t bf_run_text_bytes(unsigned iterations)
{
    char text[TEXT_MAX];
    return make_text(text, iterations, (uint8_t[BF_HASH_BYTES]){0});
}

static bf_status put_text(bf_wire_writer *w, const bf_run_state *s,
                          const uint8_t upload[BF_HASH_BYTES])
{
    char text[TEXT_MAX];
    size_t n = make_text(text, s->circuit.step, upload);
    return bf_wire_put_json(w, (bf_label){BF_STATE_TEXT, 0}, text, n);
}

static bf_status put_state(bf_wire_writer *w, const bf_run_state *s,
                           const uint8_t upload[BF_HASH_BYTES])
{
    BF_TRY(put_text(w, s, upload));
    for (unsigned i = 0; i < BF_CARRIED_MAX; i++)
        if (s->circuit.carried[i].ctx)
            BF_TRY(bf_wire_put_ct(w, (bf_label){BF_STATE_CARRIED, i},
                                  &s->circuit.carried[i]));
    return put_models(w, s);
}

bf_status bf_checkpoint_write(const char *path, bf_rings rings,
                              bf_run_ids ids, const bf_run_state *s)
{
    bf_wire_writer *w;
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_CHECKPOINT, rings, ids.wire));
    bf_status status = put_state(w, s, ids.upload);
    if (status == BF_OK) return bf_wire_commit(w);
    bf_wire_abort(w);
    return status;
}

bf_status bf_encrypted_model_write(const char *path, bf_rings rings,
                                   bf_run_ids ids, const bf_run_state *s)
{
    bf_wire_writer *w;
    const bf_ct *last = &s->models[s->circuit.step - 1];
    BF_TRY(bf_wire_create(&w, path, BF_WIRE_MODEL, rings, ids.wire));
    bf_status status = put_text(w, s, ids.upload);
    if (status == BF_OK) status = put_models(w, s);
    if (status == BF_OK)
        status = bf_wire_put_ct(w, (bf_label){BF_MODEL_FINAL, 0}, last);
    if (status == BF_OK) return bf_wire_commit(w);
    bf_wire_abort(w);
    return status;
}

uint64_t bf_checkpoint_bytes(const bf_plan *plan, const bf_params *p)
{
    return plan->model_bytes + bf_wire_json_bytes(TEXT_MAX) +
           BF_CARRIED_MAX * bf_wire_ct_bytes(p, p->n_q, 2, false);
}

/* ---- reading ------------------------------------------------------------ */

typedef struct reading {
    bf_run_state *s;
    const char *path;
    bf_eval *ev;
    bf_run_ids ids;
    const bf_circuit *circuit;
    const bf_plan *plan;
} reading;

bf_status bf_run_text_read(unsigned *iterations, uint8_t upload[BF_HASH_BYTES],
                           bf_wire_reader *r, const char *path)
{
    char *text;
    size_t bytes;
    BF_TRY(bf_wire_get_json(r, &text, &bytes));
    cJSON *o = bf_json_parse(text, bytes);
    bf_free(text);
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(o, "iterations");
    const cJSON *of = cJSON_GetObjectItemCaseSensitive(o, "upload");
    double v = cJSON_IsNumber(n) ? n->valuedouble : -1;
    bool named = bf_read_digest(upload, cJSON_GetStringValue(of));
    cJSON_Delete(o);
    if (!named) return bf_fail(BF_ERR_FORMAT, "%s: names no upload", path);
    if (!(v >= 1 && v <= BF_MAX_ITERATIONS && v == floor(v)))
        return bf_fail(BF_ERR_FORMAT, "%s: no iteration count", path);
    *iterations = (unsigned)v;
    return BF_OK;
}

static bf_status read_text(const reading *in, bf_wire_reader *r)
{
    unsigned iterations;
    uint8_t upload[BF_HASH_BYTES];
    BF_TRY(bf_run_text_read(&iterations, upload, r, in->path));
    BF_TRY(bf_wire_check_upload(in->path, upload, in->ids.upload));
    if (iterations > in->plan->step_count)
        return bf_fail(BF_ERR_FORMAT, "%s: of %u iterations, the job has %u",
                       in->path, iterations, in->plan->step_count);
    in->s->circuit.step = iterations;
    return BF_OK;
}

static bf_status check_ct(const reading *in, const bf_ct *ct, const char *what,
                          bf_plan_ct planned)
{
    bf_status s = bf_plan_check_ct(ct, planned);
    return s == BF_OK ? s : bf_fail_in(s, "%s: %s", in->path, what);
}

/* The plan of the step before the checkpoint. */
static const bf_plan_step *planned_step(const reading *in)
{
    return &in->plan->steps[in->s->circuit.step - 1];
}

/* The circuit returns its state to the evaluator's pool, so the state must come
 * from this pool. */
static bf_status read_carried(const reading *in, bf_wire_reader *r, size_t i)
{
    bf_ct ct = {0};
    BF_TRY(bf_wire_get_ct(r, &ct));
    bf_status status = check_ct(in, &ct, in->circuit->carried[i],
                                planned_step(in)->carried[i]);
    if (status == BF_OK)
        status = bf_copy(in->ev, &in->s->circuit.carried[i], &ct);
    bf_ct_clear(&ct);
    return status;
}

static bf_status read_model(const reading *in, bf_wire_reader *r, size_t t)
{
    const bf_plan_step *planned = &in->plan->steps[t - 1];
    bf_ct *model = &in->s->models[t - 1];
    BF_TRY(bf_wire_get_ct(r, model));
    return check_ct(in, model, "a model",
                    (bf_plan_ct){planned->model_limbs, planned->output.scale});
}

static bf_status read_certificate(const reading *in, bf_wire_reader *r,
                                  size_t t)
{
    bf_ct *certificate = &in->s->certificates[t - 1];
    BF_TRY(bf_wire_get_ct(r, certificate));
    return check_ct(in, certificate, "a certificate",
                    in->plan->steps[t - 1].certificate);
}

/* Whether the record is of an iteration so far. */
static bool is_of(bf_label label, unsigned kind, unsigned iterations)
{
    return label.kind == kind && label.index >= 1 && label.index <= iterations;
}

/* The text is first: it determines the records that follow. */
static bf_status read_item(const reading *in, bf_wire_reader *r,
                           const bf_wire_item *item)
{
    bf_state *s = &in->s->circuit;
    bf_label label = item->label;
    unsigned t = s->step;
    if (item->kind == BF_WIRE_JSON && t == 0) return read_text(in, r);
    if (t && label.kind == BF_STATE_CARRIED && label.index < BF_CARRIED_MAX &&
        planned_step(in)->carried[label.index].limbs &&
        !s->carried[label.index].data)
        return read_carried(in, r, label.index);
    if (is_of(label, BF_MODEL_ITERATION, t) &&
        !in->s->models[label.index - 1].data)
        return read_model(in, r, label.index);
    if (is_of(label, BF_MODEL_CERTIFICATE, t) &&
        in->plan->steps[label.index - 1].certificate.limbs &&
        !in->s->certificates[label.index - 1].data)
        return read_certificate(in, r, label.index);
    return bf_fail(BF_ERR_FORMAT, "%s: unexpected record", in->path);
}

/* Without V_{t-1}, a run with momentum would omit the momentum term. */
static bf_status check_complete(const reading *in)
{
    const bf_run_state *s = in->s;
    unsigned t = s->circuit.step;
    bool complete = t > 0;
    for (unsigned i = 0; complete && i < BF_CARRIED_MAX; i++)
        complete = s->circuit.carried[i].data ||
                   !planned_step(in)->carried[i].limbs;
    for (unsigned i = 0; i < t; i++)
        complete = complete && s->models[i].data &&
                   (s->certificates[i].data ||
                    !in->plan->steps[i].certificate.limbs);
    return complete ? BF_OK
                    : bf_fail(BF_ERR_FORMAT, "%s: incomplete", in->path);
}

bf_status bf_checkpoint_read(bf_run_state *s, const char *path,
                             bf_eval *ev, bf_run_ids ids,
                             const bf_circuit *circuit, const bf_plan *plan)
{
    reading in = {s, path, ev, ids, circuit, plan};
    bf_wire_reader *r;
    bf_wire_item item;
    bf_status status;
    BF_TRY(bf_wire_open(&r, path, BF_WIRE_CHECKPOINT,
                        bf_one_ring(bf_eval_context(ev)), ids.wire));
    for (;;) {
        BF_GOTO(bf_wire_next(r, &item), done);
        if (item.kind == BF_FRAME_END) break;
        BF_GOTO(read_item(&in, r, &item), done);
    }
    status = check_complete(&in);
done:
    bf_wire_close(r);
    return status;
}
