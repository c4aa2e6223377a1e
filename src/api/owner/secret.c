/* The owner's functions: secret keys, evaluation keys, encryption with the
 * secret key, and decryption. */
#include <string.h>

#include "api/api.h"
#include "ckks/eval_internal.h"
#include "ckks/owner/boot_keys.h"
#include "ckks/ringswitch.h"
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
    return bf_wire_write_secret_key(path, secret->key, secret->ckks->note);
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

/* The needs that the evaluators of a dry run noted: of the ring and of the
 * encapsulation ring. */
typedef struct need_lists {
    const bf_key_need *needs[2];
    size_t count[2];
} need_lists;

static bf_status generate(bf_keys *keys, bf_boot_secrets secrets,
                          const need_lists *l, bf_env *env)
{
    BF_TRY(bf_boot_keys_generate(&keys->set[0], &keys->set[1],
                                 keys->ckks->encapsulation, secrets,
                                 l->needs[0], l->count[0], l->needs[1],
                                 l->count[1], env));
    bf_api_smaller *to = &keys->smaller;
    to->there = bf_api_between_rings(&keys->set[0]);
    if (!to->there) return BF_OK;
    memcpy(to->ring,
           bf_context_hash(bf_secret_key_context(secrets.small)),
           sizeof to->ring);
    memcpy(to->key_id, bf_secret_key_id(secrets.small), sizeof to->key_id);
    return BF_OK;
}

static bf_status create_keys(bf_keys **out, const bf_secret *secret,
                             const bf_secret *smaller, const need_lists *l,
                             bf_env *env)
{
    bf_keys *made = bf_alloc_zero(sizeof *made);
    if (!made) return BF_ERR_MEMORY;
    bf_api_keys_of(made, secret->ckks, bf_secret_key_id(secret->key));
    bf_boot_secrets secrets = {secret->key, smaller ? smaller->key : NULL};
    bf_status status = generate(made, secrets, l, env);
    if (status != BF_OK) {
        bf_keys_destroy(made);
        return status;
    }
    bf_keys_destroy(*out);
    *out = made;
    return BF_OK;
}

static need_lists needs_of(const bf_home *home)
{
    need_lists l = {0};
    l.count[0] = bf_eval_key_needs(home->eval, &l.needs[0]);
    if (home->encapsulation)
        l.count[1] = bf_eval_key_needs(home->encapsulation, &l.needs[1]);
    return l;
}

/* Notes the keys that a refresh needs. */
static bf_status note_bootstrap(bf_evaluator *dry)
{
    bf_refresher *r = NULL;
    bf_cipher *a = NULL;
    bf_status status;
    BF_GOTO(bf_refresher_create_dry(&r, dry->ckks), done);
    BF_GOTO(bf_cipher_stand_in(&a, dry->ckks, 0), done);
    status = bf_bootstrap(dry, &a, a, r);
done:
    bf_cipher_destroy(a);
    bf_refresher_destroy(r);
    return status;
}

static bf_status note(bf_evaluator *dry, bf_key_name name)
{
    const bf_switch_key *none;
    return bf_eval_key(dry->home->eval, name, dry->ckks->top, &none);
}

/* A rotation by a multiple of the slots needs no key. */
static bf_status note_galois(bf_evaluator *dry, uint32_t g)
{
    return g == 1 ? BF_OK : note(dry, bf_key_galois(g));
}

/* Notes the keys between a ring and a smaller ring, at all levels of the
 * smaller ring. */
static bf_status note_rings(bf_evaluator *dry, const bf_ckks *small)
{
    const bf_key_use uses[] = {BF_KEY_RING_DOWN, BF_KEY_RING_UP};
    size_t stride = bf_ckks_slots(dry->ckks) / bf_ckks_slots(small);
    const bf_switch_key *none;
    BF_TRY(bf_ring_switch_check(small->ctx, dry->ckks->ctx, small->top));
    for (int i = 0; i < 2; i++) {
        bf_key_name name = {uses[i], 0, (uint32_t)stride};
        BF_TRY(bf_eval_key(dry->home->eval, name, small->top, &none));
    }
    return BF_OK;
}

static bf_status note_request(bf_evaluator *dry, const bf_keys_request *r)
{
    const bf_ckks *c = dry->ckks;
    if (r->products) BF_TRY(note(dry, bf_key_from_square(1)));
    if (r->conjugation)
        BF_TRY(note_galois(dry, bf_galois_conjugation(c->ctx)));
    for (size_t s = 1; r->sums && s < bf_ckks_slots(c); s *= 2)
        BF_TRY(note_galois(dry, bf_galois_rotation(c->ctx, (int)s)));
    for (size_t i = 0; i < r->count; i++)
        BF_TRY(note_galois(dry, bf_galois_rotation(c->ctx, r->rotations[i])));
    for (size_t i = 0; i < r->element_count; i++) {
        BF_TRY(bf_api_check_element(c, r->elements[i], "evaluation keys"));
        BF_TRY(note_galois(dry, r->elements[i]));
    }
    if (r->smaller) BF_TRY(note_rings(dry, r->smaller->ckks));
    return r->bootstrap ? note_bootstrap(dry) : BF_OK;
}

bf_status bf_keys_create(bf_keys **out, const bf_secret *secret,
                         const bf_keys_request *r, bf_env *env)
{
    bf_evaluator *dry = NULL;
    BF_TRY(bf_evaluator_create_dry(&dry, secret->ckks));
    bf_status status = note_request(dry, r);
    need_lists l = needs_of(dry->home);
    if (status == BF_OK && l.count[0] + l.count[1] == 0)
        status =
            bf_fail(BF_ERR_ARGUMENT, "evaluation keys: none is asked for");
    if (status == BF_OK)
        status = bf_keys_create_for_rings(out, secret, r->smaller, dry, env);
    bf_evaluator_destroy(dry);
    return status;
}

bf_status bf_keys_create_for(bf_keys **out, const bf_secret *secret,
                             const bf_evaluator *dry, bf_env *env)
{
    return bf_keys_create_for_rings(out, secret, NULL, dry, env);
}

bf_status bf_keys_create_for_rings(bf_keys **out, const bf_secret *secret,
                                   const bf_secret *smaller,
                                   const bf_evaluator *dry, bf_env *env)
{
    BF_TRY(bf_api_same(secret->ckks, dry->ckks, "evaluation keys"));
    if (!bf_eval_is_symbolic(dry->home->eval))
        return bf_fail(BF_ERR_ARGUMENT,
                       "evaluation keys: of an evaluator that is "
                       "not dry");
    need_lists l = needs_of(dry->home);
    return create_keys(out, secret, smaller, &l, env);
}
