/* Keys for key switching ([HK20]; equation in ckks.h). */
#include "ckks/owner/internal.h"

void bf_derived_clear(bf_derived *d)
{
    bf_free(d->perm);
    bf_secret_free(d->square);
    bf_secret_free(d->image);
}

bf_status bf_derived_init(bf_derived *d, const bf_ring *ring)
{
    d->perm = bf_alloc(ring->n * sizeof *d->perm);
    d->square = bf_secret_alloc(ring->count * ring->n * sizeof(double));
    d->image = bf_secret_alloc(ring->count * ring->n * sizeof(double));
    if (d->perm && d->square && d->image) return BF_OK;
    bf_derived_clear(d);
    return BF_ERR_MEMORY;
}

bf_status bf_key_allocate(bf_switch_key *out, const bf_context *ctx,
                          bf_key_need need)
{
    unsigned limbs = need.limbs, digits = bf_params_digits(&ctx->params, limbs);
    double *data = bf_alloc(bf_switch_key_data_bytes(&ctx->params, limbs));
    if (!data) return BF_ERR_MEMORY;
    *out = (bf_switch_key){.ctx = ctx, .name = need.name, .limbs = limbs,
                           .digits = digits, .data = data};
    return BF_OK;
}

typedef struct fill_job {
    const bf_switch_key *key;
    const bf_secret_pair *pair;
    const int8_t *noise; /* [digits][N] */
} fill_job;

/* One (b, a): b = e - a*s_to + P*[modulus in digit]*s_from. `index` counts
 * the moduli of the key, `m` those of the ring. */
static void make_limb(void *user, size_t i)
{
    const fill_job *job = user;
    const bf_switch_key *key = job->key;
    const bf_secret_pair *pair = job->pair;
    unsigned moduli = key->limbs + key->ctx->params.n_p;
    unsigned digit = (unsigned)i / moduli, index = (unsigned)i % moduli;
    const bf_context *ctx = key->ctx;
    const bf_params *p = &ctx->params;
    const bf_ring *ring = ctx->ring;
    size_t n = ring->n;
    unsigned m = index < key->limbs ? index : p->n_q + index - key->limbs;
    double *b = bf_switch_key_limb(key, digit, index, 0, n, p->n_p);
    double *a = bf_switch_key_limb(key, digit, index, 1, n, p->n_p);
    bf_expand_a(ctx, key->seed, key->seed_index, digit, m, a);
    bf_limb_from_i8(ring, m, b, job->noise + digit * n);
    bf_ntt_forward(ring, m, b);
    bf_limb_mul_add(ring, m, b, a, pair->to + m * n);
    if (!pair->from) return;
    if (index >= key->limbs || index / p->digit_limbs != digit) return;
    uint64_t q = p->q[m], special = ctx->p_mod_q[m];
    bf_mulc factor =
        bf_mulc_make(pair->from_negated ? q - special : special, q);
    bf_limb_mul_const_add(ring, m, b, pair->from + m * n, factor);
}

/* Fills data from key->seed, key->seed_index and fresh noise. */
static bf_status fill(bf_switch_key *key, const bf_secret_pair *pair)
{
    const bf_context *ctx = key->ctx;
    size_t n = ctx->ring->n;
    int8_t *noise = bf_secret_alloc(key->digits * n);
    if (!noise) return BF_ERR_MEMORY;
    bf_sample_noise(noise, key->digits * n);
    fill_job job = {key, pair, noise};
    bf_parallel((size_t)key->digits * (key->limbs + ctx->params.n_p),
                make_limb, &job);
    bf_secret_free(noise);
    return BF_OK;
}

bf_status bf_key_make(bf_switch_key *out, const bf_context *ctx,
                      bf_key_need need, const uint8_t seed[BF_SEED_BYTES],
                      const bf_secret_pair *pair)
{
    bf_switch_key key;
    BF_TRY(bf_key_allocate(&key, ctx, need));
    key.seed_index = bf_key_label(need.name);
    memcpy(key.seed, seed, BF_SEED_BYTES);
    bf_status status = fill(&key, pair);
    if (status != BF_OK)
        bf_switch_key_clear(&key);
    else
        *out = key;
    return status;
}

/* g^{-1} mod 2N for odd g, by Newton's iteration modulo 2^32: the start is
 * correct in 3 bits, and each step doubles this number. */
static uint32_t galois_inverse(uint32_t g, size_t n)
{
    uint32_t x = g;
    for (unsigned i = 0; i < 4; i++) x *= 2 - g * x;
    return x & (uint32_t)(2 * n - 1);
}

typedef struct derive_job {
    const bf_secret_key *sk;
    const bf_derived *d;
} derive_job;

static void square_limb(void *user, size_t index)
{
    const derive_job *job = user;
    const bf_ring *ring = job->sk->ctx->ring;
    unsigned m = (unsigned)index;
    const double *s = bf_secret_neg(job->sk, m);
    bf_limb_mul(ring, m, job->d->square + m * ring->n, s, s);
}

static void image_limb(void *user, size_t m)
{
    const derive_job *job = user;
    const bf_ring *ring = job->sk->ctx->ring;
    bf_limb_permute(ring, job->d->image + m * ring->n,
                    bf_secret_neg(job->sk, (unsigned)m), job->d->perm);
}

const double *bf_derived_image(bf_derived *d, const bf_secret_key *sk,
                               uint32_t g)
{
    const bf_ring *ring = sk->ctx->ring;
    if (g == 1) return sk->neg;
    bf_ring_automorphism(ring->log_n, galois_inverse(g, ring->n), d->perm);
    derive_job job = {sk, d};
    bf_parallel(ring->count, image_limb, &job);
    return d->image;
}

/* From s, or s^2, to phi_{1/g}(s). */
static bf_secret_pair galois_pair(const bf_secret_key *sk, bf_derived *d,
                                  bf_key_name name)
{
    bf_secret_pair pair = {bf_derived_image(d, sk, name.element), sk->neg,
                           true};
    if (name.use == BF_KEY_FROM_SQUARE) {
        derive_job job = {sk, d};
        bf_parallel(sk->ctx->ring->count, square_limb, &job);
        pair.from = d->square;
        pair.from_negated = false;
    }
    return pair;
}

bf_status bf_key_check_limbs(const bf_secret_key *to, unsigned limbs)
{
    if (limbs < 1 || limbs > to->ctx->params.n_q)
        return bf_fail(BF_ERR_ARGUMENT, "a key of %u limbs: the modulus chain "
                       "has 1 to %u", limbs, to->ctx->params.n_q);
    return bf_secret_check_modulus(to, limbs, true);
}

bf_status bf_key_check_galois(const bf_context *ctx, bf_key_name name)
{
    if (name.use != BF_KEY_GALOIS && name.use != BF_KEY_FROM_SQUARE)
        return bf_fail(BF_ERR_ARGUMENT, "%s: more than one secret is needed",
                       bf_key_text(name));
    if (!bf_key_is_name(name, ctx->params.log_n))
        return bf_fail(BF_ERR_ARGUMENT, "Galois element %u: must be odd, below "
                       "%zu, and not 1 but from the square", name.element,
                       2 * ctx->ring->n);
    return BF_OK;
}

/* *out is left without data on failure. */
static bf_status make_galois(bf_switch_key *out, const bf_secret_key *sk,
                             bf_derived *d, bf_key_need need,
                             const uint8_t seed[BF_SEED_BYTES])
{
    BF_TRY(bf_key_check_galois(sk->ctx, need.name));
    BF_TRY(bf_key_check_limbs(sk, need.limbs));
    bf_secret_pair pair = galois_pair(sk, d, need.name);
    return bf_key_make(out, sk->ctx, need, seed, &pair);
}

bf_status bf_galois_key_generate(bf_switch_key *out, const bf_secret_key *sk,
                                 bf_key_name name, unsigned limbs)
{
    uint8_t seed[BF_SEED_BYTES];
    bf_random_bytes(seed, sizeof seed);
    bf_derived d;
    BF_TRY(bf_derived_init(&d, sk->ctx->ring));
    bf_switch_key key;
    bf_key_need need = {name, limbs};
    bf_status status = make_galois(&key, sk, &d, need, seed);
    bf_derived_clear(&d);
    if (status != BF_OK) return status;
    bf_switch_key_clear(out);
    *out = key;
    return BF_OK;
}

bf_status bf_switch_key_generate(bf_switch_key *out, const bf_secret_key *from,
                                 const bf_secret_key *to, unsigned limbs)
{
    if (!bf_context_same(from->ctx, to->ctx))
        return bf_fail(BF_ERR_MISMATCH, "switch key between secrets of "
                       "different parameters");
    BF_TRY(bf_key_check_limbs(to, limbs));
    uint8_t seed[BF_SEED_BYTES];
    bf_random_bytes(seed, sizeof seed);
    bf_secret_pair pair = {to->neg, from->neg, true};
    bf_key_need need = {{BF_KEY_OTHER, 0, 0}, limbs};
    bf_switch_key key;
    BF_TRY(bf_key_make(&key, to->ctx, need, seed, &pair));
    bf_switch_key_clear(out);
    *out = key;
    return BF_OK;
}

bf_status bf_keys_check_distinct(const bf_key_need *needs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (bf_key_same(needs[i].name, needs[j].name))
                return bf_fail(BF_ERR_ARGUMENT, "%s is listed twice",
                               bf_key_text(needs[i].name));
        }
    }
    return BF_OK;
}

static bf_status make_all(bf_eval_keys *keys, const bf_secret_key *sk,
                          const bf_key_need *needs, size_t count)
{
    uint8_t seed[BF_SEED_BYTES];
    bf_random_bytes(seed, sizeof seed);
    bf_derived d;
    BF_TRY(bf_derived_init(&d, sk->ctx->ring));
    bf_status status = BF_OK;
    for (size_t i = 0; i < count; i++) {
        BF_GOTO(bf_check_interrupt(), done);
        BF_GOTO(make_galois(&keys->keys[i], sk, &d, needs[i], seed), done);
        bf_report("keys", (double)(i + 1), (double)count);
    }
done:
    bf_derived_clear(&d);
    return status;
}

bf_status bf_eval_keys_generate(bf_eval_keys *out, const bf_secret_key *sk,
                                const bf_key_need *needs, size_t count,
                                bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(bf_keys_check_distinct(needs, count));
    bf_eval_keys keys = {.ctx = sk->ctx, .count = count};
    memcpy(keys.key_id, sk->id, sizeof keys.key_id);
    if (count > 0) {
        keys.keys = bf_alloc_zero(count * sizeof *keys.keys);
        if (!keys.keys) return BF_ERR_MEMORY;
    }
    bf_status status = make_all(&keys, sk, needs, count);
    if (status != BF_OK) {
        bf_eval_keys_clear(&keys);
        return status;
    }
    bf_eval_keys_clear(out);
    *out = keys;
    return BF_OK;
}
