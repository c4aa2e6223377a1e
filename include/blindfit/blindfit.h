/* blindfit: training a classifier on encrypted images.
 *
 * Conventions of every public and internal header
 *   - Outputs come first in the argument list, or right behind the object that
 *     does the work (an evaluator, a ring, a stream).
 *   - A function that can fail returns bf_status; on failure outputs are
 *     unchanged, cleared or wiped, and bf_last_error() of the calling thread
 *     names what was wrong. The library never prints and never exits.
 *   - Pointers may not be NULL unless the comment says so.
 *   - An object may be read by many threads at once; it is written by one.
 *   - `create` allocates, `destroy` frees and accepts NULL.
 */
#ifndef BLINDFIT_BLINDFIT_H
#define BLINDFIT_BLINDFIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define BF_VERSION "0.1.0"

#if defined(__GNUC__)
#define BF_MUST_CHECK __attribute__((warn_unused_result))
#define BF_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define BF_MUST_CHECK
#define BF_PRINTF(f, a)
#endif

typedef enum bf_status {
    BF_OK = 0,
    BF_ERR_ARGUMENT,    /* a value the caller chose is not acceptable */
    BF_ERR_MEMORY,      /* out of memory, or over the planned limit */
    BF_ERR_IO,          /* the operating system refused a read or write */
    BF_ERR_SPACE,       /* the disk is full */
    BF_ERR_FORMAT,      /* bytes that are not what they claim to be */
    BF_ERR_MISMATCH,    /* valid, but of other parameters, key or job */
    BF_ERR_SECURITY,    /* below the security level asked for */
    BF_ERR_RANGE,       /* numbers that leave the range the circuit covers */
    BF_ERR_INTERRUPTED, /* stopped by the user */
    BF_ERR_UNSUPPORTED, /* valid, but this build or machine cannot do it */
    BF_ERR_INTERNAL     /* a bug in blindfit */
} bf_status;

/* One word for a status ("io", "format", ...); never NULL. */
const char *bf_status_name(bf_status s);

/* Message of the last failure in this thread: one line, no newline, names the
 * file or argument and the trouble. Empty if nothing failed. Never NULL. */
const char *bf_last_error(void);

/* Frees what a function handed out "free with bf_free"; NULL is fine. */
void bf_free(void *p);

/* Progress of a long operation. `done` runs from 0 to `total` (any unit).
 * Called from one thread at a time. May be NULL wherever it is a parameter. */
typedef void (*bf_progress_fn)(void *user, const char *phase, double done,
                               double total);

typedef struct bf_progress {
    bf_progress_fn fn; /* may be NULL */
    void *user;
} bf_progress;

/* Threads used by every operation; 0 asks for all that the machine gives. */
void bf_set_threads(unsigned threads);
unsigned bf_get_threads(void);

/* Ask every running operation to stop soon with BF_ERR_INTERRUPTED.
 * Async-signal-safe; a second call with 0 clears it. */
void bf_interrupt(int on);

#endif
