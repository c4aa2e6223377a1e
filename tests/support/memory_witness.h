/* Patterns of one test, remembered one after the other and searched for. */
#ifndef BF_TESTS_SUPPORT_MEMORY_WITNESS_H
#define BF_TESTS_SUPPORT_MEMORY_WITNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/memory_search.h"

static memory_pattern patterns[MEMORY_PATTERNS_MAX];
static size_t known, found[MEMORY_PATTERNS_MAX];

static inline void remember(const char *name, const void *data, size_t bytes)
{
    assert_true(known < MEMORY_PATTERNS_MAX);
    memory_remember(&patterns[known++], name, data, bytes);
}

/* Each pattern since `first` is in memory now, so that the search looks for the
 * right bytes. */
static inline void all_alive(size_t first)
{
    memory_search(found, patterns, known);
    for (size_t i = first; i < known; i++)
        if (!found[i]) fail_msg("%s: not in memory", patterns[i].name);
}

static inline void nothing_left(const char *after)
{
    if (memory_search(found, patterns, known) == 0) return;
    for (size_t i = 0; i < known; i++)
        if (found[i])
            print_error("after %s: %s, %zu times\n", after, patterns[i].name,
                        found[i]);
    fail();
}

#endif
