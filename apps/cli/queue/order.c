#include <string.h>

#include "queue/queue.h"

static bool waits(const queue_job *j)
{
    return j->sequence &&
           (j->state == QUEUE_WAITING || j->state == QUEUE_PAUSED);
}

/* Whether owner a comes before owner b when `turn` had the last turn: in the
 * order of names, beginning behind `turn`, and then from the front. */
static bool sooner(const char *a, const char *b, const char *turn)
{
    bool a_behind = strcmp(a, turn) > 0, b_behind = strcmp(b, turn) > 0;
    if (a_behind != b_behind) return a_behind;
    return strcmp(a, b) < 0;
}

static bool better(const queue_job *a, const queue_job *b, const char *turn)
{
    if (a->started != b->started) return a->started;
    if (strcmp(a->owner, b->owner) != 0)
        return sooner(a->owner, b->owner, turn);
    return a->sequence < b->sequence;
}

queue_job *queue_next(const queue *q, double now)
{
    queue_job *best = NULL;
    for (size_t i = 0; i < q->count; i++) {
        queue_job *j = q->jobs[i];
        if (!waits(j) || j->not_before > now) continue;
        if (!best || better(j, best, q->turn)) best = j;
    }
    return best;
}

/* The number of the owner's waiting jobs that are older than this one. */
static size_t older(const queue *q, const queue_job *j)
{
    size_t n = 0;
    for (size_t i = 0; i < q->count; i++) {
        const queue_job *o = q->jobs[i];
        if (waits(o) && strcmp(o->owner, j->owner) == 0 &&
            o->sequence < j->sequence)
            n++;
    }
    return n;
}

/* Owners take turns: before an owner's job with n older ones, every other owner
 * has n turns, and one more if sooner. Jobs are in the order of owners. */
static size_t ahead(const queue *q, const queue_job *j)
{
    size_t own = older(q, j), sum = own + (q->trainer.job != NULL);
    for (size_t i = 0; i < q->count;) {
        const char *owner = q->jobs[i]->owner;
        size_t waiting = 0, turns = own + sooner(owner, j->owner, q->turn);
        for (; i < q->count && strcmp(q->jobs[i]->owner, owner) == 0; i++)
            waiting += waits(q->jobs[i]);
        if (strcmp(owner, j->owner) != 0)
            sum += waiting < turns ? waiting : turns;
    }
    return sum;
}

void queue_count_ahead(queue *q)
{
    for (size_t i = 0; i < q->count; i++)
        if (waits(q->jobs[i])) q->jobs[i]->ahead = ahead(q, q->jobs[i]);
}
