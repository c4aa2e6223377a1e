/* valgrind as a witness that secrets reach no branch and no address: memcheck
 * treats what is marked undefined as such and reports every jump or access that
 * depends on it (Langley's ctgrind). HAVE_MEMCHECK where that can be built:
 * sanitizers have an allocator of their own. */
#ifndef BF_TESTS_SUPPORT_MEMCHECK_H
#define BF_TESTS_SUPPORT_MEMCHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/sanitized.h"

#if defined(__has_include) && !defined(BF_SANITIZED)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAVE_MEMCHECK
#endif
#endif

#ifdef HAVE_MEMCHECK

/* The program once more under valgrind, in place of this one; returns where
 * that is not installed, with the status of a skipped test. Valgrind shows
 * programs a processor without AVX-512, whatever backend the test's environment
 * asks for. */
static inline int run_under_valgrind(const char *self)
{
    const char *backend = getenv("BLINDFIT_BACKEND");
    if (backend && strcmp(backend, "avx512") == 0) unsetenv("BLINDFIT_BACKEND");
    execlp("valgrind", "valgrind", "-q", "--log-file=/dev/null", self,
           (char *)NULL);
    puts("skipped: valgrind is not installed");
    return 77;
}

#endif

#endif
