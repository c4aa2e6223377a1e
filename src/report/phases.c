#include <math.h>
#include <stdio.h>

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
    bf_svg_rect(to, style, fmin(x, BARS_END - 1), (double)row * ROW + 4,
                fmax(room * fmin(length, 1 - from), 1), ROW - 8);
}

static void label(FILE *to, size_t row, const char *name, const char *value)
{
    double y = ((double)row + 0.5) * ROW + 4;
    bf_svg_text(to, "soft", 0, y, "%s", name);
    bf_svg_text(to, "end", BF_SVG_WIDTH, y, "%s", value);
}

/* Those that the report has; returns their number. */
static size_t phases_of(phase out[PHASES], const cJSON *run)
{
    double read = bf_run_number(run, "seconds.server_read");
    double train = bf_run_number(run, "seconds.train");
    double write = bf_run_number(run, "seconds.server_write");
    double server = bf_run_number(run, "starts.server");
    double start = fmax(
        bf_run_number(run, "seconds.server_wall") - read - train - write, 0);
    const struct {
        const char *key;
        phase phase;
    } all[PHASES] = {
        {"seconds.whiten",
         {"owner: scaling rows", "f0", bf_run_number(run, "starts.whiten"),
          bf_run_number(run, "seconds.whiten")}},
        {"seconds.keygen",
         {"owner: making keys", "f0", bf_run_number(run, "starts.keygen"),
          bf_run_number(run, "seconds.keygen")}},
        {"seconds.encrypt",
         {"owner: encryption", "f0", bf_run_number(run, "starts.encrypt"),
          bf_run_number(run, "seconds.encrypt")}},
        {"seconds.server_wall", {"server: start", "f1", server, start}},
        {"seconds.server_read",
         {"server: reading", "f1", server + start, read}},
        {"seconds.train",
         {"server: training", "f1", server + start + read, train}},
        {"seconds.server_write",
         {"server: writing", "f1", server + start + read + train, write}},
        {"seconds.decrypt",
         {"owner: decryption", "f0", bf_run_number(run, "starts.decrypt"),
          bf_run_number(run, "seconds.decrypt")}},
    };
    size_t count = 0;
    for (size_t i = 0; i < PHASES; i++)
        if (bf_run_find(run, all[i].key)) out[count++] = all[i].phase;
    return count;
}

static void timeline(FILE *to, const cJSON *run)
{
    phase phases[PHASES];
    double total = bf_run_number(run, "seconds.total");
    size_t count = phases_of(phases, run);
    double end = (double)count * ROW;
    bf_svg_begin(to, end + ROW, "Timeline of owner and server");
    for (size_t i = 0; i < count; i++) {
        label(to, i, phases[i].label, bf_text_time(phases[i].length).s);
        bar(to, i, phases[i].style, bf_svg_share(phases[i].start, total),
            bf_svg_share(phases[i].length, total));
    }
    bf_svg_line(to, "rule", BARS, end, BARS_END, end);
    bf_svg_text(to, "soft", BARS, end + 14, "0");
    bf_svg_text(to, "soft end", BARS_END, end + 14, "%s",
                bf_text_time(total).s);
    bf_svg_end(to);
}

static void memory(FILE *to, const cJSON *run)
{
    static const struct {
        const char *label, *key, *style;
    } bars[] = {
        {"server, planned", "memory_bytes_planned", "s1"},
        {"server, planned", "memory_bytes", "s1"},
        {"server, used", "peak_rss_bytes.server", "f1"},
        {"owner, used", "peak_rss_bytes.owner", "f0"},
    };
    size_t known = 0;
    double most = 0;
    for (size_t i = 0; i < sizeof bars / sizeof *bars; i++) {
        most = fmax(most, bf_run_number(run, bars[i].key));
        known += bf_run_number(run, bars[i].key) > 0;
    }
    if (!known) return;
    bf_html_element(to, "h3", "Memory");
    bf_svg_begin(to, (double)known * ROW, "Memory planned and used");
    for (size_t i = 0, at = 0; i < sizeof bars / sizeof *bars; i++) {
        double bytes = bf_run_number(run, bars[i].key);
        if (!(bytes > 0)) continue;
        label(to, at, bars[i].label, bf_text_size(bytes).s);
        bar(to, at++, bars[i].style, 0, bf_svg_share(bytes, most));
    }
    bf_svg_end(to);
}

static void time_of(FILE *to, const cJSON *run)
{
    if (bf_run_find(run, "starts.server") && bf_run_find(run, "seconds.total"))
        timeline(to, run);
    else if (bf_run_judged(run))
        bf_html_element(to, "p", "This report does not say when phases began.");
    else if (bf_run_find(run, "server_seconds_estimate"))
        bf_html_element(
            to, "p",
            "Training will take about %s on a server like the machine that "
            "made the plan.",
            bf_text_time(bf_run_number(run, "server_seconds_estimate")).s);
}

void bf_part_phases(FILE *to, const cJSON *run)
{
    fputs("<h2>Time and memory of both machines</h2>\n", to);
    time_of(to, run);
    memory(to, run);
}
