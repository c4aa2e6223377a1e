#include "gateway/tokens.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "spool/at.h"

/* ---- text and hash ------------------------------------------------------- */

void token_hash(uint8_t hash[TOKEN_HASH_BYTES],
                const char text[TOKEN_CHARS + 1])
{
    /* 256 random bits need neither salt nor a slow hash. */
    crypto_generichash(hash, TOKEN_HASH_BYTES, (const uint8_t *)text,
                       TOKEN_CHARS, NULL, 0);
}

void token_make(char text[TOKEN_CHARS + 1], uint8_t hash[TOKEN_HASH_BYTES])
{
    uint8_t secret[32];
    randombytes_buf(secret, sizeof secret);
    sodium_bin2base64(text, TOKEN_CHARS + 1, secret, sizeof secret,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(secret, sizeof secret);
    token_hash(hash, text);
}

const token *tokens_find(const tokens *t, const char text[TOKEN_CHARS + 1],
                         time_t now)
{
    uint8_t hash[TOKEN_HASH_BYTES];
    token_hash(hash, text);
    for (size_t i = 0; i < t->count; i++) {
        const token *k = &t->at[i];
        if (sodium_memcmp(k->hash, hash, sizeof hash) != 0) continue;
        return k->expires == 0 || (double)now < k->expires ? k : NULL;
    }
    return NULL;
}

/* ---- reading ------------------------------------------------------------- */

static bf_status bad(size_t i, const char *what)
{
    return bf_fail(BF_ERR_FORMAT, TOKENS_FILE ": token %zu: %s", i + 1, what);
}

/* A number above 0; a missing one is 0. */
static bool read_number(double *out, const cJSON *o, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);
    *out = v ? v->valuedouble : 0;
    return !v || (cJSON_IsNumber(v) && v->valuedouble > 0);
}

static bool read_hash(uint8_t out[TOKEN_HASH_BYTES], const cJSON *o)
{
    const char *hex =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "hash"));
    const char *end;
    size_t n;
    return hex &&
           sodium_hex2bin(out, TOKEN_HASH_BYTES, hex, strlen(hex), NULL, &n,
                          &end) == 0 &&
           n == TOKEN_HASH_BYTES && !*end;
}

static bf_status read_token(token *out, const cJSON *o, size_t i)
{
    const char *owner =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "owner"));
    bool metrics = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "metrics"));
    *out = (token){.created = 0};
    if (!cJSON_IsObject(o)) return bad(i, "not an object");
    if (!read_hash(out->hash, o))
        return bad(i, "hash: not 64 hexadecimal digits");
    if (metrics ? owner != NULL : !owner || !spool_owner_valid(owner))
        return bad(i, metrics ? "an owner, and for metrics"
                              : "no name of an owner");
    if (owner) memcpy(out->owner, owner, strlen(owner) + 1);
    if (!read_number(&out->created, o, "created"))
        return bad(i, "created: not a number above 0");
    if (!read_number(&out->expires, o, "expires"))
        return bad(i, "expires: not a number above 0");
    if (!read_number(&out->quota_bytes, o, "quota_bytes"))
        return bad(i, "quota_bytes: not a number above 0");
    if (!read_number(&out->requests_per_minute, o, "requests_per_minute"))
        return bad(i, "requests_per_minute: not a number above 0");
    return BF_OK;
}

static bf_status read_tokens(tokens *out, const cJSON *list)
{
    const cJSON *o;
    if (!cJSON_IsArray(list))
        return bf_fail(BF_ERR_FORMAT, TOKENS_FILE ": no list of tokens");
    cJSON_ArrayForEach(o, list)
    {
        token k;
        BF_TRY(read_token(&k, o, out->count));
        BF_TRY(tokens_add(out, &k));
    }
    return BF_OK;
}

bf_status tokens_parse(tokens *out, const char *text, size_t bytes)
{
    tokens made = {.count = 0};
    cJSON *o = cJSON_ParseWithLength(text, bytes);
    bf_status s =
        read_tokens(&made, cJSON_GetObjectItemCaseSensitive(o, "tokens"));
    cJSON_Delete(o);
    if (s == BF_OK)
        *out = made;
    else
        tokens_clear(&made);
    return s;
}

bf_status tokens_read(tokens *out, int own)
{
    char *text;
    size_t bytes;
    int err = at_read(&text, &bytes, own, TOKENS_FILE, TOKENS_BYTES_MAX);
    if (err == ENOENT) {
        *out = (tokens){.count = 0};
        return BF_OK;
    }
    if (err) return bf_fail_errno(err, ".gateway/" TOKENS_FILE);
    bf_status s = tokens_parse(out, text, bytes);
    free(text);
    return s;
}

/* ---- writing ------------------------------------------------------------- */

static void write_number(cJSON *o, const char *name, double value)
{
    if (value > 0) cJSON_AddNumberToObject(o, name, value);
}

static cJSON *write_token(const token *k)
{
    char hex[2 * TOKEN_HASH_BYTES + 1];
    cJSON *o = cJSON_CreateObject();
    if (*k->owner)
        cJSON_AddStringToObject(o, "owner", k->owner);
    else
        cJSON_AddTrueToObject(o, "metrics");
    sodium_bin2hex(hex, sizeof hex, k->hash, sizeof k->hash);
    cJSON_AddStringToObject(o, "hash", hex);
    write_number(o, "created", k->created);
    write_number(o, "expires", k->expires);
    write_number(o, "quota_bytes", k->quota_bytes);
    write_number(o, "requests_per_minute", k->requests_per_minute);
    return o;
}

bf_status tokens_write(const tokens *t, int own)
{
    cJSON *o = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(o, "tokens");
    for (size_t i = 0; i < t->count; i++)
        cJSON_AddItemToArray(list, write_token(&t->at[i]));
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    if (!text) return bf_fail(BF_ERR_MEMORY, "no memory for the tokens");
    int err = at_write(own, TOKENS_FILE, text, strlen(text));
    cJSON_free(text);
    return err ? bf_fail_errno(err, ".gateway/" TOKENS_FILE) : BF_OK;
}

bf_status tokens_add(tokens *t, const token *added)
{
    token *at = realloc(t->at, (t->count + 1) * sizeof *at);
    if (!at) return bf_fail(BF_ERR_MEMORY, "no memory for the tokens");
    t->at = at;
    at[t->count++] = *added;
    return BF_OK;
}

void tokens_clear(tokens *t)
{
    free(t->at);
    *t = (tokens){.count = 0};
}
