/* What running a job takes: one symbolic walk of its circuit. */
#include "train/plan.h"

#include <math.h>
#include <string.h>

#include "blindfit/text.h"
#include "base/host.h"
#include "base/memory.h"
#include "ckks/collective.h"
#include "ckks/sample.h"
#include "train/certificate.h"
#include "train/checkpoint.h"
#include "train/refresh.h"
#include "train/circuit.h"
#include "train/world.h"
#include "wire/wire.h"

double bf_counters_price(const bf_params *p, const bf_counters *c,
                         const bf_prices *prices)
{
    double sum = (double)c->tensor_limbs * prices->tensor +
                 (double)c->unpacked_limbs * prices->unpack;
    for (unsigned l = 1; l <= p->n_q; l++) {
        double digits = bf_params_digits(p, l);
        sum += (l + p->n_p) *
               (prices->up * digits * (double)c->mod_ups[l] +
                prices->inner * digits * (double)c->key_switches[l] +
                prices->down * (double)c->mod_downs[l]);
    }
    return sum;
}

#define FIXED_BYTES ((uint64_t)192 << 20)

/* What to minimise: server work, with bytes taken at a tenth of a gigabyte a
 * second for the owner's encryption and the wire. One unit is the work of a
 * transform per element and stage, about 0.15 ns. R ranks all take as long as
 * the busiest: its work counts R times. Who takes R machines wants results
 * soon: bytes count 1/R. */
#define COST_PER_BYTE (10e-9 / 0.15e-9)

double bf_bytes_cost(uint64_t bytes)
{
    return COST_PER_BYTE * (double)bytes;
}

/* In transforms of one limb: conversions take a third as much again, an inner
 * product of a limb and three accumulated tensor products a third; to unpack a
 * limb, of which one polynomial is expanded from a seed, takes five. */
double bf_job_work(const bf_params *p, const bf_counters *c)
{
    static const bf_prices prices = {1.35, 0.33, 2 * 1.35, 0.3, 5};
    double n = (double)((size_t)1 << p->log_n);
    return bf_counters_price(p, c, &prices) * n * p->log_n;
}

void bf_plan_clear(bf_plan *p)
{
    bf_free(p->keys);
    memset(p, 0, sizeof *p);
}

/* Fresh ciphertexts travel as a polynomial and a seed. */
static void plan_inputs(bf_plan *plan, const bf_job *job, const bf_ranks *ranks)
{
    const bf_circuit *c = bf_job_circuit(job);
    const bf_params *p = &job->ring[0];
    plan->ciphertexts = bf_job_inputs(job);
    plan->upload_bytes = plan->labels_bytes = bf_wire_file_bytes(p, 1);
    for (int kind = 0; kind < BF_INPUT_KINDS; kind++) {
        uint64_t count = c->inputs(job, (bf_input_kind)kind);
        unsigned limbs = c->input(job, (bf_input_kind)kind).limbs;
        if (!count) continue;
        uint64_t bytes = count * bf_wire_ct_bytes(p, limbs, 2, true);
        plan->upload_bytes += bytes;
        if (kind != BF_INPUT_ROWS) plan->labels_bytes += bytes;
        uint64_t own = bf_job_rank_inputs(job, (bf_input_kind)kind, ranks);
        plan->read_bytes += own * (bytes / count);
        plan->memory_bytes += kind == BF_INPUT_ROWS && plan->packed
                                  ? own * (bytes / count)
                                  : own * limbs * ((uint64_t)16 << p->log_n);
    }
}

/* The lowest limbs, of so many, whose product exceeds twice the largest
 * coefficient of an output, with this much to spare for noise. */
#define SPARE_BITS 3

static unsigned model_limbs(const bf_job *job, bf_plan_ct output)
{
    double bound = bf_job_circuit(job)->output_bound(job);
    double need = log2(output.scale) + log2(bound) + 1 + SPARE_BITS;
    double have = 0;
    for (unsigned i = 0; i < output.limbs; i++) {
        have += log2((double)job->ring[0].q[i]);
        if (have >= need) return i + 1;
    }
    return output.limbs;
}

bf_status bf_plan_check_ct(const bf_ct *ct, bf_plan_ct wanted)
{
    if (ct->limbs == wanted.limbs && ct->polys == 2 &&
        fabs(ct->scale / wanted.scale - 1) <= 1e-9)
        return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%u limbs at scale 2^%.3f, the job wants %u at 2^%.3f",
                   ct->limbs, log2(ct->scale), wanted.limbs,
                   log2(wanted.scale));
}

/* A text, one ciphertext a step, the certificates, and the last model again. */
static void plan_model(bf_plan *plan, const bf_job *job)
{
    const bf_params *p = &job->ring[0];
    uint64_t last = 0;
    plan->model_bytes = bf_wire_file_bytes(p, 1) +
                        bf_wire_json_bytes(bf_run_text_bytes(plan->step_count));
    for (unsigned t = 0; t < plan->step_count; t++) {
        bf_plan_step *s = &plan->steps[t];
        s->model_limbs = model_limbs(job, s->output);
        last = bf_wire_ct_bytes(p, s->model_limbs, 2, false);
        plan->model_bytes += last;
        unsigned limbs = s->certificate.limbs;
        if (limbs) plan->model_bytes += bf_wire_ct_bytes(p, limbs, 2, false);
        plan->memory_bytes +=
            (s->model_limbs + limbs) * ((uint64_t)16 << p->log_n);
    }
    plan->model_bytes += last;
}

static bf_status check_memory(const char *what, uint64_t bytes,
                              uint64_t allowed)
{
    uint64_t left = bf_memory_available();
    bool over = allowed && bytes > allowed;
    if (!over && bytes <= left) return BF_OK;
    return bf_fail(BF_ERR_MEMORY, "%s needs %s of memory, %s are %s", what,
                   bf_text_size((double)bytes).s,
                   bf_text_size((double)(over ? allowed : left)).s,
                   over ? "allowed" : "free");
}

bf_status bf_plan_check_memory(const bf_plan *plan, uint64_t allowed)
{
    return check_memory(plan->packed ? "the job with packed rows" : "the job",
                        plan->memory_bytes, allowed);
}

bf_status bf_job_check_memory(const bf_job *job, const bf_ranks *ranks,
                              uint64_t allowed)
{
    bf_plan inputs = {.packed = bf_job_packs(job)};
    plan_inputs(&inputs, job, ranks);
    return check_memory("the job's upload alone", inputs.memory_bytes, allowed);
}

/* Keys from the square that several owners made have whole a halves. */
uint64_t bf_job_key_bytes(const bf_job *job, const bf_key_need *need)
{
    bool whole = job->owners > 1 && need->name.use == BF_KEY_FROM_SQUARE;
    return bf_wire_switch_key_bytes(&job->ring[need->name.ring], need->limbs,
                                    whole);
}

/* Everything that follows from counters, key needs and parameters. */
void bf_plan_sizes(bf_plan *plan, const bf_job *job, const bf_ranks *ranks)
{
    const bf_params *p = &job->ring[0];
    plan->key_bytes = bf_wire_file_bytes(job->ring, job->rings);
    plan->memory_bytes = plan->read_bytes = 0;
    for (size_t i = 0; i < plan->key_count; i++) {
        unsigned limbs = plan->keys[i].limbs;
        p = &job->ring[plan->keys[i].name.ring];
        plan->key_bytes += bf_job_key_bytes(job, &plan->keys[i]);
        plan->memory_bytes += bf_switch_key_data_bytes(p, limbs);
    }
    p = &job->ring[0];
    plan_inputs(plan, job, ranks);
    plan_model(plan, job);
    /* Blocks are rounded up to quarter steps between powers of two, and some
     * lie idle; the rest is code, tables and scratch. */
    plan->memory_bytes += plan->circuit_bytes / 4 * 5 + FIXED_BYTES +
                          plan->held_bytes;
    plan->log2_qp = bf_params_log2_q(p, p->n_q) + bf_params_log2_p(p);
    plan->security_bits = bf_security_bits(p->log_n, plan->log2_qp);
    plan->work = 0;
    for (unsigned r = 0; r < job->rings; r++)
        plan->work += bf_job_work(&job->ring[r], &plan->counters[r]);
    double count = ranks ? ranks->count : 1;
    plan->cost = count * plan->work +
                 bf_bytes_cost(plan->upload_bytes + plan->key_bytes) / count;
}

/* A fresh ciphertext as the owner would send it, without data. */
static bf_ct symbolic_input(const bf_context *ctx, const bf_input *input,
                            unsigned owners)
{
    double sd = hypot(BF_NOISE_SD, sqrt(1 / 12.0)); /* with encoding's */
    if (owners > 1) sd = hypot(sd, bf_import_noise(ctx, input->limbs));
    return (bf_ct){.ctx = ctx, .limbs = input->limbs, .polys = 2,
                   .scale = input->scale, .noise = sd,
                   .bound = input->typical};
}

typedef struct walk {
    const bf_job *job;
    bf_plan *plan;
} walk;

static bf_status note_step(void *user, bf_state *state)
{
    const walk *k = user;
    bf_plan_step *s = &k->plan->steps[state->step - 1];
    for (unsigned i = 0; i < BF_CARRIED_MAX; i++)
        s->carried[i] = (bf_plan_ct){state->carried[i].limbs,
                                     state->carried[i].scale};
    s->output = (bf_plan_ct){state->output.limbs, state->output.scale};
    s->noise = bf_job_circuit(k->job)->output_noise(k->job, &state->output);
    s->certificate = (bf_plan_ct){state->certificate.limbs,
                                  state->certificate.scale};
    if (s->certificate.limbs)
        s->certificate_noise = bf_job_circuit(k->job)->certificate_noise(
            k->job, &state->certificate);
    k->plan->step_count = state->step;
    k->plan->held_bytes = state->held;
    return BF_OK;
}

/* With packed rows if plan->packed. */
static bf_status walk_circuit(bf_plan *plan, const bf_job *job, bf_world *w,
                              bf_team *team)
{
    const bf_circuit *c = bf_job_circuit(job);
    size_t count = bf_job_inputs(job), within;
    bf_ct *cts = bf_alloc(count * sizeof *cts);
    if (!cts) return BF_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        bf_input input = c->input(job, bf_job_input_kind(job, i, &within));
        cts[i] = symbolic_input(w->ctx[0], &input, bf_job_owners(job));
    }
    bf_inputs in = bf_job_inputs_by_kind(job, cts);
    in.packed = plan->packed;
    in.team = team;
    bf_state state = {0};
    walk k = {job, plan};
    bf_status s = bf_circuit_run(w, job, &in, &state, note_step, &k, 0,
                                 NULL);
    bf_state_release(w->ev[0], &state);
    bf_free(cts);
    return s;
}

bf_status bf_job_walk_rank(bf_plan *plan, const bf_job *job, bool packed,
                           const bf_ranks *ranks)
{
    bf_ranks planned = ranks ? *ranks : (bf_ranks){.count = 1};
    bf_team team = {.ranks = ranks ? &planned : NULL};
    bf_world w = {0};
    bf_plan p = {.packed = packed};
    bf_status status;
    planned.sum = NULL;
    if (ranks) BF_TRY(bf_job_circuit(job)->check_ranks(job, ranks->count));
    BF_GOTO(bf_world_open_symbolic(&w, job), done);
    BF_GOTO(walk_circuit(&p, job, &w, &team), done);
    for (unsigned r = 0; r < w.count; r++)
        bf_eval_counters(w.ev[r], &p.counters[r]);
    BF_GOTO(bf_world_key_needs(&w, &p.keys, &p.key_count), done);
    p.circuit_bytes = bf_world_peak_bytes(&w);
    p.added_bytes = team.largest;
    p.weight_noise = p.steps[p.step_count - 1].noise;
    bf_plan_sizes(&p, job, ranks);
    *plan = p;
    memset(&p, 0, sizeof p);
done:
    bf_plan_clear(&p);
    bf_world_close(&w);
    return status;
}

bf_status bf_job_walk(bf_plan *plan, const bf_job *job)
{
    return bf_job_walk_rank(plan, job, false, NULL);
}

bool bf_job_packs(const bf_job *job)
{
    return bf_job_owners(job) == 1;
}

bf_status bf_job_walk_packed(bf_plan *plan, const bf_job *job)
{
    return bf_job_walk_rank(plan, job, true, NULL);
}

/* Root mean squares behind the bounds: entries of a row share its norm; scores,
 * weights and steps lie at a fraction of what their tails reach. */
bf_status bf_plan_typical(bf_magnitudes *out, const bf_recipe *recipe, size_t n,
                          size_t cols)
{
    unsigned iterations = recipe->iterations;
    bf_recipe measured = *recipe;
    bf_magnitudes t, b;
    const bf_magnitudes *r = &b;
    measured.safe = false;
    BF_TRY(bf_recipe_bounds(&b, &measured, n, cols));
    t = b;
    for (unsigned i = 0; i < iterations; i++) t.logit[i] = r->logit[i] / 6;
    t.residual = 0.5;
    t.update = r->update / 16;
    if (recipe->kind ==
        BF_RECIPE_PAPER) { /* row sums of X^T X/n are at most 1 */
        t.entry = sqrt(2 / (double)cols);
        t.weight = r->weight / 16;
    } else {
        t.entry = r->row / sqrt((double)cols);
        t.weight = r->weight / 4 / r->row; /* logits of 1/6 of their bound */
    }
    *out = t;
    return BF_OK;
}

/* Of a job without refreshes. */
static bf_status check_one_ring(const bf_job *job)
{
    if (job->rings != 1)
        return bf_fail(BF_ERR_ARGUMENT,
                       "the job has %u rings, its circuit needs 1", job->rings);
    if (job->ring[0].n_q >= bf_job_used_limbs(job)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "the job has %u primes, its circuit needs %u",
                   job->ring[0].n_q, bf_job_used_limbs(job));
}

bf_status bf_job_lay_out(bf_layout *out, const bf_job *job,
                         const bf_layout_shape *s, size_t f, size_t k)
{
    BF_TRY(bf_layout_make(out, s->log_n, s->n, s->cols, s->classes,
                          job->recipe.batch, f, k));
    return job->owner_rows[0]
               ? bf_layout_divide(out, job->owner_rows, bf_job_owners(job))
               : BF_OK;
}

bf_status bf_job_derive(bf_job *job, size_t n, size_t classes, size_t f,
                        size_t k)
{
    size_t cols = bf_recipe_outputs(&job->recipe, n, job->features);
    BF_TRY(bf_job_circuit(job)->derive(job, n, cols));
    BF_TRY(bf_label_columns_fill(&job->labels, classes));
    const bf_layout_shape shape = {job->ring[0].log_n, n, cols, classes};
    BF_TRY(bf_job_lay_out(&job->layout, job, &shape, f, k));
    BF_TRY(bf_layout_widen(&job->layout, job->log_places));
    BF_TRY(job->refresh.on ? bf_refresh_derive(job) : check_one_ring(job));
    double log2_qp = bf_params_log2_q(&job->ring[0], job->ring[0].n_q) +
                     bf_params_log2_p(&job->ring[0]);
    return bf_security_check(job->ring[0].log_n, log2_qp, 0);
}
