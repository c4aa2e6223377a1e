#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "ranks.h"

#define SHOW_AFTER 2.0  /* seconds into a phase */
#define LINE_EVERY 10.0 /* seconds between lines of a log */
#define REDRAW_EVERY 0.2
#define RELAY_EVERY 0.2

static struct {
    char phase[64];
    double start, last; /* of this operation; of its last line */
    double first, done, total; /* first: value at the start, nonzero in a
                                * resumed run */
    bool shown;         /* a line on the terminal must be cleared */
    bool relay;
    bool bytes; /* done and total are bytes that travel */
} state;

/* A phase that continues the count of the previous phase belongs to the same
 * operation: the time left is that of the whole operation. */
static void begin_phase(const char *phase, double done, double total,
                        double now)
{
    if (total == state.total && state.done > 0 && done >= state.done) {
        snprintf(state.phase, sizeof state.phase, "%s", phase);
        return;
    }
    cli_progress_end();
    snprintf(state.phase, sizeof state.phase, "%s", phase);
    state.start = now;
    state.first = done;
    state.last = -1e9;
}

/* ", 12 MB of 1.2 GB, 3 MB/s": bytes, and their speed in this run. */
static void put_bytes(char *out, size_t room, double made, double elapsed)
{
    out[0] = 0;
    if (!state.bytes) return;
    snprintf(out, room, ", %s of %s, %s/s", bf_text_size(state.done).s,
             bf_text_size(state.total).s, bf_text_size(made / elapsed).s);
}

static void draw(double elapsed, bool terminal)
{
    char left[64] = "", bytes[160];
    double made = state.done - state.first, missing = state.total - state.done;
    put_bytes(bytes, sizeof bytes, made, elapsed);
    if (made > 0.01 * state.total && missing > 0)
        snprintf(left, sizeof left, ", %s left",
                 bf_text_time(elapsed * missing / made).s);
    fprintf(stderr, "%s%s %.0f %%%s%s%s", terminal ? "\r\033[K" : "",
            state.phase, 100 * state.done / state.total, bytes, left,
            terminal ? "" : "\n");
    fflush(stderr);
    state.shown = terminal;
}

static int show(void *user, const char *phase, double done, double total)
{
    (void)user;
    if (cli_common_options.quiet || !cli_speaks()) return 0;
    double now = cli_now();
    if (strcmp(phase, state.phase) != 0) begin_phase(phase, done, total, now);
    state.done = done;
    state.total = total;
    if (state.relay) {
        if (now - state.last < RELAY_EVERY) return 0;
        state.last = now;
        fprintf(stderr, "progress %.17g %.17g %s\n", done, total, phase);
        return 0;
    }
    double elapsed = now - state.start;
    if (elapsed < SHOW_AFTER || !(total > 0) || done > total) return 0;
    bool terminal = isatty(STDERR_FILENO);
    if (now - state.last < (terminal ? REDRAW_EVERY : LINE_EVERY)) return 0;
    state.last = now;
    draw(elapsed, terminal);
    return 0;
}

void cli_progress_bytes(const char *phase, uint64_t done, uint64_t total)
{
    state.bytes = true;
    show(NULL, phase, (double)done, (double)total);
    state.bytes = false;
}

static void show_note(void *user, const char *line)
{
    (void)user;
    cli_note("%s", line);
}

bf_env cli_env = {.progress = show, .note = show_note};

void cli_progress_end(void)
{
    if (state.shown) fputs("\r\033[K", stderr);
    state.shown = false;
    state.phase[0] = 0;
    state.first = state.done = state.total = 0;
}

void cli_progress_relay(void)
{
    state.relay = true;
}

static void print_line(const char *fmt, va_list args)
{
    cli_progress_end();
    if (state.relay) fputs("note ", stderr);
    cli_vprint(stderr, fmt, args);
}

void cli_note(const char *fmt, ...)
{
    if (cli_common_options.quiet || !cli_speaks()) return;
    va_list args;
    va_start(args, fmt);
    print_line(fmt, args);
    va_end(args);
}

void cli_warn(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    print_line(fmt, args);
    va_end(args);
}
