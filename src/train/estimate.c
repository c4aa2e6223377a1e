/* Estimates the time of a job from timed steps. */
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/env.h"
#include "base/host.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "base/timing.h"
#include "train/handle.h"
#include "wire/pack.h"

/* ---- steps of a job ------------------------------------------------------ */

/* Keys and ciphertexts are random numbers, as nothing is decrypted. There are
 * the keys of one step of a packing tree. */
enum {
    ROTATIONS = 3,
    KEYS = 2 * ROTATIONS + 1,
    ROWS = 2,
    COLUMNS = 10,
    TERMS = 16
};

/* How long each kind of step is timed, in seconds, and over how many bytes: if
 * keys are large, fewer of them have numbers of their own. A long job passes
 * over more ciphertexts and keys than caches hold; a short one largely stays in
 * them. */
typedef struct scope {
    double budget;
    size_t input_bytes, keys_bytes;
} scope;

static const scope thorough = {0.25, (size_t)64 << 20, (size_t)256 << 20};
static const scope brief = {0.01, (size_t)8 << 20, (size_t)32 << 20};
/* Seconds of a job that is short. */
#define BRIEF_JOB 5.0

typedef struct probe {
    bf_context *ctx;
    bf_eval_keys keys; /* the first own_keys hold numbers; others share them */
    unsigned own_keys;
    bf_eval *ev;
    size_t ins, call;
    bf_ct *products; /* [ins] of three polynomials */
    bf_ct *in;       /* [ins] of two, in the same memory */
    size_t outs;
    bf_ct *out; /* ROTATIONS for each thread, or a matrix */
    unsigned least;  /* limb of the smallest prime */
    uint8_t *packed; /* residues of that limb */
    bf_status (*step)(struct probe *p, bf_ct *out, size_t in);
} probe;

static const int rotations[ROTATIONS + 1] = {1, 2, 3, 0};

static bf_key_name probe_name(const bf_context *ctx, unsigned index)
{
    uint32_t g = bf_galois_rotation(ctx, rotations[index % (ROTATIONS + 1)]);
    return index < ROTATIONS ? bf_key_galois(g) : bf_key_from_square(g);
}

static bf_status fill_key(bf_switch_key *key, unsigned index)
{
    const bf_params *params = bf_context_params(key->ctx);
    size_t n = bf_context_ring(key->ctx)->n;
    unsigned moduli = params->n_q + params->n_p;
    key->data = bf_alloc(bf_switch_key_data_bytes(params, params->n_q));
    if (!key->data) return BF_ERR_MEMORY;
    for (unsigned d = 0; d < key->digits; d++) {
        BF_TRY(bf_check_interrupt());
        for (unsigned m = 0; m < moduli; m++)
            for (unsigned half = 0; half < 2; half++)
                bf_expand_a(key->ctx, key->seed, 2 * index + half, d, m,
                            bf_switch_key_limb(key, d, m, half, n,
                                               params->n_p));
    }
    return BF_OK;
}

static bf_status probe_keys(probe *p)
{
    const bf_params *params = bf_context_params(p->ctx);
    bf_switch_key like = {.ctx = p->ctx, .limbs = params->n_q,
                          .digits = bf_params_digits(params, params->n_q)};
    p->keys.ctx = p->ctx;
    p->keys.keys = bf_alloc_zero(KEYS * sizeof *p->keys.keys);
    if (!p->keys.keys) return BF_ERR_MEMORY;
    p->keys.count = KEYS;
    for (unsigned i = 0; i < KEYS; i++) {
        bf_switch_key *key = &p->keys.keys[i];
        *key = like;
        key->name = probe_name(p->ctx, i);
        if (i < p->own_keys)
            BF_TRY(fill_key(key, i));
        else
            key->data = p->keys.keys[i % p->own_keys].data;
    }
    return BF_OK;
}

static unsigned smallest_limb(const bf_params *params)
{
    unsigned least = 0;
    for (unsigned i = 1; i < params->n_q; i++)
        if (params->q[i] < params->q[least]) least = i;
    return least;
}

/* Draws the first product; the others are copies of it. Residues of the
 * smallest prime are residues of all, wherever a limb begins. */
static bf_status probe_inputs(probe *p)
{
    static const uint8_t seed[BF_SEED_BYTES];
    const unsigned limbs = bf_context_params(p->ctx)->n_q;
    size_t n = bf_context_ring(p->ctx)->n;
    for (size_t i = 0; i < p->ins; i++) {
        bf_ct *ct = &p->products[i];
        BF_TRY(bf_check_interrupt());
        BF_TRY(bf_ct_init(ct, p->ctx, limbs, 3));
        ct->scale = 1;
        if (i > 0) memcpy(ct->data, p->products->data, ct->bytes);
        for (unsigned m = 0; i == 0 && m < limbs; m++)
            for (unsigned k = 0; k < 3; k++)
                bf_expand_a(p->ctx, seed, 3 * m + k, 0, p->least,
                            bf_ct_limb(ct, k, m, n));
        p->in[i] = *ct;
        p->in[i].polys = 2;
    }
    return BF_OK;
}

static bf_status probe_packed(probe *p)
{
    size_t n = bf_context_ring(p->ctx)->n;
    p->packed = bf_alloc(n * sizeof(double));
    return p->packed
               ? bf_pack_row(p->packed, bf_ct_limb(&p->in[0], 0, p->least, n),
                             n, bf_context_params(p->ctx)->q[p->least])
               : BF_ERR_MEMORY;
}

/* Sets the numbers of ciphertexts; returns the bytes of ciphertexts and keys.
 */
static uint64_t probe_sizes(probe *p, const bf_params *params,
                            const scope *over)
{
    size_t bytes = params->n_q * sizeof(double) << params->log_n;
    size_t threads = bf_env_threads(NULL);
    p->ins = over->input_bytes / (2 * bytes) + ROTATIONS + 1;
    p->outs = threads * ROTATIONS > ROWS * COLUMNS ? threads * ROTATIONS
                                                   : ROWS * COLUMNS;
    size_t key = bf_switch_key_data_bytes(params, params->n_q);
    p->own_keys = (unsigned)(over->keys_bytes / key);
    if (p->own_keys < 1) p->own_keys = 1;
    if (p->own_keys > KEYS) p->own_keys = KEYS;
    return p->own_keys * (uint64_t)key +
           3 * (uint64_t)(p->ins + p->outs) * bytes;
}

static bf_status probe_open(probe *p, const bf_params *params)
{
    BF_TRY(bf_context_create(&p->ctx, params, BF_BACKEND_AUTO));
    BF_TRY(probe_keys(p));
    p->in = bf_alloc_zero(p->ins * sizeof *p->in);
    p->products = bf_alloc_zero(p->ins * sizeof *p->products);
    p->out = bf_alloc_zero(p->outs * sizeof *p->out);
    if (!p->in || !p->products || !p->out) return BF_ERR_MEMORY;
    p->least = smallest_limb(params);
    BF_TRY(probe_inputs(p));
    BF_TRY(probe_packed(p));
    return bf_eval_create(&p->ev, p->ctx, &p->keys);
}

static void probe_close(probe *p)
{
    for (size_t i = 0; p->ev && i < p->outs; i++)
        bf_eval_release(p->ev, &p->out[i]);
    bf_eval_destroy(p->ev);
    for (size_t i = 0; p->products && i < p->ins; i++)
        bf_ct_clear(&p->products[i]);
    bf_free(p->packed);
    bf_free(p->in);
    bf_free(p->products);
    bf_free(p->out);
    for (size_t i = p->own_keys; i < p->keys.count; i++)
        p->keys.keys[i].data = NULL;
    bf_eval_keys_clear(&p->keys);
    bf_context_destroy(p->ctx);
}

static bf_status rotate_one(probe *p, bf_ct *out, size_t in)
{
    return bf_rotate(p->ev, out, &p->in[in], rotations[0]);
}

static bf_status rotate_many(probe *p, bf_ct *out, size_t in)
{
    return bf_rotate_many(p->ev, out, &p->in[in], rotations, ROTATIONS);
}

static bf_status rotate_sum(probe *p, bf_ct *out, size_t in)
{
    const bf_ct *term[ROTATIONS + 1];
    for (size_t i = 0; i <= ROTATIONS; i++)
        term[i] = &p->products[(in + i) % p->ins];
    return bf_rotate_sum(p->ev, out, term, rotations, ROTATIONS + 1);
}

/* One limb, as wire_ct.c unpacks it. */
static bf_status unpack_limb(probe *p, bf_ct *out, size_t in)
{
    static const uint8_t seed[BF_SEED_BYTES];
    size_t n = bf_context_ring(p->ctx)->n;
    const bf_ct *to = &p->in[in];
    (void)out;
    bf_expand_a(p->ctx, seed, in, 0, p->least, bf_ct_limb(to, 1, 0, n));
    return bf_unpack_row(bf_ct_limb(to, 0, 0, n), p->packed, n,
                         bf_context_params(p->ctx)->q[p->least]);
}

static bf_status one_thread(void *user, size_t i)
{
    probe *p = user;
    size_t in = (p->call * bf_env_threads(NULL) + i) % p->ins;
    return p->step(p, &p->out[i * ROTATIONS], in);
}

/* One step on each thread, as the trees take them. */
static bf_status all_threads(void *user)
{
    probe *p = user;
    BF_TRY(bf_check_interrupt());
    p->call++;
    return bf_parallel_for(bf_env_threads(NULL), false, one_thread, p);
}

static bf_status matrix(void *user)
{
    probe *p = user;
    const bf_ct *a[ROWS * TERMS], *b[TERMS * COLUMNS];
    for (size_t i = 0; i < ROWS * TERMS; i++) a[i] = &p->in[i % p->ins];
    for (size_t i = 0; i < TERMS * COLUMNS; i++) b[i] = &p->in[i * 7 % p->ins];
    BF_TRY(bf_check_interrupt());
    return bf_tensor_matrix(p->ev, p->out, ROWS, COLUMNS, a, b, TERMS);
}

/* ---- their prices -------------------------------------------------------- */

/* Wall time in seconds of one step on each thread. */
static bf_status time_step(double *seconds, double budget, probe *p,
                           bf_status (*step)(probe *p, bf_ct *out, size_t in))
{
    p->step = step;
    BF_TRY(bf_time_calls(seconds, budget, all_threads, p));
    *seconds /= bf_env_threads(NULL);
    return BF_OK;
}

/* A rotation is one ModUp, inner product and ModDown; three of one ciphertext
 * share the ModUp; the sum has 2 ROTATIONS + 1 of the first two and one of the
 * last. */
static bf_status measure(bf_prices *out, double budget, probe *p,
                         const bf_params *params, bool packed)
{
    double one, many, sum, product, unpack = 0;
    BF_TRY(time_step(&one, budget, p, rotate_one));
    BF_TRY(time_step(&many, budget, p, rotate_many));
    BF_TRY(time_step(&sum, budget, p, rotate_sum));
    BF_TRY(bf_time_calls(&product, budget, matrix, p));
    if (packed) BF_TRY(time_step(&unpack, budget, p, unpack_limb));
    double inner_down = fmax(many - one, 0) / (ROTATIONS - 1);
    double up = fmax(one - inner_down, 0);
    double inner = (sum - KEYS * up - inner_down) / (KEYS - 1);
    inner = fmin(fmax(inner, 0), inner_down);
    double moduli = params->n_q + params->n_p;
    double digits = p->keys.keys[0].digits;
    *out = (bf_prices){.up = up / (moduli * digits),
                       .inner = inner / (moduli * digits),
                       .down = (inner_down - inner) / moduli,
                       .tensor = product /
                                 ((double)ROWS * COLUMNS * TERMS * params->n_q),
                       .unpack = unpack};
    return BF_OK;
}

/* Ratio of the time of whole jobs to the time of their counted steps:
 * additions, copies, the first touch of memory (docs/performance.md). */
#define JOB_FACTOR 1.45

/* Steps of a hostile job may need more memory than the machine has. */
#define PROBE_MOST ((uint64_t)3 << 29)

/* Of a step in one ring to the same in another: transforms take most of it. */
static double relative_cost(const bf_params *p, const bf_params *timed)
{
    return ldexp((double)p->log_n / timed->log_n,
                 (int)p->log_n - (int)timed->log_n);
}

static bf_status price(double *seconds, double budget, probe *p,
                       const bf_job *job, const bf_plan *plan)
{
    bf_prices prices;
    BF_TRY(measure(&prices, budget, p, &job->ring[0], plan->packed));
    double sum = 0;
    for (unsigned r = 0; r < job->rings; r++)
        sum += relative_cost(&job->ring[r], &job->ring[0]) *
               bf_counters_price(&job->ring[r], &plan->counters[r], &prices);
    *seconds = JOB_FACTOR * sum;
    return BF_OK;
}

static bf_status estimate(double *seconds, const scope *over,
                          const bf_job *job, const bf_plan *plan)
{
    probe p = {0};
    bf_status status;
    uint64_t bytes = probe_sizes(&p, &job->ring[0], over);
    *seconds = NAN;
    if (bytes > PROBE_MOST || bytes > bf_memory_available() / 2) return BF_OK;
    BF_GOTO(probe_open(&p, &job->ring[0]), done);
    BF_GOTO(price(seconds, over->budget, &p, job, plan), done);
done:
    probe_close(&p);
    return status;
}

bf_status bf_job_estimate(double *seconds, const bf_job *job, bf_env *env)
{
    BF_UNDER(env);
    const bf_plan *plan;
    *seconds = NAN;
    BF_TRY(bf_job_walked(&plan, job));
    BF_TRY(estimate(seconds, &brief, job, plan));
    return *seconds > BRIEF_JOB ? estimate(seconds, &thorough, job, plan)
                                : BF_OK;
}
