#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "gateway/watch.h"

/* Bytes that a download gives to the connection at once. */
#define BLOCK_BYTES ((size_t)64 << 10)

const char *request_header(const request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

/* ---- errors -------------------------------------------------------------- */

unsigned refuse(request *r, unsigned status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(r->line, sizeof r->line, fmt, args);
    va_end(args);
    bf_printable(r->line);
    return r->status = status;
}

unsigned refuse_errno(request *r, int err, const char *what)
{
    switch (err) {
    case ENOENT:
        return refuse(r, 404, "%s: is not here", what);
    case EBUSY:
        return refuse(r, 423, "%s: another request writes to it", what);
    case EBADMSG:
        return refuse(r, 460, "%s: the checksum or digest differs", what);
    case ENOSPC:
    case EDQUOT:
        return refuse(r, 507, "%s: the server's disk is full", what);
    case ELOOP:
    case ENOTDIR:
    case EISDIR:
    case EINVAL:
        return refuse(r, 409, "%s: is no regular file on the server", what);
    default:
        return refuse(r, 500, "%s: %s", what, strerror(err));
    }
}

/* ---- replies ------------------------------------------------------------- */

void add_header(request *r, const char *name, const char *fmt, ...)
{
    va_list args;
    if (r->headers == REPLY_HEADERS_MAX) return;
    va_start(args, fmt);
    vsnprintf(r->header[r->headers].value, sizeof r->header->value, fmt, args);
    va_end(args);
    r->header[r->headers++].name = name;
}

enum MHD_Result reply_any(request *r, unsigned status,
                          struct MHD_Response *response)
{
    if (!response) return MHD_NO;
    r->status = status;
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Tus-Resumable", "1.0.0");
    for (unsigned i = 0; i < r->headers; i++)
        MHD_add_response_header(response, r->header[i].name,
                                r->header[i].value);
    enum MHD_Result result =
        MHD_queue_response(r->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result reply_empty(request *r, unsigned status)
{
    return reply_any(
        r, status,
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
}

enum MHD_Result reply_text(request *r, unsigned status, const char *type,
                           char *text)
{
    if (!text) return MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), text, MHD_RESPMEM_MUST_FREE);
    if (!response) free(text);
    add_header(r, "Content-Type", "%s", type);
    return reply_any(r, status, response);
}

enum MHD_Result reply_json(request *r, unsigned status, cJSON *o)
{
    char *json = cJSON_Print(o), *text = NULL;
    cJSON_Delete(o);
    if (json && asprintf(&text, "%s\n", json) < 0) text = NULL;
    cJSON_free(json);
    return reply_text(r, status, "application/json", text);
}

enum MHD_Result reply_error(request *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "error", r->line);
    return reply_json(r, r->status, o);
}

/* ---- files --------------------------------------------------------------- */

typedef struct sending {
    request *r;
    int fd;
    uint64_t first;
} sending;

static ssize_t send_block(void *user, uint64_t at, char *out, size_t room)
{
    sending *s = user;
    ssize_t n = pread(s->fd, out, room, (off_t)(s->first + at));
    if (n <= 0) return MHD_CONTENT_READER_END_WITH_ERROR;
    s->r->sent += (uint64_t)n;
    watch_moved(s->r->watched, (uint64_t)n);
    return n;
}

static void end_sending(void *user)
{
    sending *s = user;
    close(s->fd);
    free(s);
}

enum MHD_Result reply_file(request *r, unsigned status, int fd, uint64_t first,
                           uint64_t bytes)
{
    sending *s = malloc(sizeof *s);
    if (!s) {
        close(fd);
        return MHD_NO;
    }
    *s = (sending){r, fd, first};
    struct MHD_Response *response = MHD_create_response_from_callback(
        bytes, BLOCK_BYTES, send_block, s, end_sending);
    if (!response) end_sending(s);
    add_header(r, "Content-Type", "application/octet-stream");
    if (r->method == METHOD_GET) watch_replies(r->watched);
    return reply_any(r, status, response);
}
