/* Oracles: RFC 8439 (ChaCha20), the BLAKE2b-256 of "abc" and of nothing as
 * other implementations give them, and one-shot calls of libsodium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"

static const uint8_t seed[BF_SEED_BYTES] = {1, 2, 3, 250};

static int start(void **state)
{
    (void)state;
    return bf_random_init() == BF_OK && bf_random_init() == BF_OK ? 0 : -1;
}

static void hash_known_answers(void **state)
{
    (void)state;
    uint8_t h[BF_HASH_BYTES], expect[BF_HASH_BYTES];
    static const char abc[] =
        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";
    static const char nothing[] =
        "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
    sodium_hex2bin(expect, sizeof expect, abc, 64, NULL, NULL, NULL);
    bf_hash("abc", 3, h);
    assert_memory_equal(h, expect, sizeof h);
    sodium_hex2bin(expect, sizeof expect, nothing, 64, NULL, NULL, NULL);
    bf_hash(NULL, 0, h);
    assert_memory_equal(h, expect, sizeof h);
}

static void hasher_equals_hash(void **state)
{
    (void)state;
    uint8_t data[1000], a[BF_HASH_BYTES], b[BF_HASH_BYTES];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7);
    bf_hash(data, sizeof data, a);
    for (size_t step = 1; step < 400; step = step * 3 + 1) {
        bf_hasher h;
        bf_hasher_init(&h);
        for (size_t i = 0; i < sizeof data; i += step)
            bf_hasher_update(&h, data + i,
                             i + step > sizeof data ? sizeof data - i : step);
        bf_hasher_final(&h, b);
        assert_memory_equal(a, b, sizeof a);
    }
}

/* The stream by its definition in random.h, in one call. */
static void stream_by_definition(uint8_t *out, size_t bytes,
                                 const char *domain, uint64_t index,
                                 uint64_t part)
{
    uint8_t text[128] = {0}, key[32], nonce[8] = {0};
    size_t n = strlen(domain) + 1;
    memcpy(text, domain, n);
    memcpy(text + n, &index, 8); /* this test runs on little endian */
    memcpy(text + n + 8, &part, 8);
    crypto_generichash(key, sizeof key, text, n + 16, seed, sizeof seed);
    crypto_stream_chacha20(out, bytes, nonce, key);
}

static void stream_is_its_definition_in_any_cut(void **state)
{
    (void)state;
    static uint8_t expect[40000], got[40000];
    stream_by_definition(expect, sizeof expect, "blindfit-a", 5, 1 << 20);
    for (size_t step = 1; step < 20000; step = step * 2 + 1) {
        bf_stream s;
        bf_stream_init(&s, seed, "blindfit-a", 5, 1 << 20);
        size_t at = 0, k = step;
        while (at < sizeof got) {
            size_t take = k > sizeof got - at ? sizeof got - at : k;
            bf_stream_bytes(&s, got + at, take);
            at += take;
            k = k * 5 % (2 * step + 1) + 1;
        }
        assert_memory_equal(got, expect, sizeof got);
        bf_stream_wipe(&s);
    }
    bf_stream s;
    bf_stream_init(&s, seed, "blindfit-a", 5, 1 << 20);
    for (size_t i = 0; i < 1000; i++) {
        uint64_t v = 0;
        for (unsigned b = 0; b < 8; b++)
            v |= (uint64_t)expect[8 * i + b] << 8 * b;
        assert_true(bf_stream_u64(&s) == v);
    }
}

static void streams_are_separated(void **state)
{
    (void)state;
    static const struct {
        const char *domain;
        uint64_t index, part;
    } id[] = {{"a", 0, 0}, {"b", 0, 0}, {"a", 1, 0}, {"a", 0, 1}, {"", 0, 0},
              {"ab", 0, 0}};
    enum { COUNT = sizeof id / sizeof *id };
    uint8_t out[COUNT][32];
    for (size_t i = 0; i < COUNT; i++) {
        bf_stream s;
        bf_stream_init(&s, seed, id[i].domain, id[i].index, id[i].part);
        bf_stream_bytes(&s, out[i], 32);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(out[i], out[k], 32);
    }
}

static void system_randomness_differs_after_fork(void **state)
{
    (void)state;
    uint8_t mine[32], theirs[32], again[32];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    bf_random_bytes(again, sizeof again);
    pid_t child = fork();
    if (child == 0) {
        bf_random_bytes(theirs, sizeof theirs);
        _exit(write(ends[1], theirs, sizeof theirs) != sizeof theirs);
    }
    bf_random_bytes(mine, sizeof mine);
    assert_int_equal(read(ends[0], theirs, sizeof theirs), sizeof theirs);
    waitpid(child, NULL, 0);
    assert_memory_not_equal(mine, theirs, 32);
    assert_memory_not_equal(mine, again, 32);
}

static void fixed_randomness_repeats(void **state)
{
    (void)state;
    uint8_t a[100], b[100], c[100];
    assert_false(bf_random_is_fixed());
    bf_random_fix_for_tests(42);
    assert_true(bf_random_is_fixed());
    bf_random_bytes(a, sizeof a);
    bf_random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    bf_random_fix_for_tests(42);
    bf_random_bytes(c, 50);
    bf_random_bytes(c + 50, 50);
    assert_memory_equal(a, c, sizeof a);
    bf_random_fix_for_tests(43);
    bf_random_bytes(c, sizeof c);
    assert_memory_not_equal(a, c, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_known_answers),
        cmocka_unit_test(hasher_equals_hash),
        cmocka_unit_test(stream_is_its_definition_in_any_cut),
        cmocka_unit_test(streams_are_separated),
        cmocka_unit_test(system_randomness_differs_after_fork),
        cmocka_unit_test(fixed_randomness_repeats),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
