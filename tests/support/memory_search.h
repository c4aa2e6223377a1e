/* Searches all of this process's memory for bytes that ought to be gone: free
 * heap, stacks of all threads, buffers. Patterns are kept masked, so that the
 * search does not find itself. */
#ifndef BF_TESTS_SUPPORT_MEMORY_SEARCH_H
#define BF_TESTS_SUPPORT_MEMORY_SEARCH_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_PATTERN_MIN 24 /* bytes that do not meet by chance */
#define MEMORY_PATTERN_MAX 320
#define MEMORY_PATTERNS_MAX 64

typedef struct memory_pattern {
    const char *name;
    size_t bytes;
    uint8_t masked[MEMORY_PATTERN_MAX];
} memory_pattern;

/* Makes the allocator keep freed memory: if pages went back to the system, a
 * search would find less than an attacker who looks earlier. */
void memory_keep_freed(void);

/* A pattern of this many bytes, from the first place at or after `secret` that
 * does not look like empty memory; the data there must be longer than the
 * pattern. */
void memory_remember(memory_pattern *p, const char *name, const void *secret,
                     size_t bytes);

/* found[i]: how often patterns[i] occurs; returns the sum. */
size_t memory_search(size_t *found, const memory_pattern *patterns,
                     size_t count);

#endif
