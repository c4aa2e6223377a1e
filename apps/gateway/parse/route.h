/* What a request is about, by method and path (docs/server.md). */
#ifndef BF_GATEWAY_ROUTE_H
#define BF_GATEWAY_ROUTE_H

#include <stdbool.h>

#include "spool/names.h"

typedef enum method {
    METHOD_GET = 1,
    METHOD_HEAD = 2,
    METHOD_POST = 4,
    METHOD_PUT = 8,
    METHOD_PATCH = 16,
    METHOD_DELETE = 32,
    METHOD_OPTIONS = 64,
    METHOD_OTHER = 0
} method;
method method_of(const char *name);
/* "GET, HEAD": for the header Allow. */
#define METHODS_TEXT_BYTES 64
void methods_text(char out[METHODS_TEXT_BYTES], unsigned methods);

typedef enum route_kind {
    ROUTE_NONE,
    ROUTE_PAGE,
    ROUTE_HEALTH,
    ROUTE_METRICS,
    ROUTE_JOBS,
    ROUTE_JOB,
    ROUTE_JOB_SUBMIT,
    ROUTE_JOB_WITHDRAW,
    ROUTE_JOB_MODEL,
    ROUTE_JOB_FILES,
    ROUTE_JOB_FILE,
    ROUTE_SESSIONS,
    ROUTE_SESSION,
    ROUTE_SESSION_FILES,
    ROUTE_SESSION_FILE,
    ROUTES
} route_kind;

typedef struct route {
    route_kind kind;
    char job[SPOOL_JOB_MAX + 1];
    char session[SPOOL_SESSION_CHARS + 1];
    char file[SPOOL_FILE_MAX + 1];
} route;
/* The path in a request's target, and what follows it: the target itself, or
 * its end if it begins with http:// or https:// and a server, as HTTP/1.1
 * allows (RFC 9112, 3.2.2). */
const char *route_path(const char *target);
/* Names in *out are valid; ROUTE_NONE for any path that is no route. */
void route_parse(route *out, const char *path);
unsigned route_methods(route_kind kind);

#endif
