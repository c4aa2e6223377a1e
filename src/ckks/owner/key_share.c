#include "ckks/owner/key_share.h"

#include "ckks/owner/internal.h"

/* ---- sets ---------------------------------------------------------------- */

/* Makes key number i of a set. */
typedef bf_status (*make_fn)(bf_switch_key *out, void *user, size_t i);

static bf_status make_set(bf_eval_keys *out, bf_share_secrets own, size_t count,
                          make_fn make, void *user)
{
    bf_eval_keys set = {.ctx = own.s->ctx, .count = count};
    memcpy(set.key_id, own.s->id, sizeof set.key_id);
    set.keys = bf_alloc_zero((count ? count : 1) * sizeof *set.keys);
    if (!set.keys) return BF_ERR_MEMORY;
    bf_status status = BF_OK;
    for (size_t i = 0; i < count; i++) {
        BF_GOTO(bf_check_interrupt(), fail);
        BF_GOTO(make(&set.keys[i], user, i), fail);
        bf_report("key shares", (double)(i + 1), (double)count);
    }
    bf_eval_keys_clear(out);
    *out = set;
    return BF_OK;
fail:
    bf_eval_keys_clear(&set);
    return status;
}

static bf_status check_use(bf_key_name name, bool square)
{
    bool is_square = name.use == BF_KEY_FROM_SQUARE;
    bool linear = name.use == BF_KEY_GALOIS || name.use == BF_KEY_IMPORT;
    if (square ? is_square : linear) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "no %s share of %s",
                   square ? "square" : "linear", bf_key_text(name));
}

/* ---- linear shares ------------------------------------------------------- */

typedef struct share_job {
    bf_share_secrets own;
    const bf_key_need *needs;
    const uint8_t *seed;
    bf_derived d;
    const bf_eval_keys *sum;
} share_job;

static bf_status make_linear(bf_switch_key *out, void *user, size_t i)
{
    share_job *job = user;
    const bf_secret_key *s = job->own.s;
    bf_key_need need = job->needs[i];
    bf_secret_pair pair = {s->neg, s->neg, true};
    BF_TRY(check_use(need.name, false));
    BF_TRY(bf_key_check_limbs(s, need.limbs));
    if (need.name.use == BF_KEY_GALOIS) {
        BF_TRY(bf_key_check_galois(s->ctx, need.name));
        pair.to = bf_derived_image(&job->d, s, need.name.element);
    } else if (need.name.element != job->own.owner) {
        pair.from = NULL;
    }
    return bf_key_make(out, s->ctx, need, job->seed, &pair);
}

bf_status bf_share_linear(bf_eval_keys *out, bf_share_secrets own,
                          const bf_key_need *needs, size_t count,
                          const uint8_t seed[BF_SEED_BYTES], bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(bf_keys_check_distinct(needs, count));
    share_job job = {.own = own, .needs = needs, .seed = seed};
    BF_TRY(bf_derived_init(&job.d, own.s->ctx->ring));
    bf_status status = make_set(out, own, count, make_linear, &job);
    bf_derived_clear(&job.d);
    return status;
}

/* ---- shares of keys from the square -------------------------------------- */

/* Computes one half of every row of a key, with noise of its own. */
typedef struct rows_job {
    bf_switch_key *key;
    const int8_t *noise; /* [digits][N] */
    const double *s;     /* -s, -u and -phi_{1/g}(s), [modulus of ring][N] */
    const double *u, *image;
    const bf_switch_key *sum;
} rows_job;

typedef struct row {
    const bf_ring *ring;
    unsigned digit, m; /* of the ring */
    size_t secret;     /* where m's limb of a secret begins */
    size_t b, a;       /* where the halves begin in a key's data */
} row;

static row row_of(const bf_switch_key *key, size_t i)
{
    const bf_params *p = &key->ctx->params;
    unsigned moduli = key->limbs + p->n_p;
    unsigned digit = (unsigned)i / moduli, index = (unsigned)i % moduli;
    unsigned m = index < key->limbs ? index : p->n_q + index - key->limbs;
    size_t n = key->ctx->ring->n;
    return (row){key->ctx->ring, digit, m, m * n, 2 * i * n, (2 * i + 1) * n};
}

static void noise_row(const rows_job *job, const row *r, double *out)
{
    bf_limb_from_i8(r->ring, r->m, out, job->noise + r->digit * r->ring->n);
    bf_ntt_forward(r->ring, r->m, out);
}

/* h1 = e1 + a s = -(-e1 + a (-s)); the place of h1 holds a at first. */
static bf_status first_row(void *user, size_t i)
{
    const rows_job *job = user;
    row r = row_of(job->key, i);
    double *a = job->key->data + r.a;
    double *h1 = bf_secret_alloc(r.ring->n * sizeof *h1);
    if (!h1) return BF_ERR_MEMORY;
    noise_row(job, &r, h1);
    bf_limb_mul_add(r.ring, r.m, h1, a, job->s + r.secret);
    bf_limb_neg(r.ring, r.m, a, h1);
    bf_limb_reduce(r.ring, r.m, a, a);
    bf_secret_free(h1);
    return BF_OK;
}

/* b = e2 + s h0 + (u - phi(s)) h1 = -(-e2 + (-s) h0 + (-u) h1) + (-phi(s)) h1.
 */
static bf_status second_row(void *user, size_t i)
{
    const rows_job *job = user;
    row r = row_of(job->key, i);
    double *b = job->key->data + r.b;
    const double *h0 = job->sum->data + r.b, *h1 = job->sum->data + r.a;
    double *x = bf_secret_alloc(r.ring->n * sizeof *x);
    if (!x) return BF_ERR_MEMORY;
    noise_row(job, &r, x);
    bf_limb_mul_add(r.ring, r.m, x, h0, job->s + r.secret);
    bf_limb_mul_add(r.ring, r.m, x, h1, job->u + r.secret);
    bf_limb_neg(r.ring, r.m, b, x);
    bf_limb_mul_add(r.ring, r.m, b, h1, job->image + r.secret);
    memset(job->key->data + r.a, 0, r.ring->n * sizeof *b);
    bf_secret_free(x);
    return BF_OK;
}

static bf_status for_rows(rows_job *job, bf_status (*each)(void *, size_t))
{
    const bf_context *ctx = job->key->ctx;
    size_t digits = job->key->digits, n = ctx->ring->n;
    int8_t *noise = bf_secret_alloc(digits * n);
    if (!noise) return BF_ERR_MEMORY;
    bf_sample_noise(noise, digits * n);
    job->noise = noise;
    bf_status status = bf_parallel_for(
        digits * (job->key->limbs + ctx->params.n_p), false, each, job);
    bf_secret_free(noise);
    return status;
}

static bf_status check_square(const share_job *job, bf_key_need need)
{
    const bf_secret_key *s = job->own.s, *u = job->own.u;
    BF_TRY(check_use(need.name, true));
    BF_TRY(bf_key_check_galois(s->ctx, need.name));
    BF_TRY(bf_key_check_limbs(s, need.limbs));
    return bf_key_check_limbs(u, need.limbs);
}

static bf_status make_first(bf_switch_key *out, void *user, size_t i)
{
    share_job *job = user;
    const bf_secret_key *s = job->own.s;
    bf_key_need need = job->needs[i];
    BF_TRY(check_square(job, need));
    bf_secret_pair pair = {job->own.u->neg, s->neg, true};
    BF_TRY(bf_key_make(out, s->ctx, need, job->seed, &pair));
    rows_job rows = {.key = out, .s = s->neg};
    BF_TRY(for_rows(&rows, first_row));
    out->a = BF_KEY_A_WHOLE;
    out->seed_index = 0;
    memset(out->seed, 0, sizeof out->seed);
    return BF_OK;
}

static bf_status make_second(bf_switch_key *out, void *user, size_t i)
{
    share_job *job = user;
    const bf_secret_key *s = job->own.s;
    const bf_switch_key *sum = &job->sum->keys[i];
    bf_key_need need = {sum->name, sum->limbs};
    BF_TRY(check_square(job, need));
    if (sum->a != BF_KEY_A_WHOLE)
        return bf_fail(BF_ERR_ARGUMENT, "%s: no sum of first shares",
                       bf_key_text(sum->name));
    BF_TRY(bf_key_allocate(out, s->ctx, need));
    out->a = BF_KEY_A_APART;
    rows_job rows = {.key = out,
                     .s = s->neg,
                     .u = job->own.u->neg,
                     .image = bf_derived_image(&job->d, s, need.name.element),
                     .sum = sum};
    return for_rows(&rows, second_row);
}

static bf_status check_pair(bf_share_secrets own)
{
    if (bf_context_same(own.s->ctx, own.u->ctx)) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "secrets of different parameters");
}

bf_status bf_share_squares(bf_eval_keys *out, bf_share_secrets own,
                           const bf_key_need *needs, size_t count,
                           const uint8_t seed[BF_SEED_BYTES], bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(check_pair(own));
    BF_TRY(bf_keys_check_distinct(needs, count));
    share_job job = {.own = own, .needs = needs, .seed = seed};
    return make_set(out, own, count, make_first, &job);
}

bf_status bf_share_squares_second(bf_eval_keys *out, bf_share_secrets own,
                                  const bf_eval_keys *sum, bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(check_pair(own));
    if (!bf_context_same(own.s->ctx, sum->ctx))
        return bf_fail(BF_ERR_MISMATCH, "shares of other parameters than the "
                                        "secret's");
    share_job job = {.own = own, .sum = sum};
    BF_TRY(bf_derived_init(&job.d, own.s->ctx->ring));
    bf_status status = make_set(out, own, sum->count, make_second, &job);
    bf_derived_clear(&job.d);
    return status;
}
