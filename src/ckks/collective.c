#include "ckks/collective.h"

#include "ckks/eval_internal.h"
#include "ckks/ringswitch.h"

double bf_import_noise(const bf_context *ctx, unsigned limbs)
{
    return bf_noise_key_switch(ctx, limbs, false);
}

bf_status bf_import(bf_eval *ev, bf_ct *out, const bf_ct *a, unsigned k)
{
    BF_TRY(bf_eval_check(ev, a, 2, "import"));
    BF_TRY(bf_copy(ev, out, a));
    out->seeded = false;
    bf_status s =
        bf_ring_key_switch(ev, out, (bf_key_name){BF_KEY_IMPORT, 0, k});
    if (s != BF_OK) bf_eval_release(ev, out);
    return s;
}

static size_t limbs_of(const bf_switch_key *k)
{
    return (size_t)k->digits * (k->limbs + k->ctx->params.n_p);
}

static bf_status check_key(const bf_switch_key *a, const bf_switch_key *b)
{
    if (bf_key_same(a->name, b->name) && a->limbs == b->limbs) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "shares of %u limbs of %s, and of %u limbs "
                   "of another key",
                   a->limbs, bf_key_text(a->name), b->limbs);
}

static bf_status check_sets(const bf_eval_keys *a, const bf_eval_keys *b)
{
    if (!bf_context_same(a->ctx, b->ctx))
        return bf_fail(BF_ERR_MISMATCH, "shares of different parameters");
    if (a->count != b->count)
        return bf_fail(BF_ERR_MISMATCH, "shares of %zu keys, and of %zu",
                       a->count, b->count);
    for (size_t i = 0; i < a->count; i++)
        BF_TRY(check_key(&a->keys[i], &b->keys[i]));
    return BF_OK;
}

static bf_status check_addable(const bf_eval_keys *sum,
                               const bf_eval_keys *share)
{
    BF_TRY(check_sets(sum, share));
    for (size_t i = 0; i < sum->count; i++) {
        const bf_switch_key *a = &sum->keys[i], *b = &share->keys[i];
        if (a->a != b->a || a->seed_index != b->seed_index ||
            memcmp(a->seed, b->seed, BF_SEED_BYTES) != 0)
            return bf_fail(BF_ERR_MISMATCH,
                           "shares of %s with different a "
                           "halves",
                           bf_key_text(a->name));
    }
    return BF_OK;
}

typedef struct half_job {
    double *to;
    const double *from; /* of the same key */
    const bf_switch_key *key;
} half_job;

/* Offset of row i of a key, in either half, and the row's modulus in the ring.
 */
static size_t row_at(const bf_switch_key *k, size_t i, unsigned half,
                     unsigned *modulus)
{
    const bf_params *p = &k->ctx->params;
    unsigned index = (unsigned)(i % (k->limbs + p->n_p));
    *modulus = index < k->limbs ? index : p->n_q + index - k->limbs;
    return (2 * i + half) * k->ctx->ring->n;
}

static void add_row(void *user, size_t i)
{
    const half_job *job = user;
    unsigned m, halves = job->key->a == BF_KEY_A_WHOLE ? 2 : 1;
    for (unsigned half = 0; half < halves; half++) {
        size_t at = row_at(job->key, i, half, &m);
        bf_limb_add(job->key->ctx->ring, m, job->to + at, job->to + at,
                    job->from + at);
    }
}

static void copy_a_row(void *user, size_t i)
{
    const half_job *job = user;
    unsigned m;
    size_t at = row_at(job->key, i, 1, &m);
    memcpy(job->to + at, job->from + at,
           job->key->ctx->ring->n * sizeof(double));
}

static bf_status copy_set(bf_eval_keys *out, const bf_eval_keys *in)
{
    bf_eval_keys made = *in;
    made.keys = bf_alloc_zero((in->count ? in->count : 1) * sizeof *made.keys);
    if (!made.keys) return BF_ERR_MEMORY;
    for (size_t i = 0; i < in->count; i++) {
        bf_switch_key *k = &made.keys[i];
        size_t bytes =
            limbs_of(&in->keys[i]) * 2 * in->ctx->ring->n * sizeof(double);
        *k = in->keys[i];
        k->data = bf_alloc(bytes);
        if (!k->data) {
            bf_eval_keys_clear(&made);
            return BF_ERR_MEMORY;
        }
        memcpy(k->data, in->keys[i].data, bytes);
    }
    memcpy(made.key_id, out->key_id, sizeof made.key_id);
    *out = made;
    return BF_OK;
}

bf_status bf_shares_add(bf_eval_keys *sum, const bf_eval_keys *share)
{
    if (!sum->ctx) return copy_set(sum, share);
    BF_TRY(check_addable(sum, share));
    for (size_t i = 0; i < sum->count; i++) {
        bf_switch_key *k = &sum->keys[i];
        half_job job = {k->data, share->keys[i].data, k};
        bf_parallel(limbs_of(k), add_row, &job);
    }
    return BF_OK;
}

bf_status bf_shares_finish_squares(bf_eval_keys *second,
                                   const bf_eval_keys *first)
{
    BF_TRY(check_sets(second, first));
    for (size_t i = 0; i < second->count; i++)
        if (second->keys[i].a != BF_KEY_A_APART ||
            first->keys[i].a != BF_KEY_A_WHOLE)
            return bf_fail(BF_ERR_MISMATCH, "shares of %s of other rounds",
                           bf_key_text(second->keys[i].name));
    for (size_t i = 0; i < second->count; i++) {
        bf_switch_key *k = &second->keys[i];
        half_job job = {k->data, first->keys[i].data, k};
        bf_parallel(limbs_of(k), copy_a_row, &job);
        k->a = BF_KEY_A_WHOLE;
    }
    return BF_OK;
}
