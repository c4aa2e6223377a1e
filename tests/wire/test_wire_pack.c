/* Oracle: residues written bit by bit, as pack.h defines the row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "wire/pack.h"

#define N 1024
static bf_stream rng;

static int start(void **state)
{
    (void)state;
    uint8_t seed[BF_SEED_BYTES] = {0};
    const char *given = getenv("BF_TEST_SEED");
    uint64_t number = given ? strtoull(given, NULL, 0) : 20240607;
    printf("seed %llu (BF_TEST_SEED)\n", (unsigned long long)number);
    memcpy(seed, &number, sizeof number);
    bf_stream_init(&rng, seed, "test-pack", 0, 0);
    return bf_random_init() == BF_OK ? 0 : -1;
}

/* An odd number of exactly `bits` bits; the row format requires no more. */
static uint64_t modulus_of(unsigned bits)
{
    uint64_t top = UINT64_C(1) << (bits - 1);
    return top | (bf_stream_u64(&rng) & (top - 1)) | 1;
}

static void pack_bit_by_bit(uint8_t *out, const uint64_t *v, size_t n,
                            unsigned w)
{
    memset(out, 0, n * w / 8);
    for (size_t bit = 0; bit < n * w; bit++)
        if (v[bit / w] >> bit % w & 1) out[bit / 8] |= (uint8_t)(1 << bit % 8);
}

static double centred(uint64_t v, uint64_t p)
{
    return v > (p - 1) / 2 ? (double)v - (double)p : (double)v;
}

static void check_row(const uint64_t *v, size_t n, uint64_t p)
{
    unsigned w = bf_bit_length(p);
    size_t bytes = n * w / 8;
    double *x = bf_alloc(n * sizeof *x), *y = bf_alloc(n * sizeof *y);
    /* Exact blocks, so that a sanitiser sees a byte too many. */
    uint8_t *expect = malloc(bytes), *got = malloc(bytes);
    for (size_t i = 0; i < n; i++) x[i] = centred(v[i], p);
    pack_bit_by_bit(expect, v, n, w);
    assert_int_equal(bf_row_bytes(n, p), bytes);
    assert_int_equal(bf_pack_row(got, x, n, p), BF_OK);
    assert_memory_equal(got, expect, bytes);
    assert_int_equal(bf_unpack_row(y, expect, n, p), BF_OK);
    assert_int_equal(bf_check_row(expect, n, p), BF_OK);
    for (size_t i = 0; i < n; i++) assert_true(x[i] == y[i]);
    /* Not centred, negative zero: the same bytes. */
    for (size_t i = 0; i < n; i++) x[i] = v[i] ? (double)v[i] : -0.0;
    assert_int_equal(bf_pack_row(got, x, n, p), BF_OK);
    assert_memory_equal(got, expect, bytes);
    bf_free(x);
    bf_free(y);
    free(expect);
    free(got);
}

static void every_width(void **state)
{
    (void)state;
    static uint64_t v[N];
    for (unsigned bits = 20; bits <= 49; bits++) {
        uint64_t p = modulus_of(bits);
        assert_int_equal(bf_bit_length(p), bits);
        for (size_t i = 0; i < N; i++) v[i] = bf_stream_u64(&rng) % p;
        const uint64_t edge[] = {0, 1, p - 1, p - 2, (p - 1) / 2, (p + 1) / 2};
        memcpy(v, edge, sizeof edge);
        memcpy(v + N - 6, edge, sizeof edge);
        check_row(v, N, p);
        check_row(v, 8, p);
        check_row(v, 72, p);
        for (size_t i = 0; i < N; i++) v[i] = p - 1;
        check_row(v, N, p);
    }
}

static void values_not_below_the_prime_are_refused(void **state)
{
    (void)state;
    static uint64_t v[N];
    static uint8_t row[N * 49 / 8];
    static double x[N];
    for (unsigned bits = 20; bits <= 49; bits++) {
        uint64_t p = modulus_of(bits), top = (UINT64_C(1) << bits) - 1;
        const size_t places[] = {0, 7, 8, 63, 64, N - 9, N - 1};
        for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
            memset(v, 0, sizeof v);
            v[places[k]] = p;
            pack_bit_by_bit(row, v, N, bits);
            assert_int_equal(bf_unpack_row(x, row, N, p), BF_ERR_FORMAT);
            assert_int_equal(bf_check_row(row, N, p), BF_ERR_FORMAT);
            v[places[k]] = top;
            pack_bit_by_bit(row, v, N, bits);
            assert_int_equal(bf_unpack_row(x, row, N, p),
                             top >= p ? BF_ERR_FORMAT : BF_OK);
            v[places[k]] = p - 1;
            pack_bit_by_bit(row, v, N, bits);
            assert_int_equal(bf_unpack_row(x, row, N, p), BF_OK);
            assert_int_equal(bf_check_row(row, N, p), BF_OK);
        }
    }
}

static void unreduced_residues_are_refused(void **state)
{
    (void)state;
    static uint8_t row[N * 49 / 8];
    static double x[N];
    uint64_t p = modulus_of(45);
    const double bad[] = {(double)p,  -(double)p - 1, 0.5,      -0.5,
                          0x1p52,     -0x1p52,        0x1p60,   -0x1p60,
                          1e300,      -1e300,         INFINITY, -INFINITY,
                          NAN,        -NAN,           1e-300,   -1e-300,
                          0x1p44 + 0.25};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        memset(x, 0, sizeof x);
        x[k * 59 % N] = bad[k];
        assert_int_equal(bf_pack_row(row, x, N, p), BF_ERR_INTERNAL);
    }
}

static void ternary_round_trip(void **state)
{
    (void)state;
    static int8_t c[N], d[N];
    static uint8_t packed[N / 4];
    for (size_t i = 0; i < N; i++) c[i] = (int8_t)(bf_stream_u64(&rng) % 3 - 1);
    bf_pack_ternary(packed, c, N);
    for (size_t i = 0; i < N; i++) {
        unsigned pair = packed[i / 4] >> 2 * (i % 4) & 3;
        assert_int_equal(pair, c[i] == 0 ? 0 : c[i] == 1 ? 1 : 3);
    }
    bf_unpack_ternary(d, packed, N);
    assert_memory_equal(c, d, N);
    for (size_t i = 0; i < N; i++) {
        uint8_t old = packed[i / 4];
        packed[i / 4] = (uint8_t)((old & ~(3 << 2 * (i % 4))) |
                                  2 << 2 * (i % 4));
        bf_unpack_ternary(d, packed, N);
        assert_int_equal(d[i], -2);
        packed[i / 4] = old;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width),
        cmocka_unit_test(values_not_below_the_prime_are_refused),
        cmocka_unit_test(unreduced_residues_are_refused),
        cmocka_unit_test(ternary_round_trip),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
