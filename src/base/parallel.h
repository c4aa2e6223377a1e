/* Loops over independent pieces of work. */
#ifndef BF_BASE_PARALLEL_H
#define BF_BASE_PARALLEL_H

#include "base/env.h"
#include "base/status.h"

/* Calls piece(user, i) for i < count, each once and in no order, on as many
 * threads as the env has: this one and workers of the process. The pieces of a
 * loop inside another one's, and a single piece, run on this thread; a single
 * piece outside of loops may itself use all threads.
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
/* Of the threads of the loop around, which one this is: from 0, below
 * bf_env_threads(NULL). */
unsigned bf_worker(void);

#endif
