#include "gateway/watch.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "cli.h"

/* What the kernel has taken of a reply can be long on its way. */
#define REPLY_TIMEOUTS 4

typedef enum phase { PHASE_WAITS, PHASE_RECEIVES, PHASE_REPLIES } phase;

struct watched {
    watch *of;
    watched *before, *next;
    int fd;
    phase phase;
    double since;   /* begin of the phase, or of its window */
    uint64_t moved; /* bytes since then */
};

watched *watch_add(watch *w, int fd)
{
    watched *c = malloc(sizeof *c);
    if (!c) return NULL;
    *c = (watched){.of = w, .fd = fd, .since = cli_now()};
    pthread_mutex_lock(&w->lock);
    c->next = w->first;
    if (c->next) c->next->before = c;
    w->first = c;
    pthread_mutex_unlock(&w->lock);
    return c;
}

void watch_drop(watched *c)
{
    if (!c) return;
    pthread_mutex_lock(&c->of->lock);
    if (c->before)
        c->before->next = c->next;
    else
        c->of->first = c->next;
    if (c->next) c->next->before = c->before;
    pthread_mutex_unlock(&c->of->lock);
    free(c);
}

static void enter(watched *c, phase p)
{
    if (!c) return;
    pthread_mutex_lock(&c->of->lock);
    c->phase = p;
    c->since = cli_now();
    c->moved = 0;
    pthread_mutex_unlock(&c->of->lock);
}

void watch_waits(watched *c)
{
    enter(c, PHASE_WAITS);
}

void watch_receives(watched *c)
{
    enter(c, PHASE_RECEIVES);
}

void watch_replies(watched *c)
{
    enter(c, PHASE_REPLIES);
}

void watch_moved(watched *c, uint64_t bytes)
{
    if (!c) return;
    pthread_mutex_lock(&c->of->lock);
    c->moved += bytes;
    pthread_mutex_unlock(&c->of->lock);
}

static bool is_slow(watched *c, double now)
{
    double allowed = c->of->timeout;
    if (c->phase == PHASE_REPLIES) allowed *= REPLY_TIMEOUTS;
    if (now - c->since < allowed) return false;
    if (c->phase == PHASE_WAITS || c->moved < WATCH_BYTES) return true;
    c->since = now;
    c->moved = 0;
    return false;
}

void watch_look(watch *w)
{
    double now = cli_now();
    pthread_mutex_lock(&w->lock);
    for (watched *c = w->first; c; c = c->next) {
        if (!is_slow(c, now)) continue;
        /* Its thread then sees the end of the connection. */
        shutdown(c->fd, SHUT_RDWR);
        atomic_fetch_add(&w->metrics->cut, 1);
        c->since = now;
    }
    pthread_mutex_unlock(&w->lock);
}
