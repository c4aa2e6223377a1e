/* Failure reporting inside the library. */
#ifndef BF_BASE_STATUS_H
#define BF_BASE_STATUS_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

/* Records the message for this thread and returns `s`, so that a failure is
 * one statement: return bf_fail(BF_ERR_ARGUMENT, "rotation by %d ...", r); */
bf_status bf_fail(bf_status s, const char *fmt, ...) BF_PRINTF(2, 3);

/* Puts "context: " in front of this thread's message and returns `s`. */
bf_status bf_fail_in(bf_status s, const char *fmt, ...) BF_PRINTF(2, 3);

/* Like bf_fail for a failed system call: appends strerror(err); ENOSPC and
 * EDQUOT become BF_ERR_SPACE, ENOMEM BF_ERR_MEMORY, all else BF_ERR_IO. */
bf_status bf_fail_errno(int err, const char *fmt, ...) BF_PRINTF(2, 3);

/* BF_ERR_INTERRUPTED once bf_interrupt(1) was called, else BF_OK. */
BF_MUST_CHECK bf_status bf_check_interrupt(void);

/* Leaves the function with the status of a failed call. */
#define BF_TRY(expr)                          \
    do {                                      \
        bf_status bf_try_s_ = (expr);         \
        if (bf_try_s_ != BF_OK) return bf_try_s_; \
    } while (0)

/* Sets the local `status` and jumps to `label` when a call fails. */
#define BF_GOTO(expr, label)                       \
    do {                                           \
        if ((status = (expr)) != BF_OK) goto label; \
    } while (0)

#endif
