#include "support/memory_search.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define MASK 0x5a
#define WINDOW ((size_t)1 << 20)
#define MAPPING_MAX ((size_t)1 << 30) /* larger ones are a sanitiser's own */

/* Two bytes that tell doubles apart, exponent and first digits, and are not
 * both zero, which most memory is; candidates have bit i set where patterns[i]
 * has these two. */
#define KEY 5
static uint64_t candidates[1 << 16];
/* Bit k: whether candidates[k] is not zero. Nearly all of memory ends at these
 * few bytes, which caches hold. */
static uint8_t any[1 << 13];
static uint8_t window[WINDOW + MEMORY_PATTERN_MAX];

void memory_keep_freed(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
#endif
}

void memory_remember(memory_pattern *p, const char *name, const void *secret,
                     size_t bytes)
{
    const volatile uint8_t *s = secret;
    assert_true(bytes >= MEMORY_PATTERN_MIN && bytes <= MEMORY_PATTERN_MAX);
    while (!s[KEY] && !s[KEY + 1]) s++;
    p->name = name;
    p->bytes = bytes;
    for (size_t i = 0; i < bytes; i++) p->masked[i] = s[i] ^ MASK;
}

static size_t key_of(const uint8_t *b)
{
    return (size_t)b[KEY] << 8 | b[KEY + 1];
}

static void find_candidates(const memory_pattern *patterns, size_t count)
{
    memset(candidates, 0, sizeof candidates);
    memset(any, 0, sizeof any);
    for (size_t i = 0; i < count; i++) {
        size_t key = key_of(patterns[i].masked) ^ (MASK << 8 | MASK);
        candidates[key] |= UINT64_C(1) << i;
        any[key >> 3] |= (uint8_t)(1 << (key & 7));
    }
}

static int matches(const uint8_t *b, size_t n, const memory_pattern *p)
{
    size_t k = 0;
    if (n < p->bytes) return 0;
    while (k < p->bytes && (b[k] ^ MASK) == p->masked[k]) k++;
    return k == p->bytes;
}

/* Occurrences that begin in the first `begin` of n bytes. */
static void count_in(const uint8_t *b, size_t begin, size_t n, size_t *found,
                     const memory_pattern *patterns)
{
    for (size_t i = 0; i < begin && i + MEMORY_PATTERN_MIN <= n; i++) {
        size_t key = key_of(b + i);
        if (!(any[key >> 3] >> (key & 7) & 1)) continue;
        for (uint64_t c = candidates[key]; c; c &= c - 1) {
            unsigned k = (unsigned)__builtin_ctzll(c);
            found[k] += (size_t)matches(b + i, n - i, &patterns[k]);
        }
    }
}

static void search_range(int memory, size_t from, size_t to, size_t *found,
                         const memory_pattern *patterns)
{
    for (size_t at = from; at < to; at += WINDOW) {
        size_t n = to - at < sizeof window ? to - at : sizeof window;
        ssize_t got = pread(memory, window, n, (off_t)at);
        if (got > 0) count_in(window, WINDOW, (size_t)got, found, patterns);
    }
}

size_t memory_search(size_t *found, const memory_pattern *patterns,
                     size_t count)
{
    size_t from, to, sum = 0;
    char line[512], access[5];
    const size_t own = (size_t)window, end = own + sizeof window;
    int memory = open("/proc/self/mem", O_RDONLY);
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_true(memory >= 0 && maps && count <= MEMORY_PATTERNS_MAX);
    memset(found, 0, count * sizeof *found);
    find_candidates(patterns, count);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%zx-%zx %4s", &from, &to, access) != 3) continue;
        if (access[0] != 'r' || access[1] != 'w' || to - from > MAPPING_MAX)
            continue;
        /* All but the window itself. */
        search_range(memory, from, to < own ? to : from < own ? own : from,
                     found, patterns);
        search_range(memory, from > end ? from : end, to, found, patterns);
    }
    memset(window, 0, sizeof window);
    fclose(maps);
    close(memory);
    for (size_t i = 0; i < count; i++) sum += found[i];
    return sum;
}
