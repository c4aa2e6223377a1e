/* The public interface to ciphertexts, by its header alone: values against the
 * same arithmetic in plaintext, keys by rehearsal, files and memory, threads,
 * and what is refused.
 *
 * A slot may differ by 20 standard deviations as bf_cipher_describe estimates
 * them (src/api/parameters.c derives the tail). The estimates assume values up
 * to the parameters' largest, 16. Values here are up to 1, so that an operation
 * multiplies errors by 5 at most and adds an error of 2^-20, for which
 * parameters are chosen. Circuits of up to five products of such values, or one
 * factor of 5: 2^-15. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "blindfit/ckks.h"
#include "support/status.h"

#define TAIL 20
#define WORST 0x1p-15
enum { COUNT = 16, DEPTH = 5 };

static bf_ckks *ckks;
static bf_secret *secret;
static bf_keys *keys;
static bf_evaluator *ev;
static bf_cipher *x, *y;
static double vx[COUNT], vy[COUNT];

static int open_all(void **state)
{
    (void)state;
    const int rotations[] = {3, -2};
    const bf_keys_request r = {.products = true,
                               .conjugation = true,
                               .sums = true,
                               .rotations = rotations,
                               .count = 2};
    for (int i = 0; i < COUNT; i++) {
        vx[i] = cos(1 + 3 * i);
        vy[i] = sin(2 + 5 * i) / 2;
    }
    assert_ok(bf_ckks_create(
        &ckks, &(bf_ckks_request){.depth = DEPTH, .largest = 16}));
    assert_ok(bf_secret_generate(&secret, ckks));
    assert_ok(bf_keys_create(&keys, secret, &r, NULL));
    assert_ok(bf_evaluator_create(&ev, ckks, keys));
    assert_ok(bf_secret_encrypt(&x, secret, vx, COUNT));
    assert_ok(bf_secret_encrypt(&y, secret, vy, COUNT));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    bf_evaluator_destroy(ev);
    bf_cipher_destroy(x); /* may outlive it */
    bf_cipher_destroy(y);
    bf_keys_destroy(keys);
    bf_secret_destroy(secret);
    bf_ckks_destroy(ckks);
    return 0;
}

/* The first COUNT slots of a are want[], and its level is this. */
static void expect(const bf_cipher *a, const double *want, unsigned level)
{
    double got[COUNT];
    bf_cipher_facts facts = bf_cipher_describe(a);
    assert_int_equal(facts.level, level);
    double most = fmin(TAIL * facts.error, WORST);
    assert_ok(bf_secret_decrypt(got, COUNT, secret, a));
    for (int i = 0; i < COUNT; i++)
        if (!(fabs(got[i] - want[i]) <= most))
            fail_msg("slot %d: %.9f, not %.9f within %g", i, got[i], want[i],
                     most);
}

#define FOR(i, value)                                                          \
    do {                                                                       \
        for (int i = 0; i < COUNT; i++) want[i] = (value);                     \
    } while (0)

static void sums_and_products(void **state)
{
    (void)state;
    double want[COUNT];
    bf_cipher *z = NULL, *w = NULL;
    expect(x, vx, DEPTH);
    assert_ok(bf_cipher_add(ev, &z, x, y));
    FOR(i, vx[i] + vy[i]);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_sub(ev, &z, z, x)); /* in place */
    expect(z, vy, DEPTH);
    assert_ok(bf_cipher_negate(ev, &z, x));
    FOR(i, -vx[i]);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_mul_int(ev, &z, x, 5));
    FOR(i, 5 * vx[i]);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_add_const(ev, &z, x, -0.75));
    assert_fails(bf_cipher_add_const(ev, &z, x, 1e6), BF_ERR_RANGE, "1e+06");
    FOR(i, vx[i] - 0.75);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_add_values(ev, &z, x, vy, COUNT));
    FOR(i, vx[i] + vy[i]);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_mul_const(ev, &z, x, -0.3));
    FOR(i, -0.3 * vx[i]);
    expect(z, want, DEPTH - 1);
    assert_ok(bf_cipher_mul_const(ev, &w, z, 0));
    FOR(i, 0);
    expect(w, want, DEPTH - 2);
    assert_ok(bf_cipher_mul_values(ev, &z, x, vy, COUNT));
    FOR(i, vx[i] * vy[i]);
    expect(z, want, DEPTH - 1);
    assert_ok(bf_cipher_mul(ev, &w, x, y));
    expect(w, want, DEPTH - 1);
    /* Sums and products of different levels, in either order. */
    assert_ok(bf_cipher_add(ev, &z, x, w));
    FOR(i, vx[i] + vx[i] * vy[i]);
    expect(z, want, DEPTH - 1);
    assert_ok(bf_cipher_mul(ev, &z, w, x));
    FOR(i, vx[i] * vx[i] * vy[i]);
    expect(z, want, DEPTH - 2);
    assert_ok(bf_cipher_sub(ev, &z, z, x));
    FOR(i, vx[i] * vx[i] * vy[i] - vx[i]);
    expect(z, want, DEPTH - 2);
    const bf_cipher *const a[] = {x, w, y}, *const b[] = {y, x, y};
    assert_ok(bf_cipher_dot(ev, &z, a, b, 3));
    FOR(i, vx[i] * vy[i] + vx[i] * vx[i] * vy[i] + vy[i] * vy[i]);
    expect(z, want, DEPTH - 2);
    bf_cipher_destroy(z);
    bf_cipher_destroy(w);
}

/* Short primes lie further apart, so that no two levels have nearly equal
 * scales; each operation has an error of 2^-10. */
static void levels_meet_where_scales_differ(void **state)
{
    (void)state;
    double got[COUNT];
    bf_ckks *c = NULL;
    bf_secret *s = NULL;
    bf_keys *k = NULL;
    bf_evaluator *own = NULL;
    bf_cipher *a = NULL, *b = NULL, *sum = NULL, *product = NULL;
    assert_ok(
        bf_ckks_create(&c, &(bf_ckks_request){.depth = 3, .precision = 10}));
    double ratio = bf_ckks_scale(c, 3) / bf_ckks_scale(c, 2);
    assert_true(fabs(ratio - 1) > 0x1p-20);
    assert_ok(bf_secret_generate(&s, c));
    assert_ok(
        bf_keys_create(&k, s, &(bf_keys_request){.products = true}, NULL));
    assert_ok(bf_evaluator_create(&own, c, k));
    assert_ok(bf_secret_encrypt(&a, s, vx, COUNT));
    assert_ok(bf_cipher_mul(own, &b, a, a));
    assert_ok(bf_cipher_add(own, &sum, b, a));
    assert_ok(bf_cipher_mul(own, &product, a, b));
    assert_ok(bf_cipher_sub(own, &sum, sum, product));
    assert_ok(bf_secret_decrypt(got, COUNT, s, sum));
    for (int i = 0; i < COUNT; i++)
        assert_true(fabs(got[i] - vx[i] - vx[i] * vx[i] + pow(vx[i], 3)) <
                    8 * 0x1p-10);
    bf_cipher_destroy(a);
    bf_cipher_destroy(b);
    bf_cipher_destroy(sum);
    bf_cipher_destroy(product);
    bf_evaluator_destroy(own);
    bf_keys_destroy(k);
    bf_secret_destroy(s);
    bf_ckks_destroy(c);
}

static void down_to_the_last_level(void **state)
{
    (void)state;
    double want[COUNT];
    bf_cipher *z = NULL;
    memcpy(want, vx, sizeof want);
    assert_ok(bf_cipher_copy(ev, &z, x));
    for (unsigned l = DEPTH; l-- > 0;) {
        assert_ok(bf_cipher_mul(ev, &z, z, x));
        for (int i = 0; i < COUNT; i++) want[i] *= vx[i];
        expect(z, want, l);
    }
    const char *gone = "takes 1 level, and 0 of 5 are left";
    bf_cipher *kept = z;
    assert_fails(bf_cipher_mul(ev, &z, z, x), BF_ERR_ARGUMENT, gone);
    assert_ptr_equal(z, kept);
    expect(z, want, 0);
    assert_fails(bf_cipher_mul_const(ev, &z, z, 2), BF_ERR_ARGUMENT, gone);
    assert_fails(bf_cipher_mul_values(ev, &z, z, vx, 4), BF_ERR_ARGUMENT, gone);
    const bf_cipher *const a[] = {x, z};
    assert_fails(bf_cipher_dot(ev, &z, a, a, 2), BF_ERR_ARGUMENT, gone);
    assert_fails(bf_cipher_power_series(ev, &z, z, vx, 5), BF_ERR_ARGUMENT,
                 "polynomial: takes 3 levels, and 0 of 5 are left");
    bf_cipher_destroy(z);
}

static void rotations(void **state)
{
    (void)state;
    double want[COUNT];
    bf_cipher *z = NULL, *many[2] = {0};
    const int r[] = {3, -2};
    const bf_cipher *const both[] = {x, y};
    assert_ok(bf_cipher_rotate(ev, &z, x, 3));
    FOR(i, vx[(i + 3) % COUNT]);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_rotate_many(ev, many, x, r, 2));
    expect(many[0], want, DEPTH);
    FOR(i, vx[(i + COUNT - 2) % COUNT]);
    expect(many[1], want, DEPTH);
    assert_ok(bf_cipher_rotate_sum(ev, &z, both, r, 2));
    FOR(i, vx[(i + 3) % COUNT] + vy[(i + COUNT - 2) % COUNT]);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_sum(ev, &z, x, 4));
    FOR(i, vx[i] + vx[(i + 1) % COUNT] + vx[(i + 2) % COUNT] +
               vx[(i + 3) % COUNT]);
    expect(z, want, DEPTH);
    assert_fails(bf_cipher_rotate(ev, &z, x, 5), BF_ERR_MISMATCH,
                 "is not there");
    assert_fails(bf_cipher_sum(ev, &z, x, 3), BF_ERR_ARGUMENT, "power of two");
    bf_cipher_destroy(z);
    for (int i = 0; i < 2; i++) bf_cipher_destroy(many[i]);
}

/* Coefficient i goes to g i modulo 2N, where X^N is -1. */
static void automorphisms(void **state)
{
    (void)state;
    enum { COEFFS = 5 };
    const uint32_t g = 7;
    const bf_keys_request r = {.elements = &g, .element_count = 1};
    const double in[COEFFS] = {0.5, -1, 0.25, 2, -0.75};
    size_t n = 2 * bf_ckks_slots(ckks);
    unsigned top = bf_ckks_levels(ckks);
    double *got = malloc(n * sizeof *got), *want = calloc(n, sizeof *want);
    double *sent = calloc(n, sizeof *sent);
    bf_keys *own = NULL;
    bf_evaluator *e = NULL;
    bf_plain *p = NULL;
    bf_cipher *a = NULL;
    assert_true(got && want && sent);
    for (size_t i = 0; i < COEFFS; i++) {
        size_t from = i * (n / COEFFS), to = from * g % (2 * n);
        sent[from] = in[i];
        want[to % n] = to < n ? in[i] : -in[i];
    }
    assert_ok(bf_keys_create(&own, secret, &r, NULL));
    assert_ok(bf_evaluator_create(&e, ckks, own));
    assert_ok(bf_plain_encode_coeffs(&p, ckks, sent, n,
                                     bf_ckks_scale(ckks, top), top));
    assert_ok(bf_secret_encrypt_plain(&a, secret, p));
    assert_ok(bf_cipher_automorphism(e, &a, a, g));
    assert_int_equal(bf_cipher_describe(a).level, top);
    assert_ok(bf_secret_decrypt_plain(&p, secret, a));
    assert_ok(bf_plain_decode_coeffs(got, n, p));
    for (size_t i = 0; i < n; i++) assert_true(fabs(got[i] - want[i]) < WORST);
    assert_fails(bf_cipher_automorphism(e, &a, a, 9), BF_ERR_MISMATCH,
                 "is not there");
    assert_fails(bf_cipher_automorphism(e, &a, a, 6), BF_ERR_ARGUMENT,
                 "automorphism: Galois element 6 must be odd");
    const uint32_t even = 6;
    assert_fails(bf_keys_create(
                     &own, secret,
                     &(bf_keys_request){.elements = &even, .element_count = 1},
                     NULL),
                 BF_ERR_ARGUMENT, "evaluation keys: Galois element 6");
    bf_cipher_destroy(a);
    bf_plain_destroy(p);
    bf_evaluator_destroy(e);
    bf_keys_destroy(own);
    free(got);
    free(want);
    free(sent);
}

static void complex_slots(void **state)
{
    (void)state;
    double complex in[2] = {0.5 + 0.25 * I, -0.75 * I}, out[2];
    unsigned top = bf_ckks_levels(ckks);
    bf_plain *p = NULL;
    bf_cipher *z = NULL;
    assert_ok(
        bf_plain_encode_at(&p, ckks, in, 2, bf_ckks_scale(ckks, top), top));
    assert_ok(bf_secret_encrypt_plain(&z, secret, p));
    assert_ok(bf_cipher_conjugate(ev, &z, z));
    assert_ok(bf_cipher_mul_monomial(ev, &z, z, (int64_t)bf_ckks_slots(ckks)));
    assert_ok(bf_secret_decrypt_plain(&p, secret, z));
    assert_ok(bf_plain_decode_complex(out, 2, p));
    double error = fmin(TAIL * bf_cipher_describe(z).error, WORST);
    for (int i = 0; i < 2; i++)
        assert_true(cabs(out[i] - I * conj(in[i])) < error);
    bf_plain_destroy(p);
    bf_cipher_destroy(z);
}

static double nowhere(double t, void *user)
{
    (void)user;
    return t * NAN;
}

static double cube(double t, void *user)
{
    (void)user;
    return t * t * t / 27;
}

static void linear_maps_and_polynomials(void **state)
{
    (void)state;
    /* 3 x 5 in a wider matrix of floats. */
    float m[3][7];
    double want[COUNT] = {0}, c[6] = {0.5, -1, 0, 0.25, 0, 0.125}, t[4];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 7; j++) m[i][j] = (float)(i - j) / 8;
    bf_view view = {m, 3, 5, 7, BF_FLOAT32};
    bf_linear *map = NULL;
    bf_cipher *in = NULL, *z = NULL, *w = NULL;
    bf_evaluator *dry = NULL, *own = NULL;
    bf_keys *mine = NULL;
    assert_ok(bf_linear_create(&map, ckks, &view, 3));
    assert_ok(bf_evaluator_create_dry(&dry, ckks));
    assert_ok(bf_cipher_stand_in(&in, ckks, DEPTH));
    assert_ok(bf_linear_apply(dry, &z, in, map));
    assert_ok(bf_keys_create_for(&mine, secret, dry, NULL));
    assert_ok(bf_evaluator_create(&own, ckks, mine));
    assert_ok(bf_secret_encrypt(&in, secret, vx, 5));
    assert_ok(bf_linear_apply(own, &z, in, map));
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < 5 && i % 8 < 3; j++)
            want[i] += (double)m[i % 8][j] * vx[j];
    expect(z, want, 2);
    int r[8];
    size_t count = bf_linear_rotations(map, NULL, 0);
    assert_true(count > 0 && count < 8);
    assert_int_equal(bf_linear_rotations(map, r, 8), count);
    assert_fails(bf_linear_apply(own, &z, z, map), BF_ERR_ARGUMENT,
                 "made for level 3, of which the ciphertext has 2 left");

    assert_ok(bf_cipher_power_series(ev, &z, x, c, 5));
    FOR(i, c[0] + c[1] * vx[i] + c[3] * pow(vx[i], 3) + c[5] * pow(vx[i], 5));
    expect(z, want, DEPTH - 3);
    assert_ok(bf_chebyshev_coefficients(t, 3, -3, 3, cube, NULL));
    assert_ok(bf_cipher_mul_int(ev, &w, x, 3));
    assert_ok(bf_cipher_chebyshev(ev, &z, w, t, 3, -3, 3));
    FOR(i, pow(vx[i], 3));
    expect(z, want, DEPTH - 3); /* one of them to scale [-3, 3] */
    assert_fails(bf_cipher_chebyshev(ev, &z, w, t, 3, 1, 1), BF_ERR_ARGUMENT,
                 "on [1, 1]");
    bf_linear_destroy(map);
    bf_cipher_destroy(in);
    bf_evaluator_destroy(own);
    bf_evaluator_destroy(dry);
    bf_keys_destroy(mine);
    bf_cipher_destroy(z);
    bf_cipher_destroy(w);
}

static void exact_steps(void **state)
{
    (void)state;
    double want[COUNT];
    bf_plain *p = NULL;
    bf_cipher *z = NULL, *w = NULL;
    const bf_cipher *const a[] = {x}, *const b[] = {y};
    assert_ok(bf_cipher_tensor(ev, &z, a, b, 1));
    assert_int_equal(bf_cipher_describe(z).polys, 3);
    FOR(i, vx[i] * vy[i]);
    expect(z, want, DEPTH); /* decrypts before relinearisation, too */
    assert_ok(bf_cipher_mul(ev, &w, z, z));
    FOR(i, pow(vx[i] * vy[i], 2));
    expect(w, want, DEPTH - 1);
    FOR(i, vx[i] * vy[i]);
    assert_ok(bf_cipher_relinearize(ev, &z, z));
    assert_ok(bf_cipher_rescale(ev, &z, z));
    expect(z, want, DEPTH - 1);
    assert_ok(bf_cipher_mul(ev, &w, x, y));
    double s = bf_cipher_describe(w).scale, e = bf_cipher_describe(z).scale;
    assert_true(fabs(s / e - 1) < 1e-12);
    assert_true(fabs(s / bf_ckks_scale(ckks, DEPTH - 1) - 1) < 1e-12);

    assert_ok(bf_plain_encode(&p, ckks, vy, COUNT));
    assert_ok(bf_cipher_add_plain(ev, &z, x, p));
    FOR(i, vx[i] + vy[i]);
    expect(z, want, DEPTH);
    assert_ok(bf_cipher_mul_plain(ev, &z, x, p));
    FOR(i, vx[i] * vy[i]);
    expect(z, want, DEPTH);
    assert_fails(bf_cipher_add(ev, &z, z, x), BF_ERR_MISMATCH, "scales");
    assert_ok(bf_cipher_mod_drop(ev, &z, x, bf_cipher_describe(x).limbs - 2));
    expect(z, vx, DEPTH - 2);
    assert_ok(bf_cipher_lower(ev, &z, x, 1));
    expect(z, vx, 1);
    assert_true(bf_cipher_describe(z).scale == bf_ckks_scale(ckks, 1));
    const double scales[] = {-s, 0, NAN, INFINITY};
    for (int i = 0; i < 4; i++)
        assert_fails(bf_cipher_adjust(ev, &z, x, 1, scales[i], 2),
                     BF_ERR_ARGUMENT, "adjustment to the scale");
    bf_plain_destroy(p);
    bf_cipher_destroy(z);
    bf_cipher_destroy(w);
}

/* Sums of products with plaintexts are rescaled once. */
static void fused_products_with_plaintexts(void **state)
{
    (void)state;
    double want[COUNT];
    bf_complex v[COUNT];
    bf_plain *px = NULL, *py = NULL, *squared = NULL;
    bf_cipher *z = NULL, *w = NULL, *back = NULL;
    void *data;
    size_t bytes;
    double s = bf_ckks_scale(ckks, DEPTH);
    assert_ok(bf_plain_encode(&px, ckks, vx, COUNT));
    assert_ok(bf_plain_encode(&py, ckks, vy, COUNT));
    assert_ok(bf_cipher_mul_plain_add(ev, &z, x, py));
    assert_ok(bf_cipher_mul_plain_add(ev, &z, y, px));
    assert_ok(bf_cipher_mul_plain_add(ev, &z, y, py));
    assert_ok(bf_cipher_rescale(ev, &z, z));
    FOR(i, 2 * vx[i] * vy[i] + vy[i] * vy[i]);
    expect(z, want, DEPTH - 1);

    /* A fresh ciphertext is written as half of it and a seed; one to which a
     * product was added is not. */
    for (int i = 0; i < COUNT; i++) v[i] = vx[i];
    assert_ok(bf_plain_encode_at(&squared, ckks, v, COUNT, s * s, DEPTH));
    assert_ok(bf_secret_encrypt_plain(&w, secret, squared));
    assert_ok(bf_cipher_mul_plain_add(ev, &w, x, py));
    assert_ok(bf_cipher_write(&data, &bytes, (const bf_cipher *const *)&w, 1));
    assert_ok(bf_cipher_read(&back, 1, ckks, data, bytes));
    FOR(i, vx[i] + vx[i] * vy[i]);
    expect(back, want, DEPTH);
    bf_free(data);

    assert_fails(bf_cipher_mul_plain_add(ev, &w, w, py), BF_ERR_ARGUMENT,
                 "its own term");
    assert_fails(bf_cipher_mul_plain_add(ev, &w, z, py), BF_ERR_ARGUMENT,
                 "the sum has");
    bf_plain *low = NULL;
    bf_evaluator *other = NULL;
    assert_ok(bf_plain_encode_at(&low, ckks, v, COUNT, s, DEPTH - 1));
    assert_ok(bf_cipher_mul_plain(ev, &back, x, py));
    assert_fails(bf_cipher_add_plain(ev, &w, x, low), BF_ERR_ARGUMENT,
                 "the plaintext has");
    assert_fails(bf_cipher_mul_plain(ev, &w, x, low), BF_ERR_ARGUMENT,
                 "the plaintext has");
    assert_fails(bf_cipher_mul_plain_add(ev, &back, x, low), BF_ERR_ARGUMENT,
                 "the plaintext has");
    bf_plain_destroy(low);
    assert_ok(bf_cipher_mod_drop(ev, &back, back, bf_ckks_limbs(ckks, 1)));
    assert_ok(bf_evaluator_create(&other, ckks, NULL));
    assert_ok(bf_cipher_mul_plain_add(other, &back, x, py));
    assert_int_equal(bf_evaluator_describe(other).lowest_level, 1);
    bf_evaluator_destroy(other);
    assert_ok(bf_cipher_copy(ev, &w, x));
    assert_fails(bf_cipher_mul_plain_add(ev, &w, x, py), BF_ERR_MISMATCH,
                 "scales");
    expect(w, vx, DEPTH);
    bf_plain_destroy(px);
    bf_plain_destroy(py);
    bf_plain_destroy(squared);
    bf_cipher_destroy(z);
    bf_cipher_destroy(w);
    bf_cipher_destroy(back);
}

static void matrices_of_ciphertexts(void **state)
{
    (void)state;
    enum { ROWS = 2, TERMS = 2, COLS = 3 };
    const bf_cipher *const a[ROWS * TERMS] = {x, y, y, y};
    const bf_cipher *const b[TERMS * COLS] = {x, y, x, y, y, x};
    const double *const va[] = {vx, vy, vy, vy};
    const double *const vb[] = {vx, vy, vx, vy, vy, vx};
    bf_cipher *out[ROWS * COLS] = {0}, *apart = NULL;
    assert_ok(bf_cipher_tensor_matrix(ev, out, a, b, ROWS, TERMS, COLS));
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLS; c++) {
            double want[COUNT];
            bf_cipher **z = &out[r * COLS + c];
            FOR(i, va[r * TERMS][i] * vb[c][i] +
                       va[r * TERMS + 1][i] * vb[COLS + c][i]);
            assert_int_equal(bf_cipher_describe(*z).polys, 3);
            expect(*z, want, DEPTH);
            assert_ok(bf_cipher_relinearize(ev, &apart, *z));
            assert_ok(bf_cipher_rescale(ev, &apart, apart));
            assert_ok(bf_cipher_relinearize_rescale(ev, z, *z));
            expect(*z, want, DEPTH - 1);
            assert_true(bf_cipher_describe(*z).scale ==
                        bf_cipher_describe(apart).scale);
            bf_cipher_destroy(*z);
        }
    assert_fails(bf_cipher_tensor_matrix(ev, out, a, b, 1, 0, 1),
                 BF_ERR_ARGUMENT, "no terms");
    assert_fails(bf_cipher_relinearize_rescale(ev, &apart, x), BF_ERR_ARGUMENT,
                 "two polynomials");
    bf_cipher_destroy(apart);
}

static void polynomials_at_chosen_scales(void **state)
{
    (void)state;
    const double c[] = {0.5, -1, 0, 2, 0, 0.25, 0, 0};
    double t[4], want[COUNT], scale = 1.25 * bf_ckks_scale(ckks, DEPTH);
    bf_cipher *z = NULL, *low = NULL;
    assert_int_equal(bf_polynomial_levels(c, 7), 3);
    assert_int_equal(bf_polynomial_levels(c, 3), 2);
    assert_int_equal(bf_polynomial_levels(c, 2), 1);
    assert_ok(bf_cipher_power_series_at(ev, &z, x, c, 7, scale));
    assert_true(bf_cipher_describe(z).scale == scale);
    FOR(i, c[0] + c[1] * vx[i] + c[3] * pow(vx[i], 3) + c[5] * pow(vx[i], 5));
    expect(z, want, DEPTH - 3);

    /* On [-2.5, 2.5] the plain operation would take a third level. */
    assert_ok(bf_chebyshev_coefficients(t, 3, -2.5, 2.5, cube, NULL));
    assert_true(fabs(bf_chebyshev_at(t, 3, -2.5, 2.5, 0.6) - 0.008) < 1e-12);
    assert_ok(bf_cipher_chebyshev_at(ev, &z, x, t, 3, -2.5, 2.5, scale));
    assert_true(bf_cipher_describe(z).scale == scale);
    FOR(i, pow(vx[i] / 3, 3));
    expect(z, want, DEPTH - 2);

    assert_fails(bf_cipher_power_series_at(ev, &z, x, c, 5, 0), BF_ERR_ARGUMENT,
                 "scale 0");
    assert_fails(bf_cipher_power_series(ev, &z, x, c, UINT_MAX),
                 BF_ERR_ARGUMENT, "of degree 4294967295: 1 to 1023");
    assert_fails(bf_cipher_chebyshev_at(ev, &z, x, t, 1024, -1, 1, scale),
                 BF_ERR_ARGUMENT, "of degree 1024");
    assert_fails(bf_cipher_chebyshev(ev, &z, x, t, 0, -1, 1), BF_ERR_ARGUMENT,
                 "of degree 0");
    assert_fails(bf_chebyshev_coefficients(t, 3, -1, 1, nowhere, NULL),
                 BF_ERR_RANGE, "nan at 0.92");
    assert_fails(bf_cipher_chebyshev_at(ev, &z, x, t, 3, 1, 1, scale),
                 BF_ERR_ARGUMENT, "on [1, 1]");
    assert_ok(bf_cipher_mod_drop(ev, &low, x, bf_ckks_limbs(ckks, 2)));
    assert_fails(bf_cipher_power_series_at(ev, &z, low, c, 5, scale),
                 BF_ERR_ARGUMENT, "takes 3 levels");
    bf_cipher_destroy(z);
    bf_cipher_destroy(low);
}

/* A product, and its sum with a rotation of itself, relinearised together. */
static void fused_rotations(bf_evaluator *e, bf_cipher **out,
                            const bf_cipher *a, const bf_cipher *b)
{
    bf_cipher *t = NULL;
    assert_ok(bf_cipher_tensor(e, &t, &a, &b, 1));
    const bf_cipher *const both[] = {t, t};
    const int r[] = {0, 3};
    assert_ok(bf_cipher_rotate_sum(e, out, both, r, 2));
    assert_ok(bf_cipher_rescale(e, out, *out));
    bf_cipher_destroy(t);
}

/* A dry run counts what a run does, and the keys that it needs. */
static void work_of_a_dry_run(void **state)
{
    (void)state;
    double want[COUNT];
    const int three[] = {1, 2, 3};
    bf_evaluator *dry = NULL, *own = NULL;
    bf_keys *mine = NULL;
    bf_cipher *in = NULL, *z = NULL, *many[3] = {0};
    assert_ok(bf_evaluator_create_dry(&dry, ckks));
    assert_ok(bf_cipher_stand_in(&in, ckks, DEPTH));
    assert_int_equal(bf_evaluator_describe(dry).lowest_level, DEPTH);
    fused_rotations(dry, &z, in, in);
    bf_evaluator_facts planned = bf_evaluator_describe(dry);
    /* s^2 to s; s and s^2 to s of the rotation. */
    assert_int_equal(planned.key_switches, 3);
    assert_int_equal(planned.keys, 3);
    assert_int_equal(planned.products, 1);
    assert_int_equal(planned.plain_products, 0);
    assert_int_equal(planned.rescales, 1);
    assert_int_equal(planned.lowest_level, DEPTH - 1);
    assert_true(planned.peak_bytes > 0);
    /* Of two polynomials each, modulo all primes of q, and special ones. */
    size_t poly = 2 * bf_ckks_slots(ckks) * sizeof(double);
    assert_int_equal(planned.key_bytes % (planned.keys * 2 * poly), 0);
    assert_true(planned.key_bytes / planned.keys >
                2 * poly * bf_ckks_limbs(ckks, DEPTH));

    assert_ok(bf_keys_create_for(&mine, secret, dry, NULL));
    assert_ok(bf_evaluator_create(&own, ckks, mine));
    fused_rotations(own, &z, x, y);
    FOR(i, vx[i] * vy[i] + vx[(i + 3) % COUNT] * vy[(i + 3) % COUNT]);
    expect(z, want, DEPTH - 1);
    bf_evaluator_facts done = bf_evaluator_describe(own);
    assert_int_equal(done.key_switches, planned.key_switches);
    assert_int_equal(done.decompositions, planned.decompositions);
    assert_int_equal(done.divisions, planned.divisions);
    assert_int_equal(done.products, planned.products);
    assert_int_equal(done.rescales, planned.rescales);
    assert_int_equal(done.lowest_level, planned.lowest_level);
    assert_int_equal(done.keys, 0);

    /* Three rotations of one ciphertext share its decomposition. */
    assert_ok(bf_cipher_rotate_many(dry, many, in, three, 3));
    done = bf_evaluator_describe(dry);
    assert_int_equal(done.key_switches - planned.key_switches, 3);
    assert_int_equal(done.decompositions - planned.decompositions, 1);
    for (int i = 0; i < 3; i++) bf_cipher_destroy(many[i]);
    bf_cipher_destroy(in);
    bf_cipher_destroy(z);
    bf_evaluator_destroy(dry);
    bf_evaluator_destroy(own);
    bf_keys_destroy(mine);
}

/* Elements that packing asks for. */
typedef struct elements {
    bf_evaluator *ev;
    bf_cipher *const *from;
    unsigned made; /* bits */
    size_t fails;  /* this one is not made */
} elements;

static bf_status make_element(void *user, bf_cipher **g, size_t m)
{
    elements *e = user;
    assert_null(*g);
    assert_int_equal(e->made >> m & 1, 0);
    e->made |= 1u << m;
    return m == e->fails ? BF_OK : bf_cipher_copy(e->ev, g, e->from[m]);
}

/* bf_cipher_pack_made gives the bytes of `packed`. */
static void check_packed_made(bf_evaluator *now, bf_cipher *const *in,
                              const bf_cipher *packed, unsigned f)
{
    elements e = {.ev = now, .from = in, .fails = 3};
    bf_cipher *again = NULL;
    void *data[2];
    size_t bytes[2];
    assert_ok(bf_cipher_pack_made(now, &again, 3, 2, f, 4, make_element, &e));
    assert_int_equal(e.made, 7);
    const bf_cipher *const both[] = {packed, again};
    for (int i = 0; i < 2; i++)
        assert_ok(bf_cipher_write(&data[i], &bytes[i], &both[i], 1));
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(data[0], data[1], bytes[0]);
    for (int i = 0; i < 2; i++) bf_free(data[i]);
    e = (elements){.ev = now, .from = in, .fails = 1};
    bf_cipher *kept = again;
    assert_fails(bf_cipher_pack_made(now, &again, 3, 2, f, 4, make_element, &e),
                 BF_ERR_ARGUMENT, "element 1 was not made");
    assert_ptr_equal(again, kept);
    bf_cipher_destroy(again);
}

/* Counts whose arrays no memory has, however their bytes come out. */
static void more_than_memory(void **state)
{
    (void)state;
    const size_t many = ((size_t)1 << 61) + 1, more = bf_ckks_slots(ckks) + 1;
    const bf_cipher *const one[] = {x};
    const int r[] = {3};
    bf_cipher *z = NULL;
    elements e = {.ev = ev};
    for (int i = 0; i < 2; i++) {
        size_t n = i ? many : more;
        assert_fails(bf_cipher_pack(ev, &z, one, n, 3, 1, 1), BF_ERR_ARGUMENT,
                     "elements: must be 1 to");
        assert_fails(
            bf_cipher_pack_made(ev, &z, n, 3, 1, 1, make_element, &e),
            BF_ERR_ARGUMENT, "elements: must be 1 to");
        assert_fails(bf_cipher_expand(ev, &z, x, n, 3, 1, 1), BF_ERR_ARGUMENT,
                     "elements: must be 1 to");
    }
    assert_fails(bf_cipher_rotate_many(ev, &z, x, r, many), BF_ERR_MEMORY,
                 "no memory");
    assert_fails(bf_cipher_rotate_sum(ev, &z, one, r, many), BF_ERR_MEMORY,
                 "no memory");
    assert_fails(bf_cipher_dot(ev, &z, one, one, many), BF_ERR_MEMORY,
                 "no memory");
    assert_fails(bf_cipher_tensor_matrix(ev, &z, one, one, 1, 1, many),
                 BF_ERR_MEMORY, "no memory");
    assert_fails(bf_cipher_tensor_matrix(ev, &z, one, one, 3 << 22,
                                         (size_t)1 << 40, 3 << 22),
                 BF_ERR_ARGUMENT, "tensor product");
    assert_null(z);
}

/* Vectors of period f = slots/4 have Tr g = 4 g: packed and expanded again they
 * come back four times as large. */
static void packing_and_expansion(void **state)
{
    (void)state;
    unsigned f = (unsigned)(bf_ckks_slots(ckks) / 4);
    bf_evaluator *dry = NULL, *own = NULL;
    bf_keys *mine = NULL;
    bf_cipher *in[3] = {0}, *out[3] = {0}, *packed = NULL;
    for (int run = 0; run < 2; run++) {
        for (int m = 0; m < 3; m++) {
            if (run)
                assert_ok(bf_secret_encrypt(&in[m], secret, &vx[4 * m], 4));
            else
                assert_ok(bf_cipher_stand_in(&in[m], ckks, DEPTH));
        }
        if (!run) assert_ok(bf_evaluator_create_dry(&dry, ckks));
        bf_evaluator *now = run ? own : dry;
        assert_ok(bf_cipher_pack(now, &packed, (const bf_cipher *const *)in, 3,
                                 2, f, 4));
        assert_ok(bf_cipher_expand(now, out, packed, 3, 2, f, 1));
        if (run) {
            check_packed_made(now, in, packed, f);
            break;
        }
        assert_ok(bf_keys_create_for(&mine, secret, dry, NULL));
        assert_ok(bf_evaluator_create(&own, ckks, mine));
    }
    assert_fails(bf_cipher_expand(own, out, packed, 3, 2, f, 0),
                 BF_ERR_ARGUMENT, "the sign 0");
    const bf_cipher *const one[] = {packed};
    assert_fails(bf_cipher_pack(own, &packed, one, 1, 2, f, NAN),
                 BF_ERR_ARGUMENT, "up to nan");
    assert_fails(bf_cipher_pack(own, &packed, one, 1, 3, f, 1),
                 BF_ERR_ARGUMENT, "into 2^3 places");
    assert_fails(bf_cipher_pack(own, &packed, one, 1, UINT_MAX, f, 1),
                 BF_ERR_ARGUMENT, "into 2^4294967295 places");
    for (int m = 0; m < 3; m++) {
        double want[COUNT];
        FOR(i, 4 * vx[4 * m + i % 4]);
        expect(out[m], want, DEPTH);
        bf_cipher_destroy(in[m]);
        bf_cipher_destroy(out[m]);
    }
    bf_cipher_destroy(packed);
    bf_evaluator_destroy(dry);
    bf_evaluator_destroy(own);
    bf_keys_destroy(mine);
}

/* Everything that a server receives, from files and from memory. */
static void files_and_memory(void **state)
{
    (void)state;
    char dir[] = "/tmp/blindfit-api-XXXXXX", path[64];
    double want[COUNT];
    const bf_cipher *const both[] = {x, y};
    bf_cipher *in[2] = {0}, *z = NULL;
    bf_ckks *theirs = NULL;
    bf_keys *k = NULL;
    bf_public *pk = NULL;
    bf_evaluator *server = NULL;
    bf_secret *again = NULL;
    void *data, *file;
    size_t bytes, file_bytes;
    struct stat st;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);

    assert_ok(bf_keys_write(&data, &bytes, keys, NULL));
    assert_ok(bf_ckks_read(&theirs, data, bytes));
    assert_true(bf_ckks_scale(theirs, 2) == bf_ckks_scale(ckks, 2));
    assert_true(bf_ckks_largest(theirs) == bf_ckks_largest(ckks));
    assert_ok(bf_keys_read(&k, theirs, data, bytes, NULL));
    bf_free(data);
    assert_ok(bf_cipher_write(&file, &file_bytes, both, 2));
    assert_ok(bf_cipher_save(both, 2, path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, file_bytes);
    assert_ok(bf_evaluator_create(&server, theirs, k));
    for (int way = 0; way < 2; way++) {
        assert_ok(way ? bf_cipher_load(in, 2, theirs, path)
                      : bf_cipher_read(in, 2, theirs, file, file_bytes));
        assert_ok(bf_cipher_mul(server, &z, in[0], in[1]));
        assert_ok(
            bf_cipher_write(&data, &bytes, (const bf_cipher *const *)&z, 1));
        bf_cipher *back = NULL;
        assert_ok(bf_cipher_read(&back, 1, ckks, data, bytes));
        FOR(i, vx[i] * vy[i]);
        expect(back, want, DEPTH - 1);
        bf_cipher_destroy(back);
        bf_free(data);
    }
    assert_fails(bf_cipher_load(in, 1, theirs, path), BF_ERR_MISMATCH,
                 "more than 1 ciphertexts");
    assert_fails(bf_cipher_load(in, 3, theirs, path), BF_ERR_MISMATCH,
                 "2 ciphertexts, and 3 are wanted");
    assert_fails(bf_keys_load(&k, theirs, path, NULL), BF_ERR_MISMATCH, path);
    ((uint8_t *)file)[file_bytes / 2] ^= 1;
    assert_fails(bf_cipher_read(in, 2, theirs, file, file_bytes), BF_ERR_FORMAT,
                 "record");
    assert_fails(bf_cipher_read(in, 2, theirs, file, 100), BF_ERR_FORMAT, "");
    bf_free(file);

    assert_ok(bf_public_create(&pk, secret));
    assert_ok(bf_public_write(&data, &bytes, pk));
    assert_ok(bf_public_read(&pk, ckks, data, bytes));
    bf_free(data);
    assert_ok(bf_public_encrypt(&z, pk, vx, COUNT));
    expect(z, vx, DEPTH);
    assert_true(TAIL * bf_cipher_describe(z).error <= 0x1p-20);
    assert_ok(bf_secret_save(secret, path));
    assert_int_equal(stat(path, &st), 0);
    /* The old file had mode 0644; a secret file keeps the owner's permissions
     * only. */
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(bf_secret_load(&again, ckks, path));
    assert_ok(bf_secret_decrypt(want, COUNT, again, x));
    assert_true(fabs(want[3] - vx[3]) < WORST);

    unlink(path);
    rmdir(dir);
    bf_secret_destroy(again);
    bf_public_destroy(pk);
    bf_evaluator_destroy(server);
    for (int i = 0; i < 2; i++) bf_cipher_destroy(in[i]);
    bf_cipher_destroy(z);
    bf_keys_destroy(k);
    bf_ckks_destroy(theirs);
}

static void what_does_not_belong_together(void **state)
{
    (void)state;
    double v[COUNT] = {0};
    bf_secret *other = NULL;
    bf_ckks *small = NULL, *twin = NULL;
    bf_cipher *z = NULL, *foreign = NULL;
    bf_evaluator *none = NULL;
    bf_plain *p = NULL;
    assert_ok(bf_secret_generate(&other, ckks));
    assert_fails(bf_secret_decrypt(v, 4, other, x), BF_ERR_MISMATCH,
                 "another key");
    assert_ok(bf_secret_encrypt(&foreign, other, vx, COUNT));
    assert_fails(bf_cipher_add(ev, &z, x, foreign), BF_ERR_MISMATCH,
                 "different keys");
    assert_ok(bf_evaluator_create(&none, ckks, NULL));
    assert_fails(bf_cipher_add(none, &z, x, foreign), BF_ERR_MISMATCH,
                 "sum: objects of different keys");
    assert_fails(bf_cipher_mul(none, &z, x, y), BF_ERR_MISMATCH,
                 "the relinearisation key is not there");
    assert_ok(bf_cipher_add(none, &z, x, y));
    assert_ok(bf_ckks_create(&small, &(bf_ckks_request){.depth = 1}));
    assert_ok(bf_ckks_create(
        &twin, &(bf_ckks_request){.depth = DEPTH, .largest = 16}));
    assert_ok(bf_plain_encode(&p, small, vx, 4));
    assert_fails(bf_cipher_add_plain(ev, &z, x, p), BF_ERR_MISMATCH,
                 "other parameters");
    assert_ok(bf_plain_encode(&p, twin, vx, 4));
    assert_fails(bf_cipher_add_plain(ev, &z, x, p), BF_ERR_MISMATCH,
                 "two contexts");
    assert_fails(bf_evaluator_create(&none, small, keys), BF_ERR_MISMATCH,
                 "other parameters");

    v[2] = 16.5;
    assert_fails(bf_secret_encrypt(&z, secret, v, COUNT), BF_ERR_RANGE,
                 "value 2 is above 16");
    v[2] = NAN;
    assert_fails(bf_secret_encrypt(&z, secret, v, COUNT), BF_ERR_RANGE,
                 "value 2");
    assert_fails(bf_secret_encrypt(&z, secret, v, 0), BF_ERR_ARGUMENT,
                 "0 values");
    assert_fails(bf_plain_encode(&p, ckks, v, bf_ckks_slots(ckks) + 1),
                 BF_ERR_ARGUMENT, "values");
    bf_keys *k = NULL;
    assert_fails(bf_keys_create(&k, secret, &(bf_keys_request){0}, NULL),
                 BF_ERR_ARGUMENT, "none is asked for");
    bf_env stopped = {0};
    bf_env_interrupt(&stopped, 1);
    assert_fails(bf_keys_create(&k, secret,
                                &(bf_keys_request){.products = true}, &stopped),
                 BF_ERR_INTERRUPTED, "");
    assert_null(k);

    bf_plain_destroy(p);
    bf_evaluator_destroy(none);
    bf_cipher_destroy(z);
    bf_cipher_destroy(foreign);
    bf_secret_destroy(other);
    bf_ckks_destroy(small);
    bf_ckks_destroy(twin);
    bf_ckks_destroy(NULL);
    bf_plain_destroy(NULL);
    bf_secret_destroy(NULL);
    bf_public_destroy(NULL);
    bf_keys_destroy(NULL);
    bf_evaluator_destroy(NULL);
    bf_cipher_destroy(NULL);
    bf_linear_destroy(NULL);
}

/* Parameters from requirements: enough of everything, in the smallest ring. */
static void parameters_hold_what_was_asked(void **state)
{
    (void)state;
    const struct {
        bf_ckks_request r;
        unsigned log_n;
    } cases[] = {
        {{.depth = 1}, 13},
        {{.depth = 2, .slots = 8192}, 14},
        {{.depth = 4, .precision = 10}, 13},
        {{.depth = 8, .precision = 25, .largest = 1000}, 15},
        {{.depth = 3, .precision = 12, .largest = 1e11}, 13},
        {{.depth = 20, .precision = 20, .largest = 0.01}, 16},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_ckks_request r = cases[i].r;
        bf_ckks *c = NULL;
        assert_ok(bf_ckks_create(&c, &r));
        if (bf_ckks_slots(c) != (size_t)1 << (cases[i].log_n - 1))
            fail_msg("case %zu: %zu slots", i, bf_ckks_slots(c));
        assert_true(bf_ckks_security(c) >= 128);
        assert_int_equal(bf_ckks_levels(c), r.depth);
        assert_true(bf_ckks_largest(c) >= (r.largest ? r.largest : 1));
        /* Example of src/api/parameters.c: 2^14, 20 bits: 41. */
        if (cases[i].log_n == 14 && !r.precision)
            assert_true(bf_ckks_scale(c, 0) == 0x1p41);
        for (unsigned l = 0; l <= r.depth; l++)
            assert_true(fabs(log2(bf_ckks_scale(c, l) / bf_ckks_scale(c, 0))) <
                        0.01);
        for (unsigned l = 1; l <= r.depth; l++) {
            unsigned limbs = bf_ckks_limbs(c, l);
            double s = bf_ckks_scale(c, l);
            double q = (double)bf_ckks_prime(c, limbs - 1);
            assert_int_equal(limbs, bf_ckks_limbs(c, l - 1) + 1);
            assert_true(fabs(s * s / q / bf_ckks_scale(c, l - 1) - 1) < 1e-12);
        }
        assert_int_equal(bf_ckks_prime(c, bf_ckks_limbs(c, r.depth)), 0);
        bf_ckks_destroy(c);
    }
    bf_ckks *c = NULL;
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.precision = 40}),
                 BF_ERR_ARGUMENT, "40 bits of precision");
    assert_fails(
        bf_ckks_create(&c, &(bf_ckks_request){.depth = 47, .largest = 1e8}),
        BF_ERR_ARGUMENT, "no ring holds");
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.largest = 1e9}),
                 BF_ERR_ARGUMENT, "up to 1e+09 and 20 bits of precision");
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.largest = 1e300}),
                 BF_ERR_ARGUMENT, "49 bits in all");
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.largest = INFINITY}),
                 BF_ERR_ARGUMENT, "values up to inf");
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.depth = 1000}),
                 BF_ERR_ARGUMENT, "depth of 1000");
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.slots = 100000}),
                 BF_ERR_ARGUMENT, "100000 slots");
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.depth = 48}),
                 BF_ERR_ARGUMENT, "at most 47");
    assert_fails(bf_ckks_create(&c, &(bf_ckks_request){.precision = 30}),
                 BF_ERR_ARGUMENT, "2^13, which has at most 29");
    assert_fails(
        bf_ckks_create(&c, &(bf_ckks_request){.precision = 29, .slots = 8192}),
        BF_ERR_ARGUMENT, "2^14, which has at most 28");
    assert_ok(bf_ckks_create(&c, &(bf_ckks_request){.precision = 29}));
    bf_plain *coefficients = NULL;
    double half = bf_ckks_largest(c) / 2, s = bf_ckks_scale(c, 0);
    const double few[] = {half, half}, more[] = {half, half, half};
    assert_ok(bf_plain_encode_coeffs(&coefficients, c, few, 2, s, 0));
    assert_fails(bf_plain_encode_coeffs(&coefficients, c, more, 3, s, 0),
                 BF_ERR_RANGE, "coefficients with a slot above");
    bf_plain_destroy(coefficients);
    bf_ckks_destroy(c);
    c = NULL;
    const unsigned q[] = {49, 40, 40}, p[] = {49};
    bf_ckks_chain chain = {14, q, p, 3, 1, 1};
    assert_ok(bf_ckks_create_chain(&c, &chain));
    assert_int_equal(bf_ckks_levels(c), 2);
    assert_true(bf_ckks_scale(c, 0) == 0x1p40);
    bf_ckks_destroy(c);
    c = NULL;
    chain.log_n = 12;
    assert_fails(bf_ckks_create_chain(&c, &chain), BF_ERR_SECURITY, "128 bits");
    assert_null(c);
}

/* The rms of the errors of a, which is `factor` v plus `more`, against the
 * estimate. Slots are uniform up to the bound that it assumes, and real: 0.58
 * and 0.71 of it. */
static void expect_error(const bf_secret *key, const bf_cipher *a,
                         const double *v, size_t n, double factor, double more)
{
    double *got = malloc(n * sizeof *got), sum = 0;
    assert_non_null(got);
    assert_ok(bf_secret_decrypt(got, n, key, a));
    for (size_t i = 0; i < n; i++)
        sum += pow(got[i] - (factor * v[i] + more), 2);
    double ratio = sqrt(sum / (double)n) / bf_cipher_describe(a).error;
    if (!(ratio > 0.25 && ratio < 0.9))
        fail_msg("times %g: %.3f of the estimate", factor, ratio);
    free(got);
}

/* With large values, roundings of the factors and of encoding exceed the noise.
 */
static void estimates_cover_roundings(void **state)
{
    (void)state;
    bf_ckks *c = NULL;
    bf_secret *key = NULL;
    bf_evaluator *e = NULL;
    bf_cipher *a = NULL, *low = NULL, *z = NULL;
    assert_ok(bf_ckks_create(
        &c, &(bf_ckks_request){.depth = 2, .largest = 4e7}));
    assert_ok(bf_secret_generate(&key, c));
    assert_ok(bf_evaluator_create(&e, c, NULL));
    size_t n = bf_ckks_slots(c);
    double largest = bf_ckks_largest(c), *v = malloc(n * sizeof *v);
    assert_non_null(v);
    for (size_t i = 0; i < n; i++)
        v[i] = largest * (2.0 * (double)((i * 2654435761) % n) / (double)n - 1);
    assert_ok(bf_secret_encrypt(&a, key, v, n));
    expect_error(key, a, v, n, 1, 0);
    assert_ok(bf_cipher_lower(e, &z, a, 1));
    expect_error(key, z, v, n, 1, 0);
    assert_ok(bf_cipher_mul_const(e, &z, a, 1.0 / 3));
    expect_error(key, z, v, n, 1.0 / 3, 0);
    assert_ok(bf_secret_encrypt(&low, key, &(double){0.5}, 1));
    assert_ok(bf_cipher_lower(e, &low, low, 1));
    assert_ok(bf_cipher_add(e, &z, a, low));
    expect_error(key, z, v, n, 1, 0.5);
    /* A large factor that is no integer. */
    for (size_t i = 0; i < n; i++) v[i] = v[i] / largest;
    assert_ok(bf_secret_encrypt(&a, key, v, n));
    assert_ok(bf_cipher_mul_const(e, &z, a, 20000000.5));
    double got;
    assert_ok(bf_secret_decrypt(&got, 1, key, z));
    assert_true(fabs(got - 20000000.5 * v[0]) < 0.06); /* v[0] = -1 */
    bf_cipher_destroy(z);
    bf_cipher_destroy(low);
    bf_cipher_destroy(a);
    bf_evaluator_destroy(e);
    bf_secret_destroy(key);
    bf_ckks_destroy(c);
    free(v);
}

typedef struct work {
    const bf_cipher *a, *b;
    bf_cipher *result;
    bf_status status;
} work;

static void *multiply_often(void *user)
{
    work *w = user;
    bf_env env = {.threads = 1};
    bf_env *before = bf_env_enter(&env);
    bf_evaluator *own = NULL;
    w->status = bf_evaluator_create(&own, ckks, keys);
    for (int i = 0; i < 4 && w->status == BF_OK; i++) {
        w->status = bf_cipher_mul(own, &w->result, w->a, w->b);
        if (w->status == BF_OK)
            w->status = bf_cipher_rotate(own, &w->result, w->result, 3);
    }
    bf_evaluator_destroy(own); /* the result lives on */
    bf_env_enter(before);
    return NULL;
}

static void two_threads(void **state)
{
    (void)state;
    double want[COUNT];
    work w[2] = {{x, y, NULL, BF_OK}, {y, y, NULL, BF_OK}};
    pthread_t t[2];
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&t[i], NULL, multiply_often, &w[i]), 0);
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
    for (int i = 0; i < 2; i++) assert_int_equal(w[i].status, BF_OK);
    FOR(i, vx[(i + 3) % COUNT] * vy[(i + 3) % COUNT]);
    expect(w[0].result, want, DEPTH - 1);
    FOR(i, vy[(i + 3) % COUNT] * vy[(i + 3) % COUNT]);
    expect(w[1].result, want, DEPTH - 1);
    /* Replaced by another evaluator's. */
    assert_ok(bf_cipher_add(ev, &w[0].result, x, y));
    for (int i = 0; i < 2; i++) bf_cipher_destroy(w[i].result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_products),
        cmocka_unit_test(levels_meet_where_scales_differ),
        cmocka_unit_test(down_to_the_last_level),
        cmocka_unit_test(rotations),
        cmocka_unit_test(automorphisms),
        cmocka_unit_test(complex_slots),
        cmocka_unit_test(linear_maps_and_polynomials),
        cmocka_unit_test(exact_steps),
        cmocka_unit_test(fused_products_with_plaintexts),
        cmocka_unit_test(matrices_of_ciphertexts),
        cmocka_unit_test(polynomials_at_chosen_scales),
        cmocka_unit_test(work_of_a_dry_run),
        cmocka_unit_test(more_than_memory),
        cmocka_unit_test(packing_and_expansion),
        cmocka_unit_test(files_and_memory),
        cmocka_unit_test(what_does_not_belong_together),
        cmocka_unit_test(parameters_hold_what_was_asked),
        cmocka_unit_test(estimates_cover_roundings),
        cmocka_unit_test(two_threads),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
