/* The fuzz targets of the wire formats accept the golden files, and no seeded
 * mutation of bytes that the digests cover. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mutation.h"

#define LLVMFuzzerTestOneInput fuzz_wire_frame
#include "fuzz_wire_frame.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_wire_objects
#include "fuzz_wire_objects.c"
#include "support/env.h"
#undef LLVMFuzzerTestOneInput

#define ROUNDS 400 /* mutations of each file for each target */

static uint8_t *golden[SAMPLE_FILES];
static size_t golden_bytes[SAMPLE_FILES];

static int start(void **state)
{
    (void)state;
    mutation_seed(5);
    for (size_t i = 0; i < SAMPLE_FILES; i++) {
        char path[256];
        snprintf(path, sizeof path, "tests/golden/wire-v2/%s", sample_name[i]);
        if (bf_read_file(path, 1 << 20, &golden[i], &golden_bytes[i]) != BF_OK)
            return -1;
    }
    env_threads(1);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_FILES; i++) bf_free(golden[i]);
    return 0;
}

/* exact: whatever differs from the golden file is refused. */
static void replay(bf_status (*target)(const uint8_t *, size_t), bool exact)
{
    size_t refused = 0;
    assert_int_not_equal(target((const uint8_t *)"", 0), BF_OK);
    for (size_t i = 0; i < SAMPLE_FILES; i++) {
        uint8_t *b = malloc(golden_bytes[i]);
        assert_int_equal(target(golden[i], golden_bytes[i]), BF_OK);
        for (unsigned k = 0; k < ROUNDS; k++) {
            memcpy(b, golden[i], golden_bytes[i]);
            size_t size = mutate(b, golden_bytes[i]);
            bool good = target(b, size) == BF_OK;
            if (good && exact) {
                assert_int_equal(size, golden_bytes[i]);
                assert_memory_equal(b, golden[i], size);
            }
            refused += !good;
        }
        free(b);
    }
    print_message("%zu of %u mutations refused\n", refused,
                  ROUNDS * SAMPLE_FILES);
    assert_true(refused > 0);
}

static void container(void **state)
{
    (void)state;
    replay(fuzz_frame, true);
}

static void objects(void **state)
{
    (void)state;
    replay(fuzz_objects, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(container),
        cmocka_unit_test(objects),
    };
    return cmocka_run_group_tests(tests, start, leave);
}
