/* A secret key that was made, written, read and destroyed is nowhere in this
 * process's memory: not in stdio buffers, not on the stack, not in free heap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "support/memory_search.h"
#include "wire/pack.h"
#include "wire/wire_sample.h"

#define PIECE MEMORY_PATTERN_MIN

enum { PACKED, PLAIN, PIECES };
static memory_pattern pieces[PIECES];
static size_t found[PIECES];
static char folder[] = "/tmp/bf_test_wipe_XXXXXX";

static void the_search_finds(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(1000);
    memory_pattern p;
    for (size_t i = 0; i < 1000; i++)
        bytes[i] = (uint8_t)(i * UINT32_C(2654435761) >> 24);
    memory_remember(&p, "bytes", bytes + 501, PIECE);
    assert_int_equal(memory_search(found, &p, 1), 1);
    bf_wipe(bytes, 1000);
    assert_int_equal(memory_search(found, &p, 1), 0);
    free(bytes);
}

/* A separate function, so that its stack frame is gone when the search begins.
 */
static __attribute__((noinline)) bf_status live(const bf_context *ctx,
                                                const char *path)
{
    bf_secret_key *sk, *back = NULL;
    uint8_t packed[SAMPLE_N / 4];
    BF_TRY(bf_secret_key_generate(&sk, ctx, 0));
    bf_pack_ternary(packed, bf_secret_key_coeffs(sk), SAMPLE_N);
    memory_remember(&pieces[PACKED], "packed", packed + 100, PIECE);
    memory_remember(&pieces[PLAIN], "coefficients",
                    bf_secret_key_coeffs(sk) + 400, PIECE);
    bf_wipe(packed, sizeof packed);
    bf_status s = bf_wire_write_secret_key(path, sk, NULL);
    if (s == BF_OK) s = bf_wire_read_secret_key(&back, path, ctx);
    if (s == BF_OK && memory_search(found, pieces + PLAIN, 1) != 2)
        s = bf_fail(BF_ERR_INTERNAL, "the living keys are not found");
    bf_secret_key_destroy(sk);
    bf_secret_key_destroy(back);
    return s;
}

static void a_dead_key_is_nowhere(void **state)
{
    (void)state;
    char path[256];
    bf_context *ctx;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/secret.key", folder);
    assert_int_equal(sample_context(&ctx), BF_OK);
    assert_int_equal(live(ctx, path), BF_OK);
    assert_int_equal(memory_search(found, pieces, PIECES), 0);
    bf_context_destroy(ctx);
    assert_int_equal(bf_remove_tree(folder), BF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds),
        cmocka_unit_test(a_dead_key_is_nowhere),
    };
    memory_keep_freed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
