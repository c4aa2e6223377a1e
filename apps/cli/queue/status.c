#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/results.h"

#define PROGRESS_EVERY 1.0 /* seconds */

/* The object as lines of text, which the caller frees; deletes the object. */
static char *print(cJSON *o)
{
    char *json = cJSON_Print(o), *text = NULL;
    cJSON_Delete(o);
    if (json && asprintf(&text, "%s\n", json) < 0) text = NULL;
    cJSON_free(json);
    return text;
}

/* ---- of a job ------------------------------------------------------------ */

static void add_quote(cJSON *o, const queue_job *j, double allowed)
{
    const queue_quote *f = &j->quote;
    cJSON *to = cJSON_AddObjectToObject(o, "quote");
    bool packed = f->packed_memory_bytes > 0 && f->memory_bytes > allowed;
    cJSON_AddNumberToObject(to, "seconds", f->seconds);
    cJSON_AddNumberToObject(to, "memory_bytes",
                            packed ? f->packed_memory_bytes : f->memory_bytes);
    cJSON_AddNumberToObject(to, "disk_bytes", queue_disk_bytes(f));
    cJSON_AddNumberToObject(to, "upload_bytes", f->upload_bytes);
    cJSON_AddNumberToObject(to, "keys_bytes", f->keys_bytes);
    cJSON_AddNumberToObject(to, "model_bytes", f->model_bytes);
    cJSON_AddNumberToObject(to, "samples", f->samples);
    cJSON_AddNumberToObject(to, "features", f->features);
    cJSON_AddNumberToObject(to, "classes", f->classes);
    cJSON_AddNumberToObject(to, "iterations", f->iterations);
}

static void add_progress(cJSON *o, const queue_job *j)
{
    if (*j->phase) cJSON_AddStringToObject(o, "phase", j->phase);
    cJSON_AddNumberToObject(o, "progress", j->progress);
    if (!isnan(j->seconds_left))
        cJSON_AddNumberToObject(o, "seconds_left", j->seconds_left);
}

static void add_result(cJSON *o, const queue_job *j)
{
    cJSON_AddNumberToObject(o, "model_bytes", j->quote.model_bytes);
    if (j->run_seconds <= 0) return; /* the queue died with the trainer */
    cJSON_AddNumberToObject(o, "seconds", j->run_seconds);
    cJSON_AddNumberToObject(o, "peak_rss_bytes", j->peak_rss_bytes);
}

static char *job_text(const queue *q, const queue_job *j)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "owner", j->owner);
    cJSON_AddStringToObject(o, "job", j->name);
    cJSON_AddStringToObject(o, "state", queue_state_name(j->state));
    if (*j->line) cJSON_AddStringToObject(o, "line", j->line);
    if (j->quote.known && !*j->quote.error)
        add_quote(o, j, queue_memory_allowed(q, j));
    if (j->state == QUEUE_WAITING)
        cJSON_AddNumberToObject(o, "jobs_ahead", (double)j->ahead);
    if (j->state == QUEUE_RUNNING) add_progress(o, j);
    if (j->state == QUEUE_DONE) add_result(o, j);
    return print(o);
}

static int write_text(int folder, const char *text, bool durable)
{
    return durable
               ? at_write(folder, "status.json", text, strlen(text))
               : at_write_lazy(folder, "status.json", text, strlen(text));
}

int results_publish(const queue *q, queue_job *j, bool now)
{
    int folder;
    if (j->told) return 0;
    if (!now && j->state == QUEUE_RUNNING &&
        cli_now() - j->published_at < PROGRESS_EVERY)
        return 0;
    char *text = job_text(q, j);
    if (!text) return ENOMEM;
    bool news = !j->published || strcmp(text, j->published) != 0;
    int err = news ? results_open(&folder, q, j) : 0;
    if (!news || err) {
        free(text);
        return err;
    }
    err = write_text(folder, text, queue_final(j->state));
    close(folder);
    if (err) {
        free(text);
        return err;
    }
    free(j->published);
    j->published = text;
    j->published_at = cli_now();
    return 0;
}

/* ---- of an owner --------------------------------------------------------- */

static void add_limit(cJSON *o, const char *name, double value)
{
    if (value > 0) cJSON_AddNumberToObject(o, name, value);
}

static char *owner_text(const queue *q, const char *owner, int folder,
                        const cJSON *ignored)
{
    queue_owner_limits l = queue_limits_of(&q->o.limits, owner);
    size_t jobs = 0;
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->jobs[i]->owner, owner) == 0) jobs++;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "owner", owner);
    cJSON_AddNumberToObject(o, "disk_bytes",
                            (double)(at_disk_bytes(folder, "jobs") +
                                     at_disk_bytes(folder, "results")));
    cJSON_AddNumberToObject(o, "jobs", (double)jobs);
    cJSON *limits = cJSON_AddObjectToObject(o, "limits");
    add_limit(limits, "disk_bytes", l.disk_bytes);
    add_limit(limits, "jobs", l.jobs);
    add_limit(limits, "memory_bytes", l.memory_bytes);
    add_limit(limits, "seconds", l.seconds);
    cJSON_AddItemToObject(o, "ignored", cJSON_Duplicate(ignored, true));
    return print(o);
}

static int write_owner(int folder, const char *text)
{
    int results, err = at_make_folder(&results, folder, "results", 0755);
    char *there;
    size_t bytes;
    if (err) return err;
    if (at_read(&there, &bytes, results, "status.json", (size_t)1 << 20) == 0) {
        bool same = strcmp(there, text) == 0;
        free(there);
        if (!same) err = write_text(results, text, false);
    } else {
        err = write_text(results, text, false);
    }
    close(results);
    return err;
}

int results_publish_owner(const queue *q, const char *owner,
                          const cJSON *ignored)
{
    int folder, err = at_folder(&folder, q->spool, owner);
    if (err) return err;
    char *text = owner_text(q, owner, folder, ignored);
    err = text ? write_owner(folder, text) : ENOMEM;
    free(text);
    close(folder);
    return err;
}
