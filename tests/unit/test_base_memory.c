#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

static void blocks_are_aligned(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 63, 64, 65, 4097, (2u << 20) - 1, 2u << 20,
                            5000000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *p = bf_alloc(sizes[i]);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % BF_ALIGN, 0);
        memset(p, 1, sizes[i]);
        bf_free(p);
        p = bf_alloc_zero(sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(p[k], 0);
        bf_free(p);
    }
    bf_free(NULL);
}

static void impossible_sizes_fail(void **state)
{
    (void)state;
    assert_null(bf_alloc(0));
    assert_null(bf_alloc(PTRDIFF_MAX));
    assert_non_null(strstr(bf_last_error(), "no memory"));
    assert_null(bf_secret_alloc(0));
    assert_null(bf_secret_alloc(SIZE_MAX));
    size_t n = 5;
    assert_true(bf_mul_size(3, 7, &n));
    assert_int_equal(n, 21);
    assert_false(bf_mul_size(SIZE_MAX / 2, 3, &n));
    assert_true(bf_mul_size(SIZE_MAX, 1, &n));
}

static void shrunk_blocks_keep_their_head(void **state)
{
    (void)state;
    const size_t bytes = 5000003;
    const size_t keeps[] = {1, 4095, 4096, 2500001, 4999999, 5000003};
    for (size_t k = 0; k < sizeof keeps / sizeof *keeps; k++) {
        uint8_t *p = bf_alloc(bytes);
        memset(p, 0xa5, bytes);
        void *shrunk = p;
        assert_int_equal(bf_shrink(&shrunk, keeps[k]), BF_OK);
        assert_int_equal((uintptr_t)shrunk % BF_ALIGN, 0);
        p = shrunk;
        size_t kept = 0;
        for (size_t i = 0; i < keeps[k]; i++) kept += p[i] == 0xa5;
        assert_int_equal(kept, keeps[k]);
        bf_free(p);
    }
}

static void secrets_are_guarded(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < 10000; bytes = bytes * 2 + 1) {
        uint8_t *p = bf_secret_alloc(bytes);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % BF_ALIGN, 0);
        memset(p, 7, bytes);
        bf_secret_free(p);
    }
    bf_secret_free(NULL);
    /* Writing beyond the block ends the process. */
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        volatile uint8_t *p = bf_secret_alloc(64);
        p[64] = 1;
        _exit(0);
    }
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
}

/* A freed block is wiped and serves the next request of its size; no block in
 * use is returned twice. */
static void secrets_are_kept_wiped(void **state)
{
    (void)state;
    enum { BYTES = 5000, HELD = 200 };
    static uint8_t *held[HELD];
    uint8_t *p = bf_secret_alloc(BYTES), *other;
    memset(p, 7, BYTES);
    bf_secret_free(p);
    other = bf_secret_alloc(BYTES + 64);
    assert_ptr_not_equal(other, p);
    assert_ptr_equal(bf_secret_alloc(BYTES), p);
    for (size_t i = 0; i < BYTES; i++) assert_int_equal(p[i], 0);
    bf_secret_free(p);
    bf_secret_free(other);
    for (unsigned i = 0; i < HELD; i++) {
        held[i] = bf_secret_alloc(BYTES);
        assert_non_null(held[i]);
        memset(held[i], (int)i, BYTES);
    }
    for (unsigned i = 0; i < HELD; i++)
        for (size_t k = 0; k < BYTES; k++)
            assert_int_equal(held[i][k], (uint8_t)i);
    for (unsigned i = 0; i < HELD; i++) bf_secret_free(held[i]);
}

static void wipe_clears(void **state)
{
    (void)state;
    uint8_t b[100];
    memset(b, 9, sizeof b);
    bf_wipe(b, sizeof b);
    for (size_t i = 0; i < sizeof b; i++) assert_int_equal(b[i], 0);
}

static void pool_reuses_without_allocating(void **state)
{
    (void)state;
    bf_pool *pool;
    assert_int_equal(bf_pool_create(&pool), BF_OK);
    void *a = bf_pool_take(pool, 1000), *b = bf_pool_take(pool, 1000);
    void *c = bf_pool_take(pool, 3);
    assert_true(a != b && a && b && c);
    assert_int_equal((uintptr_t)a % BF_ALIGN, 0);
    assert_int_equal(bf_pool_peak(pool), 2003);
    bf_pool_give(pool, a, 1000);
    bf_pool_give(pool, b, 1000);
    bf_pool_give(pool, c, 3);
    bf_pool_give(pool, NULL, 3);
    bf_alloc_fail_for_tests(0);
    void *d = bf_pool_take(pool, 1000), *e = bf_pool_take(pool, 1000);
    void *f = bf_pool_take(pool, 3);
    assert_true(d && e && d != e && f == c);
    assert_null(bf_pool_take(pool, 1000));
    bf_alloc_fail_for_tests(-1);
    assert_int_equal(bf_pool_peak(pool), 2003);
    assert_null(bf_pool_take(pool, 0));
    bf_pool_give(pool, d, 1000);
    bf_pool_trim(pool);
    bf_pool_give(pool, e, 1000);
    bf_pool_give(pool, f, 3);
    bf_pool_destroy(pool);
    bf_pool_destroy(NULL);
}

static void *pool_worker(void *arg)
{
    bf_pool *pool = arg;
    for (unsigned i = 0; i < 20000; i++) {
        size_t bytes = 64 + 64 * (i % 3);
        uint8_t *p = bf_pool_take(pool, bytes);
        memset(p, (int)i, bytes);
        for (size_t k = 0; k < bytes; k++)
            if (p[k] != (uint8_t)i) return arg;
        bf_pool_give(pool, p, bytes);
    }
    return NULL;
}

static void pool_serves_many_threads(void **state)
{
    (void)state;
    bf_pool *pool;
    pthread_t t[4];
    assert_int_equal(bf_pool_create(&pool), BF_OK);
    for (int i = 0; i < 4; i++) pthread_create(&t[i], NULL, pool_worker, pool);
    for (int i = 0; i < 4; i++) {
        void *failed;
        pthread_join(t[i], &failed);
        assert_null(failed);
    }
    assert_true(bf_pool_peak(pool) <= 4 * 192);
    bf_pool_destroy(pool);
}

static void injected_failures_count(void **state)
{
    (void)state;
    bf_alloc_fail_for_tests(1);
    void *a = bf_alloc(10), *b = bf_alloc(10), *c = bf_secret_alloc(10);
    bf_alloc_fail_for_tests(-1);
    assert_non_null(a);
    assert_null(b);
    assert_null(c);
    bf_free(a);
}

static void peak_rss_grows(void **state)
{
    (void)state;
    const size_t bytes = (size_t)64 << 20;
    uint8_t *p = bf_alloc(bytes);
    memset(p, 1, bytes);
    assert_true(bf_peak_rss() >= bytes);
    bf_free(p);
}

/* Blocks of many sizes, so that the table of kept blocks is always full. */
static void use_secrets(unsigned *size)
{
    *size = *size % 97 + 1;
    bf_secret_free(bf_secret_alloc(*size * 4096));
}

static void *use_secrets_until(void *over)
{
    for (unsigned size = 1; !atomic_load((atomic_bool *)over);)
        use_secrets(&size);
    return NULL;
}

/* A thread that is lost in the fork may have been using the table. */
static void children_of_fork_use_secrets(void **state)
{
    (void)state;
    atomic_bool over = false;
    pthread_t thread;
    int failures = 0;
    assert_int_equal(
        pthread_create(&thread, NULL, use_secrets_until, &over), 0);
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20);
            for (unsigned k = 0, size = 5; k < 3; k++) use_secrets(&size);
            _exit(0);
        }
        int status = 1;
        if (child > 0) waitpid(child, &status, 0);
        failures += status != 0;
        if (failures) break;
    }
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned),
        cmocka_unit_test(impossible_sizes_fail),
        cmocka_unit_test(shrunk_blocks_keep_their_head),
        cmocka_unit_test(secrets_are_guarded),
        cmocka_unit_test(secrets_are_kept_wiped),
        cmocka_unit_test(wipe_clears),
        cmocka_unit_test(pool_reuses_without_allocating),
        cmocka_unit_test(pool_serves_many_threads),
        cmocka_unit_test(injected_failures_count),
        cmocka_unit_test(peak_rss_grows),
        cmocka_unit_test(children_of_fork_use_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
