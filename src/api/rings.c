/* Smaller rings: their parameters, ciphertexts that go down and up, and what
 * files of keys say about the smaller ring (docs/formats.md, 4.9). */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/json.h"
#include "ckks/internal.h"
#include "ckks/ringswitch.h"

#define VERSION 1

/* ---- parameters ---------------------------------------------------------- */

/* log2 of the product of the primes of a key at this level into the smaller
 * ring. */
static double log2_of_key(const bf_ckks *larger, unsigned level)
{
    const bf_params *p = &larger->ctx->params;
    return bf_params_log2_q(p, bf_api_limbs(larger, level)) +
           bf_params_log2_p(p);
}

/* The highest level at which a key into a ring of 2^log_n is secure; 0 if none
 * is. */
static unsigned highest_level(const bf_ckks *larger, unsigned log_n)
{
    double limit = bf_security_log2_qp_limit(log_n, 128);
    unsigned level = bf_ckks_levels(larger);
    while (level > 0 && log2_of_key(larger, level) > limit) level--;
    return level;
}

static bf_status check_slots(const bf_ckks *larger, size_t slots)
{
    size_t most = bf_ckks_slots(larger);
    if (slots >= 1 && slots < most && (slots & (slots - 1)) == 0) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "smaller ring: %zu slots: must be a power of two below %zu",
                   slots, most);
}

static bf_status check_secure(const bf_ckks *larger, unsigned log_n,
                              unsigned level, unsigned highest)
{
    if (highest > 0 && level <= highest) return BF_OK;
    if (level == 0) level = 1;
    return bf_fail(BF_ERR_SECURITY,
                   "smaller ring of 2^%u: the primes of level %u and the "
                   "special ones come to 2^%.1f, of which 128 bits of security "
                   "allow 2^%.0f there: level %u is the highest",
                   log_n, level, log2_of_key(larger, level),
                   bf_security_log2_qp_limit(log_n, 128), highest);
}

/* Readers of a file tell the base from the other primes by the length of the
 * last prime; with other lengths the levels would get other scales. */
static bf_status check_scales(const bf_ckks *small, const bf_ckks *larger)
{
    if (small->base == larger->base && small->scale[1] == larger->scale[1])
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "smaller ring: the primes up to level %u alone make other "
                   "scales than the larger ring's",
                   bf_api_level(larger, small->top));
}

/* The smaller ring has all special primes, as keys into the ring have. If the
 * context passes the security check, such a key passes it too. */
bf_status bf_ckks_create_smaller(bf_ckks **out, const bf_ckks *larger,
                                 size_t slots, unsigned level)
{
    const bf_params *l = &larger->ctx->params;
    bf_params params;
    bf_ckks *made = NULL;
    BF_TRY(check_slots(larger, slots));
    BF_TRY(bf_api_check_level(larger, level, "smaller ring"));
    unsigned log_n = (unsigned)__builtin_ctzll(slots) + 1;
    unsigned highest = highest_level(larger, log_n);
    BF_TRY(check_secure(larger, log_n, level, highest));
    unsigned limbs = bf_api_limbs(larger, level ? level : highest);
    unsigned digit = l->digit_limbs < limbs ? l->digit_limbs : limbs;
    BF_TRY(bf_ring_switch_params(&params, l, log_n, limbs, l->n_p, digit));
    BF_TRY(bf_api_adopt(&made, &params, NULL));
    bf_status status = check_scales(made, larger);
    if (status != BF_OK) {
        bf_ckks_destroy(made);
        return status;
    }
    bf_ckks_destroy(*out);
    *out = made;
    return BF_OK;
}

/* ---- there and back ------------------------------------------------------ */

/* The operation itself fails if a key is missing. A dry evaluator has no keys.
 */
static bf_status check_keys(const bf_api_smaller *keys, const bf_ckks *small,
                            const uint8_t *key_id)
{
    if (!keys || !keys->there) return BF_OK;
    if (memcmp(keys->ring, bf_context_hash(small->ctx), sizeof keys->ring))
        return bf_fail(BF_ERR_MISMATCH,
                       "ring switch: the keys are to another smaller ring");
    if (key_id && memcmp(keys->key_id, key_id, sizeof keys->key_id))
        return bf_fail(BF_ERR_MISMATCH,
                       "ring switch: the keys are to another secret of the "
                       "smaller ring");
    return BF_OK;
}

static bf_status check_rings(const bf_op *from, const bf_op *to, const bf_ct *a)
{
    unsigned log_n = to->ckks->ctx->params.log_n;
    if (from->ckks->ctx->params.log_n == log_n)
        return bf_fail(BF_ERR_ARGUMENT,
                       "ring switch: from a ring of 2^%u to another of it",
                       log_n);
    if (a->limbs <= to->ckks->top) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "ring switch: level %u, and the ring of 2^%u has levels up "
                   "to %u",
                   bf_api_level(from->ckks, a->limbs), log_n,
                   bf_ckks_levels(to->ckks));
}

bf_status bf_cipher_switch_ring(bf_evaluator *from, bf_evaluator *to,
                                bf_cipher **out, const bf_cipher *a)
{
    bf_op in, there = bf_api_op(to, "ring switch");
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&in, from, "ring switch", a, NULL, 0));
    BF_TRY(check_rings(&in, &there, &a->ct));
    bool up = bf_ckks_slots(from->ckks) < bf_ckks_slots(to->ckks);
    const bf_op *small = up ? &in : &there;
    const bf_api_smaller *keys = up ? to->smaller : from->smaller;
    BF_TRY(check_keys(keys, small->ckks, small->key_id));
    if (!up && keys && keys->there) there.key_id = keys->key_id;
    bf_status status =
        up ? bf_ring_switch_up(in.eval, there.eval, &res, &a->ct)
           : bf_ring_switch_down(in.eval, there.eval, &res, &a->ct);
    return bf_api_give(&there, out, &res, status);
}

/* ---- in files ------------------------------------------------------------ */

bool bf_api_between_rings(const bf_eval_keys *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->keys[i].name.use == BF_KEY_RING_DOWN ||
            set->keys[i].name.use == BF_KEY_RING_UP)
            return true;
    return false;
}

void bf_api_smaller_print(char text[BF_API_SMALLER_BYTES],
                          const bf_api_smaller *s)
{
    char ring[2 * BF_HASH_BYTES + 1], key[2 * BF_KEY_ID_BYTES + 1];
    sodium_bin2hex(ring, sizeof ring, s->ring, sizeof s->ring);
    sodium_bin2hex(key, sizeof key, s->key_id, sizeof s->key_id);
    snprintf(text, BF_API_SMALLER_BYTES,
             "{\"blindfit_smaller_ring\":%d,\"parameters\":\"%s\","
             "\"key\":\"%s\"}",
             VERSION, ring, key);
}

static bool read_hex(uint8_t *out, size_t bytes, const cJSON *o,
                     const char *name)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);
    size_t got = 0;
    return cJSON_IsString(m) && strlen(m->valuestring) == 2 * bytes &&
           sodium_hex2bin(out, bytes, m->valuestring, 2 * bytes, NULL, &got,
                          NULL) == 0 &&
           got == bytes;
}

bf_status bf_api_smaller_parse(bf_api_smaller *out, const char *text,
                               const char *path)
{
    bf_api_smaller s = {.there = true};
    cJSON *o = bf_json_parse(text, strlen(text));
    const cJSON *v =
        cJSON_GetObjectItemCaseSensitive(o, "blindfit_smaller_ring");
    bool good = cJSON_IsNumber(v) && v->valuedouble == VERSION &&
                read_hex(s.ring, sizeof s.ring, o, "parameters") &&
                read_hex(s.key_id, sizeof s.key_id, o, "key");
    cJSON_Delete(o);
    if (!good)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: its note on a smaller ring is none of version %d",
                       path, VERSION);
    *out = s;
    return BF_OK;
}
