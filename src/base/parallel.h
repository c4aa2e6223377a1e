/* Loops over independent pieces of work. */
#ifndef BF_BASE_PARALLEL_H
#define BF_BASE_PARALLEL_H

#include "base/status.h"

/* Calls fn(user, i) for i < count on all threads (on this one when `serial`,
 * inside another parallel loop, or for a single piece: then the piece itself
 * may use all threads). Stops handing out pieces after the first failure, whose
 * status and message it returns, and on interruption. */
BF_MUST_CHECK bf_status bf_parallel_for(size_t count, bool serial,
                                        bf_status (*fn)(void *user, size_t i),
                                        void *user);

#endif
