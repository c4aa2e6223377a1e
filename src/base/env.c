#include "base/env.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/status.h"

#define THREADS_MAX 4096

static _Thread_local bf_run now;

/* The first number in an OpenMP variable; UINT_MAX if it is not set. */
static unsigned from_environment(const char *name)
{
    const char *text = getenv(name);
    long value = text ? strtol(text, NULL, 10) : 0;
    return value > 0 && value < THREADS_MAX ? (unsigned)value : THREADS_MAX;
}

static unsigned at_most(unsigned value, unsigned limit)
{
    return value < limit ? value : limit;
}

unsigned bf_env_threads(const bf_env *env)
{
    if (!env && now.threads) return now.threads;
    unsigned threads = env ? env->threads : now.env ? now.env->threads : 0;
    if (!threads)
        threads = at_most(bf_cpu_count(), from_environment("OMP_NUM_THREADS"));
    threads = at_most(threads, from_environment("OMP_THREAD_LIMIT"));
    if (!env) now.threads = threads;
    return threads;
}

void bf_env_interrupt(bf_env *env, int on)
{
    __atomic_store_n(&env->interrupted, on != 0, __ATOMIC_RELAXED);
}

bf_run bf_run_now(void)
{
    return now;
}

bf_run bf_run_silent(void)
{
    bf_run run = now;
    run.silent = true;
    return run;
}

bf_run bf_run_threads(unsigned threads)
{
    bf_run run = now;
    run.threads = threads;
    return run;
}

bf_run bf_run_set(bf_run run)
{
    bf_run before = now;
    now = run;
    return before;
}

bf_run bf_run_enter(bf_env *env)
{
    if (!env) return bf_run_set(now);
    return bf_run_set((bf_run){env, now.silent && env == now.env,
                               bf_env_threads(env)});
}

void bf_run_leave(const bf_run *before)
{
    bf_run_set(*before);
}

bf_env *bf_env_enter(bf_env *env)
{
    return bf_run_set((bf_run){.env = env}).env;
}

bf_status bf_check_interrupt(void)
{
    if (!now.env || !__atomic_load_n(&now.env->interrupted, __ATOMIC_RELAXED))
        return BF_OK;
    return bf_fail(BF_ERR_INTERRUPTED, "interrupted");
}

bool bf_reports(void)
{
    return now.env && now.env->progress && !now.silent;
}

void bf_report(const char *phase, double done, double total)
{
    if (bf_reports() && now.env->progress(now.env->user, phase, done, total))
        bf_env_interrupt(now.env, 1);
}

void bf_note(const char *fmt, ...)
{
    if (!now.env || !now.env->note) return;
    char line[BF_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    now.env->note(now.env->user, bf_printable(line));
}
