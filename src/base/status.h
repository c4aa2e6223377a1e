/* Failure reporting inside the library. */
#ifndef BF_BASE_STATUS_H
#define BF_BASE_STATUS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "blindfit/blindfit.h"

/* Carries the first failure of a parallel loop, message included, from a worker
 * to the thread that returns the failure. Start from {0}; workers keep
 * failures, and may skip work after the first; raise after the loop. */
typedef struct bf_first_error {
    atomic_int status;
    char message[BF_MESSAGE_BYTES];
} bf_first_error;
void bf_first_error_keep(bf_first_error *first, bf_status s);
bool bf_first_error_seen(const bf_first_error *first);
BF_MUST_CHECK bf_status bf_first_error_raise(const bf_first_error *first);

#endif
