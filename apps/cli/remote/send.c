#include "remote/send.h"

#include <sodium.h>
#include <string.h>

#define TUS "Tus-Resumable: 1.0.0"
#define OCTETS "Content-Type: application/offset+octet-stream"

typedef struct sending {
    remote_http *h;
    remote_send *f;
    uint64_t at;        /* bytes that the server has */
    uint64_t this_time; /* of the request that runs */
} sending;

static void moved(void *user, uint64_t bytes)
{
    sending *s = user;
    s->this_time = bytes;
    s->f->moved(s->f->user, s->at + bytes);
}

static void path_of(char out[192], const remote_send *f)
{
    snprintf(out, 192, "%s/%s", f->files, f->name);
}

#define METADATA_BYTES 256
static void metadata(char out[METADATA_BYTES], const remote_send *f)
{
    char hex[2 * BF_FILE_ID_BYTES + 1], name[64], digest[128];
    const int variant = sodium_base64_VARIANT_ORIGINAL;
    sodium_bin2hex(hex, sizeof hex, f->digest, BF_FILE_ID_BYTES);
    sodium_bin2base64(name, sizeof name, (const uint8_t *)f->name,
                      strlen(f->name), variant);
    sodium_bin2base64(digest, sizeof digest, (const uint8_t *)hex, strlen(hex),
                      variant);
    snprintf(out, METADATA_BYTES, "filename %s,digest %s", name, digest);
}

/* Begins the upload anew. */
static bf_status create(const sending *s, const char *meta)
{
    char length[64], header[METADATA_BYTES + 32];
    remote_answer a = {0};
    snprintf(length, sizeof length, "Upload-Length: %llu",
             (unsigned long long)s->f->bytes);
    snprintf(header, sizeof header, "Upload-Metadata: %s", meta);
    const remote_request r = {.method = "POST",
                              .path = s->f->files,
                              .header = {TUS, length, header}};
    bf_status status = remote_http_ask(s->h, &r, &a, 0);
    remote_answer_clear(&a);
    return status;
}

/* How much of this file, and of no other, the server has. */
static bf_status find_offset(sending *s)
{
    char path[192], meta[METADATA_BYTES];
    remote_answer a = {0};
    path_of(path, s->f);
    metadata(meta, s->f);
    const remote_request r = {.method = "HEAD", .path = path, .header = {TUS}};
    bf_status status = remote_http_ask(s->h, &r, &a, 404);
    bool same = a.code != 404 && strcmp(a.metadata, meta) == 0 &&
                a.upload_offset >= 0 &&
                (uint64_t)a.upload_offset <= s->f->bytes;
    s->at = same ? (uint64_t)a.upload_offset : 0;
    remote_answer_clear(&a);
    return status != BF_OK || same ? status : create(s, meta);
}

/* What is missing of the file; *again: it may be tried once more. */
static bf_status send_rest(sending *s, bool *again, double *retry_after)
{
    char path[192], offset[64];
    remote_answer a = {0};
    path_of(path, s->f);
    snprintf(offset, sizeof offset, "Upload-Offset: %llu",
             (unsigned long long)s->at);
    const remote_request r = {
        .method = "PATCH",
        .path = path,
        .header = {TUS, offset, OCTETS},
        .has_body = true,
        .file = s->f->fd,
        .offset = s->at,
        .bytes = s->f->bytes - s->at,
        .moved = moved,
        .user = s};
    s->this_time = 0;
    bf_status status = remote_http_once(s->h, &r, &a);
    s->f->sent += s->this_time;
    /* Another offset than expected, or an upload that has expired: the next
     * look shows which. */
    *again = a.again || a.code == 409 || a.code == 404;
    *retry_after = a.retry_after;
    if (status == BF_OK && a.code >= 400)
        status = remote_http_refusal(s->h, &a);
    remote_answer_clear(&a);
    return status;
}

bf_status remote_send_file(remote_http *h, remote_send *f)
{
    sending s = {.h = h, .f = f};
    remote_tries tries = {0};
    uint64_t before = 0;
    for (;;) {
        bool again;
        double retry_after;
        BF_TRY(find_offset(&s));
        if (s.at == f->bytes) return BF_OK;
        if (s.at > before) tries = (remote_tries){0};
        before = s.at;
        bf_status status = send_rest(&s, &again, &retry_after);
        if (status == BF_OK) continue; /* and see that it is complete */
        if (!again) return status;
        BF_TRY(remote_again(h, &tries, status, retry_after));
    }
}
