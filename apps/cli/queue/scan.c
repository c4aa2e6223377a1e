#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "spool/at.h"
#include "queue/results.h"

int queue_owner_folder(int *out, const queue *q, const char *owner,
                       const char *which)
{
    int folder, err = at_folder(&folder, q->spool, owner);
    if (err) return err;
    err = at_folder(out, folder, which);
    close(folder);
    return err;
}

typedef struct owner_scan {
    queue *q;
    const char *owner;
    int jobs;
    cJSON *ignored;
} owner_scan;

static void scan_job(void *user, const char *name)
{
    owner_scan *s = user;
    if (!spool_job_valid(name)) {
        char text[256];
        snprintf(text, sizeof text, "%s", name);
        bf_printable(text);
        queue_log("%s/jobs/%s: is no name of a job", s->owner, text);
        cJSON_AddItemToArray(s->ignored, cJSON_CreateString(text));
        return;
    }
    queue_job *j = queue_add(s->q, s->owner, name);
    if (j) queue_look(s->q, j, s->jobs);
}

/* Jobs of an owner that can't be seen are not gone. */
static void keep_jobs(queue *q, const char *owner)
{
    for (size_t i = 0; i < q->count; i++)
        if (strcmp(q->jobs[i]->owner, owner) == 0) q->jobs[i]->seen = true;
}

static void scan_owner(void *user, const char *owner)
{
    queue *q = user;
    owner_scan s = {.q = q, .owner = owner};
    if (!spool_owner_valid(owner)) {
        queue_log("%s: is no name of an owner", owner);
        return;
    }
    int err = queue_owner_folder(&s.jobs, q, owner, "jobs");
    if (!err) {
        s.ignored = cJSON_CreateArray();
        err = at_each(s.jobs, QUEUE_JOBS_SEEN_MAX, scan_job, &s);
        close(s.jobs);
        int unwritten = results_publish_owner(q, owner, s.ignored);
        cJSON_Delete(s.ignored);
        if (unwritten)
            queue_log("%s/results/status.json: %s", owner,
                      strerror(unwritten));
    }
    if (!err) return;
    keep_jobs(q, owner);
    if (err == E2BIG)
        queue_log("%s/jobs: only %u of the jobs are looked at", owner,
                  QUEUE_JOBS_SEEN_MAX);
    else if (err != ENOENT)
        queue_log("%s/jobs: %s", owner, strerror(err));
}

/* Jobs whose folder was removed. */
static void drop_unseen(queue *q)
{
    for (size_t i = q->count; i-- > 0;) {
        queue_job *j = q->jobs[i];
        if (j->seen || !queue_withdraw(q, j, true)) continue;
        queue_log_removed(j);
        queue_forget(q, j);
    }
}

void queue_scan(queue *q)
{
    for (size_t i = 0; i < q->count; i++) q->jobs[i]->seen = false;
    int err = at_each(q->spool, SIZE_MAX, scan_owner, q);
    if (err)
        queue_log("%s: %s", q->o.spool, strerror(err));
    else
        drop_unseen(q);
}
