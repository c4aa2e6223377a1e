/* Failure reporting inside the library. */
#ifndef BF_BASE_STATUS_H
#define BF_BASE_STATUS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "blindfit/blindfit.h"

#define BF_MESSAGE_BYTES 1024 /* longer messages are cut */

/* Records the message for this thread and returns `s`, so that a failure is
 * one statement: return bf_fail(BF_ERR_ARGUMENT, "rotation by %d ...", r);
 * It is made printable. The arguments may quote bf_last_error(). */
bf_status bf_fail(bf_status s, const char *fmt, ...) BF_PRINTF(2, 3);

/* Each byte of a control character, with which a file's contents could steer a
 * terminal, and of what is not UTF-8 becomes '?' where it stands. Returns
 * text. */
char *bf_printable(char *text);

/* Puts "context: " in front of this thread's message and returns `s`. */
bf_status bf_fail_in(bf_status s, const char *fmt, ...) BF_PRINTF(2, 3);

/* Like bf_fail for a failed system call: appends strerror(err); ENOSPC and
 * EDQUOT become BF_ERR_SPACE, ENOMEM BF_ERR_MEMORY, all else BF_ERR_IO. */
bf_status bf_fail_errno(int err, const char *fmt, ...) BF_PRINTF(2, 3);

/* Carries the first failure of a parallel region, message included, from the
 * worker that met it to the thread that returns it. Start from {0}; workers
 * keep and may skip their work once one is seen; raise after the region. */
typedef struct bf_first_error {
    atomic_int status;
    char message[BF_MESSAGE_BYTES];
} bf_first_error;
void bf_first_error_keep(bf_first_error *first, bf_status s);
bool bf_first_error_seen(const bf_first_error *first);
BF_MUST_CHECK bf_status bf_first_error_raise(const bf_first_error *first);

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
