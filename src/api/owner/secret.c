/* The owner's functions: secret keys, evaluation keys, encryption with the
 * secret, decryption. */
#include <string.h>

#include "api/api.h"
#include "ckks/owner/owner.h"
#include "wire/owner/owner_wire.h"

struct bf_secret {
    const bf_ckks *ckks;
    bf_secret_key *key;
};

static bf_status adopt(bf_secret **out, const bf_ckks *c, bf_secret_key *key)
{
    bf_secret *made = bf_alloc_zero(sizeof *made);
    if (!made) {
        bf_secret_key_destroy(key);
        return BF_ERR_MEMORY;
    }
    *made = (bf_secret){c, key};
    bf_secret_destroy(*out);
    *out = made;
    return BF_OK;
}

bf_status bf_secret_generate(bf_secret **out, const bf_ckks *c)
{
    bf_secret_key *key;
    BF_TRY(bf_secret_key_generate(&key, c->ctx, 0));
    return adopt(out, c, key);
}

void bf_secret_destroy(bf_secret *secret)
{
    if (!secret) return;
    bf_secret_key_destroy(secret->key);
    bf_free(secret);
}

bf_status bf_secret_save(const bf_secret *secret, const char *path)
{
    return bf_wire_write_secret_key(path, secret->key);
}

bf_status bf_secret_load(bf_secret **out, const bf_ckks *c, const char *path)
{
    bf_secret_key *key;
    BF_TRY(bf_wire_read_secret_key(&key, path, c->ctx));
    return adopt(out, c, key);
}

static bf_status encrypt(bf_cipher **out, const bf_secret *secret,
                         const bf_pt *pt)
{
    bf_ct ct = {0};
    BF_TRY(bf_encrypt_symmetric(&ct, secret->key, pt));
    return bf_api_put(out, secret->ckks, &ct, NULL,
                      bf_secret_key_id(secret->key));
}

bf_status bf_secret_encrypt(bf_cipher **out, const bf_secret *secret,
                            const double *values, size_t count)
{
    bf_pt pt = {0};
    bf_status status = bf_api_encode_top(&pt, secret->ckks, values, count);
    if (status == BF_OK) status = encrypt(out, secret, &pt);
    bf_pt_clear(&pt);
    return status;
}

bf_status bf_secret_encrypt_plain(bf_cipher **out, const bf_secret *secret,
                                  const bf_plain *plain)
{
    BF_TRY(bf_api_same(secret->ckks, plain->ckks, "encryption"));
    return encrypt(out, secret, &plain->pt);
}

static bf_status decrypt(bf_pt *pt, const bf_secret *secret, const bf_cipher *a)
{
    BF_TRY(bf_api_same(secret->ckks, a->ckks, "decryption"));
    if (a->owned &&
        memcmp(a->key_id, bf_secret_key_id(secret->key), BF_KEY_ID_BYTES))
        return bf_fail(BF_ERR_MISMATCH,
                       "decryption: a ciphertext under another "
                       "key");
    return bf_decrypt(pt, secret->key, &a->ct);
}

bf_status bf_secret_decrypt(double *values, size_t count,
                            const bf_secret *secret, const bf_cipher *a)
{
    bf_pt pt = {0};
    bf_status status = decrypt(&pt, secret, a);
    if (status == BF_OK) status = bf_api_decode(values, count, &pt);
    bf_pt_clear(&pt);
    return status;
}

bf_status bf_secret_decrypt_plain(bf_plain **out, const bf_secret *secret,
                                  const bf_cipher *a)
{
    bf_pt pt = {0};
    bf_status status = decrypt(&pt, secret, a);
    if (status == BF_OK) return bf_api_put_plain(out, secret->ckks, &pt);
    bf_pt_clear(&pt);
    return status;
}

bf_status bf_public_create(bf_public **out, const bf_secret *secret)
{
    bf_public *made = bf_alloc_zero(sizeof *made);
    if (!made) return BF_ERR_MEMORY;
    made->ckks = secret->ckks;
    bf_status status = bf_public_key_generate(&made->key, secret->key);
    if (status != BF_OK) {
        bf_free(made);
        return status;
    }
    bf_public_destroy(*out);
    *out = made;
    return BF_OK;
}

/* ---- evaluation keys ----------------------------------------------------- */

typedef struct need_list {
    bf_key_need *needs;
    size_t count;
    unsigned limbs;
} need_list;

static void add(need_list *list, bf_key_name name)
{
    /* A rotation by a multiple of the slots is none. */
    if (name.use == BF_KEY_GALOIS && name.element == 1) return;
    for (size_t i = 0; i < list->count; i++)
        if (bf_key_same(list->needs[i].name, name)) return;
    list->needs[list->count++] = (bf_key_need){name, list->limbs};
}

static bf_status create_keys(bf_keys **out, const bf_secret *secret,
                             const bf_key_need *needs, size_t count,
                             bf_env *env)
{
    if (count == 0)
        return bf_fail(BF_ERR_ARGUMENT, "evaluation keys: none is asked for");
    bf_keys *made = bf_alloc_zero(sizeof *made);
    if (!made) return BF_ERR_MEMORY;
    made->ckks = secret->ckks;
    bf_status status =
        bf_eval_keys_generate(&made->set, secret->key, needs, count, env);
    if (status != BF_OK) {
        bf_free(made);
        return status;
    }
    bf_keys_destroy(*out);
    *out = made;
    return BF_OK;
}

bf_status bf_keys_create(bf_keys **out, const bf_secret *secret,
                         const bf_keys_request *r, bf_env *env)
{
    const bf_ckks *c = secret->ckks;
    size_t room;
    if (!bf_mul_size(r->count + 64, sizeof(bf_key_need), &room))
        return bf_fail(BF_ERR_ARGUMENT, "evaluation keys: %zu rotations",
                       r->count);
    need_list list = {bf_alloc(room), 0, bf_context_params(c->ctx)->n_q};
    if (!list.needs) return BF_ERR_MEMORY;
    if (r->products) add(&list, bf_key_from_square(1));
    if (r->conjugation)
        add(&list, bf_key_galois(bf_galois_conjugation(c->ctx)));
    for (size_t s = 1; r->sums && s < bf_ckks_slots(c); s *= 2)
        add(&list, bf_key_galois(bf_galois_rotation(c->ctx, (int)s)));
    for (size_t i = 0; i < r->count; i++)
        add(&list, bf_key_galois(bf_galois_rotation(c->ctx, r->rotations[i])));
    bf_status status = create_keys(out, secret, list.needs, list.count, env);
    bf_free(list.needs);
    return status;
}

bf_status bf_keys_create_for(bf_keys **out, const bf_secret *secret,
                             const bf_evaluator *dry, bf_env *env)
{
    const bf_key_need *needs;
    BF_TRY(bf_api_same(secret->ckks, dry->ckks, "evaluation keys"));
    if (!bf_eval_is_symbolic(dry->home->eval))
        return bf_fail(BF_ERR_ARGUMENT,
                       "evaluation keys: of an evaluator that is "
                       "not dry");
    size_t count = bf_eval_key_needs(dry->home->eval, &needs);
    return create_keys(out, secret, needs, count, env);
}
