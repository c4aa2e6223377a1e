/* Connections that are too slow are cut: libmicrohttpd ends those that are
 * silent, and this those that send or take bytes one by one.
 *
 * Within a timeout a connection must bring the whole head of a request, and a
 * body or a reply must move WATCH_BYTES at least, or end. */
#ifndef BF_GATEWAY_WATCH_H
#define BF_GATEWAY_WATCH_H

#include <pthread.h>
#include <stdint.h>

#include "gateway/metrics.h"

#define WATCH_BYTES 30000u

typedef struct watched watched;

/* Of all connections of the process. */
typedef struct watch {
    pthread_mutex_t lock;
    watched *first;
    double timeout;
    metrics *metrics;
} watch;

/* A connection begins and ends. NULL without memory. */
watched *watch_add(watch *w, int fd);
void watch_drop(watched *c);
/* It waits for a head; its body comes; its reply goes. */
void watch_waits(watched *c);
void watch_receives(watched *c);
void watch_replies(watched *c);
/* Bytes came or went. */
void watch_moved(watched *c, uint64_t bytes);
/* Cuts those that are too slow; to be called every second or so. */
void watch_look(watch *w);

#endif
