/* A secret key that was made, written, read and destroyed is nowhere in this
 * process's memory: not in stdio buffers, not on the stack, not in free heap.
 * The search keeps its pattern masked, so as not to find itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "wire/pack.h"
#include "wire/wire_sample.h"

#define MASK 0x5a
#define PIECE 24 /* bytes in a row that do not meet by chance */
#define MAPPING_MAX ((size_t)1 << 30) /* larger ones are a sanitiser's own */

typedef struct pattern {
    uint8_t masked[PIECE];
} pattern;

static pattern packed_piece, plain_piece;
static uint8_t window[(1 << 20) + PIECE];
static char folder[] = "/tmp/bf_test_wipe_XXXXXX";

static void remember(pattern *p, const void *secret)
{
    const volatile uint8_t *s = secret;
    for (size_t i = 0; i < PIECE; i++) p->masked[i] = s[i] ^ MASK;
}

static size_t count_in(const uint8_t *b, size_t n, const pattern *p)
{
    size_t found = 0;
    for (size_t i = 0; i + PIECE <= n; i++) {
        size_t k = 0;
        while (k < PIECE && (b[i + k] ^ MASK) == p->masked[k]) k++;
        found += k == PIECE;
    }
    return found;
}

/* All that is readable and writable, but for the window itself. */
static size_t occurrences(const pattern *p)
{
    size_t found = 0;
    unsigned long from, to;
    char line[512], access[5];
    int memory = open("/proc/self/mem", O_RDONLY);
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_true(memory >= 0 && maps);
    while (fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %4s", &from, &to, access) != 3) continue;
        if (access[0] != 'r' || access[1] != 'w' || to - from > MAPPING_MAX)
            continue;
        for (size_t at = from; at < to; at += sizeof window - PIECE) {
            size_t n = to - at < sizeof window ? to - at : sizeof window;
            uintptr_t own = (uintptr_t)window;
            if (at < own + sizeof window && own < at + n) continue;
            ssize_t got = pread(memory, window, n, (off_t)at);
            if (got > 0) found += count_in(window, (size_t)got, p);
        }
    }
    memset(window, 0, sizeof window);
    fclose(maps);
    close(memory);
    return found;
}

static void the_search_finds(void **state)
{
    (void)state;
    uint8_t *bytes = malloc(1000);
    pattern p;
    for (size_t i = 0; i < 1000; i++) bytes[i] = (uint8_t)(i * i * 31 + i);
    remember(&p, bytes + 500);
    assert_true(occurrences(&p) > 0);
    bf_wipe(bytes, 1000);
    assert_int_equal(occurrences(&p), 0);
    free(bytes);
}

/* Apart, so that its stack frame is gone when the search begins. */
static __attribute__((noinline)) bf_status live(const bf_context *ctx,
                                                const char *path)
{
    bf_secret_key *sk, *back = NULL;
    uint8_t packed[SAMPLE_N / 4];
    BF_TRY(bf_secret_key_generate(&sk, ctx, 0));
    bf_pack_ternary(packed, bf_secret_key_coeffs(sk), SAMPLE_N);
    remember(&packed_piece, packed + 100);
    remember(&plain_piece, bf_secret_key_coeffs(sk) + 400);
    bf_wipe(packed, sizeof packed);
    bf_status s = bf_wire_write_secret_key(path, sk, 0);
    if (s == BF_OK) s = bf_wire_read_secret_key(&back, path, ctx);
    if (s == BF_OK && occurrences(&plain_piece) != 2)
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
    assert_int_equal(occurrences(&packed_piece), 0);
    assert_int_equal(occurrences(&plain_piece), 0);
    bf_context_destroy(ctx);
    assert_int_equal(bf_remove_tree(folder), BF_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds),
        cmocka_unit_test(a_dead_key_is_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
