/* The environment (bf_env in blindfit.h) of the calling thread: interruption,
 * threads, progress, notes. */
#ifndef BF_BASE_ENV_H
#define BF_BASE_ENV_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

/* First statement of a function that takes an env: env becomes the thread's
 * environment until the function returns. NULL changes nothing. */
#define BF_UNDER(env)                                                   \
    __attribute__((cleanup(bf_run_leave), unused)) bf_run bf_run_before_ = \
        bf_run_enter(env)

/* The same without progress, inside an operation that reports its own progress.
 */
#define BF_SILENT()                                                     \
    __attribute__((cleanup(bf_run_leave), unused)) bf_run bf_run_before_ = \
        bf_run_set(bf_run_silent())

/* The same with n threads. */
#define BF_THREADS(n)                                                   \
    __attribute__((cleanup(bf_run_leave), unused)) bf_run bf_run_before_ = \
        bf_run_set(bf_run_threads(n))

/* The environment of a thread. `silent` suppresses progress: inside an
 * operation that reports its own progress, and on threads other than the
 * caller's. */
typedef struct bf_run {
    bf_env *env; /* NULL: {0} */
    bool silent;
    unsigned threads; /* bf_env_threads when entered; 0: not yet computed */
} bf_run;

bf_run bf_run_now(void);
bf_run bf_run_silent(void); /* the same without progress */
bf_run bf_run_threads(unsigned threads);
/* Both return the thread's previous environment. */
bf_run bf_run_set(bf_run run);
bf_run bf_run_enter(bf_env *env);
void bf_run_leave(const bf_run *before);

/* BF_ERR_INTERRUPTED once the env was interrupted, else BF_OK. */
BF_MUST_CHECK bf_status bf_check_interrupt(void);

void bf_report(const char *phase, double done, double total);
/* True if bf_report has a listener. */
bool bf_reports(void);
void bf_note(const char *fmt, ...) BF_PRINTF(1, 2);

#endif
