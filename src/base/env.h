/* What the calling thread runs under (bf_env in blindfit.h), and what the
 * library asks of it and tells it. */
#ifndef BF_BASE_ENV_H
#define BF_BASE_ENV_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

/* First statement of a function that takes an env: until the function returns,
 * its thread runs under env, unless that is NULL. */
#define BF_UNDER(env)                                                   \
    __attribute__((cleanup(bf_run_leave), unused)) bf_run bf_run_before_ = \
        bf_run_enter(env)

/* The same without progress, for a part of an operation that reports its own.
 */
#define BF_SILENT()                                                     \
    __attribute__((cleanup(bf_run_leave), unused)) bf_run bf_run_before_ = \
        bf_run_set(bf_run_silent())

/* The same with n threads. */
#define BF_THREADS(n)                                                   \
    __attribute__((cleanup(bf_run_leave), unused)) bf_run bf_run_before_ = \
        bf_run_set(bf_run_threads(n))

/* What a thread runs under. Progress is withheld from the env by parts of an
 * operation that reports its own, and by threads other than the caller's. */
typedef struct bf_run {
    bf_env *env; /* NULL: {0} */
    bool silent;
    unsigned threads; /* of bf_env_threads when entered; 0: not asked yet */
} bf_run;

bf_run bf_run_now(void);
bf_run bf_run_silent(void); /* the same without progress */
bf_run bf_run_threads(unsigned threads);
/* Both return what the thread ran under before. */
bf_run bf_run_set(bf_run run);
bf_run bf_run_enter(bf_env *env);
void bf_run_leave(const bf_run *before);

/* BF_ERR_INTERRUPTED once the env was interrupted, else BF_OK. */
BF_MUST_CHECK bf_status bf_check_interrupt(void);

void bf_report(const char *phase, double done, double total);
/* Whether anybody listens to bf_report. */
bool bf_reports(void);
void bf_note(const char *fmt, ...) BF_PRINTF(1, 2);

#endif
