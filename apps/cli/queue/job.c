#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"

const char *queue_state_name(queue_state s)
{
    static const char *const names[] = {
        [QUEUE_UPLOADING] = "uploading", [QUEUE_WAITING] = "waiting",
        [QUEUE_RUNNING] = "running",     [QUEUE_PAUSED] = "paused",
        [QUEUE_DONE] = "done",           [QUEUE_FAILED] = "failed",
        [QUEUE_REFUSED] = "refused"};
    return names[s];
}

bool queue_final(queue_state s)
{
    return s == QUEUE_DONE || s == QUEUE_FAILED || s == QUEUE_REFUSED;
}

/* Jobs are in the order of owners, and of names within an owner. */
static int compare(const queue_job *j, const char *owner, const char *name)
{
    int order = strcmp(j->owner, owner);
    return order ? order : strcmp(j->name, name);
}

/* The index of the job, or where it would be. */
static size_t place(const queue *q, const char *owner, const char *name)
{
    size_t from = 0, to = q->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (compare(q->jobs[middle], owner, name) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

queue_job *queue_find(const queue *q, const char *owner, const char *name)
{
    size_t i = place(q, owner, name);
    bool found = i < q->count && compare(q->jobs[i], owner, name) == 0;
    return found ? q->jobs[i] : NULL;
}

static bool make_room(queue *q)
{
    size_t room = 2 * q->room + 16;
    if (q->count < q->room) return true;
    void *wider = realloc(q->jobs, room * sizeof *q->jobs);
    if (!wider) return false;
    q->jobs = wider;
    q->room = room;
    return true;
}

queue_job *queue_add(queue *q, const char *owner, const char *name)
{
    size_t at = place(q, owner, name);
    queue_job *j = queue_find(q, owner, name);
    if (j || !make_room(q)) return j;
    j = calloc(1, sizeof *j);
    if (!j) return NULL;
    snprintf(j->owner, sizeof j->owner, "%s", owner);
    snprintf(j->name, sizeof j->name, "%s", name);
    j->look_again = true;
    memmove(q->jobs + at + 1, q->jobs + at,
            (q->count - at) * sizeof *q->jobs);
    q->jobs[at] = j;
    q->count++;
    return j;
}

void queue_forget(queue *q, queue_job *j)
{
    size_t at = place(q, j->owner, j->name);
    q->count--;
    memmove(q->jobs + at, q->jobs + at + 1,
            (q->count - at) * sizeof *q->jobs);
    if (q->planner.job == j) q->planner.job = NULL;
    free(j->quote.text);
    free(j->published);
    free(j->logged);
    free(j);
}

void queue_tell(queue_job *j, queue_state s, const char *fmt, ...)
{
    char line[sizeof j->line]; /* the arguments may quote j->line */
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    j->state = s;
    memcpy(j->line, bf_printable(line), sizeof line);
    if (!queue_final(s)) queue_log_job(j);
}
