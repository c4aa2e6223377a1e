#include "ckks/ringswitch.h"

#include <math.h>
#include <string.h>

#include "ckks/eval_internal.h"

bf_status bf_ring_switch_params(bf_params *small, const bf_params *large,
                                unsigned log_n, unsigned n_q, unsigned n_p,
                                unsigned digit_limbs)
{
    if (log_n >= large->log_n || n_q < 1 || n_q > large->n_q || n_p < 1 ||
        n_p > large->n_p)
        return bf_fail(BF_ERR_ARGUMENT,
                       "a ring of 2^%u with %u+%u primes inside one of 2^%u "
                       "with %u+%u",
                       log_n, n_q, n_p, large->log_n, large->n_q, large->n_p);
    *small = (bf_params){.log_n = log_n, .n_q = n_q, .n_p = n_p,
                         .digit_limbs = digit_limbs};
    memcpy(small->q, large->q, n_q * sizeof *small->q);
    memcpy(small->p, large->p, n_p * sizeof *small->p);
    return BF_OK;
}

bf_status bf_ring_switch_check(const bf_context *small, const bf_context *large,
                               unsigned limbs)
{
    const bf_params *s = &small->params, *l = &large->params;
    bool fits = s->log_n < l->log_n && limbs >= 1 && limbs <= s->n_q &&
                limbs <= l->n_q;
    for (unsigned i = 0; fits && i < limbs; i++) fits = s->q[i] == l->q[i];
    if (fits) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "switch between rings of 2^%u and 2^%u at %u limbs: the "
                   "first must be smaller and have the same primes",
                   s->log_n, l->log_n, limbs);
}

typedef struct map_job {
    bf_eval *large; /* of the larger ring */
    bf_ct *out;
    const bf_ct *a;
} map_job;

/* Coefficient j of the small ring is coefficient j*N/n of the large ring. The
 * roots of the rings have no such relation, so the map works on coefficients.
 */
static bf_status map_limb(void *user, size_t index)
{
    const map_job *job = user;
    const bf_ring *in = job->a->ctx->ring, *out = job->out->ctx->ring;
    bool up = out->n > in->n;
    size_t count = up ? in->n : out->n;
    size_t step_in = in->n / count, step_out = out->n / count;
    unsigned i = (unsigned)index / 2, k = index % 2;
    double *x = bf_eval_scratch(job->large, 1);
    double *o = bf_ct_limb(job->out, k, i, out->n);
    if (!x) return BF_ERR_MEMORY;
    memcpy(x, bf_ct_limb(job->a, k, i, in->n), in->n * sizeof *x);
    bf_ntt_inverse(in, i, x);
    if (up) memset(o, 0, out->n * sizeof *o);
    for (size_t j = 0; j < count; j++) o[j * step_out] = x[j * step_in];
    bf_ntt_forward(out, i, o);
    bf_eval_scratch_give(job->large, x, 1);
    return BF_OK;
}

static bf_status map_coefficients(bf_eval *large, bf_ct *out, const bf_ct *a)
{
    map_job job = {large, out, a};
    return bf_parallel_for(2 * (size_t)out->limbs, false, map_limb, &job);
}

bf_status bf_ring_spread(bf_eval *to, bf_ct *out, const bf_ct *a,
                         unsigned limbs)
{
    bf_ct res = {0};
    BF_TRY(bf_ring_switch_check(a->ctx, to->ctx, limbs));
    BF_TRY(bf_eval_new(to, &res, limbs, 2));
    res.scale = a->scale;
    res.bound = a->bound;
    /* The same error in n of N coefficients. */
    double n = (double)a->ctx->ring->n;
    res.noise = a->noise * sqrt(n / (double)bf_eval_n(to));
    bf_status status = BF_OK;
    if (res.data) status = map_coefficients(to, &res, a);
    if (status == BF_OK)
        bf_move(to, out, &res);
    else
        bf_eval_release(to, &res);
    return status;
}

bf_status bf_ring_key_switch(bf_eval *ev, bf_ct *a, bf_key_name name)
{
    const bf_switch_key *key;
    BF_TRY(bf_eval_key(ev, name, a->limbs, &key));
    bf_count_symbolic(ev, a->limbs, 1, 1);
    a->noise = hypot(a->noise, ev->ks_noise[a->limbs]);
    return a->data ? bf_ks_switch(ev, a, a, 1, key, false) : BF_OK;
}

static bf_key_name key_name(bf_key_use use, const bf_eval *small,
                            const bf_eval *large)
{
    return (bf_key_name){use, 0, (uint32_t)(bf_eval_n(large) /
                                            bf_eval_n(small))};
}

static bf_status check(const bf_eval *from, const bf_eval *to, const bf_ct *a)
{
    BF_TRY(bf_eval_check(from, a, 2, "ring switch"));
    if (!from->keys != !to->keys)
        return bf_fail(BF_ERR_ARGUMENT,
                       "ring switch: one evaluator is symbolic");
    return BF_OK;
}

/* out = res. If out is also the input, its memory belongs to the other ring's
 * evaluator. */
static void replace(bf_eval *from, bf_eval *to, bf_ct *out, const bf_ct *a,
                    bf_ct *res)
{
    if (out == a) bf_eval_release(from, out);
    bf_move(to, out, res);
}

bf_status bf_ring_switch_up(bf_eval *from, bf_eval *to, bf_ct *out,
                            const bf_ct *a)
{
    bf_ct res = {0};
    BF_TRY(check(from, to, a));
    BF_TRY(bf_ring_spread(to, &res, a, a->limbs));
    bf_status status =
        bf_ring_key_switch(to, &res, key_name(BF_KEY_RING_UP, from, to));
    if (status == BF_OK)
        replace(from, to, out, a, &res);
    else
        bf_eval_release(to, &res);
    return status;
}

double bf_ring_switch_noise(const bf_context *large, unsigned limbs)
{
    return bf_noise_key_switch(large, limbs, false);
}

bf_status bf_ring_switch_down(bf_eval *from, bf_eval *to, bf_ct *out,
                              const bf_ct *a)
{
    bf_ct under = {0}, res = {0};
    bf_status status;
    BF_TRY(check(from, to, a));
    BF_TRY(bf_ring_switch_check(to->ctx, from->ctx, a->limbs));
    BF_GOTO(bf_copy(from, &under, a), done);
    BF_GOTO(bf_ring_key_switch(from, &under,
                               key_name(BF_KEY_RING_DOWN, to, from)),
            done);
    BF_GOTO(bf_eval_new(to, &res, a->limbs, 2), done);
    res.scale = a->scale;
    res.bound = a->bound;
    res.noise = under.noise;
    if (res.data) BF_GOTO(map_coefficients(from, &res, &under), done);
    replace(from, to, out, a, &res);
done:
    bf_eval_release(from, &under);
    bf_eval_release(to, &res);
    return status;
}
