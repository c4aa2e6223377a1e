/* Shared by the tests of data files: a scratch folder, compressed files,
 * damage done at random. */
#ifndef DATA_TESTING_H
#define DATA_TESTING_H

#include "regnet_testing.h"

#include <zlib.h>

#include "blindfit/features.h"

static char scratch[] = "/tmp/bf_test_data_XXXXXX";

static inline int enter_scratch(void **state)
{
    (void)state;
    return mkdtemp(scratch) ? 0 : -1;
}

static inline int leave_scratch(void **state)
{
    (void)state;
    return bf_remove_tree(scratch) == BF_OK ? 0 : -1;
}

/* Writes scratch/name and returns its path. */
static inline const char *given(const char *name, const void *data,
                                size_t bytes)
{
    const char *path = path_in(scratch, name);
    write_file(path, data, bytes);
    return path;
}

static inline const char *given_text(const char *name, const char *text)
{
    return given(name, text, strlen(text));
}

static inline const char *given_gz(const char *name, const void *data,
                                   size_t bytes)
{
    const char *path = path_in(scratch, name);
    gzFile f = gzopen(path, "wb9");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, data, (unsigned)bytes), (int)bytes);
    assert_int_equal(gzclose(f), Z_OK);
    return path;
}

typedef int fuzz_target(const uint8_t *data, size_t size);

/* `rounds` times: up to four bytes of a copy changed, or its end cut off. On a
 * fault the target aborts or a sanitizer reports. */
static inline void replay(fuzz_target *target, const void *data, size_t bytes,
                          unsigned rounds, uint64_t *rng)
{
    uint8_t *copy = must_alloc(bytes);
    target(data, bytes);
    for (unsigned r = 0; r < rounds; r++) {
        memcpy(copy, data, bytes);
        size_t size = bytes;
        for (uint64_t k = random_u64(rng) % 4 + 1; k > 0; k--)
            copy[random_u64(rng) % bytes] = (uint8_t)random_u64(rng);
        if (random_u64(rng) % 4 == 0) size = random_u64(rng) % bytes;
        target(copy, size);
    }
    bf_free(copy);
}

#endif
