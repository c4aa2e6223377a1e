/* For monitoring: whether the gateway works, and numbers for Prometheus. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "gateway/gateway.h"
#include "spool/at.h"

enum MHD_Result health_end(request *r)
{
    const gateway *g = r->g;
    const char *line = "ok\n";
    if (at_disk_free(g->spool) < g->o.free_bytes)
        line = "the disk is full\n";
    else if (faccessat(g->own, TOKENS_FILE, R_OK, AT_EACCESS) != 0)
        line = "tokens cannot be read\n";
    return reply_text(r, strcmp(line, "ok\n") == 0 ? 200 : 503, "text/plain",
                      strdup(line));
}

static void put(FILE *f, const char *name, const char *type, const char *help,
                double value)
{
    fprintf(f,
            "# HELP blindfit_gateway_%s %s\n# TYPE blindfit_gateway_%s %s\n"
            "blindfit_gateway_%s %.0f\n",
            name, help, name, type, name, value);
}

static void put_requests(FILE *f, metrics *m)
{
    fputs("# HELP blindfit_gateway_requests_total requests by status\n"
          "# TYPE blindfit_gateway_requests_total counter\n",
          f);
    for (int i = 1; i < 6; i++)
        fprintf(f, "blindfit_gateway_requests_total{status=\"%dxx\"} %llu\n", i,
                (unsigned long long)atomic_load(&m->requests[i]));
}

static void put_all(FILE *f, gateway *g)
{
    metrics *m = &g->metrics;
    put_requests(f, m);
    put(f, "received_bytes_total", "counter", "bytes of bodies received",
        (double)atomic_load(&m->received_bytes));
    put(f, "sent_bytes_total", "counter", "bytes of files sent",
        (double)atomic_load(&m->sent_bytes));
    put(f, "files_total", "counter", "files completed",
        (double)atomic_load(&m->files));
    put(f, "unauthorised_total", "counter", "requests without a valid token",
        (double)atomic_load(&m->unauthorised));
    put(f, "limited_total", "counter", "requests beyond a rate",
        (double)atomic_load(&m->limited));
    put(f, "cut_total", "counter", "connections cut for being slow",
        (double)atomic_load(&m->cut));
    put(f, "expired_total", "counter", "incomplete files and sessions removed",
        (double)atomic_load(&m->expired));
    put(f, "connections", "gauge", "open connections",
        (double)atomic_load(&m->connections));
    put(f, "disk_free_bytes", "gauge", "free on the spool's disk",
        (double)at_disk_free(g->spool));
    put(f, "resident_peak_bytes", "gauge", "largest resident set",
        (double)cli_peak_rss());
    gauges_put(f, g);
}

enum MHD_Result metrics_end(request *r)
{
    char *text = NULL;
    size_t bytes;
    FILE *f = open_memstream(&text, &bytes);
    if (!f) return MHD_NO;
    put_all(f, r->g);
    if (fclose(f) != 0) {
        free(text);
        return MHD_NO;
    }
    return reply_text(r, 200, "text/plain; version=0.0.4", text);
}
