/* Any bytes as what a gateway reads of strangers: a path, and values of
 * headers; and as the file of tokens. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/parse/headers.h"
#include "gateway/parse/route.h"
#include "gateway/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What a path names can be written in one way only. */
static void check_route(const char *path)
{
    char again[512];
    route r;
    path = route_path(path);
    route_parse(&r, path);
    switch (r.kind) {
    case ROUTE_JOB:
        snprintf(again, sizeof again, "/v1/jobs/%s", r.job);
        break;
    case ROUTE_JOB_FILE:
        snprintf(again, sizeof again, "/v1/jobs/%s/files/%s", r.job, r.file);
        break;
    case ROUTE_SESSION:
        snprintf(again, sizeof again, "/v1/sessions/%s", r.session);
        break;
    case ROUTE_SESSION_FILE:
        snprintf(again, sizeof again, "/v1/sessions/%s/files/%s", r.session,
                 r.file);
        break;
    default:
        return;
    }
    if (strcmp(again, path) != 0 || strchr(r.job, '/') || strchr(r.file, '/') ||
        r.file[0] == '.')
        abort();
}

static void check_credentials(const char *text)
{
    credentials c;
    if (!header_credentials(&c, text)) return;
    if (strlen(c.token) != TOKEN_CHARS || c.basic != (*c.owner != 0)) abort();
}

static void check_metadata(const char *text)
{
    char name[FILENAME_MAX_BYTES + 1], digest[DIGEST_CHARS + 1];
    bool good = header_metadata(text);
    if (good && strpbrk(text, "\r\n")) abort();
    if (header_digest(digest, text) &&
        (!good || strlen(digest) != DIGEST_CHARS))
        abort();
    if (!header_filename(name, text)) return;
    if (!good || !*name || strlen(name) > FILENAME_MAX_BYTES) abort();
}

static void check_checksum(const char *text)
{
    checksum c;
    if (!header_checksum(&c, text)) return;
    if (c.bytes != 20 && c.bytes != 32 && c.bytes != 64) abort();
}

static void check_range(const char *text)
{
    static const uint64_t sizes[] = {0, 1, 1000, (uint64_t)1 << 52};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        range r = header_range(text, sizes[i]);
        if (r.kind == RANGE_PART && (r.first > r.last || r.last >= sizes[i]))
            abort();
    }
}

static void check_number(const char *text)
{
    char again[32];
    uint64_t v;
    if (!header_number(&v, text)) return;
    snprintf(again, sizeof again, "%llu", (unsigned long long)v);
    while (text[0] == '0' && text[1]) text++;
    if (strcmp(text, again) != 0) abort();
}

static void check_tokens(const char *text, size_t size)
{
    tokens t;
    if (tokens_parse(&t, text, size) != BF_OK) return;
    for (size_t i = 0; i < t.count; i++)
        if (*t.at[i].owner && !spool_owner_valid(t.at[i].owner)) abort();
    tokens_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = 0;
    check_route(text);
    check_credentials(text);
    check_metadata(text);
    check_checksum(text);
    check_range(text);
    check_number(text);
    check_tokens(text, size);
    free(text);
    return 0;
}
