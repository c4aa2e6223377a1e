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

#include "base/host.h"
#include "base/memory.h"
#include "linalg/dense.h"
#include "train/circuit.h"

/* Precision. One number of bits, b, sets rows and scores: their errors reach
 * about 2^-b of a typical value (sd of a fresh ciphertext 3.24, of a division's
 * rounding sqrt(N/18) per coefficient, sqrt(N) times that in a slot).
 *   rows:  3.24 sqrt(N) per slot
 *   dense: N/sqrt(18) per slot, a few times over, in scores times norm
 *   start: 3.24 per coefficient, 2F of them in an element; START_BITS more, as
 *          initial weights stay in the model
 * The errors of masks, sqrt(F/6) per slot, are the same for every sample, so
 * they act as a relative error of the gradient and have bits of their own. */
enum {
    BITS_MIN = 6,
    BITS_MAX = 20,
    START_BITS = 14,
    PRIME_MIN = 25,
    WEIGHT_HEADROOM = 3 /* bits: sign, and noise on top of the bound */
};

#define PRIME_MAX 48.875 /* bits; find_primes may add a small part of one */

/* What a recipe tolerates (docs/algorithms.md): the expected error of a weight,
 * relative to a typical one, and the bits of masks. The paper's weights are to
 * agree with its plaintext run to 2e-5 when scaled back. */
static const struct {
    double noise;
    int mask_bits;
} tolerance[] = {{0x1.3ap-15, 14}, {0.022, 12}};

/* With few rows a column, unseen rows are longer than those trained on, and so
 * are the errors of their scores. */
static double tolerated(const bf_job *job)
{
    double noise = tolerance[job->recipe.kind].noise * job->typical.weight;
    if (job->recipe.kind == BF_RECIPE_PAPER) return noise;
    double rows = (double)job->layout.n / (double)job->layout.cols;
    return noise * fmin(1, sqrt(rows) / 4);
}

typedef struct chain {
    unsigned n_q;
    double bits[BF_MAX_Q];   /* wanted */
    uint64_t prime[BF_MAX_Q]; /* nearest to 2^bits */
} chain;

/* Whether iteration t has scores, and so a polynomial. */
static bool has_scores(const bf_job *job, unsigned t)
{
    return t > 0 || !job->schedule.zero_start;
}

unsigned bf_job_gradient_primes(const bf_job *job, unsigned t)
{
    return has_scores(job, t) ? job->gradient_primes : 1;
}

static unsigned iteration_depth(const bf_job *job, unsigned t)
{
    unsigned g = bf_job_gradient_primes(job, t);
    return has_scores(job, t) ? 1 + job->form.primes + g : g;
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
    return job->schedule.zero_start ? top : top - job->form.primes;
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

/* log2 of the scale of errors, before the spread mask. */
static double log_errors(const bf_job *job, unsigned t)
{
    if (!has_scores(job, t)) return job->log_labels;
    bool late = job->form.division == BF_DIVIDE_LATE;
    return job->log_dense * (late ? job->form.degree : 1);
}

/* log2 of what the gradient of iteration t is divided by, if the scale of the
 * weights that it leads to is 1. */
static double log_gradient(const bf_job *job, unsigned t)
{
    return job->log_x + log_errors(job, t) + job->log_mask - log_step(job, t);
}

/* The scale v' of weights between two iterations, or at the end: it moves bits
 * from the primes of G to that of the following Z (or to q0) and costs none, so
 * it is as large as the primes allow. */
static double weight_scale(const bf_job *job, unsigned next, double z_rest)
{
    unsigned g = bf_job_gradient_primes(job, next - 1);
    double above = z_rest;
    if (next == job->schedule.iterations)
        above = log2(job->ranges.weight) + WEIGHT_HEADROOM;
    return fmin(PRIME_MAX - above, log_gradient(job, next - 1) - g * PRIME_MIN);
}

/* The dense scale of a joined polynomial (linalg/sigmoid.h): its primes have
 * that many bits, the last one twice as many. */
#define JOINED_BITS 24.45
/* The least dense scale of a late division that is tried, and how finely. */
#define LATE_MIN 12.0
#define LATE_STEP 0.125

static bool push(chain *c, double bits)
{
    bool fits = bits >= PRIME_MIN && bits <= PRIME_MAX;
    fits |= bits == JOINED_BITS || bits == 2 * JOINED_BITS;
    if (!fits || c->n_q == BF_MAX_Q) return false;
    c->bits[c->n_q++] = bits;
    return true;
}

/* Bottom up. False when a prime would be too small or too large. */
static bool make_chain(bf_job *job, chain *c, double log_v0)
{
    const bf_schedule *s = &job->schedule;
    double z_rest = job->log_x + job->layout.log_m + job->log_mask + 1 +
                    log2(job->form.norm) - job->log_dense;
    double v = weight_scale(job, s->iterations, z_rest);
    c->n_q = 0;
    if (!push(c, v + log2(job->ranges.weight) + WEIGHT_HEADROOM)) return false;
    for (unsigned t = s->iterations; t-- > 0;) {
        unsigned g = bf_job_gradient_primes(job, t);
        for (unsigned i = 0; i < g; i++)
            if (!push(c, (log_gradient(job, t) - v) / g)) return false;
        if (!has_scores(job, t)) break;
        for (unsigned i = 0; i < job->form.primes; i++) {
            bool both = i == 0 && job->form.division == BF_DIVIDE_JOINED;
            if (!push(c, (both ? 2 : 1) * job->log_dense)) return false;
        }
        if (t > 0)
            v = weight_scale(job, t, z_rest);
        else
            job->log_v0 = v = fmin(PRIME_MAX - z_rest, log_v0);
        if (!push(c, v + z_rest)) return false;
    }
    return true;
}

/* What scores of this many bits of precision need. */
static double dense_wanted(const bf_job *job, int bits)
{
    return ceil(bits + job->layout.log_n - log2(18) / 2 +
                log2(job->form.norm) + 1);
}

static bool set_precision(bf_job *job, chain *c, int bits)
{
    const bf_layout *l = &job->layout;
    double log_n = l->log_n;
    double log_v0 = bits + START_BITS + log2(3.24) + log2(2 * (double)l->f) / 2;
    job->log_x = bits + log2(3.24) + log_n / 2 - log2(job->typical.entry);
    job->log_dense = dense_wanted(job, bits);
    if (job->form.division == BF_DIVIDE_EACH)
        job->log_dense = fmax(PRIME_MIN, job->log_dense);
    if (job->form.division == BF_DIVIDE_JOINED) job->log_dense = JOINED_BITS;
    job->log_labels = job->log_dense;
    if (job->form.division != BF_DIVIDE_LATE)
        return make_chain(job, c, log_v0);
    /* As precise as the primes of gradients allow, but no more than wanted. */
    for (; job->log_dense >= LATE_MIN; job->log_dense -= LATE_STEP)
        if (make_chain(job, c, log_v0)) return true;
    return false;
}

/* A prime as near to 2^bits as there is: a scale that is off by a part of a
 * bit is raised to the polynomial's degree in every iteration. */
static uint64_t nearest_prime(double bits, unsigned log_n, const uint64_t *used,
                              unsigned count)
{
    uint64_t target = (uint64_t)exp2(bits);
    uint64_t below = bf_prime_below(target, log_n, used, count);
    uint64_t above = bf_prime_above(target, log_n, used, count);
    if (!above || above >> BF_PRIME_BITS_MAX) return below;
    if (!below) return above;
    return above - target < target - below ? above : below;
}

/* Prime number i, nearest to 2^bits; *bits becomes its logarithm. */
static bool find_prime(chain *c, unsigned log_n, unsigned i, double *bits)
{
    /* The ones above it are taken already. */
    c->prime[i] = nearest_prime(*bits, log_n, c->prime + i + 1, c->n_q - i - 1);
    *bits = log2((double)c->prime[i]);
    return c->prime[i] != 0;
}

/* Prime number i, to divide a scale that is off by *off, which becomes what is
 * left of it. */
static bool find_rest(chain *c, unsigned log_n, unsigned i, double *off)
{
    double wanted = c->bits[i] + *off, bits = wanted;
    if (!find_prime(c, log_n, i, &bits)) return false;
    *off = wanted - bits;
    return true;
}

/* The primes of Z and of the polynomial, from *next - 1 downwards. */
static bool find_score_primes(const bf_job *job, chain *c, unsigned *next,
                              double *off)
{
    const bf_sigmoid_form *form = &job->form;
    unsigned log_n = job->layout.log_n;
    double level[BF_MAX_Q];
    if (!find_rest(c, log_n, --*next, off)) return false;
    double z = job->log_dense + *off;
    for (unsigned k = 0; k < form->primes; k++) {
        level[k] = c->bits[--*next];
        if (k + 1 == form->primes && form->division == BF_DIVIDE_JOINED)
            level[k] += bf_sigmoid_log_scale(form, z, level) - job->log_dense;
        if (!find_prime(c, log_n, *next, &level[k])) return false;
    }
    *off = bf_sigmoid_log_scale(form, z, level) - log_errors(job, 1);
    return true;
}

/* From the top. Short primes of a large ring are few and lie far from what is
 * wanted; left alone, the scale's error would be raised to the polynomial's
 * degree in every iteration. So the long primes, which can be had to a small
 * part of a bit, make up for it: that of Z for the scale of the weights, a
 * joined one for the short primes above it, that of G for what is left. */
static bool find_primes(const bf_job *job, chain *c)
{
    unsigned log_n = job->layout.log_n, i = c->n_q;
    double off = 0; /* log2 of the scale over the one wanted: weights, then y */
    for (unsigned t = 0; t < job->schedule.iterations; t++) {
        if (has_scores(job, t) && !find_score_primes(job, c, &i, &off))
            return false;
        for (unsigned k = bf_job_gradient_primes(job, t); k > 0; k--)
            if (!find_rest(c, log_n, --i, &off)) return false;
    }
    double bits = c->bits[0] + off;
    return find_prime(c, log_n, 0, &bits);
}

/* Special primes for digits of alpha limbs: P must exceed every digit. */
static bool fit_special(bf_params *out, unsigned log_n, const chain *c,
                        unsigned alpha)
{
    double widest = 0, total = 0;
    for (unsigned i = 0; i < c->n_q; i += alpha) {
        double digit = 0;
        for (unsigned k = i; k < i + alpha && k < c->n_q; k++)
            digit += log2((double)c->prime[k]);
        total += digit;
        widest = fmax(widest, digit);
    }
    unsigned n_p = (unsigned)ceil((widest + 1) / PRIME_MAX);
    double limit = bf_security_log2_qp_limit(log_n, 128);
    if (n_p > BF_MAX_P || total + widest > limit) return false;
    *out = (bf_params){.log_n = log_n, .n_q = c->n_q, .n_p = n_p,
                       .digit_limbs = alpha};
    uint64_t used[BF_MAX_Q + BF_MAX_P];
    memcpy(used, c->prime, c->n_q * sizeof *used);
    memcpy(out->q, c->prime, c->n_q * sizeof *used);
    for (unsigned k = 0; k < n_p; k++) {
        uint64_t p = nearest_prime((widest + 0.5) / n_p, log_n, used,
                                   c->n_q + k);
        if (!p) return false;
        used[c->n_q + k] = out->p[k] = p;
    }
    double log2_p = bf_params_log2_p(out);
    return log2_p > widest && total + log2_p <= limit;
}

/* Key switching in transforms of one limb, with conversions taken as a third
 * as much again and two inner products of a limb as a third each. */
static double key_switch_cost(const bf_params *p, const bf_counters *c,
                              unsigned limbs)
{
    double digits = (limbs + p->digit_limbs - 1) / p->digit_limbs;
    double wide = limbs + p->n_p;
    return wide * (1.35 * digits * (double)c->mod_ups[limbs] +
                   1.35 * 2 * (double)c->mod_downs[limbs] +
                   0.33 * digits * (double)c->key_switches[limbs]);
}

#define FIXED_BYTES ((uint64_t)192 << 20)

/* What to minimise: server work, with bytes taken at a tenth of a gigabyte a
 * second for the owner's encryption and the wire. One unit is the work of a
 * transform per element and stage, about 0.15 ns. */
#define COST_PER_BYTE (10e-9 / 0.15e-9)

double bf_job_work(const bf_params *p, const bf_counters *c)
{
    double sum = 0, n = (double)((size_t)1 << p->log_n);
    for (unsigned l = 1; l <= p->n_q; l++)
        sum += key_switch_cost(p, c, l);
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
    /* The weights after every iteration but the last have two limbs left. */
    unsigned two = job->params.n_q < 2 ? 1 : 2;
    plan->model_bytes = 2 * packed_bytes(&job->params, 1, false) +
                        (job->schedule.iterations - 1) * 2 *
                            packed_bytes(&job->params, two, false);
}

bf_status bf_plan_check_memory(const bf_plan *plan, uint64_t allowed)
{
    double need = (double)plan->memory_bytes / 1e9;
    uint64_t left = bf_memory_available();
    if (allowed && plan->memory_bytes > allowed)
        return bf_fail(BF_ERR_MEMORY,
                       "the job needs %.2f GB of memory, %.2f GB are allowed",
                       need, (double)allowed / 1e9);
    if (plan->memory_bytes > left)
        return bf_fail(BF_ERR_MEMORY,
                       "the job needs %.2f GB of memory, %.2f GB are free",
                       need, (double)left / 1e9);
    return BF_OK;
}

/* Everything that follows from counters, key needs and parameters. */
static void plan_sizes(bf_plan *plan, const bf_job *job)
{
    const bf_params *p = &job->params;
    plan->key_bytes = plan->memory_bytes = 0;
    for (size_t i = 0; i < plan->key_count; i++) {
        unsigned limbs = plan->keys[i].limbs;
        uint64_t digits = (limbs + p->digit_limbs - 1) / p->digit_limbs;
        plan->key_bytes += digits * packed_bytes(p, limbs, true);
        plan->memory_bytes +=
            digits * (limbs + p->n_p) * 2 * ((uint64_t)8 << p->log_n);
    }
    plan_uploads(plan, job);
    /* Blocks are rounded up to quarter steps between powers of two, and some lie
     * idle; the rest is code, tables and scratch. */
    plan->memory_bytes += plan->circuit_bytes / 4 * 5 + FIXED_BYTES;
    plan->log2_qp = bf_params_log2_q(p, p->n_q) + bf_params_log2_p(p);
    plan->security_bits = bf_security_bits(p->log_n, plan->log2_qp);
    plan->work = bf_job_work(p, &plan->counters);
    plan->cost = plan->work +
                 COST_PER_BYTE * (double)(plan->upload_bytes + plan->key_bytes);
}

static bf_status copy_keys(bf_plan *plan, const bf_eval *ev)
{
    const bf_key_need *needs;
    plan->key_count = bf_eval_key_needs(ev, &needs);
    plan->keys = bf_alloc(plan->key_count * sizeof *needs);
    if (!plan->keys) return BF_ERR_MEMORY;
    memcpy(plan->keys, needs, plan->key_count * sizeof *needs);
    return BF_OK;
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
        y[i] = symbolic_input(ctx, bf_job_y_limbs(job), exp2(job->log_labels),
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
    BF_GOTO(copy_keys(&p, ev), done);
    p.circuit_bytes = bf_eval_peak_bytes(ev);
    /* An element of period F keeps 2F of N coefficients' errors. */
    p.weight_noise =
        weights.noise * sqrt(2.0 * (double)job->layout.f) / weights.scale;
    p.weight_scale = weights.scale;
    plan_sizes(&p, job);
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

/* Takes the plan over, or frees it. */
static void consider(search *s, const bf_job *job, bf_plan *plan)
{
    bool fits = !s->options->max_memory ||
                plan->memory_bytes <= s->options->max_memory;
    if (!fits || (s->found && plan->cost >= s->best.cost)) {
        bf_plan_clear(plan);
        return;
    }
    bf_plan_clear(&s->best);
    s->best = *plan;
    s->best_job = *job;
    s->found = true;
}

/* The digit length of least cost: counters and needs do not depend on it. */
static bool fit_digits(bf_job *job, const chain *c, bf_plan *plan)
{
    bf_params best = {0};
    double cost = INFINITY;
    for (unsigned alpha = c->n_q; alpha >= 1; alpha--) {
        if (!fit_special(&job->params, job->layout.log_n, c, alpha))
            continue;
        plan_sizes(plan, job);
        if (plan->cost < cost) {
            cost = plan->cost;
            best = job->params;
        }
    }
    if (cost == INFINITY) return false;
    job->params = best;
    plan_sizes(plan, job);
    return true;
}

/* The fewest bits that keep the recipe's tolerance. */
static void consider_bits(search *s, bf_job *job)
{
    chain c;
    double wanted = tolerated(job);
    for (int bits = BITS_MIN; bits <= BITS_MAX; bits++) {
        bf_plan plan;
        bool secure = false;
        if (!set_precision(job, &c, bits) ||
            !find_primes(job, &c))
            continue;
        for (unsigned alpha = 1; alpha <= c.n_q && !secure; alpha++)
            secure = fit_special(&job->params, job->layout.log_n, &c, alpha);
        if (!secure || bf_job_walk(&plan, job) != BF_OK) return;
        bool hopeless = s->found && plan.work > 2 * s->best.cost;
        if (plan.weight_noise <= wanted && fit_digits(job, &c, &plan)) {
            consider(s, job, &plan);
            return;
        }
        bf_plan_clear(&plan);
        if (hopeless) return; /* more bits make it no cheaper */
    }
}

/* Ways to divide: with fewer primes, a dense scale that the primes dictate; it
 * may keep no tolerance, the walk tells. */
static void consider_layout(search *s, const bf_job *base)
{
    static const struct {
        bf_division polynomial;
        unsigned gradient;
    } ways[] = {{BF_DIVIDE_LATE, 1}, {BF_DIVIDE_LATE, 2}, {BF_DIVIDE_LATE, 3},
                {BF_DIVIDE_JOINED, 1}, {BF_DIVIDE_EACH, 1}};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        bf_job job = *base;
        job.log_mask = bf_mask_log_scale(&job.layout,
                                         tolerance[job.recipe.kind].mask_bits);
        job.gradient_primes = ways[i].gradient;
        if (bf_sigmoid_form_divide(&job.form, ways[i].polynomial))
            consider_bits(s, &job);
    }
}

/* A rough count of key switches times the ring's size, to leave out layouts
 * that can't win without walking them: a pack and an expansion of m elements, a
 * few switches per output. */
static double rough_work(const bf_layout *l)
{
    double outs = (double)(l->chunks * l->classes);
    return (2 * (double)l->m + 3 * outs) * exp2(l->log_n);
}

#define ROUGH_FACTOR 1.6 /* how far the rough count may mislead */

static double least_rough_work(const bf_job *base, unsigned log_n, size_t n,
                               size_t cols, size_t classes)
{
    double least = INFINITY;
    bf_layout l;
    for (size_t f = 1; f <= (size_t)1 << (log_n - 1); f *= 2)
        if (bf_layout_make(&l, log_n, n, cols, classes, base->recipe.batch, f,
                           1) == BF_OK)
            least = fmin(least, rough_work(&l));
    return least;
}

static bool inputs_fit(const search *s, const bf_job *job)
{
    const bf_layout *l = &job->layout;
    uint64_t limb = (uint64_t)16 << l->log_n;
    uint64_t inputs = (uint64_t)l->chunks * l->pairs * bf_job_x_limbs(job);
    return !s->options->max_memory || inputs * limb <= s->options->max_memory;
}

static void consider_ring(search *s, const bf_job *base, unsigned log_n,
                          size_t n, size_t cols, size_t classes)
{
    double least = least_rough_work(base, log_n, n, cols, classes);
    if (s->found) least = fmin(least, rough_work(&s->best_job.layout));
    for (size_t f = (size_t)1 << (log_n - 1); f >= 1; f /= 2) {
        if (s->options->f && s->options->f != f) continue;
        for (size_t k = 1; k <= f && k <= 64; k *= 2) {
            bf_job job = *base;
            if (s->options->k && s->options->k != k) continue;
            if (bf_layout_make(&job.layout, log_n, n, cols, classes,
                               base->recipe.batch, f, k) != BF_OK)
                continue;
            if (rough_work(&job.layout) <= ROUGH_FACTOR * least &&
                inputs_fit(s, &job))
                consider_layout(s, &job);
        }
    }
}

/* Root mean squares behind the bounds: entries of a row share its norm; scores,
 * weights and steps lie at a fraction of what their tails reach. */
static bf_ranges typical_magnitudes(const bf_ranges *r, const bf_recipe *recipe,
                                    size_t cols)
{
    unsigned iterations = recipe->iterations;
    bf_ranges t = *r;
    for (unsigned i = 0; i < iterations; i++) t.logit[i] = r->logit[i] / 6;
    t.residual = 0.5;
    t.update = r->update / 16;
    if (recipe->kind == BF_RECIPE_PAPER) { /* row sums of X^T X/n are at most 1 */
        t.entry = sqrt(2 / (double)cols);
        t.weight = r->weight / 16;
    } else {
        t.entry = r->row / sqrt((double)cols);
        t.weight = r->weight / 4 / r->row; /* logits of 1/6 of their bound */
    }
    return t;
}

bf_status bf_job_derive(bf_job *job, size_t n, size_t classes, size_t f,
                        size_t k)
{
    size_t cols = bf_recipe_outputs(&job->recipe, n, job->features);
    BF_TRY(bf_schedule_make(&job->schedule, &job->recipe, n));
    bf_division division = job->form.division;
    BF_TRY(bf_sigmoid_form_make(&job->form, &job->schedule.sigmoid));
    if (!bf_sigmoid_form_divide(&job->form, division))
        return bf_fail(BF_ERR_ARGUMENT,
                       "the job's polynomial can't be divided as it says");
    BF_TRY(bf_recipe_bounds(&job->ranges, &job->recipe, n, cols));
    job->typical = typical_magnitudes(&job->ranges, &job->recipe, cols);
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
    base.typical = typical_magnitudes(&base.ranges, recipe, cols);
    BF_TRY(bf_sigmoid_form_make(&base.form, &base.schedule.sigmoid));
    search s = {.options = options};
    for (unsigned log_n = 13; log_n <= 16; log_n++)
        if (!options->log_n || options->log_n == log_n)
            consider_ring(&s, &base, log_n, n, cols, classes);
    if (!s.found)
        return bf_fail(BF_ERR_ARGUMENT,
                       "no 128-bit parameters fit %u iterations over %zu x %zu "
                       "with %zu classes%s (fewer iterations need less)",
                       recipe->iterations, n, features, classes,
                       options->max_memory ? " in the memory allowed" : "");
    *job = s.best_job;
    *plan = s.best;
    return BF_OK;
}
