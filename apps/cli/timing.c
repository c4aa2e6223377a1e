/* Medians of repeated calls, and from them how long a job will take. */
#include "base/cpu.h"
#include "base/memory.h"
#include "cli.h"
#include "train/job.h"

#define CALLS_MIN 3
#define CALLS_MAX 256

bf_status cli_time_calls(double *median, double budget,
                         bf_status (*call)(void *), void *user)
{
    double times[CALLS_MAX], begin = bf_now();
    size_t n = 0;
    BF_TRY(call(user)); /* warm */
    while (n < CALLS_MAX && (n < CALLS_MIN || bf_now() - begin < budget)) {
        double start = bf_now();
        BF_TRY(call(user));
        double t = bf_now() - start;
        size_t i = n++;
        for (; i > 0 && times[i - 1] > t; i--) times[i] = times[i - 1];
        times[i] = t;
    }
    *median = times[n / 2];
    return BF_OK;
}

/* ---- key switches of a job ------------------------------------------------ */

/* Random numbers for keys and ciphertexts: nothing is decrypted. As many of both
 * as the job has, or as no cache holds: a job finds few of its own there. */
#define PROBE_BYTES ((size_t)128 << 20)

typedef struct probe {
    bf_context *ctx;
    bf_eval_keys keys;
    bf_eval *ev;
    bf_ct *in, out;
    size_t turn;
} probe;

static bf_status probe_key(bf_switch_key *key, const bf_switch_key *like,
                           unsigned index)
{
    const bf_params *params = bf_context_params(like->ctx);
    size_t n = bf_context_ring(like->ctx)->n;
    unsigned moduli = params->n_q + params->n_p;
    *key = *like;
    key->galois = bf_galois_rotation(like->ctx, (int)index + 1);
    key->data = bf_alloc((size_t)key->digits * moduli * 2 * n * sizeof(double));
    if (!key->data) return BF_ERR_MEMORY;
    for (unsigned d = 0; d < key->digits; d++)
        for (unsigned m = 0; m < moduli; m++)
            for (unsigned half = 0; half < 2; half++)
                bf_expand_a(key->ctx, key->seed, 2 * index + half, d, m,
                            bf_switch_key_limb(key, d, m, half, n,
                                               params->n_p));
    return BF_OK;
}

static bf_status probe_input(bf_ct *in, const bf_context *ctx, size_t index)
{
    static const uint8_t seed[BF_SEED_BYTES];
    const bf_params *params = bf_context_params(ctx);
    size_t n = bf_context_ring(ctx)->n;
    BF_TRY(bf_ct_init(in, ctx, params->n_q, 2));
    in->scale = 1;
    for (unsigned i = 0; i < in->limbs; i++)
        for (unsigned k = 0; k < 2; k++)
            bf_expand_a(ctx, seed, 2 * index + k, 0, i,
                        bf_ct_limb(in, k, i, n));
    return BF_OK;
}

static bf_status probe_open(probe *p, const bf_job *job, const bf_plan *plan)
{
    const bf_params *params = &job->params;
    BF_TRY(bf_context_create(&p->ctx, params, BF_BACKEND_AUTO));
    unsigned alpha = params->digit_limbs;
    bf_switch_key like = {.ctx = p->ctx, .limbs = params->n_q,
                          .digits = (params->n_q + alpha - 1) / alpha};
    size_t bytes = (size_t)like.digits * (params->n_q + params->n_p) * 2 *
                   bf_context_ring(p->ctx)->n * sizeof(double);
    size_t count = PROBE_BYTES / bytes + 1;
    if (count > plan->key_count) count = plan->key_count;
    p->keys.ctx = p->ctx;
    p->keys.keys = bf_alloc_zero(count * sizeof *p->keys.keys);
    p->in = bf_alloc_zero(count * sizeof *p->in);
    if (!p->keys.keys || !p->in) return BF_ERR_MEMORY;
    p->keys.count = count;
    for (size_t i = 0; i < count; i++) {
        BF_TRY(probe_key(&p->keys.keys[i], &like, (unsigned)i));
        BF_TRY(probe_input(&p->in[i], p->ctx, i));
    }
    return bf_eval_create(&p->ev, p->ctx, &p->keys);
}

static void probe_close(probe *p)
{
    if (p->ev) bf_eval_release(p->ev, &p->out);
    bf_eval_destroy(p->ev);
    for (size_t i = 0; p->in && i < p->keys.count; i++) bf_ct_clear(&p->in[i]);
    bf_free(p->in);
    bf_eval_keys_clear(&p->keys);
    bf_context_destroy(p->ctx);
}

static bf_status probe_call(void *user)
{
    probe *p = user;
    size_t i = p->turn++ % p->keys.count;
    BF_TRY(bf_check_interrupt());
    return bf_automorphism(p->ev, &p->out, &p->in[i], p->keys.keys[i].galois);
}

/* Seconds of one unit of bf_job_work(), on all threads. */
static bf_status time_unit(double *seconds, const bf_job *job,
                           const bf_plan *plan)
{
    probe p = {0};
    bf_counters one;
    bf_status status;
    BF_GOTO(probe_open(&p, job, plan), done);
    BF_GOTO(probe_call(&p), done);
    bf_eval_counters(p.ev, &one);
    BF_GOTO(cli_time_calls(seconds, 0.8, probe_call, &p), done);
    *seconds /= bf_job_work(&job->params, &one);
done:
    probe_close(&p);
    return status;
}

/* Time of whole jobs against that of as much work in single key switches: 1.0 to
 * 1.6 (docs/performance.md). Additions, copies and the first touch of memory are
 * not counted. */
#define JOB_FACTOR 1.3

bf_status cli_estimate(double *seconds, const bf_job *job, const bf_plan *plan)
{
    double unit;
    BF_TRY(time_unit(&unit, job, plan));
    *seconds = JOB_FACTOR * plan->work * unit;
    return BF_OK;
}
