#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/entry.h"
#include "queue/results.h"

#define REPORT_BYTES_MAX ((size_t)1 << 20)

void queue_unwritten(queue *q, const queue_job *j, const char *what, int err)
{
    snprintf(q->unwritten, sizeof q->unwritten, "%s/%s: %s: %s", j->owner,
             j->name, what, strerror(err));
    queue_log("%s", q->unwritten);
}

static double number(const cJSON *o, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

/* The trainer's report may be missing, if the queue ended with the trainer. */
static void read_report(queue_job *j, int entry)
{
    char *text;
    size_t bytes;
    if (at_read(&text, &bytes, entry, "run.json", REPORT_BYTES_MAX) != 0)
        return;
    cJSON *o = cJSON_Parse(text);
    free(text);
    const cJSON *s = cJSON_GetObjectItemCaseSensitive(o, "seconds");
    j->run_seconds =
        number(s, "read") + number(s, "train") + number(s, "write");
    j->peak_rss_bytes = number(o, "peak_rss_bytes");
    cJSON_Delete(o);
}

/* Moves the model to its owner, unless that was done before a crash. */
static int hand_over(queue *q, queue_job *j)
{
    int entry, results, err = entry_open(&entry, q, j);
    if (err) return err;
    read_report(j, entry);
    err = results_open(&results, q, j);
    if (!err) {
        err = at_move(entry, "model.enc", results, "model.enc");
        if (err == ENOENT && at_exists(results, "model.enc")) err = 0;
        close(results);
    }
    close(entry);
    return err;
}

void queue_settle(queue *q, queue_job *j)
{
    if (j->told || !queue_final(j->state)) return;
    int err = j->state == QUEUE_DONE && j->sequence ? hand_over(q, j) : 0;
    if (err) {
        queue_unwritten(q, j, "model.enc", err);
        return;
    }
    err = results_publish(q, j, true);
    if (!err) err = results_mark(q, j, j->state, j->stamp);
    if (!err) err = entry_remove(q, j);
    if (err) {
        queue_unwritten(q, j, "its end", err);
        return;
    }
    j->told = true;
    queue_log_job(j);
}
