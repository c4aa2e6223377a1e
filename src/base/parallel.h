/* Loops over independent pieces of work. */
#ifndef BF_BASE_PARALLEL_H
#define BF_BASE_PARALLEL_H

#include "base/env.h"
#include "base/status.h"

/* Calls piece(user, i) for every i < count once, in any order, on as many
 * threads as the env has: the calling thread and workers of the process. A loop
 * that begins inside a piece runs on the thread of that piece. So does a loop
 * of one piece, which may begin a loop on all threads.
 *
 * A piece that is not begun waits for no thread, so a loop takes no longer than
 * the slowest piece beyond what its threads got from a busy machine. */
void bf_parallel(size_t count, void (*piece)(void *user, size_t i), void *user);

/* The same for pieces that can fail, and on this thread where `serial`. Hands
 * out no more pieces after the first failure, whose status and message it
 * returns, and on interruption. */
BF_MUST_CHECK bf_status bf_parallel_for(size_t count, bool serial,
                                        bf_status (*fn)(void *user, size_t i),
                                        void *user);

/* Whether this is a piece of a loop on several threads. */
bool bf_in_parallel(void);
/* The number of this thread among those of the loop around the call: from 0,
 * below bf_env_threads(NULL). */
unsigned bf_worker(void);

#endif
