/* Errors of every operation of ckks.h at every ring degree that plans use
 * (support/noise_trials.h). test_circuit_noise.c tests linear maps,
 * polynomials, ring switching and other compound operations.
 *
 * A chain of five limbs and digits of two: key switches of five limbs have two
 * digits of two and one of one, those of two limbs a single full one. What lies
 * in one limb is given no more. Operations that multiply, and pack products,
 * have errors that hide those of their key switches; so they are also given
 * products without an error. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/noise_trials.h"

enum { LIMBS = 5, ALPHA = 2, Q_BITS = 45 };
static const double scale = 0x1p36;

typedef bf_noise_trial trial;

typedef struct world {
    bf_fixture f;
    bf_public_key pk;
    double complex *root; /* value of X in each slot */
} world;

static const world *world_of(const trial *t)
{
    return t->table->user;
}

static double complex rotated(const trial *t, const double complex *v, size_t i,
                              size_t by)
{
    return v[(i + by) % t->n];
}

/* ---- encryption ---------------------------------------------------------- */

static bf_status op_encrypt(trial *t)
{
    memcpy(t->want, t->a, t->n * sizeof *t->want);
    t->result = &t->ca;
    return BF_OK;
}

static bf_status op_encrypt_public(trial *t)
{
    bf_ct ct = {0};
    bf_pt pt = t->pa;
    pt.limbs = 1;
    BF_TRY(bf_encrypt_public(&ct, &world_of(t)->pk, &pt));
    bf_status status = bf_noise_measure(t, t->f, &ct);
    t->result = NULL;
    bf_ct_clear(&ct);
    return status;
}

/* Coefficients, not slots: N numbers with errors of `noise` each, Gaussian. */
static bf_status op_coefficients(trial *t)
{
    const double *x = (const double *)t->a;
    double *got = (double *)t->got, worst = 0;
    bf_pt pt = {0};
    bf_ct ct = {0};
    t->result = NULL;
    bf_status status =
        bf_encode_coeffs(&pt, t->f->ctx, x, 2 * t->n, scale, 1);
    if (status == BF_OK) status = bf_encrypt_symmetric(&ct, t->f->sk, &pt);
    if (status == BF_OK) status = bf_decrypt(&pt, t->f->sk, &ct);
    if (status == BF_OK) status = bf_decode_coeffs(got, &pt);
    for (size_t i = 0; i < 2 * t->n && status == BF_OK; i++) {
        double error = fabs(got[i] - x[i]);
        if (!(error <= worst)) worst = isnan(error) ? INFINITY : error;
        t->squares += error * error;
    }
    t->worst = worst * scale / (10 * ct.noise);
    t->expected = 2 * (double)t->n * ct.noise * ct.noise / scale / scale;
    bf_pt_clear(&pt);
    bf_ct_clear(&ct);
    return status;
}

/* ---- sums and constants -------------------------------------------------- */

static bf_status op_add(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 1);
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] + t->b[i];
    return bf_add(t->ev, &t->out, &a, &t->cb);
}

static bf_status op_sub(trial *t)
{
    bf_ct b = bf_noise_low(&t->cb, 1);
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] - t->b[i];
    return bf_sub(t->ev, &t->out, &t->ca, &b);
}

static bf_status op_negate(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 1);
    for (size_t i = 0; i < t->n; i++) t->want[i] = -t->a[i];
    return bf_negate(t->ev, &t->out, &a);
}

static bf_status op_mul_int(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 1);
    for (size_t i = 0; i < t->n; i++) t->want[i] = -37 * t->a[i];
    return bf_mul_int(t->ev, &t->out, &a, -37);
}

static bf_status op_add_const(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 1);
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] + 2.5;
    return bf_add_const(t->ev, &t->out, &a, 2.5);
}

static bf_status op_adjust(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2);
    for (size_t i = 0; i < t->n; i++) t->want[i] = -1.75 * t->a[i];
    return bf_adjust(t->ev, &t->out, &a, -1.75, 0x1.8p35, 1);
}

static bf_status op_adjust_up(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2);
    for (size_t i = 0; i < t->n; i++) t->want[i] = -1.75 * t->a[i];
    return bf_adjust(t->ev, &t->out, &a, -1.75, a.scale * 0x1.8p24, 2);
}

static bf_status op_monomial(trial *t)
{
    const double complex *root = world_of(t)->root;
    bf_ct a = bf_noise_low(&t->ca, 1);
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] * root[i];
    return bf_mul_monomial(t->ev, &t->out, &a, 1);
}

/* ---- products with plaintexts -------------------------------------------- */

static bf_status op_add_plain(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 1);
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] + t->b[i];
    return bf_add_plain(t->ev, &t->out, &a, &t->pb);
}

static bf_status op_mul_plain(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2);
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] * t->b[i];
    return bf_mul_plain(t->ev, &t->out, &a, &t->pb);
}

/* Added to what op_mul_plain left. */
static bf_status op_mul_plain_add(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] += t->b[i] * t->b[i];
    return bf_mul_plain_add(t->ev, &t->out, &t->cb, &t->pb);
}

/* Of what came before. */
static bf_status op_rescale(trial *t)
{
    return bf_rescale(t->ev, &t->out, &t->out);
}

/* ---- products of ciphertexts --------------------------------------------- */

/* Kept for those that follow. */
static bf_status op_tensor(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2);
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] * t->b[i];
    t->result = &t->kept;
    return bf_tensor(t->ev, &t->kept, &a, &t->cb);
}

static bf_status op_relinearize_rescale(trial *t)
{
    return bf_relinearize_rescale(t->ev, &t->out, &t->kept);
}

/* bf_tensor and bf_relinearize. */
static bf_status op_mul(trial *t)
{
    return bf_mul(t->ev, &t->out, &t->ca, &t->cb);
}

/* Of the product of three limbs, whose scale takes two. */
static bf_status op_mod_drop(trial *t)
{
    return bf_mod_drop(t->ev, &t->out, 2);
}

static bf_status op_tensor_sum(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2);
    const bf_ct *x[2] = {&a, &t->cb}, *y[2] = {&t->cb, &t->cb};
    for (size_t i = 0; i < t->n; i++)
        t->want[i] = (t->a[i] + t->b[i]) * t->b[i];
    return bf_tensor_sum(t->ev, &t->out, x, y, 2);
}

/* Measures and releases results, number i of the values that want() sets. */
static bf_status measure_all(trial *t, bf_ct *results, size_t count,
                             void (*want)(trial *, size_t i))
{
    bf_status status = BF_OK;
    t->result = NULL;
    for (size_t i = 0; i < count; i++) {
        want(t, i);
        if (status == BF_OK) status = bf_noise_measure(t, t->f, &results[i]);
        bf_eval_release(t->ev, &results[i]);
    }
    return status;
}

/* (b a; a b) (a b; b b) */
static void want_matrix(trial *t, size_t i)
{
    const double complex *p = i < 2 ? t->b : t->a, *q = i < 2 ? t->a : t->b;
    const double complex *column = i % 2 ? t->b : t->a;
    for (size_t k = 0; k < t->n; k++)
        t->want[k] = p[k] * column[k] + q[k] * t->b[k];
}

static bf_status op_tensor_matrix(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2), out[4] = {{0}};
    const bf_ct *b = &t->cb, *x[4] = {b, &a, &a, b}, *y[4] = {&a, b, b, b};
    BF_TRY(bf_tensor_matrix(t->ev, out, 2, 2, x, y, 2));
    return measure_all(t, out, 4, want_matrix);
}

/* Row a with both columns, b and a; row b with the second alone. */
static void want_rows(trial *t, size_t i)
{
    for (size_t k = 0; k < t->n; k++)
        t->want[k] = t->a[k] * (i == 1 ? t->a[k] : t->b[k]);
}

static bf_status op_tensor_rows(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2), out[3] = {{0}};
    const bf_ct *x[2] = {&a, &t->cb}, *y[2] = {&t->cb, &a};
    const bf_tensor_row rows[2] = {{&x[0], 0, 2, out}, {&x[1], 1, 1, out + 2}};
    BF_TRY(bf_tensor_rows(t->ev, rows, 2, y, 2, 1));
    return measure_all(t, out, 3, want_rows);
}

/* ---- automorphisms ------------------------------------------------------- */

static bf_status op_conjugate(trial *t)
{
    bf_ct a = bf_noise_low(&t->ca, 2);
    for (size_t i = 0; i < t->n; i++) t->want[i] = conj(t->a[i]);
    return bf_conjugate(t->ev, &t->out, &a);
}

static bf_status op_rotate(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = rotated(t, t->a, i, 1);
    return bf_rotate(t->ev, &t->out, &t->ca, 1);
}

static void want_rotated(trial *t, size_t i)
{
    size_t by = i ? t->n / 2 : 1;
    for (size_t k = 0; k < t->n; k++) t->want[k] = rotated(t, t->a, k, by);
}

static bf_status op_rotate_many(trial *t)
{
    int r[2] = {1, (int)t->n / 2};
    bf_ct a = bf_noise_low(&t->ca, 2), out[2] = {{0}};
    BF_TRY(bf_rotate_many(t->ev, out, &a, r, 2));
    return measure_all(t, out, 2, want_rotated);
}

/* A product, rotated and relinearised by one key, beside a ciphertext of two
 * polynomials. */
static bf_status op_rotate_sum(trial *t)
{
    bf_ct scaled = bf_noise_low(&t->ca, 2);
    const bf_ct *x[2] = {&t->kept, &scaled};
    int r[2] = {1, 0};
    scaled.scale = t->kept.scale; /* a times a/ab, a number that is known */
    double part = t->ca.scale / t->kept.scale;
    for (size_t i = 0; i < t->n; i++)
        t->want[i] =
            rotated(t, t->a, i, 1) * rotated(t, t->b, i, 1) + part * t->a[i];
    return bf_rotate_sum(t->ev, &t->out, x, r, 2);
}

/* ---- key switches alone -------------------------------------------------- */

/* Three polynomials that hold a. Kept for those that follow. */
static bf_status op_exact(trial *t)
{
    bf_eval_release(t->ev, &t->kept);
    memcpy(t->want, t->a, t->n * sizeof *t->want);
    t->result = &t->kept;
    return bf_fixture_encrypt_exact(t->f, &t->kept, &t->pa, 3);
}

static bf_status op_relinearize_exact(trial *t)
{
    return bf_relinearize(t->ev, &t->out, &t->kept);
}

static bf_status op_rotate_sum_exact(trial *t)
{
    const bf_ct *x[2] = {&t->kept, &t->kept};
    int r[2] = {1, (int)t->n / 2};
    for (size_t i = 0; i < t->n; i++)
        t->want[i] = rotated(t, t->a, i, 1) + rotated(t, t->a, i, t->n / 2);
    return bf_rotate_sum(t->ev, &t->out, x, r, 2);
}

/* One element, its sum over four samples. */
static bf_status make_exact(void *user, bf_ct *g, size_t first, size_t n,
                            size_t stride, unsigned runs)
{
    const trial *t = user;
    for (size_t i = first; i < first + n; i++)
        for (size_t k = i; k < runs * stride; k += stride)
            BF_TRY(bf_copy(t->ev, &g[k], &t->kept));
    return BF_OK;
}

static bf_status op_pack_exact(trial *t)
{
    const double complex *root = world_of(t)->root;
    bf_ct g[4] = {{0}};
    for (size_t i = 0; i < t->n; i++) {
        double complex sum = 0, x = root[i];
        for (size_t k = i % (t->n / 4); k < t->n; k += t->n / 4) sum += t->a[k];
        t->want[i] = sum * (1 + x * (1 + x * (1 + x)));
    }
    return bf_pack_made(t->ev, &t->out, g, 4, 2, (unsigned)t->n / 4, 16,
                        make_exact, t);
}

static void want_sum(trial *t, size_t i)
{
    (void)i;
    for (size_t k = 0; k < t->n; k++) {
        t->want[k] = 0;
        for (size_t j = k % (t->n / 4); j < t->n; j += t->n / 4)
            t->want[k] += t->a[j];
    }
}

static bf_status op_expand_exact(trial *t)
{
    bf_ct out[4] = {{0}};
    BF_TRY(bf_expand(t->ev, out, &t->out, 4, 2, (unsigned)t->n / 4, 1));
    return measure_all(t, out, 4, want_sum);
}

/* ---- trees: four elements of three polynomials, in one step of radix 4 --- */

/* Element number i: ab, bb, aa, ab. */
static const double complex *left(const trial *t, size_t i)
{
    return i == 1 ? t->b : t->a;
}
static const double complex *right(const trial *t, size_t i)
{
    return i == 2 ? t->a : t->b;
}

/* Its sum over the four samples of n/4 slots. */
static double complex trace(const trial *t, size_t element, size_t i)
{
    const double complex *x = left(t, element), *y = right(t, element);
    double complex sum = 0;
    for (size_t k = i % (t->n / 4); k < t->n; k += t->n / 4) sum += x[k] * y[k];
    return sum;
}

static bf_status make_products(void *user, bf_ct *g, size_t first, size_t n,
                               size_t stride, unsigned runs)
{
    const trial *t = user;
    bf_ct a = bf_noise_low(&t->ca, 2), b = bf_noise_low(&t->cb, 2);
    for (size_t i = first; i < first + n; i++)
        for (size_t k = i; k < runs * stride; k += stride)
            BF_TRY(bf_tensor(t->ev, &g[k], left(t, k) == t->a ? &a : &b,
                             right(t, k) == t->a ? &a : &b));
    return BF_OK;
}

static bf_status op_pack_made(trial *t)
{
    const double complex *root = world_of(t)->root;
    bf_ct g[4] = {{0}};
    for (size_t i = 0; i < t->n; i++) {
        t->want[i] = 0;
        for (size_t k = 4; k-- > 0;)
            t->want[i] = root[i] * t->want[i] + trace(t, k, i);
    }
    return bf_pack_made(t->ev, &t->out, g, 4, 2, (unsigned)t->n / 4, 16,
                        make_products, t);
}

static void want_trace(trial *t, size_t i)
{
    for (size_t k = 0; k < t->n; k++) t->want[k] = trace(t, i, k);
}

static bf_status op_expand(trial *t)
{
    bf_ct out[4] = {{0}};
    BF_TRY(bf_expand(t->ev, out, &t->out, 4, 2, (unsigned)t->n / 4, 1));
    return measure_all(t, out, 4, want_trace);
}

/* The estimate treats errors of the terms of a sum as independent. Here a and b
 * are in several terms, so that their errors add up before they are squared: in
 *   ab + bb                        1 + 4 + 1 in place of 4
 *   2ab, bb + ab, aa + bb, ab + bb 8 + 6 + 8 + 6 in place of 16
 *   ab, aa, ab                     2 + 4 + 2 in place of 6
 *   ab, bb, aa, ab                 2 + 4 + 4 + 2 in place of 8 */
#define TWICE_SUM (6. / 4)
#define TWICE_MATRIX (28. / 16)
#define TWICE_ROWS (8. / 6)
#define TWICE_TREE (12. / 8)
/* The estimate counts the rounding of a ModDown for each of four key switches
 * that share it. With P half a bit above two full digits a switch has 2 N
 * 10.5/2/12 of the key's variance (sd 3.24) beside the rounding's N/18. */
#define SHARED ((4 * 0.875 + 1. / 18) / (4 * (0.875 + 1. / 18)))

/* The order matters: an operation may use results of the previous operation. */
static const bf_noise_op operations[] = {
    {"encrypt, seeded", op_encrypt, 0, 0},
    {"encrypt, public", op_encrypt_public, 0, 0},
    {"encrypt, coefficients", op_coefficients, 0, 0},
    {"add", op_add, 0, 0},
    {"sub", op_sub, 0, 0},
    {"negate", op_negate, 0, 0},
    {"mul_int", op_mul_int, 0, 0},
    {"add_const", op_add_const, 0, 0},
    {"adjust", op_adjust, 0, 0},
    {"adjust upwards", op_adjust_up, 0, 0},
    {"mul_monomial", op_monomial, 0, 0},
    {"add_plain", op_add_plain, 0, 0},
    {"mul_plain", op_mul_plain, 0, 0},
    {"mul_plain_add", op_mul_plain_add, 0, 0},
    {"rescale", op_rescale, 0, 0},
    {"tensor", op_tensor, 0, 0},
    {"relinearize_rescale", op_relinearize_rescale, 0, 0},
    {"mul", op_mul, 0, 0},
    {"mod_drop", op_mod_drop, 0, 0},
    {"tensor_sum", op_tensor_sum, 0, TWICE_SUM},
    {"tensor_matrix", op_tensor_matrix, 4, TWICE_MATRIX},
    {"tensor_rows", op_tensor_rows, 3, TWICE_ROWS},
    {"conjugate", op_conjugate, 0, 0},
    {"rotate", op_rotate, 0, 0},
    {"rotate_many", op_rotate_many, 2, 0},
    {"rotate_sum", op_rotate_sum, 0, 0},
    {"three polynomials", op_exact, 0, 0},
    {"relinearize", op_relinearize_exact, 0, 0},
    {"rotate_sum, exact", op_rotate_sum_exact, 0, SHARED},
    {"pack, exact", op_pack_exact, 0, SHARED},
    {"expand, exact", op_expand_exact, 4, SHARED},
    {"pack", op_pack_made, 0, TWICE_TREE},
    {"expand", op_expand, 4, TWICE_TREE},
};

static void open_world(world *w, unsigned log_n)
{
    memset(w, 0, sizeof *w);
    bf_fixture_open(&w->f, log_n, LIMBS, Q_BITS, ALPHA);
    size_t n = w->f.slots;
    int quarter = (int)n / 4;
    int rotations[4] = {1, quarter, 2 * quarter, 3 * quarter};
    bf_fixture_keys(&w->f, rotations, 4);
    assert_int_equal(bf_public_key_generate(&w->pk, w->f.sk), BF_OK);
    w->root = bf_alloc(n * sizeof *w->root);
    uint64_t power = 1;
    for (size_t i = 0; i < n; i++) {
        w->root[i] = cexp(I * M_PI * (double)power / (double)(2 * n));
        power = power * 5 % (4 * n);
    }
}

static void close_world(world *w)
{
    bf_public_key_clear(&w->pk);
    bf_free(w->root);
    bf_fixture_close(&w->f);
}

static void check_degree(unsigned log_n)
{
    world w;
    open_world(&w, log_n);
    const bf_noise_table table = {&w.f, &w, operations,
                                  sizeof operations / sizeof *operations,
                                  scale, LIMBS};
    bf_noise_run(&table);
    close_world(&w);
}

static void test_degree_13(void **state)
{
    (void)state;
    check_degree(13);
}

static void test_degree_14(void **state)
{
    (void)state;
    check_degree(14);
}

static void test_degree_15(void **state)
{
    (void)state;
    check_degree(15);
}

static void test_degree_16(void **state)
{
    (void)state;
    check_degree(16);
}

int main(void)
{
    bf_noise_start();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_degree_13),
        cmocka_unit_test(test_degree_14),
        cmocka_unit_test(test_degree_15),
        cmocka_unit_test(test_degree_16),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
