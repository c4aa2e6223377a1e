#include "queue/results.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"

#define MARKER_BYTES_MAX 256
#define HEX (2 * QUEUE_DIGEST_BYTES)

static int open_results(int *out, const queue *q, const char *owner)
{
    int folder, err = at_folder(&folder, q->spool, owner);
    if (err) return err;
    err = at_make_folder(out, folder, "results", 0755);
    close(folder);
    return err;
}

int results_open(int *out, const queue *q, const queue_job *j)
{
    int results, err = open_results(&results, q, j->owner);
    if (err) return err;
    err = at_make_folder(out, results, j->name, 0755);
    close(results);
    return err;
}

/* ---- the marker ---------------------------------------------------------- */

static const queue_state finals[] = {QUEUE_DONE, QUEUE_FAILED, QUEUE_REFUSED};

int results_mark(const queue *q, const queue_job *j, queue_state s,
                 const uint8_t stamp[QUEUE_DIGEST_BYTES])
{
    char hex[HEX + 1], text[HEX + 32];
    int folder, err = results_open(&folder, q, j);
    if (err) return err;
    sodium_bin2hex(hex, sizeof hex, stamp, QUEUE_DIGEST_BYTES);
    int n = snprintf(text, sizeof text, "%s %s\n", queue_state_name(s), hex);
    err = at_write(folder, s == QUEUE_DONE ? "DONE" : "FAILED", text,
                   (size_t)n);
    close(folder);
    return err;
}

static bool parse(queue_state *s, uint8_t stamp[QUEUE_DIGEST_BYTES],
                  const char *text)
{
    for (size_t i = 0; i < sizeof finals / sizeof *finals; i++) {
        const char *name = queue_state_name(finals[i]);
        size_t n = strlen(name), got;
        if (strncmp(text, name, n) != 0 || text[n] != ' ') continue;
        *s = finals[i];
        return sodium_hex2bin(stamp, QUEUE_DIGEST_BYTES, text + n + 1,
                              strnlen(text + n + 1, HEX), NULL, &got,
                              NULL) == 0 &&
               got == QUEUE_DIGEST_BYTES;
    }
    return false;
}

bool results_marked(queue_state *s, uint8_t stamp[QUEUE_DIGEST_BYTES],
                    const queue *q, const queue_job *j)
{
    static const char *const names[] = {"DONE", "FAILED"};
    int results, folder;
    bool found = false;
    if (queue_owner_folder(&results, q, j->owner, "results") != 0) return false;
    int err = at_folder(&folder, results, j->name);
    close(results);
    if (err) return false;
    for (int i = 0; i < 2 && !found; i++) {
        char *text;
        size_t bytes;
        if (at_read(&text, &bytes, folder, names[i], MARKER_BYTES_MAX) != 0)
            continue;
        found = parse(s, stamp, text);
        free(text);
    }
    close(folder);
    return found;
}

/* ---- removal ------------------------------------------------------------- */

int results_clear(const queue *q, const queue_job *j)
{
    static const char *const names[] = {"DONE", "FAILED", "model.enc"};
    int results, folder, err = open_results(&results, q, j->owner);
    if (err) return err;
    err = at_folder(&folder, results, j->name);
    close(results);
    if (err) return err == ENOENT ? 0 : err;
    for (size_t i = 0; i < sizeof names / sizeof *names && !err; i++)
        err = at_remove(folder, names[i]);
    close(folder);
    return err;
}

int results_remove(const queue *q, const char *owner, const char *name)
{
    int results, err = queue_owner_folder(&results, q, owner, "results");
    if (err) return err == ENOENT ? 0 : err;
    err = at_remove(results, name);
    close(results);
    return err;
}
