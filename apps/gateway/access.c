#include "gateway/access.h"

#include <time.h>

#include "cli.h"

static void count(const request *r)
{
    metrics *m = &r->g->metrics;
    unsigned hundreds = r->status / 100 < 6 ? r->status / 100 : 0;
    atomic_fetch_add(&m->requests[hundreds], 1);
    atomic_fetch_add(&m->received_bytes, r->received);
    atomic_fetch_add(&m->sent_bytes, r->sent);
    if (r->status == 401) atomic_fetch_add(&m->unauthorised, 1);
    if (r->status == 429) atomic_fetch_add(&m->limited, 1);
}

static const char *name_of(method m)
{
    switch (m) {
    case METHOD_GET:
        return "GET";
    case METHOD_HEAD:
        return "HEAD";
    case METHOD_POST:
        return "POST";
    case METHOD_PUT:
        return "PUT";
    case METHOD_PATCH:
        return "PATCH";
    case METHOD_DELETE:
        return "DELETE";
    case METHOD_OPTIONS:
        return "OPTIONS";
    case METHOD_OTHER:
        break;
    }
    return "?";
}

static void print_json(const request *r, const char *when, bool cut)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "time", when);
    cJSON_AddStringToObject(o, "address", r->address);
    cJSON_AddStringToObject(o, "owner", r->owner);
    cJSON_AddStringToObject(o, "method", name_of(r->method));
    cJSON_AddStringToObject(o, "path", r->path);
    cJSON_AddNumberToObject(o, "status", r->status);
    cJSON_AddBoolToObject(o, "cut", cut);
    cJSON_AddNumberToObject(o, "received", (double)r->received);
    cJSON_AddNumberToObject(o, "sent", (double)r->sent);
    cJSON_AddNumberToObject(o, "seconds", cli_now() - r->start);
    if (*r->line) cJSON_AddStringToObject(o, "error", r->line);
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    if (text) cli_print(stderr, "%s", text);
    cJSON_free(text);
}

void access_log(const request *r, bool cut)
{
    char when[32];
    time_t now = time(NULL);
    struct tm utc;
    count(r);
    if (cli_common_options.quiet) return;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    if (cli_common_options.json) {
        print_json(r, when, cut);
        return;
    }
    cli_print(stderr, "%s %s %s %s %s %u%s %llu %llu %.3f%s%s", when,
              r->address, *r->owner ? r->owner : "-", name_of(r->method),
              r->path, r->status, cut ? " cut" : "",
              (unsigned long long)r->received, (unsigned long long)r->sent,
              cli_now() - r->start, *r->line ? " " : "", r->line);
}
