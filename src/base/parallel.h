/* Loops over independent pieces of work. */
#ifndef BF_BASE_PARALLEL_H
#define BF_BASE_PARALLEL_H

#include "base/env.h"
#include "base/status.h"

/* Calls piece(user, i) once for every i < count, in any order, on all threads
 * of the environment: the calling thread and workers of the process. A loop
 * inside a piece runs on the thread of that piece. A loop of a single piece
 * runs on the calling thread, and loops inside that piece use all threads.
 *
 * No piece is assigned to a thread in advance, so that a thread that gets no
 * processor delays the loop by at most the piece it has begun. */
void bf_parallel(size_t count, void (*piece)(void *user, size_t i), void *user);

/* The same for pieces that can fail; with `serial`, on this thread only. Starts
 * no piece after the first failure or an interruption, and returns the status
 * and message of the first failure. */
BF_MUST_CHECK bf_status bf_parallel_for(size_t count, bool serial,
                                        bf_status (*fn)(void *user, size_t i),
                                        void *user);

/* True inside a piece of a loop on several threads. */
bool bf_in_parallel(void);
/* The number of this thread among those of the loop around the call: from 0,
 * below bf_env_threads(NULL). */
unsigned bf_worker(void);

#endif
