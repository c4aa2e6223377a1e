/* The fuzz targets of the wire formats without a fuzzer: over the golden files
 * and seeded mutations of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define LLVMFuzzerTestOneInput fuzz_wire_frame
#include "fuzz_wire_frame.c"
#undef LLVMFuzzerTestOneInput
#define LLVMFuzzerTestOneInput fuzz_wire_objects
#include "fuzz_wire_objects.c"
#undef LLVMFuzzerTestOneInput

#define ROUNDS 400 /* mutations of each file for each target */

static bf_stream rng;
static uint8_t *golden[SAMPLE_FILES];
static size_t golden_bytes[SAMPLE_FILES];

static int start(void **state)
{
    (void)state;
    uint8_t seed[BF_SEED_BYTES] = {0};
    const char *given = getenv("BF_TEST_SEED");
    uint64_t number = given ? strtoull(given, NULL, 0) : 5;
    printf("seed %llu (BF_TEST_SEED)\n", (unsigned long long)number);
    memcpy(seed, &number, sizeof number);
    bf_stream_init(&rng, seed, "test-fuzz", 0, 0);
    for (size_t i = 0; i < SAMPLE_FILES; i++) {
        char path[256];
        snprintf(path, sizeof path, "tests/golden/wire-v1/%s", sample_name[i]);
        if (bf_read_file(path, 1 << 20, &golden[i], &golden_bytes[i]) != BF_OK)
            return -1;
    }
    bf_set_threads(1);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_FILES; i++) bf_free(golden[i]);
    return 0;
}

static size_t below(size_t n)
{
    return n ? bf_stream_u64(&rng) % n : 0;
}

/* One to four of: a bit, a byte, a number of interest, a cut, a piece copied
 * elsewhere. Places near the start, where the numbers are, come often. */
static size_t mutate(uint8_t *b, size_t size)
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
        case 4: b[at] = (uint8_t)bf_stream_u64(&rng); break;
        default: b[at] ^= (uint8_t)(1 << below(8)); break;
        }
    }
    return size;
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

static void entry_points_accept_anything(void **state)
{
    (void)state;
    assert_int_equal(fuzz_wire_frame(golden[0], golden_bytes[0]), 0);
    assert_int_equal(fuzz_wire_objects(golden[0], golden_bytes[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(container),
        cmocka_unit_test(objects),
        cmocka_unit_test(entry_points_accept_anything),
    };
    return cmocka_run_group_tests(tests, start, leave);
}
