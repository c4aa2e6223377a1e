#include "gateway/answer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "gateway/access.h"
#include "gateway/authorise.h"
#include "gateway/gateway.h"
#include "gateway/sessions.h"
#include "gateway/watch.h"

/* ---- connections --------------------------------------------------------- */

void answer_connection(void *user, struct MHD_Connection *connection,
                       void **socket_context,
                       enum MHD_ConnectionNotificationCode what)
{
    watch *w = user;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        watch_drop(*socket_context);
        *socket_context = NULL;
        atomic_fetch_sub(&w->metrics->connections, 1);
        return;
    }
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = fd ? watch_add(w, fd->connect_fd) : NULL;
    atomic_fetch_add(&w->metrics->connections, 1);
}

static struct watched *watched_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return i ? i->socket_context : NULL;
}

/* ---- requests ------------------------------------------------------------ */

void *answer_path(void *user, const char *uri,
                  struct MHD_Connection *connection)
{
    request *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    uri = route_path(uri);
    size_t n = strcspn(uri, "?");
    r->g = user;
    r->connection = connection;
    r->watched = watched_of(connection);
    r->start = cli_now();
    r->folder = -1;
    r->content_length = UINT64_MAX;
    r->has_path = n < sizeof r->path;
    snprintf(r->path, sizeof r->path, "%.*s",
             (int)(r->has_path ? n : sizeof r->path - 1), uri);
    return r;
}

/* Of files the length must be known; of others it may not be. */
static unsigned read_length(request *r)
{
    const char *text = request_header(r, "Content-Length");
    bool file =
        r->to.kind == ROUTE_JOB_FILE || r->to.kind == ROUTE_SESSION_FILE;
    if (request_header(r, "Transfer-Encoding")) text = NULL;
    if (text && !header_number(&r->content_length, text))
        return refuse(r, 400, "Content-Length: is no number");
    if (file && !text && (r->method & (METHOD_PUT | METHOD_PATCH)))
        return refuse(r, 411, "Content-Length: is missing");
    if (!file && text && r->content_length > BODY_TEXT_MAX)
        return refuse(r, 413, "the body is larger than %zu bytes",
                      BODY_TEXT_MAX);
    return 0;
}

static const action *action_of(const request *r)
{
    static const action actions[ROUTES] = {
        [ROUTE_PAGE] = {.end = page_end},
        [ROUTE_HEALTH] = {.end = health_end},
        [ROUTE_METRICS] = {.end = metrics_end},
        [ROUTE_JOBS] = {.end = jobs_list},
        [ROUTE_JOB] = {.end = job_end},
        [ROUTE_JOB_SUBMIT] = {.end = job_submit},
        [ROUTE_JOB_WITHDRAW] = {.end = job_withdraw},
        [ROUTE_JOB_MODEL] = {.end = model_end},
        [ROUTE_JOB_FILES] = {files_begin, files_end},
        [ROUTE_JOB_FILE] = {files_begin, files_end},
        [ROUTE_SESSIONS] = {.end = sessions_list},
        [ROUTE_SESSION] = {.end = session_end},
        [ROUTE_SESSION_FILES] = {files_begin, files_end},
        [ROUTE_SESSION_FILE] = {files_begin, files_end}};
    return &actions[r->to.kind];
}

static unsigned begin(request *r)
{
    char methods[METHODS_TEXT_BYTES];
    /* No name has an escape, so that no path has two forms. */
    if (r->has_path && !strchr(r->path, '%')) route_parse(&r->to, r->path);
    unsigned status = authorise(r);
    if (status) return status;
    if (r->to.kind == ROUTE_NONE && r->method != METHOD_OPTIONS)
        return refuse(r, 404, "there is nothing of this name");
    if (!(route_methods(r->to.kind) & r->method)) {
        methods_text(methods, route_methods(r->to.kind));
        add_header(r, "Allow", "%s", methods);
        return refuse(r, 405, "not by this method, but %s", methods);
    }
    status = read_length(r);
    if (status || r->method == METHOD_OPTIONS) return status;
    const action *a = action_of(r);
    return a->begin ? a->begin(r) : 0;
}

static void take_body(request *r, const char *data, size_t bytes)
{
    r->received += bytes;
    watch_moved(r->watched, bytes);
    if (r->status) return; /* of a request that has failed */
    if (r->writing) {
        int err = upload_write(&r->writer, data, bytes), closed;
        if (!err) return;
        r->writing = false;
        closed = upload_close(&r->writer, false);
        r->status = refuse_errno(r, closed ? closed : err, r->to.file);
    } else if (bytes > BODY_TEXT_MAX - r->text_bytes) {
        r->status =
            refuse(r, 413, "the body is larger than %zu bytes", BODY_TEXT_MAX);
    } else {
        memcpy(r->text + r->text_bytes, data, bytes);
        r->text_bytes += bytes;
    }
}

/* Whether a body is on its way. An error is then answered before the body, and
 * ends the connection. */
static bool has_body(const request *r)
{
    const char *length = request_header(r, "Content-Length");
    return request_header(r, "Transfer-Encoding") ||
           (length && strcmp(length, "0") != 0);
}

static enum MHD_Result reply_options(request *r)
{
    char methods[METHODS_TEXT_BYTES];
    methods_text(methods, route_methods(r->to.kind));
    add_header(r, "Allow", "%s", methods);
    add_header(r, "Tus-Version", "1.0.0");
    add_header(r, "Tus-Extension", "creation,checksum,expiration,termination");
    add_header(r, "Tus-Max-Size", "%llu",
               (unsigned long long)r->g->o.file_bytes);
    add_header(r, "Tus-Checksum-Algorithm", CHECKSUM_ALGORITHMS);
    return reply_empty(r, 204);
}

enum MHD_Result answer(void *user, struct MHD_Connection *connection,
                       const char *url, const char *method_name,
                       const char *version, const char *data, size_t *bytes,
                       void **context)
{
    request *r = *context;
    (void)user, (void)connection, (void)url, (void)version;
    if (!r) return MHD_NO; /* no memory */
    if (!r->begun) {
        r->begun = true;
        r->method = method_of(method_name);
        watch_receives(r->watched);
        return begin(r) && has_body(r) ? reply_error(r) : MHD_YES;
    }
    if (*bytes) {
        take_body(r, data, *bytes);
        *bytes = 0;
        return MHD_YES;
    }
    if (r->status) return reply_error(r);
    if (r->method == METHOD_OPTIONS) return reply_options(r);
    return action_of(r)->end(r);
}

void answer_ended(void *user, struct MHD_Connection *connection, void **context,
                  enum MHD_RequestTerminationCode how)
{
    request *r = *context;
    (void)user, (void)connection;
    if (!r) return;
    /* Bytes that came before a cut count. */
    if (r->writing && upload_close(&r->writer, false) != 0)
        cli_warn("%s: an upload could not be closed", r->path);
    if (r->folder >= 0) close(r->folder);
    access_log(r, how != MHD_REQUEST_TERMINATED_COMPLETED_OK);
    watch_waits(r->watched);
    free(r);
    *context = NULL;
}
