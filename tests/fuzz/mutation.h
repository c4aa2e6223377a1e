/* Seeded mutations of files: a reproducible fuzzer. */
#ifndef BF_TESTS_MUTATION_H
#define BF_TESTS_MUTATION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

static bf_stream mutation_rng;

/* BF_TEST_SEED, or the test's own; printed. */
static inline void mutation_seed(uint64_t own)
{
    uint8_t seed[BF_SEED_BYTES] = {0};
    const char *given = getenv("BF_TEST_SEED");
    uint64_t number = given ? strtoull(given, NULL, 0) : own;
    printf("seed %llu (BF_TEST_SEED)\n", (unsigned long long)number);
    memcpy(seed, &number, sizeof number);
    bf_stream_init(&mutation_rng, seed, "test-fuzz", 0, 0);
}

static inline size_t below(size_t n)
{
    return n ? bf_stream_u64(&mutation_rng) % n : 0;
}

/* One to four of: a bit, a byte, a number of interest, a cut, a piece copied
 * elsewhere. Places near the start, the place of most numbers, are frequent. */
static inline size_t mutate(uint8_t *b, size_t size)
{
    static const uint64_t numbers[] = {0, 1, 127, 255, 65535, 1u << 31,
                                       UINT64_C(1) << 40, UINT64_MAX};
    for (size_t k = 1 + below(4); k > 0 && size > 16; k--) {
        size_t room = size - 16, at = below(below(2) ? room : room % 512 + 1);
        size_t other = below(room), pick = below(8), length = 1 + below(8);
        switch (below(8)) {
        case 0: size = 1 + below(size); break;
        case 1: memmove(b + at, b + other, length); break;
        case 2:
        case 3: memcpy(b + at, &numbers[pick], length); break;
        case 4: b[at] = (uint8_t)bf_stream_u64(&mutation_rng); break;
        default: b[at] ^= (uint8_t)(1 << below(8)); break;
        }
    }
    return size;
}

#endif
