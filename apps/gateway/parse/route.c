#include "gateway/parse/route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- methods ------------------------------------------------------------- */

static const char *const names[] = {"GET",   "HEAD",   "POST",   "PUT",
                                    "PATCH", "DELETE", "OPTIONS"};
enum { METHODS = sizeof names / sizeof *names };

method method_of(const char *name)
{
    for (int i = 0; i < METHODS; i++)
        if (strcmp(name, names[i]) == 0) return (method)(1 << i);
    return METHOD_OTHER;
}

void methods_text(char out[METHODS_TEXT_BYTES], unsigned methods)
{
    size_t n = 0;
    out[0] = 0;
    for (int i = 0; i < METHODS; i++)
        if (methods >> i & 1)
            n += (size_t)snprintf(out + n, METHODS_TEXT_BYTES - n, "%s%s",
                                  n ? ", " : "", names[i]);
}

unsigned route_methods(route_kind kind)
{
    enum {
        READ = METHOD_GET | METHOD_HEAD,
        WRITE = METHOD_HEAD | METHOD_PUT | METHOD_PATCH | METHOD_DELETE
    };
    static const unsigned methods[ROUTES] = {
        [ROUTE_PAGE] = READ,
        [ROUTE_HEALTH] = READ,
        [ROUTE_METRICS] = READ,
        [ROUTE_JOBS] = READ,
        [ROUTE_JOB] = READ | METHOD_DELETE,
        [ROUTE_JOB_SUBMIT] = METHOD_POST,
        [ROUTE_JOB_WITHDRAW] = METHOD_POST,
        [ROUTE_JOB_MODEL] = READ,
        [ROUTE_JOB_FILES] = METHOD_POST,
        [ROUTE_JOB_FILE] = WRITE,
        [ROUTE_SESSIONS] = READ,
        [ROUTE_SESSION] = READ | METHOD_PUT | METHOD_DELETE,
        [ROUTE_SESSION_FILES] = METHOD_POST,
        [ROUTE_SESSION_FILE] = METHOD_GET | WRITE};
    return methods[kind] | METHOD_OPTIONS;
}

/* ---- paths --------------------------------------------------------------- */

/* Takes the text up to the next '/', and moves behind it; false if it is longer
 * than out. The end has no further segment. */
static bool take(char *out, size_t bytes, const char **path)
{
    size_t n = strcspn(*path, "/");
    if (n >= bytes) return false;
    memcpy(out, *path, n);
    out[n] = 0;
    *path += n;
    if (**path == '/' && (*path)[1]) (*path)++;
    return true;
}

static route_kind parse_job(route *out, const char *path)
{
    char what[16];
    if (!take(out->job, sizeof out->job, &path) || !spool_job_valid(out->job))
        return ROUTE_NONE;
    if (!*path) return ROUTE_JOB;
    if (!take(what, sizeof what, &path)) return ROUTE_NONE;
    if (!*path) {
        if (strcmp(what, "submit") == 0) return ROUTE_JOB_SUBMIT;
        if (strcmp(what, "withdraw") == 0) return ROUTE_JOB_WITHDRAW;
        if (strcmp(what, "model.enc") == 0) return ROUTE_JOB_MODEL;
        if (strcmp(what, "files") == 0) return ROUTE_JOB_FILES;
        return ROUTE_NONE;
    }
    if (strcmp(what, "files") != 0) return ROUTE_NONE;
    if (!take(out->file, sizeof out->file, &path) || *path ||
        !spool_file_valid(out->file))
        return ROUTE_NONE;
    return ROUTE_JOB_FILE;
}

static route_kind parse_session(route *out, const char *path)
{
    char what[16];
    spool_message message;
    if (!take(out->session, sizeof out->session, &path) ||
        !spool_session_valid(out->session))
        return ROUTE_NONE;
    if (!*path) return ROUTE_SESSION;
    if (!take(what, sizeof what, &path) || strcmp(what, "files") != 0)
        return ROUTE_NONE;
    if (!*path) return ROUTE_SESSION_FILES;
    if (!take(out->file, sizeof out->file, &path) || *path ||
        !spool_message_read(&message, out->file))
        return ROUTE_NONE;
    return ROUTE_SESSION_FILE;
}

/* What follows the prefix, or NULL. */
static const char *behind(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(path, prefix, n) == 0 ? path + n : NULL;
}

static route_kind parse(route *out, const char *path)
{
    const char *rest;
    if (strcmp(path, "/") == 0) return ROUTE_PAGE;
    if (strcmp(path, "/health") == 0) return ROUTE_HEALTH;
    if (strcmp(path, "/metrics") == 0) return ROUTE_METRICS;
    if (strcmp(path, "/v1/jobs") == 0) return ROUTE_JOBS;
    if (strcmp(path, "/v1/sessions") == 0) return ROUTE_SESSIONS;
    if ((rest = behind(path, "/v1/jobs/"))) return parse_job(out, rest);
    if ((rest = behind(path, "/v1/sessions/"))) return parse_session(out, rest);
    return ROUTE_NONE;
}

const char *route_path(const char *target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t n = strlen(schemes[i]);
        if (strncasecmp(target, schemes[i], n) != 0) continue;
        target += n + strcspn(target + n, "/?");
        return *target == '/' ? target : "/";
    }
    return target;
}

void route_parse(route *out, const char *path)
{
    *out = (route){.kind = ROUTE_NONE};
    out->kind = parse(out, path);
}
