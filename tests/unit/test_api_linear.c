/* Linear maps of the public header, complex ones above all, against their
 * definition in plaintext: matrices, diagonals, levels and scales, what is
 * refused.
 *
 * A slot may be off by 20 of the deviations that bf_cipher_describe estimates
 * (src/api/parameters.c has the tail), which for these parameters is below
 * 2^-18: a map in which one entry were off by a part in a thousand shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blindfit/ckks.h"
#include "support/status.h"

#define TAIL 20
#define WORST 0x1p-18
enum { DEPTH = 3, SLOTS = 4096 };

static bf_ckks *ckks;
static bf_secret *secret;
static bf_evaluator *none; /* without keys */
static bf_complex v[SLOTS];

/* Numbers of the unit circle's inside. */
static bf_complex number(uint64_t i)
{
    double x = (double)i;
    return cos(1 + 3 * x) / 2 + I * sin(2 + 5 * x) / 2;
}

static int open_all(void **state)
{
    (void)state;
    assert_ok(bf_ckks_create(&ckks,
                             &(bf_ckks_request){.depth = DEPTH, .largest = 8}));
    assert_int_equal(bf_ckks_slots(ckks), SLOTS);
    assert_ok(bf_secret_generate(&secret, ckks));
    assert_ok(bf_evaluator_create(&none, ckks, NULL));
    for (size_t j = 0; j < SLOTS; j++) v[j] = number(j);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    bf_evaluator_destroy(none);
    bf_secret_destroy(secret);
    bf_ckks_destroy(ckks);
    return 0;
}

static void encrypt(bf_cipher **out, const bf_complex *values, size_t count)
{
    bf_plain *p = NULL;
    assert_ok(bf_plain_encode_at(&p, ckks, values, count,
                                 bf_ckks_scale(ckks, DEPTH), DEPTH));
    assert_ok(bf_secret_encrypt_plain(out, secret, p));
    bf_plain_destroy(p);
}

/* All slots of a are want[], at this level and its scale. */
static void expect(const bf_cipher *a, const bf_complex *want, unsigned level)
{
    bf_plain *p = NULL;
    bf_complex *got = malloc(SLOTS * sizeof *got);
    bf_cipher_facts facts = bf_cipher_describe(a);
    assert_int_equal(facts.level, level);
    assert_true(fabs(facts.scale / bf_ckks_scale(ckks, level) - 1) < 0x1p-40);
    double most = TAIL * facts.error;
    assert_true(most < WORST);
    assert_ok(bf_secret_decrypt_plain(&p, secret, a));
    assert_ok(bf_plain_decode_complex(got, SLOTS, p));
    for (size_t j = 0; j < SLOTS; j++)
        if (!(cabs(got[j] - want[j]) <= most))
            fail_msg("slot %zu: %.9f%+.9fi, not %.9f%+.9fi within %g", j,
                     creal(got[j]), cimag(got[j]), creal(want[j]),
                     cimag(want[j]), most);
    bf_plain_destroy(p);
    free(got);
}

/* An evaluator with the keys that a map asks for by its rotations, if any;
 * *keys are to be destroyed behind it. */
static bf_evaluator *evaluator_for(bf_keys **keys, const bf_linear *map)
{
    int r[256];
    bf_evaluator *ev = NULL;
    size_t count = bf_linear_rotations(map, r, 256);
    assert_true(count <= 256);
    if (count)
        assert_ok(bf_keys_create(
            keys, secret, &(bf_keys_request){.rotations = r, .count = count},
            NULL));
    assert_ok(bf_evaluator_create(&ev, ckks, *keys));
    return ev;
}

/* The map takes x of count values to want[]. */
static void check(const bf_linear *map, const bf_complex *x, size_t count,
                  const bf_complex *want, unsigned level)
{
    bf_keys *keys = NULL;
    bf_cipher *a = NULL;
    bf_evaluator *ev = evaluator_for(&keys, map);
    encrypt(&a, x, count);
    if (keys)
        assert_fails(bf_linear_apply(none, &a, a, map), BF_ERR_MISMATCH,
                     "is not there");
    assert_ok(bf_linear_apply(ev, &a, a, map));
    expect(a, want, level);
    bf_cipher_destroy(a);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
}

static void complex_matrices(void **state)
{
    (void)state;
    enum { ROWS = 3, COLS = 5, STRIDE = 7, PERIOD = 8 };
    bf_complex m[ROWS * STRIDE], *want = calloc(SLOTS, sizeof *want);
    bf_linear *map = NULL;
    for (int i = 0; i < ROWS * STRIDE; i++)
        m[i] = i % STRIDE < COLS ? number(100 + (uint64_t)i) : NAN;
    for (size_t j = 0; j < SLOTS; j++)
        for (size_t k = 0; k < COLS && j % PERIOD < ROWS; k++)
            want[j] += m[j % PERIOD * STRIDE + k] * v[k];
    assert_ok(bf_linear_create_complex(&map, ckks, m, ROWS, COLS, STRIDE, 2));
    /* Diagonals from -2 to 4 of dimension 8: seven, of twice as many numbers
     * modulo each prime, of 3 + base and special ones. */
    size_t each = 7 * 2 * PERIOD * sizeof(double);
    assert_true(bf_linear_bytes(map) % each == 0);
    assert_true(bf_linear_bytes(map) >= 4 * each);
    check(map, v, COLS, want, 1);
    bf_linear_destroy(map);
    free(want);
}

/* The Fourier transform of 32 numbers, whose inverse is the conjugate's. */
static void there_and_back(void **state)
{
    (void)state;
    enum { N = 32 };
    bf_complex m[N * N], *want = calloc(SLOTS, sizeof *want);
    bf_linear *to = NULL, *back = NULL;
    bf_keys *keys = NULL;
    bf_cipher *a = NULL;
    for (int way = 0; way < 2; way++) {
        double turn = (way ? 2 : -2) * acos(-1) / N;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                m[i * N + j] = cexp(I * turn * (i * j % N)) / sqrt(N);
        assert_ok(bf_linear_create_complex(way ? &back : &to, ckks, m, N, N, N,
                                           DEPTH - (unsigned)way));
        for (size_t j = 0; j < SLOTS && !way; j++)
            for (size_t k = 0; k < N; k++) want[j] += m[j % N * N + k] * v[k];
    }
    bf_evaluator *ev = evaluator_for(&keys, to);
    encrypt(&a, v, N);
    assert_ok(bf_linear_apply(ev, &a, a, to));
    expect(a, want, DEPTH - 1);
    assert_ok(bf_linear_apply(ev, &a, a, back));
    for (size_t j = 0; j < SLOTS; j++) want[j] = v[j % N];
    expect(a, want, DEPTH - 2);
    bf_cipher_destroy(a);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
    bf_linear_destroy(to);
    bf_linear_destroy(back);
    free(want);
}

/* Of all slots, which no matrix in memory would be, and of a short period that
 * the vector does not have. */
static void check_diagonals(size_t dim, const size_t *index, size_t count)
{
    bf_complex *values = malloc(count * dim * sizeof *values);
    bf_complex *want = calloc(SLOTS, sizeof *want);
    bf_linear *map = NULL;
    for (size_t i = 0; i < count * dim; i++) values[i] = number(7 * i);
    for (size_t j = 0; j < SLOTS; j++)
        for (size_t k = 0; k < count; k++)
            want[j] += values[k * dim + j % dim] * v[(j + index[k]) % SLOTS];
    assert_ok(bf_linear_create_diagonals(&map, ckks, dim, index, values, count,
                                         DEPTH));
    check(map, v, SLOTS, want, DEPTH - 1);
    bf_linear_destroy(map);
    free(values);
    free(want);
}

static void diagonals(void **state)
{
    (void)state;
    check_diagonals(SLOTS, (const size_t[]){SLOTS - 1, 0, 1, 5}, 4);
    check_diagonals(8, (const size_t[]){3, 0}, 2);
    check_diagonals(16, (const size_t[]){0}, 1); /* needs no key */
}

/* The same bits as from a real view. */
static void real_matrices_are_complex_ones(void **state)
{
    (void)state;
    const double real[] = {0.5, -1, 0.25, 2, 0, -0.75};
    bf_complex same[6];
    const bf_view view = {real, 2, 3, 3, BF_FLOAT64};
    bf_linear *map[2] = {0};
    bf_keys *keys = NULL;
    bf_cipher *a = NULL, *b = NULL;
    void *data[2];
    size_t bytes[2];
    for (int i = 0; i < 6; i++) same[i] = real[i];
    assert_ok(bf_linear_create(&map[0], ckks, &view, DEPTH));
    assert_ok(bf_linear_create_complex(&map[1], ckks, same, 2, 3, 3, DEPTH));
    bf_evaluator *ev = evaluator_for(&keys, map[0]);
    encrypt(&a, v, 3);
    for (int i = 0; i < 2; i++) {
        assert_ok(bf_linear_apply(ev, &b, a, map[i]));
        assert_ok(bf_cipher_write(&data[i], &bytes[i],
                                  (const bf_cipher *const *)&b, 1));
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(data[0], data[1], bytes[0]);
    for (int i = 0; i < 2; i++) {
        bf_free(data[i]);
        bf_linear_destroy(map[i]);
    }
    bf_cipher_destroy(a);
    bf_cipher_destroy(b);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
}

/* t_{r(j)} of the vector v[0..n-1]: its coefficients c_k, from an encoding. */
static void reversed_coefficients(bf_complex *t, size_t n)
{
    double *c = malloc(2 * SLOTS * sizeof *c);
    size_t gap = SLOTS / n;
    bf_plain *p = NULL;
    assert_ok(
        bf_plain_encode_at(&p, ckks, v, n, bf_ckks_scale(ckks, DEPTH), DEPTH));
    assert_ok(bf_plain_decode_coeffs(c, 2 * SLOTS, p));
    for (size_t j = 0; j < n; j++) {
        size_t k = 0;
        for (size_t bit = 1; bit < n; bit *= 2) k = 2 * k + (j / bit) % 2;
        t[j] = c[k * gap] + I * c[(k + n) * gap];
    }
    bf_plain_destroy(p);
    free(c);
}

/* The maps, one after another, take a to want, of period n. */
static void check_transform(bf_cipher *a, const bf_complex *want, size_t n,
                            bool to_slots, unsigned groups, unsigned level)
{
    bf_linear *maps[3] = {0};
    bf_complex *all = malloc(SLOTS * sizeof *all);
    assert_ok(
        bf_linear_create_transform(maps, ckks, n, to_slots, groups, level));
    for (unsigned g = 0; g < groups; g++) {
        bf_keys *keys = NULL;
        bf_evaluator *ev = evaluator_for(&keys, maps[g]);
        assert_ok(bf_linear_apply(ev, &a, a, maps[g]));
        bf_evaluator_destroy(ev);
        bf_keys_destroy(keys);
        bf_linear_destroy(maps[g]);
    }
    for (size_t j = 0; j < SLOTS; j++) all[j] = want[j % n];
    expect(a, all, level - groups);
    free(all);
}

static void slots_and_coefficients(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        unsigned there, back; /* maps */
    } cases[] = {{16, 2, 1}, {2, 1, 1}, {SLOTS, 3, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = cases[i].n;
        unsigned there = cases[i].there, back = cases[i].back;
        bf_complex *t = malloc(n * sizeof *t);
        bf_cipher *a = NULL;
        reversed_coefficients(t, n);
        encrypt(&a, v, n);
        check_transform(a, t, n, true, there, DEPTH);
        if (back) check_transform(a, v, n, false, back, DEPTH - there);
        bf_cipher_destroy(a);
        free(t);
    }
    bf_linear *maps[3] = {0};
    const struct {
        size_t n;
        unsigned groups, level;
        const char *why;
    } bad[] = {{3, 1, 2, "power of two"},
               {1, 1, 2, "1 slots"},
               {2 * SLOTS, 1, 2, "to 4096"},
               {16, 0, 2, "0 maps"},
               {4, 3, 3, "3 maps for 4 slots: 1 to 2"},
               {16, 3, 2, "takes 3 levels, and is for level 2"},
               {16, 1, DEPTH + 1, "level 4 of 3"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(bf_linear_create_transform(maps, ckks, bad[i].n, true,
                                                bad[i].groups, bad[i].level),
                     BF_ERR_ARGUMENT, bad[i].why);
    assert_null(maps[0]);
}

/* Two maps, divided once by the level's prime. */
static void sum_of_exact_maps(void **state)
{
    (void)state;
    enum { N = 4 };
    bf_complex m[2][N * N], *want = calloc(SLOTS, sizeof *want);
    bf_linear *map[2] = {0};
    bf_keys *keys = NULL;
    bf_cipher *a = NULL, *y[2] = {0};
    encrypt(&a, v, N);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < N * N; i++)
            m[k][i] = number(200 + 50 * (uint64_t)k + (uint64_t)i);
        assert_ok(
            bf_linear_create_complex(&map[k], ckks, m[k], N, N, N, DEPTH));
        for (size_t j = 0; j < SLOTS; j++)
            for (size_t i = 0; i < N; i++)
                want[j] += m[k][j % N * N + i] * v[i];
    }
    bf_evaluator *ev = evaluator_for(&keys, map[0]);
    for (int k = 0; k < 2; k++)
        assert_ok(bf_linear_apply_exact(ev, &y[k], a, map[k]));
    assert_ok(bf_cipher_add(ev, &y[0], y[0], y[1]));
    assert_ok(bf_cipher_rescale(ev, &y[0], y[0]));
    expect(y[0], want, DEPTH - 1);
    for (int k = 0; k < 2; k++) {
        bf_cipher_destroy(y[k]);
        bf_linear_destroy(map[k]);
    }
    bf_cipher_destroy(a);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
    free(want);
}

/* By a plaintext at the level's scale, and a division by its prime. */
static void products_with_complex_numbers(void **state)
{
    (void)state;
    bf_complex *want = malloc(SLOTS * sizeof *want), w[4];
    bf_plain *p = NULL;
    bf_cipher *a = NULL;
    for (int i = 0; i < 4; i++) w[i] = number(50 + (uint64_t)i);
    for (size_t j = 0; j < SLOTS; j++) want[j] = v[j] * w[j % 4];
    encrypt(&a, v, SLOTS);
    assert_ok(
        bf_plain_encode_at(&p, ckks, w, 4, bf_ckks_scale(ckks, DEPTH), DEPTH));
    assert_ok(bf_cipher_mul_plain(none, &a, a, p));
    assert_ok(bf_cipher_rescale(none, &a, a));
    expect(a, want, DEPTH - 1);
    bf_plain_destroy(p);
    bf_cipher_destroy(a);
    free(want);
}

/* The scales of squares differ from their levels' by roundings, which double
 * with each level. */
static void maps_of_squares(void **state)
{
    (void)state;
    enum { MOST = 16 };
    bf_complex m[4] = {0.5, 0.25, -0.5, 1};
    bf_ckks *c = NULL;
    bf_evaluator *dry = NULL;
    bf_cipher *a = NULL, *b = NULL;
    bf_linear *map = NULL;
    assert_ok(bf_ckks_create(&c, &(bf_ckks_request){.depth = MOST}));
    assert_ok(bf_evaluator_create_dry(&dry, c));
    assert_ok(bf_cipher_stand_in(&a, c, MOST));
    for (unsigned level = MOST; level >= 1; level--) {
        assert_ok(bf_linear_create_complex(&map, c, m, 2, 2, 2, level));
        assert_ok(bf_linear_apply(dry, &b, a, map));
        assert_ok(bf_cipher_lower(dry, &b, a, level));
        assert_int_equal(bf_cipher_describe(b).level, level);
        assert_ok(bf_cipher_mul(dry, &a, a, a));
    }
    bf_linear_destroy(map);
    bf_cipher_destroy(a);
    bf_cipher_destroy(b);
    bf_evaluator_destroy(dry);
    bf_ckks_destroy(c);
}

static void what_is_refused(void **state)
{
    (void)state;
    bf_linear *map = NULL;
    bf_complex m[4] = {1, I, 0, NAN};
    const size_t big = (size_t)SLOTS + 1;
    const struct {
        const bf_complex *matrix;
        size_t rows, cols, stride;
        unsigned level;
        bf_status status;
        const char *why;
    } matrices[] = {
        {NULL, 2, 1, 1, 1, BF_ERR_ARGUMENT, "2 x 1 at NULL is empty"},
        {m, 0, 1, 1, 1, BF_ERR_ARGUMENT, "0 x 1 is empty"},
        {m, 1, 3, 2, 1, BF_ERR_ARGUMENT, "2 elements apart have 3 columns"},
        {m, 2, 1, SIZE_MAX / 4, 1, BF_ERR_ARGUMENT, "more than memory"},
        {m, big, 1, 1, 1, BF_ERR_ARGUMENT, "4097 x 1: at most 4096 each"},
        {m, 1, big, big, 1, BF_ERR_ARGUMENT, "1 x 4097: at most 4096 each"},
        {m, 1, 2, 2, 0, BF_ERR_ARGUMENT, "is to be for level 0"},
        {m, 1, 2, 2, 4, BF_ERR_ARGUMENT, "linear map: level 4 of 3"},
        {m, 2, 2, 2, 1, BF_ERR_RANGE, "not a number"},
    };
    for (size_t i = 0; i < sizeof matrices / sizeof *matrices; i++) {
        assert_fails(
            bf_linear_create_complex(&map, ckks, matrices[i].matrix,
                                     matrices[i].rows, matrices[i].cols,
                                     matrices[i].stride, matrices[i].level),
            matrices[i].status, matrices[i].why);
        assert_null(map);
    }
    const struct {
        size_t dim, index[2], count;
        unsigned level;
        bf_status status;
        const char *why;
    } maps[] = {
        {3, {0, 1}, 1, 1, BF_ERR_ARGUMENT, "1 diagonals of dimension 3"},
        {0, {0, 1}, 1, 1, BF_ERR_ARGUMENT, "of dimension 0"},
        {2 * SLOTS, {0}, 1, 1, BF_ERR_ARGUMENT, "a power of two up to 4096"},
        {2, {0, 1}, 0, 1, BF_ERR_ARGUMENT, "0 diagonals"},
        {1, {0, 0}, 2, 1, BF_ERR_ARGUMENT, "2 diagonals of dimension 1"},
        {2, {1, 1}, 2, 1, BF_ERR_ARGUMENT, "out of range or repeated"},
        {2, {0, 2}, 2, 1, BF_ERR_ARGUMENT, "diagonal 2 of a map of dimension"},
        {2, {0, 1}, 2, 1, BF_ERR_RANGE, "not a number"},
        {2, {0, 1}, 1, 0, BF_ERR_ARGUMENT, "is to be for level 0"},
    };
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        assert_fails(bf_linear_create_diagonals(&map, ckks, maps[i].dim,
                                                maps[i].index, m, maps[i].count,
                                                maps[i].level),
                     maps[i].status, maps[i].why);
        assert_null(map);
    }
    /* A map stays what it was. */
    assert_ok(bf_linear_create_complex(&map, ckks, m, 1, 2, 2, 1));
    size_t bytes = bf_linear_bytes(map);
    assert_fails(bf_linear_create_complex(&map, ckks, m, 2, 2, 2, 1),
                 BF_ERR_RANGE, "");
    assert_int_equal(bf_linear_bytes(map), bytes);
    bf_linear_destroy(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complex_matrices),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(diagonals),
        cmocka_unit_test(real_matrices_are_complex_ones),
        cmocka_unit_test(slots_and_coefficients),
        cmocka_unit_test(sum_of_exact_maps),
        cmocka_unit_test(products_with_complex_numbers),
        cmocka_unit_test(maps_of_squares),
        cmocka_unit_test(what_is_refused),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
