/* Every fuzz target without a fuzzer: over the golden files, over its own seeds
 * in tests/fuzz/seeds, and over seeded mutations of both. A target that finds a
 * fault aborts, and so does a sanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/parallel.h"
#include "mutation.h"
#include "support/env.h"

#define ROUNDS 20      /* mutations of each golden file */
#define OWN_ROUNDS 200 /* of each seed of the target */
#define FILES_MAX 64

typedef int entry_point(const uint8_t *data, size_t size);
#define TARGET(name) entry_point name;
#include "fuzz_targets.inc"
#undef TARGET

typedef struct seeds {
    size_t count;
    uint8_t *data[FILES_MAX];
    size_t bytes[FILES_MAX];
} seeds;

static seeds golden;

static void add_file(seeds *s, const char *path)
{
    assert_true(s->count < FILES_MAX);
    assert_int_equal(bf_read_file(path, 1 << 20, &s->data[s->count],
                                  &s->bytes[s->count]), BF_OK);
    s->count++;
}

/* In the order of their names, so that mutations do not depend on the disk. */
static void add_folder(seeds *s, const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count <= 0) fail_msg("%s: no seeds", folder);
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') add_file(s, path);
        free(entries[i]);
    }
    free(entries);
}

static void release(seeds *s)
{
    for (size_t i = 0; i < s->count; i++) bf_free(s->data[i]);
    s->count = 0;
}

static int start(void **state)
{
    (void)state;
    mutation_seed(5);
    env_threads(1);
    add_folder(&golden, "tests/golden/wire-v2");
    add_folder(&golden, "tests/golden/train-v2");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    release(&golden);
    return 0;
}

/* Each input has a buffer of its exact size, so that a read beyond the end is
 * detected. */
static void run(entry_point *target, const uint8_t *data, size_t bytes)
{
    uint8_t *b = malloc(bytes + !bytes);
    assert_non_null(b);
    if (bytes) memcpy(b, data, bytes);
    assert_int_equal(target(b, bytes), 0);
    free(b);
}

static void run_all(entry_point *target, const seeds *s, unsigned rounds)
{
    for (size_t i = 0; i < s->count; i++) {
        uint8_t *b = malloc(s->bytes[i] + 1);
        assert_non_null(b);
        run(target, s->data[i], s->bytes[i]);
        for (unsigned k = 0; k < rounds; k++) {
            memcpy(b, s->data[i], s->bytes[i]);
            run(target, b, mutate(b, s->bytes[i]));
        }
        free(b);
    }
}

static void replay(entry_point *target, const char *name)
{
    char folder[128];
    seeds own = {0};
    snprintf(folder, sizeof folder, "tests/fuzz/seeds/%s", name);
    run(target, NULL, 0);
    run_all(target, &golden, ROUNDS);
    DIR *there = opendir(folder);
    if (there) {
        closedir(there);
        add_folder(&own, folder);
        run_all(target, &own, OWN_ROUNDS);
    }
    print_message("%s: %zu seeds of its own\n", name, own.count);
    release(&own);
}

#define TARGET(name)                          \
    static void replay_##name(void **state)   \
    {                                         \
        (void)state;                          \
        replay(name, #name);                  \
    }
#include "fuzz_targets.inc"
#undef TARGET

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TARGET(name) cmocka_unit_test(replay_##name),
#include "fuzz_targets.inc"
#undef TARGET
    };
    return cmocka_run_group_tests(tests, start, leave);
}
