#include "gateway/parse/headers.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

/* JSON's numbers are exact below it. */
#define NUMBER_LIMIT ((uint64_t)1 << 53)

/* Reads digits; *end is behind them. */
static bool read_digits(uint64_t *out, const char *text, const char **end)
{
    uint64_t v = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++) {
        v = 10 * v + (uint64_t)(*p - '0');
        if (v >= NUMBER_LIMIT) return false;
    }
    *out = v;
    *end = p;
    return p != text;
}

bool header_number(uint64_t *out, const char *text)
{
    const char *end;
    return text && read_digits(out, text, &end) && !*end;
}

/* ---- Authorization ------------------------------------------------------- */

/* What follows the scheme, or NULL. */
static const char *behind_scheme(const char *text, const char *scheme)
{
    size_t n = strlen(scheme);
    if (strncasecmp(text, scheme, n) != 0 || text[n] != ' ') return NULL;
    while (text[n] == ' ') n++;
    return text + n;
}

static bool is_token(const char *text)
{
    uint8_t bytes[32];
    size_t n = 0;
    return strlen(text) == TOKEN_CHARS &&
           sodium_base642bin(bytes, sizeof bytes, text, TOKEN_CHARS, NULL, &n,
                             NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           n == sizeof bytes;
}

bool header_credentials(credentials *out, const char *text)
{
    char pair[SPOOL_OWNER_MAX + 1 + TOKEN_CHARS + 1];
    size_t n;
    *out = (credentials){.basic = false};
    if (!text) return false;
    const char *token = behind_scheme(text, "Bearer"), *colon;
    if (token) {
        if (!is_token(token)) return false;
        memcpy(out->token, token, TOKEN_CHARS);
        return true;
    }
    const char *basic = behind_scheme(text, "Basic");
    if (!basic || sodium_base642bin((uint8_t *)pair, sizeof pair - 1, basic,
                                    strlen(basic), NULL, &n, NULL,
                                    sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    pair[n] = 0;
    colon = strchr(pair, ':');
    if (!colon || strlen(pair) != n || !is_token(colon + 1)) return false;
    out->basic = true;
    memcpy(out->owner, pair, (size_t)(colon - pair));
    memcpy(out->token, colon + 1, TOKEN_CHARS);
    sodium_memzero(pair, sizeof pair);
    return spool_owner_valid(out->owner);
}

/* ---- tus ----------------------------------------------------------------- */

/* The length of a key: neither blank nor comma. */
static size_t key_length(const char *text)
{
    size_t n = 0;
    while (text[n] > ' ' && text[n] < 127 && text[n] != ',') n++;
    return n;
}

/* Decodes the base64 that ends at a comma or at the end. */
static bool decode(uint8_t *out, size_t room, size_t *bytes, const char *text)
{
    return sodium_base642bin(out, room, text, strcspn(text, ","), NULL, bytes,
                             NULL, sodium_base64_VARIANT_ORIGINAL) == 0;
}

/* One pair; false if it has no form, else *next is the text behind it. */
static bool check_pair(const char *text, const char **next)
{
    uint8_t value[METADATA_MAX];
    size_t n = key_length(text), bytes;
    if (n == 0) return false;
    if (text[n] == ' ') {
        if (!decode(value, sizeof value, &bytes, text + n + 1)) return false;
        n += 1 + strcspn(text + n + 1, ",");
    }
    if (text[n] != ',' && text[n] != 0) return false;
    *next = text + n;
    return true;
}

bool header_metadata(const char *text)
{
    if (!text || strlen(text) > METADATA_MAX) return false;
    while (check_pair(text, &text)) {
        if (!*text) return true;
        text++;
    }
    return false;
}

/* The value of "KEY ", a text of 1 to `room` bytes. */
static bool read_value(char *out, size_t room, const char *text,
                       const char *key)
{
    size_t bytes;
    if (!header_metadata(text)) return false;
    while (strncmp(text, key, strlen(key)) != 0) {
        text = strchr(text, ',');
        if (!text) return false;
        text++;
    }
    if (!decode((uint8_t *)out, room, &bytes, text + strlen(key))) return false;
    out[bytes] = 0;
    return bytes > 0 && strlen(out) == bytes;
}

bool header_filename(char out[FILENAME_MAX_BYTES + 1], const char *text)
{
    return read_value(out, FILENAME_MAX_BYTES, text, "filename ");
}

bool header_digest(char out[DIGEST_CHARS + 1], const char *text)
{
    return read_value(out, DIGEST_CHARS, text, "digest ") &&
           strspn(out, "0123456789abcdef") == DIGEST_CHARS;
}

bool header_checksum(checksum *out, const char *text)
{
    static const struct {
        const char *name;
        checksum_algorithm algorithm;
        size_t bytes;
    } known[] = {{"sha1", CHECKSUM_SHA1, 20},
                 {"sha256", CHECKSUM_SHA256, 32},
                 {"sha512", CHECKSUM_SHA512, 64}};
    for (size_t i = 0; text && i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].name);
        if (strncmp(text, known[i].name, n) != 0 || text[n] != ' ') continue;
        out->algorithm = known[i].algorithm;
        return !strchr(text, ',') &&
               decode(out->hash, sizeof out->hash, &out->bytes, text + n + 1) &&
               out->bytes == known[i].bytes;
    }
    return false;
}

/* ---- Range --------------------------------------------------------------- */

static range from_end(const char *text, uint64_t bytes)
{
    uint64_t count;
    if (!header_number(&count, text)) return (range){RANGE_ALL, 0, 0};
    if (count == 0 || bytes == 0) return (range){RANGE_BEYOND, 0, 0};
    return (range){RANGE_PART, count < bytes ? bytes - count : 0, bytes - 1};
}

range header_range(const char *text, uint64_t bytes)
{
    static const char unit[] = "bytes=";
    const range all = {RANGE_ALL, 0, 0};
    range r = {RANGE_PART, 0, 0};
    if (!text || strncmp(text, unit, sizeof unit - 1) != 0) return all;
    text += sizeof unit - 1;
    if (*text == '-') return from_end(text + 1, bytes);
    if (!read_digits(&r.first, text, &text) || *text != '-') return all;
    text++;
    if (!*text)
        r.last = UINT64_MAX;
    else if (!header_number(&r.last, text) || r.last < r.first)
        return all;
    if (r.first >= bytes) return (range){RANGE_BEYOND, 0, 0};
    if (r.last >= bytes) r.last = bytes - 1;
    return r;
}
