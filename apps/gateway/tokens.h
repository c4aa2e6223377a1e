/* Tokens of owners: random, printed once, and kept as hashes in
 * SPOOL/.gateway/tokens.json:
 *
 *   {"tokens": [{"owner": "alice", "hash": "9f...", "created": 1790000000,
 *                "expires": 1800000000, "quota_bytes": 2e11,
 *                "requests_per_minute": 600}]}
 *
 * A token with "metrics": true has no owner and reads /metrics alone. */
#ifndef BF_GATEWAY_TOKENS_H
#define BF_GATEWAY_TOKENS_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "blindfit/blindfit.h"
#include "gateway/parse/headers.h"

#define TOKENS_FILE "tokens.json"
#define TOKENS_BYTES_MAX ((size_t)4 << 20)
#define TOKEN_HASH_BYTES 32

typedef struct token {
    uint8_t hash[TOKEN_HASH_BYTES];
    char owner[SPOOL_OWNER_MAX + 1]; /* empty: for metrics */
    double created, expires;         /* seconds since 1970; expires 0: never */
    double quota_bytes, requests_per_minute; /* 0: the gateway's */
} token;

typedef struct tokens {
    token *at;
    size_t count;
} tokens;

/* Draws a token. */
void token_make(char text[TOKEN_CHARS + 1], uint8_t hash[TOKEN_HASH_BYTES]);
void token_hash(uint8_t hash[TOKEN_HASH_BYTES],
                const char text[TOKEN_CHARS + 1]);
/* The token of this text, if it has not expired; or NULL. */
const token *tokens_find(const tokens *t, const char text[TOKEN_CHARS + 1],
                         time_t now);

/* BF_ERR_FORMAT names the entry that is wrong. */
BF_MUST_CHECK bf_status tokens_parse(tokens *out, const char *text,
                                     size_t bytes);
/* A missing file has no tokens. own: the folder SPOOL/.gateway. */
BF_MUST_CHECK bf_status tokens_read(tokens *out, int own);
/* Replaces the file, in a folder that nobody else may read. */
BF_MUST_CHECK bf_status tokens_write(const tokens *t, int own);
/* Adds a copy. */
BF_MUST_CHECK bf_status tokens_add(tokens *t, const token *added);
void tokens_clear(tokens *t);

#endif
