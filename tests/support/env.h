/* What the thread of a test runs under. */
#ifndef BF_TESTS_SUPPORT_ENV_H
#define BF_TESTS_SUPPORT_ENV_H

#include "blindfit/blindfit.h"

static bf_env env_of_test;

static inline void env_threads(unsigned threads)
{
    env_of_test.threads = threads;
    bf_env_enter(&env_of_test);
}

static inline void env_interrupt(int on)
{
    bf_env_interrupt(&env_of_test, on);
    bf_env_enter(&env_of_test);
}

#endif
