#include <math.h>

#include "report/parts.h"

/* Labels, bars and values. */
#define BARS 124.0
#define BARS_END 318.0
#define ROW 20.0

/* Seconds; the server's phases follow each other up to its end. */
typedef struct phase {
    const char *label, *style;
    double start, length;
} phase;

enum { PHASES = 8 };

static void bar(FILE *to, size_t row, const char *style, double from,
                double length)
{
    double room = BARS_END - BARS, x = BARS + room * from;
    /* A phase of no visible length stays a line. */
    svg_rect(to, style, fmin(x, BARS_END - 1), (double)row * ROW + 4,
             fmax(room * fmin(length, 1 - from), 1), ROW - 8);
}

static void label(FILE *to, size_t row, const char *name, const char *value)
{
    double y = ((double)row + 0.5) * ROW + 4;
    svg_text(to, "soft", 0, y, "%s", name);
    svg_text(to, "end", SVG_WIDTH, y, "%s", value);
}

static void phases_of(phase out[PHASES], const cJSON *run)
{
    double read = report_number(run, "seconds.server_read");
    double train = report_number(run, "seconds.train");
    double write = report_number(run, "seconds.server_write");
    double server = report_number(run, "starts.server");
    double start = fmax(
        report_number(run, "seconds.server_wall") - read - train - write, 0);
    const phase all[PHASES] = {
        {"owner: scaling rows", "f0", report_number(run, "starts.whiten"),
         report_number(run, "seconds.whiten")},
        {"owner: making keys", "f0", report_number(run, "starts.keygen"),
         report_number(run, "seconds.keygen")},
        {"owner: encryption", "f0", report_number(run, "starts.encrypt"),
         report_number(run, "seconds.encrypt")},
        {"server: start", "f1", server, start},
        {"server: reading", "f1", server + start, read},
        {"server: training", "f1", server + start + read, train},
        {"server: writing", "f1", server + start + read + train, write},
        {"owner: decryption", "f0", report_number(run, "starts.decrypt"),
         report_number(run, "seconds.decrypt")},
    };
    for (size_t i = 0; i < PHASES; i++) out[i] = all[i];
}

static void timeline(FILE *to, const cJSON *run)
{
    phase phases[PHASES];
    double total = report_number(run, "seconds.total");
    phases_of(phases, run);
    svg_begin(to, (PHASES + 1) * ROW, "Timeline of owner and server");
    for (size_t i = 0; i < PHASES; i++) {
        label(to, i, phases[i].label, cli_time(phases[i].length).s);
        bar(to, i, phases[i].style, svg_share(phases[i].start, total),
            svg_share(phases[i].length, total));
    }
    svg_line(to, "rule", BARS, PHASES * ROW, BARS_END, PHASES * ROW);
    svg_text(to, "soft", BARS, PHASES * ROW + 14, "0");
    svg_text(to, "soft end", BARS_END, PHASES * ROW + 14, "%s",
             cli_time(total).s);
    svg_end(to);
}

static void memory(FILE *to, const cJSON *run)
{
    static const struct {
        const char *label, *key, *style;
    } bars[] = {
        {"server, planned", "memory_bytes_planned", "s1"},
        {"server, used", "peak_rss_bytes.server", "f1"},
        {"owner, used", "peak_rss_bytes.owner", "f0"},
    };
    const size_t count = sizeof bars / sizeof *bars;
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, report_number(run, bars[i].key));
    if (most <= 0) return;
    html_element(to, "h3", "Memory");
    svg_begin(to, (double)count * ROW, "Memory planned and used");
    for (size_t i = 0; i < count; i++) {
        double bytes = report_number(run, bars[i].key);
        label(to, i, bars[i].label, bytes > 0 ? cli_size(bytes).s : "?");
        bar(to, i, bars[i].style, 0, svg_share(bytes, most));
    }
    svg_end(to);
}

void report_phases(FILE *to, const cJSON *run)
{
    fputs("<h2>Time and memory of both machines</h2>\n", to);
    if (report_find(run, "starts.server") && report_find(run, "seconds.total"))
        timeline(to, run);
    else
        html_element(to, "p", "This report does not say when phases began.");
    memory(to, run);
}
