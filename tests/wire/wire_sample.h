/* Small objects of every kind from formulas, independent of the library's
 * sampling and encryption, so that files of these objects stay the same. */
#ifndef BF_TESTS_WIRE_SAMPLE_H
#define BF_TESTS_WIRE_SAMPLE_H

#include <string.h>

#include "base/memory.h"
#include "wire/owner/owner_wire.h"

#define SAMPLE_N ((size_t)1024)

static const uint8_t sample_key_id[BF_KEY_ID_BYTES] = "key id 16 bytes";
static const uint8_t sample_job_id[BF_HASH_BYTES] =
    "job id of thirty-two bytes here";
static const uint8_t sample_data_id[BF_HASH_BYTES] =
    "id of a data set, of as many  b";

/* Primes = 1 mod 2^11 of 25, 21, 20 bits, and 26 for key switching. */
static inline bf_params sample_params(void)
{
    return (bf_params){.log_n = 10, .n_q = 3, .n_p = 1, .digit_limbs = 1,
                       .q = {33550337, 2056193, 1038337}, .p = {67104769},
                       .insecure = true};
}

static inline bf_status sample_context(bf_context **ctx)
{
    bf_params p = sample_params();
    return bf_context_create(ctx, &p, BF_BACKEND_AUTO);
}

static inline void sample_row(double *row, uint64_t p, uint64_t salt)
{
    uint64_t x = salt * 2654435761u + 12345;
    for (size_t i = 0; i < SAMPLE_N; i++) {
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        row[i] = bf_centre((x >> 11) % p, p);
    }
    row[0] = bf_centre(0, p);
    row[1] = bf_centre(p - 1, p);
    row[SAMPLE_N - 1] = bf_centre(p - 1, p);
}

static inline bf_status sample_ct(bf_ct *ct, const bf_context *ctx,
                                  unsigned limbs, unsigned polys, bool seeded,
                                  uint64_t salt)
{
    const bf_params *p = bf_context_params(ctx);
    BF_TRY(bf_ct_init(ct, ctx, limbs, polys));
    ct->scale = 1048576.0 + (double)salt;
    ct->noise = 3.25;
    ct->bound = 1.5;
    ct->seeded = seeded;
    if (seeded) {
        ct->seed_index = salt;
        memset(ct->seed, (int)salt + 1, sizeof ct->seed);
    }
    for (unsigned l = 0; l < limbs; l++)
        for (unsigned k = 0; k < polys; k++) {
            double *row = bf_ct_limb(ct, k, l, SAMPLE_N);
            if (seeded && k == 1)
                bf_expand_a(ctx, ct->seed, ct->seed_index, 0, l, row);
            else
                sample_row(row, p->q[l], 100 * salt + 10 * l + k);
        }
    return BF_OK;
}

static inline bf_status sample_switch_key(bf_switch_key *key,
                                          const bf_context *ctx,
                                          bf_key_name name, unsigned limbs)
{
    uint32_t label = bf_key_label(name);
    const bf_params *p = bf_context_params(ctx);
    unsigned moduli = limbs + p->n_p;
    *key = (bf_switch_key){.ctx = ctx, .name = name, .limbs = limbs,
                           .digits = limbs, .seed_index = label};
    memset(key->seed, 77, sizeof key->seed);
    key->data = bf_alloc(16 * (size_t)limbs * moduli * SAMPLE_N);
    if (!key->data) return BF_ERR_MEMORY;
    for (unsigned d = 0; d < limbs; d++)
        for (unsigned i = 0; i < moduli; i++) {
            unsigned m = i < limbs ? i : p->n_q + i - limbs;
            uint64_t prime = i < limbs ? p->q[i] : p->p[i - limbs];
            sample_row(bf_switch_key_limb(key, d, i, 0, SAMPLE_N, p->n_p),
                       prime, 1000 * label + 10 * d + i);
            bf_expand_a(ctx, key->seed, label, d, m,
                        bf_switch_key_limb(key, d, i, 1, SAMPLE_N, p->n_p));
        }
    return BF_OK;
}

static const bf_key_need sample_needs[] = {
    {{BF_KEY_FROM_SQUARE, 0, 1}, 2}, {{BF_KEY_GALOIS, 0, 5}, 1}};

static inline bf_status sample_eval_keys(bf_eval_keys *keys,
                                         const bf_context *ctx)
{
    *keys = (bf_eval_keys){.ctx = ctx, .count = 2};
    memcpy(keys->key_id, sample_key_id, sizeof keys->key_id);
    keys->keys = bf_alloc_zero(2 * sizeof *keys->keys);
    if (!keys->keys) return BF_ERR_MEMORY;
    BF_TRY(sample_switch_key(&keys->keys[0], ctx, sample_needs[0].name, 2));
    return sample_switch_key(&keys->keys[1], ctx, sample_needs[1].name, 1);
}

static inline bf_status sample_public_key(bf_public_key *pk,
                                          const bf_context *ctx)
{
    const bf_params *p = bf_context_params(ctx);
    *pk = (bf_public_key){.ctx = ctx};
    memcpy(pk->key_id, sample_key_id, sizeof pk->key_id);
    pk->data = bf_alloc(2 * p->n_q * SAMPLE_N * sizeof(double));
    if (!pk->data) return BF_ERR_MEMORY;
    for (unsigned i = 0; i < 2 * p->n_q; i++)
        sample_row(pk->data + i * SAMPLE_N, p->q[i / 2], 500 + i);
    return BF_OK;
}

static inline void sample_coeffs(int8_t c[SAMPLE_N])
{
    for (size_t i = 0; i < SAMPLE_N; i++)
        c[i] = (int8_t)((i * 7 + i / 5) % 3) - 1;
}

/* An upload: one seeded ciphertext, one of three polynomials, a text. */
static inline bf_status sample_items(bf_wire_writer *w, const bf_context *ctx)
{
    static const char text[] = "{\"rows\": 128}";
    bf_ct ct;
    BF_TRY(bf_wire_put_json(w, (bf_label){9, 0}, text, strlen(text)));
    BF_TRY(sample_ct(&ct, ctx, 3, 2, true, 1));
    bf_status s = bf_wire_put_ct(w, (bf_label){1, 0}, &ct);
    bf_ct_clear(&ct);
    if (s != BF_OK) return s;
    BF_TRY(sample_ct(&ct, ctx, 2, 3, false, 2));
    s = bf_wire_put_ct(w, (bf_label){1, 1}, &ct);
    bf_ct_clear(&ct);
    return s;
}

static inline bf_status sample_set(const char *path, bf_wire_type type,
                                   const bf_context *ctx)
{
    bf_wire_writer *w;
    bf_wire_ids ids = {sample_key_id, sample_job_id, sample_data_id};
    BF_TRY(bf_wire_create(&w, path, type, bf_one_ring(ctx), ids));
    bf_status s = sample_items(w, ctx);
    if (s == BF_OK) return bf_wire_commit(w);
    bf_wire_abort(w);
    return s;
}

static inline bf_status sample_eval_file(const char *path,
                                         const bf_context *ctx)
{
    bf_eval_keys keys;
    bf_status s = sample_eval_keys(&keys, ctx);
    if (s == BF_OK)
        s = bf_wire_write_eval_keys(
            path, &keys, bf_one_ring(ctx),
            (bf_wire_ids){NULL, sample_job_id, sample_data_id},
            NULL);
    bf_eval_keys_clear(&keys);
    return s;
}

static inline bf_status sample_public_file(const char *path,
                                           const bf_context *ctx)
{
    bf_public_key pk;
    bf_status s = sample_public_key(&pk, ctx);
    if (s == BF_OK) s = bf_wire_write_public_key(path, &pk, NULL);
    bf_public_key_clear(&pk);
    return s;
}

static inline bf_status sample_secret_file(const char *path,
                                           const bf_context *ctx)
{
    int8_t c[SAMPLE_N];
    bf_secret_key *sk;
    sample_coeffs(c);
    BF_TRY(bf_secret_key_import(&sk, ctx, c, 0, sample_key_id));
    bf_status s = bf_wire_write_secret_key(path, sk, NULL);
    bf_secret_key_destroy(sk);
    return s;
}

/* One file of every type, by the names used in tests/golden. */
#define SAMPLE_FILES 6
static const char *const sample_name[SAMPLE_FILES] = {
    "secret.key", "eval.keys", "public.key",
    "upload.enc", "model.enc", "checkpoint.enc"};

static inline bf_status sample_file(const char *path, bf_wire_type type,
                                    const bf_context *ctx)
{
    switch (type) {
    case BF_WIRE_SECRET_KEY: return sample_secret_file(path, ctx);
    case BF_WIRE_EVAL_KEYS: return sample_eval_file(path, ctx);
    case BF_WIRE_PUBLIC_KEY: return sample_public_file(path, ctx);
    case BF_WIRE_UPLOAD:
    case BF_WIRE_MODEL:
    case BF_WIRE_CHECKPOINT: return sample_set(path, type, ctx);
    }
    return BF_ERR_ARGUMENT;
}

/* ---- reading it all -------------------------------------------------- */

/* A ciphertext as readers read it, and as those do that keep it packed: both
 * take it, or both refuse it. */
static inline bf_status consume_ct(bf_wire_reader *r, bf_rings rings)
{
    bf_packed_ct packed = {0};
    bf_ct ct = {0}, like = {0};
    bf_status s = bf_wire_get_packed_ct(r, &packed);
    if (s == BF_OK) {
        s = bf_wire_unpack_ct(&ct, rings, &packed);
        bf_status t =
            s == BF_ERR_MEMORY ? s : bf_wire_describe_ct(&like, rings, &packed);
        if (t == BF_ERR_MEMORY) s = t;
        if (s != t || (s == BF_OK && like.limbs != ct.limbs))
            s = bf_fail(BF_ERR_INTERNAL, "packed, a ciphertext is another");
    }
    bf_ct_clear(&ct);
    bf_free(packed.data);
    return s;
}

static inline bf_status consume_set(const char *path, bf_wire_type type,
                                    const bf_context *ctx, bf_wire_ids ids)
{
    bf_wire_reader *r;
    bf_wire_item item;
    bf_switch_key key = {0};
    BF_TRY(bf_wire_open(&r, path, type, bf_one_ring(ctx), ids));
    bf_status s;
    while ((s = bf_wire_next(r, &item)) == BF_OK && item.kind != BF_FRAME_END) {
        char *text = NULL;
        size_t bytes;
        if (item.kind == BF_WIRE_JSON)
            s = bf_wire_get_json(r, &text, &bytes);
        else
            s = type == BF_WIRE_EVAL_KEYS ? bf_wire_get_switch_key(r, &key)
                                          : consume_ct(r, bf_one_ring(ctx));
        bf_free(text);
        if (s != BF_OK) break;
    }
    bf_switch_key_clear(&key);
    bf_wire_close(r);
    return s;
}

/* Reads a file of this type to its end, as programs do. */
static inline bf_status consume_file(const char *path, bf_wire_type type,
                                     const bf_context *ctx, bf_wire_ids ids)
{
    bf_eval_keys keys = {0};
    bf_public_key pk = {0};
    bf_secret_key *sk = NULL;
    bf_status s = BF_OK;
    switch (type) {
    case BF_WIRE_SECRET_KEY:
        s = bf_wire_read_secret_key(&sk, path, ctx);
        bf_secret_key_destroy(sk);
        break;
    case BF_WIRE_EVAL_KEYS:
        s = bf_wire_read_eval_keys(&keys, &path, 1, bf_one_ring(ctx), ids,
                                   sample_needs, 2, NULL);
        bf_eval_keys_clear(&keys);
        /* Other keys than the sample's may be valid too. */
        if (s == BF_ERR_MISMATCH) s = consume_set(path, type, ctx, ids);
        break;
    case BF_WIRE_PUBLIC_KEY:
        s = bf_wire_read_public_key(&pk, path, ctx, ids);
        bf_public_key_clear(&pk);
        break;
    case BF_WIRE_UPLOAD:
    case BF_WIRE_MODEL:
    case BF_WIRE_CHECKPOINT: s = consume_set(path, type, ctx, ids); break;
    }
    return s;
}

#endif
