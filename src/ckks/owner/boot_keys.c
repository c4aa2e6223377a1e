#include "ckks/owner/boot_keys.h"

#include <string.h>

#include "base/env.h"
#include "ckks/owner/internal.h"
#include "ckks/owner/ring_switch_key.h"

/* The secrets of both rings: s' in each, and s in the encapsulation ring; none
 * of these without such a ring. */
typedef struct family {
    bf_boot_secrets own;
    bf_secret_key *sparse, *sparse_there;
    bf_secret_key *secret_there;
} family;

static void family_close(family *f)
{
    bf_secret_key_destroy(f->sparse);
    bf_secret_key_destroy(f->sparse_there);
    bf_secret_key_destroy(f->secret_there);
}

static bf_status family_open(family *f, const bf_context *encapsulation,
                             bf_boot_secrets secrets)
{
    *f = (family){.own = secrets};
    if (!encapsulation) return BF_OK;
    if (encapsulation->params.log_n != secrets.secret->ctx->params.log_n)
        return bf_fail(BF_ERR_MISMATCH, "an encapsulation ring of 2^%u for one "
                       "of 2^%u", encapsulation->params.log_n,
                       secrets.secret->ctx->params.log_n);
    BF_TRY(bf_secret_key_generate(&f->sparse_there, encapsulation,
                                  BF_BOOT_WEIGHT));
    bf_status status =
        bf_secret_embed(&f->sparse, f->sparse_there, secrets.secret->ctx);
    if (status == BF_OK)
        status =
            bf_secret_embed(&f->secret_there, secrets.secret, encapsulation);
    if (status != BF_OK) family_close(f);
    return status;
}

/* The stride of the smaller ring in the larger one; 0 without one, and if it is
 * not smaller. */
static uint32_t stride(const family *f)
{
    unsigned log_n = f->own.secret->ctx->params.log_n;
    if (!f->own.small || f->own.small->ctx->params.log_n >= log_n) return 0;
    return 1u << (log_n - f->own.small->ctx->params.log_n);
}

static bf_status no_key(bf_key_name name)
{
    return bf_fail(BF_ERR_ARGUMENT, "%s: not of these secrets",
                   bf_key_text(name));
}

/* From s(X^k) or s to s'. */
static bf_status encapsulate(bf_switch_key *key, const family *f,
                             bf_key_need need)
{
    if (need.name.element == 1)
        return bf_switch_key_generate(key, f->secret_there, f->sparse_there,
                                      need.limbs);
    if (need.name.element != stride(f)) return no_key(need.name);
    return bf_ring_up_key_generate(key, f->own.small, f->sparse_there,
                                   need.limbs);
}

static bf_status make_key(bf_switch_key *key, const family *f, bf_key_need need)
{
    bool ours = need.name.element == stride(f);
    switch (need.name.use) {
    case BF_KEY_ENCAPSULATE: return encapsulate(key, f, need);
    case BF_KEY_DECAPSULATE:
        if (!f->sparse) return no_key(need.name);
        return bf_switch_key_generate(key, f->sparse, f->own.secret,
                                      need.limbs);
    case BF_KEY_RING_DOWN:
        return ours ? bf_ring_down_key_generate(key, f->own.small,
                                                f->own.secret, need.limbs)
                    : no_key(need.name);
    case BF_KEY_RING_UP:
        return ours ? bf_ring_up_key_generate(key, f->own.small, f->own.secret,
                                              need.limbs)
                    : no_key(need.name);
    default: return no_key(need.name);
    }
}

static bool is_galois(bf_key_need need)
{
    return need.name.use == BF_KEY_GALOIS ||
           need.name.use == BF_KEY_FROM_SQUARE;
}

/* Keys of other uses than an automorphism, one at a time. */
static bf_status add_others(bf_eval_keys *keys, const family *f,
                            const bf_key_need *needs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bf_switch_key key = {0};
        if (is_galois(needs[i])) continue;
        BF_TRY(bf_check_interrupt());
        BF_TRY(make_key(&key, f, needs[i]));
        key.name = needs[i].name;
        bf_status status = bf_eval_keys_add(keys, &key);
        if (status != BF_OK) {
            bf_switch_key_clear(&key);
            return status;
        }
    }
    return BF_OK;
}

static bf_status add_galois(bf_eval_keys *keys, const family *f,
                            const bf_key_need *needs, size_t count)
{
    size_t n = 0;
    bf_key_need *own = bf_alloc((count + 1) * sizeof *own);
    if (!own) return BF_ERR_MEMORY;
    for (size_t i = 0; i < count; i++)
        if (is_galois(needs[i])) own[n++] = needs[i];
    bf_status status =
        bf_eval_keys_generate(keys, f->own.secret, own, n, NULL);
    bf_free(own);
    return status;
}

bf_status bf_boot_keys_generate(
    bf_eval_keys *out, bf_eval_keys *out_encapsulation,
    const bf_context *encapsulation, bf_boot_secrets secrets,
    const bf_key_need *needs, size_t count,
    const bf_key_need *encapsulation_needs, size_t encapsulation_count,
    bf_env *env)
{
    BF_UNDER(env);
    bf_eval_keys keys = {0}, there = {.ctx = encapsulation};
    family f;
    bf_status status;
    for (size_t i = 0; i < encapsulation_count; i++)
        if (!encapsulation ||
            encapsulation_needs[i].name.use != BF_KEY_ENCAPSULATE)
            return no_key(encapsulation_needs[i].name);
    for (size_t i = 0; i < count; i++)
        if (needs[i].name.use == BF_KEY_ENCAPSULATE)
            return no_key(needs[i].name);
    BF_TRY(family_open(&f, encapsulation, secrets));
    memcpy(there.key_id, secrets.secret->id, sizeof there.key_id);
    BF_GOTO(add_galois(&keys, &f, needs, count), done);
    BF_GOTO(add_others(&keys, &f, needs, count), done);
    BF_GOTO(add_others(&there, &f, encapsulation_needs, encapsulation_count),
            done);
    bf_eval_keys_clear(out);
    bf_eval_keys_clear(out_encapsulation);
    *out = keys;
    *out_encapsulation = there;
    keys = there = (bf_eval_keys){0};
done:
    family_close(&f);
    bf_eval_keys_clear(&keys);
    bf_eval_keys_clear(&there);
    return status;
}
