#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/cpu.h"
#include "cli.h"

#define SHOW_AFTER 2.0  /* seconds into a phase */
#define LINE_EVERY 10.0 /* seconds between lines of a log */
#define REDRAW_EVERY 0.2
#define RELAY_EVERY 0.2

static struct {
    char phase[64];
    double start, last; /* of this phase; of its last line */
    bool shown;         /* a line on the terminal wants clearing */
    bool relay;
} state;

static void begin_phase(const char *phase, double now)
{
    snprintf(state.phase, sizeof state.phase, "%s", phase);
    state.start = now;
    state.last = -1e9;
}

static void draw(double share, double elapsed, bool terminal)
{
    char left[64] = "";
    if (share > 0.01)
        snprintf(left, sizeof left, ", %s left",
                 cli_time(elapsed * (1 - share) / share).s);
    fprintf(stderr, "%s%s %.0f %%%s%s", terminal ? "\r\033[K" : "",
            state.phase, 100 * share, left, terminal ? "" : "\n");
    fflush(stderr);
    state.shown = terminal;
}

static void show(void *user, const char *phase, double done, double total)
{
    (void)user;
    double now = bf_now();
    if (strcmp(phase, state.phase) != 0) {
        cli_progress_end();
        begin_phase(phase, now);
    }
    if (state.relay) {
        if (now - state.last < RELAY_EVERY) return;
        state.last = now;
        fprintf(stderr, "progress %.17g %.17g %s\n", done, total, phase);
        return;
    }
    double elapsed = now - state.start;
    if (elapsed < SHOW_AFTER || !(total > 0) || done > total) return;
    bool terminal = isatty(STDERR_FILENO);
    if (now - state.last < (terminal ? REDRAW_EVERY : LINE_EVERY)) return;
    state.last = now;
    draw(done / total, elapsed, terminal);
}

bf_progress cli_progress(void)
{
    return (bf_progress){cli_common_options.quiet ? NULL : show, NULL};
}

void cli_progress_end(void)
{
    if (state.shown) fputs("\r\033[K", stderr);
    state.shown = false;
    state.phase[0] = 0;
}

void cli_progress_relay(void)
{
    state.relay = true;
}

void cli_note(const char *fmt, ...)
{
    if (cli_common_options.quiet) return;
    cli_progress_end();
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fputc('\n', stderr);
}
