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

/* a under the key's other secret, in place. */
static bf_status key_switch(bf_eval *ev, bf_ct *a, const bf_switch_key *key)
{
    bf_count(&ev->counters.key_switches[a->limbs], 1);
    bf_count_symbolic(ev, a->limbs, 1, 1);
    a->noise = hypot(a->noise, bf_noise_key_switch(ev->ctx, a->limbs));
    if (!a->data) return BF_OK;
    return bf_ks_switch(ev, a, a, 1, key, false);
}

/* Coefficient j of one is coefficient j*N/n of the other: the small ring's in
 * `in` when `up`. Roots of the rings are unrelated, so by coefficients. */
static bf_status map_coefficients(bf_eval *from, bf_eval *to, bf_ct *out,
                                  const bf_ct *a)
{
    const bf_ring *in_ring = from->ctx->ring, *out_ring = to->ctx->ring;
    bool up = out_ring->n > in_ring->n;
    bf_first_error failed = {0};
    size_t count = up ? in_ring->n : out_ring->n;
    size_t step_in = in_ring->n / count, step_out = out_ring->n / count;
#pragma omp parallel for collapse(2) schedule(dynamic) if (!bf_serial())
    for (unsigned i = 0; i < a->limbs; i++)
        for (unsigned k = 0; k < 2; k++) {
            double *x = bf_eval_scratch(from, 1);
            double *o = bf_ct_limb(out, k, i, out_ring->n);
            if (!x) {
                bf_first_error_keep(&failed, BF_ERR_MEMORY);
                continue;
            }
            memcpy(x, bf_ct_limb(a, k, i, in_ring->n),
                   in_ring->n * sizeof *x);
            bf_ntt_inverse(in_ring, i, x);
            if (up) memset(o, 0, out_ring->n * sizeof *o);
            for (size_t j = 0; j < count; j++)
                o[j * step_out] = x[j * step_in];
            bf_ntt_forward(out_ring, i, o);
            bf_eval_scratch_give(from, x, 1);
        }
    return bf_first_error_raise(&failed);
}

static bf_status check(const bf_eval *from, const bf_eval *to,
                       const bf_eval *large, const bf_ct *a,
                       const bf_switch_key *key, bf_key_use use)
{
    BF_TRY(bf_eval_check(from, a, 2, "ring switch"));
    if (!from->keys != !to->keys)
        return bf_fail(BF_ERR_ARGUMENT,
                       "ring switch: one evaluator is symbolic");
    if (!from->keys) return BF_OK;
    if (!key || !key->data || key->ctx != large->ctx || key->name.use != use ||
        key->limbs < a->limbs)
        return bf_fail(BF_ERR_MISMATCH, "ring switch at %u limbs: the key is "
                       "of other parameters, not for this, or reaches fewer",
                       a->limbs);
    return BF_OK;
}

/* out = res; where out is the input, its memory is that of the other ring. */
static void replace(bf_eval *from, bf_eval *to, bf_ct *out, const bf_ct *a,
                    bf_ct *res)
{
    if (out == a) bf_eval_release(from, out);
    bf_move(to, out, res);
}

bf_status bf_ring_switch_up(bf_eval *from, bf_eval *to, bf_ct *out,
                            const bf_ct *a, const bf_switch_key *key)
{
    bf_ct res = {0};
    BF_TRY(check(from, to, to, a, key, BF_KEY_RING_UP));
    BF_TRY(bf_ring_switch_check(from->ctx, to->ctx, a->limbs));
    BF_TRY(bf_eval_new(to, &res, a->limbs, 2));
    res.scale = a->scale;
    res.bound = a->bound;
    /* The same error in n of N coefficients. */
    double spread = (double)bf_eval_n(from) / (double)bf_eval_n(to);
    res.noise = a->noise * sqrt(spread);
    bf_status status = BF_OK;
    if (res.data) status = map_coefficients(from, to, &res, a);
    if (status == BF_OK) status = key_switch(to, &res, key);
    if (status == BF_OK)
        replace(from, to, out, a, &res);
    else
        bf_eval_release(to, &res);
    return status;
}

bf_status bf_ring_switch_down(bf_eval *from, bf_eval *to, bf_ct *out,
                              const bf_ct *a, const bf_switch_key *key)
{
    bf_ct under = {0}, res = {0};
    bf_status status;
    BF_TRY(check(from, to, from, a, key, BF_KEY_RING_DOWN));
    BF_TRY(bf_ring_switch_check(to->ctx, from->ctx, a->limbs));
    BF_GOTO(bf_copy(from, &under, a), done);
    BF_GOTO(key_switch(from, &under, key), done);
    BF_GOTO(bf_eval_new(to, &res, a->limbs, 2), done);
    res.scale = a->scale;
    res.bound = a->bound;
    res.noise = under.noise;
    if (res.data) BF_GOTO(map_coefficients(from, to, &res, &under), done);
    replace(from, to, out, a, &res);
done:
    bf_eval_release(from, &under);
    bf_eval_release(to, &res);
    return status;
}
