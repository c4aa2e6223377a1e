/* Choice of ring, modulus chain and layout.
 *
 * One iteration multiplies by rows (scale x), a fold mask, the polynomial's
 * depth of dense primes, a spread mask and rows again. In log2, with v the scale
 * of the weights entering it, m the expansion's doublings, d the dense scale:
 *   Z prime = x + v + m + mask + 1 + norm - d
 *   G prime = x + d + mask - step - v'       (v' the scale of the next weights)
 * The chain from the bottom: q0, then per iteration, last first: G, the
 * polynomial's primes, Z. */
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/circuit.h"

/* Precision that the recipes ask for (docs/algorithms.md): the whitened one
 * needs 12 bits in everything, the paper's weights are compared to 2e-5. */
enum {
    LOG_X_EXTRA = 25,   /* bits of a row entry below its bound */
    LOG_DENSE = 32,     /* bits of errors and scores */
    LOG_V_MIN = 31,     /* bits of weights below 1 */
    LOG_MASK_MAX = 16,
    LOG_MASK_MIN = 10,
    PRIME_MAX = 48,
    PRIME_MIN = 28,
    LOG_V_HEADROOM = 3  /* sign, and noise on top of the bound */
};

typedef struct chain {
    unsigned n_q, bits[BF_MAX_Q];
} chain;

static unsigned iteration_depth(const bf_job *job, unsigned t)
{
    bf_sigmoid_form form;
    if (t == 0 && job->schedule.zero_start) return 1;
    if (bf_sigmoid_form_make(&form, &job->schedule.sigmoid) != BF_OK) return 0;
    return 2 + form.depth;
}

unsigned bf_job_x_limbs(const bf_job *job)
{
    unsigned limbs = 1;
    for (unsigned t = 0; t < job->schedule.iterations; t++)
        limbs += iteration_depth(job, t);
    return limbs;
}

/* Labels join at the depth of the first errors; a zero start has them at the
 * top, otherwise one limb more than the errors, for the scale adjustment. */
unsigned bf_job_y_limbs(const bf_job *job)
{
    unsigned top = bf_job_x_limbs(job);
    return job->schedule.zero_start ? top : top - iteration_depth(job, 0) + 2;
}

size_t bf_job_uploads(const bf_job *job)
{
    const bf_layout *l = &job->layout;
    return l->chunks * l->pairs + l->groups + !job->schedule.zero_start;
}

/* log2 of what turns the last gradient sum into weights. */
static double log_step(const bf_job *job, unsigned t)
{
    const bf_schedule *s = &job->schedule;
    double eta = t + 1 == s->iterations && s->momentum ? s->eta[t] : 0;
    return log2(fabs(s->step[t] * (1 - eta)));
}

/* The scale v' that splits the bits of G and the following Z between two
 * primes, at least LOG_V_MIN. */
static double weight_scale(const bf_job *job, unsigned next, double z_rest)
{
    double g_rest = job->log_x + job->log_dense + job->log_mask -
                    log_step(job, next - 1);
    double low = g_rest - PRIME_MAX, v = LOG_V_MIN;
    if (v < low) v = low;
    if (next < job->schedule.iterations && v + z_rest < PRIME_MIN)
        v = PRIME_MIN - z_rest;
    return v;
}

static bool push(chain *c, double bits)
{
    long b = lround(bits);
    if (b < PRIME_MIN) b = PRIME_MIN;
    if (b > PRIME_MAX || c->n_q == BF_MAX_Q) return false;
    c->bits[c->n_q++] = (unsigned)b;
    return true;
}

/* Bottom up. False when a prime would be too large. */
static bool make_chain(bf_job *job, chain *c)
{
    const bf_schedule *s = &job->schedule;
    bf_sigmoid_form form;
    if (bf_sigmoid_form_make(&form, &s->sigmoid) != BF_OK) return false;
    double z_rest = job->log_x + job->layout.log_m + job->log_mask + 1 +
                    log2(form.norm) - job->log_dense;
    double v = weight_scale(job, s->iterations, z_rest);
    c->n_q = 0;
    if (!push(c, v + log2(job->ranges.weight) + LOG_V_HEADROOM)) return false;
    for (unsigned t = s->iterations; t-- > 0;) {
        double g = job->log_x + job->log_dense + job->log_mask -
                   log_step(job, t) - v;
        if (!push(c, g)) return false;
        if (t == 0 && s->zero_start) break;
        for (unsigned i = 0; i < form.depth; i++)
            if (!push(c, job->log_dense)) return false;
        v = t > 0 ? weight_scale(job, t, z_rest) : PRIME_MAX - z_rest;
        if (t == 0) {
            if (v > LOG_V_MIN) v = LOG_V_MIN;
            job->log_v0 = v;
        }
        if (!push(c, v + z_rest)) return false;
    }
    return true;
}

/* The widest mask for which the chain exists. */
static bool fit_mask(bf_job *job, chain *c)
{
    if (job->layout.f == 1) {
        job->log_mask = 0;
        return make_chain(job, c);
    }
    for (int mask = LOG_MASK_MAX; mask >= LOG_MASK_MIN; mask--) {
        job->log_mask = mask;
        if (make_chain(job, c)) return true;
    }
    return false;
}

/* Special primes for digits of alpha limbs: P must exceed every digit. */
static bool fit_special(bf_params *out, unsigned log_n, const chain *c,
                        unsigned alpha, bool insecure)
{
    unsigned widest = 0, total = 0, p_bits[BF_MAX_P], n_p;
    for (unsigned i = 0; i < c->n_q; i += alpha) {
        unsigned digit = 0;
        for (unsigned k = i; k < i + alpha && k < c->n_q; k++)
            digit += c->bits[k];
        if (digit > widest) widest = digit;
    }
    for (unsigned i = 0; i < c->n_q; i++) total += c->bits[i];
    widest += 1;
    n_p = (widest + BF_PRIME_BITS_MAX - 2) / (BF_PRIME_BITS_MAX - 1);
    if (n_p > BF_MAX_P) return false;
    for (unsigned k = 0; k < n_p; k++)
        p_bits[k] = (widest + n_p - 1 - k) / n_p;
    if (!insecure && total + widest >
                         bf_security_log2_qp_limit(log_n, 128))
        return false;
    if (bf_params_make(out, log_n, c->bits, c->n_q, p_bits, n_p, alpha) !=
        BF_OK)
        return false;
    out->insecure = insecure;
    return true;
}

/* Work of a key switch in transforms of one limb, with conversions and inner
 * products taken as half as much again. */
static double key_switch_cost(const bf_params *p, unsigned limbs)
{
    unsigned digits = (limbs + p->digit_limbs - 1) / p->digit_limbs;
    unsigned wide = limbs + p->n_p;
    return 1.5 * (digits * wide + 2.0 * wide);
}

/* What to minimise: server work, with bytes taken at a tenth of a gigabyte a
 * second for the owner's encryption and the wire. One unit is the work of a
 * transform per element and stage, about 0.15 ns. */
#define COST_PER_BYTE (10e-9 / 0.15e-9)

double bf_job_work(const bf_params *p, const bf_counters *c)
{
    double sum = 0, n = (double)((size_t)1 << p->log_n);
    for (unsigned l = 1; l <= p->n_q; l++)
        sum += (double)c->key_switches[l] * key_switch_cost(p, l);
    /* Three accumulated products of a limb cost a third of its transform. */
    sum += (double)c->tensor_limbs * 0.3;
    return sum * n * p->log_n;
}

void bf_plan_clear(bf_plan *p)
{
    bf_free(p->keys);
    memset(p, 0, sizeof *p);
}

static uint64_t packed_bytes(const bf_params *p, unsigned limbs, bool special)
{
    double bits = 0;
    for (unsigned i = 0; i < limbs; i++) bits += ceil(log2((double)p->q[i]));
    for (unsigned i = 0; special && i < p->n_p; i++)
        bits += ceil(log2((double)p->p[i]));
    return (uint64_t)(bits * exp2(p->log_n) / 8);
}

static bf_status plan_keys(bf_plan *plan, const bf_job *job, const bf_eval *ev)
{
    const bf_key_need *needs;
    const bf_params *p = &job->params;
    plan->key_count = bf_eval_key_needs(ev, &needs);
    plan->keys = bf_alloc(plan->key_count * sizeof *needs);
    if (!plan->keys) return BF_ERR_MEMORY;
    memcpy(plan->keys, needs, plan->key_count * sizeof *needs);
    for (size_t i = 0; i < plan->key_count; i++) {
        unsigned digits =
            (needs[i].limbs + p->digit_limbs - 1) / p->digit_limbs;
        plan->key_bytes += digits * packed_bytes(p, needs[i].limbs, true);
        plan->memory_bytes += (uint64_t)digits * (needs[i].limbs + p->n_p) * 2 *
                              ((uint64_t)8 << p->log_n);
    }
    return BF_OK;
}

static void plan_uploads(bf_plan *plan, const bf_job *job)
{
    const bf_layout *l = &job->layout;
    unsigned x = bf_job_x_limbs(job), y = bf_job_y_limbs(job);
    uint64_t limb = (uint64_t)16 << job->params.log_n;
    plan->ciphertexts = bf_job_uploads(job);
    plan->upload_bytes =
        l->chunks * l->pairs * packed_bytes(&job->params, x, false) +
        l->groups * packed_bytes(&job->params, y, false);
    plan->memory_bytes += l->chunks * l->pairs * x * limb + l->groups * y * limb;
    if (!job->schedule.zero_start)
        plan->upload_bytes += packed_bytes(&job->params, x, false);
    plan->model_bytes = 2 * packed_bytes(&job->params, 1, false);
}

/* A fresh ciphertext as the owner would send it, without data. */
static bf_ct symbolic_input(const bf_context *ctx, unsigned limbs, double scale,
                            double bound)
{
    double sd = sqrt(10.5 + 1 / 12.0); /* key noise and encoding */
    return (bf_ct){.ctx = ctx, .limbs = limbs, .polys = 2, .scale = scale,
                   .noise = sd, .bound = bound};
}

static bf_status walk_circuit(const bf_job *job, const bf_context *ctx,
                              bf_eval *ev, bf_ct *weights)
{
    const bf_layout *l = &job->layout;
    size_t xs = l->chunks * l->pairs;
    bf_ct *x = bf_alloc((xs + l->groups) * sizeof *x);
    if (!x) return BF_ERR_MEMORY;
    bf_ct *y = x + xs;
    unsigned top = bf_job_x_limbs(job);
    bf_ct v0 = symbolic_input(ctx, top, exp2(job->log_v0), job->typical.weight);
    for (size_t i = 0; i < xs; i++)
        x[i] = symbolic_input(ctx, top, exp2(job->log_x), job->typical.entry);
    for (size_t i = 0; i < l->groups; i++)
        y[i] = symbolic_input(ctx, bf_job_y_limbs(job), exp2(job->log_dense),
                              0.5);
    bf_train_inputs in = {x, y, job->schedule.zero_start ? NULL : &v0};
    bf_train_state state = {0};
    bf_status s = bf_train_circuit(ev, job, &in, &state, NULL, NULL,
                                   (bf_progress){0});
    if (s == BF_OK) bf_move(ev, weights, &state.w);
    bf_train_state_release(ev, &state);
    bf_free(x);
    return s;
}

bf_status bf_job_walk(bf_plan *plan, const bf_job *job)
{
    bf_context *ctx = NULL;
    bf_eval *ev = NULL;
    bf_ct weights = {0};
    bf_plan p = {0};
    bf_status status;
    BF_GOTO(bf_context_create_symbolic(&ctx, &job->params), done);
    BF_GOTO(bf_eval_create(&ev, ctx, NULL), done);
    BF_GOTO(walk_circuit(job, ctx, ev, &weights), done);
    bf_eval_counters(ev, &p.counters);
    BF_GOTO(plan_keys(&p, job, ev), done);
    plan_uploads(&p, job);
    p.memory_bytes += bf_eval_peak_bytes(ev);
    p.log2_qp = bf_params_log2_q(&job->params, job->params.n_q) +
                bf_params_log2_p(&job->params);
    p.security_bits = bf_security_bits(job->params.log_n, p.log2_qp);
    /* An element of period F keeps 2F of N coefficients' errors. */
    p.weight_noise =
        weights.noise * sqrt(2.0 * (double)job->layout.f) / weights.scale;
    p.work = bf_job_work(&job->params, &p.counters);
    p.cost = p.work + COST_PER_BYTE * (double)(p.upload_bytes + p.key_bytes);
    *plan = p;
    memset(&p, 0, sizeof p);
done:
    bf_plan_clear(&p);
    if (ev) bf_eval_release(ev, &weights);
    bf_eval_destroy(ev);
    bf_context_destroy(ctx);
    return status;
}

/* ---- search ---------------------------------------------------------------- */

typedef struct search {
    bf_job best_job;
    bf_plan best;
    bool found;
    const bf_plan_options *options;
} search;

static void consider(search *s, const bf_job *job)
{
    bf_plan plan;
    if (bf_job_walk(&plan, job) != BF_OK) return;
    bool fits = !s->options->max_memory ||
                plan.memory_bytes <= s->options->max_memory;
    if (fits && (!s->found || plan.cost < s->best.cost)) {
        bf_plan_clear(&s->best);
        s->best = plan;
        s->best_job = *job;
        s->found = true;
        return;
    }
    bf_plan_clear(&plan);
}

static void consider_layout(search *s, bf_job *job)
{
    chain c;
    if (!fit_mask(job, &c)) return;
    for (unsigned alpha = c.n_q; alpha >= 1; alpha--) {
        if (!fit_special(&job->params, job->layout.log_n, &c, alpha, false))
            continue;
        unsigned digits = (c.n_q + alpha - 1) / alpha;
        if (alpha > 1 && (c.n_q + alpha - 2) / (alpha - 1) == digits)
            continue; /* fewer limbs a digit give as many digits */
        consider(s, job);
    }
}

/* Root mean squares behind the bounds: entries of a row share its norm; scores,
 * weights and steps lie at a fraction of what their tails reach. */
static bf_ranges typical_magnitudes(const bf_ranges *r, unsigned iterations,
                                    size_t cols)
{
    bf_ranges t = *r;
    t.entry = r->row / sqrt((double)cols);
    t.weight = r->weight / 16;
    t.update = r->update / 16;
    t.residual = 0.5;
    for (unsigned i = 0; i < iterations; i++) t.logit[i] = r->logit[i] / 6;
    return t;
}

bf_status bf_job_derive(bf_job *job, size_t n, size_t classes, size_t f,
                        size_t k)
{
    size_t cols = bf_recipe_outputs(&job->recipe, n, job->features);
    BF_TRY(bf_schedule_make(&job->schedule, &job->recipe, n));
    BF_TRY(bf_recipe_bounds(&job->ranges, &job->recipe, n, cols));
    job->typical = typical_magnitudes(&job->ranges, job->recipe.iterations,
                                      cols);
    BF_TRY(bf_layout_make(&job->layout, job->params.log_n, n, cols, classes,
                          job->recipe.batch, f, k));
    if (job->params.n_q != bf_job_x_limbs(job))
        return bf_fail(BF_ERR_ARGUMENT,
                       "the job has %u primes, its circuit needs %u",
                       job->params.n_q, bf_job_x_limbs(job));
    double log2_qp = bf_params_log2_q(&job->params, job->params.n_q) +
                     bf_params_log2_p(&job->params);
    return bf_security_check(job->params.log_n, log2_qp, 0);
}

bf_status bf_job_plan(bf_job *job, bf_plan *plan, const bf_recipe *recipe,
                      size_t n, size_t features, size_t classes,
                      const bf_plan_options *options)
{
    bf_job base = {.recipe = *recipe, .features = features};
    size_t cols = bf_recipe_outputs(recipe, n, features);
    BF_TRY(bf_schedule_make(&base.schedule, recipe, n));
    BF_TRY(bf_recipe_bounds(&base.ranges, recipe, n, cols));
    base.typical = typical_magnitudes(&base.ranges, recipe->iterations, cols);
    bf_sigmoid_form form;
    BF_TRY(bf_sigmoid_form_make(&form, &base.schedule.sigmoid));
    base.log_x = LOG_X_EXTRA - log2(base.ranges.entry);
    base.log_dense = LOG_DENSE;
    search s = {.options = options};
    for (unsigned log_n = 13; log_n <= 16; log_n++) {
        if (options->log_n && options->log_n != log_n) continue;
        for (size_t f = 1; f <= (size_t)1 << (log_n - 1); f *= 2) {
            if (options->f && options->f != f) continue;
            for (size_t k = 1; k <= f && k <= 64; k *= 2) {
                if (options->k && options->k != k) continue;
                bf_job candidate = base;
                if (bf_layout_make(&candidate.layout, log_n, n, cols, classes,
                                   recipe->batch, f, k) != BF_OK)
                    continue;
                consider_layout(&s, &candidate);
            }
        }
    }
    if (!s.found)
        return bf_fail(BF_ERR_ARGUMENT,
                       "no 128-bit parameters fit %u iterations over %zu x %zu "
                       "with %zu classes%s",
                       recipe->iterations, n, features, classes,
                       options->max_memory ? " in the memory allowed" : "");
    *job = s.best_job;
    *plan = s.best;
    return BF_OK;
}
