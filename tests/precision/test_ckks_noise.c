/* Errors of every operation in 1,000 trials at every ring degree in use: each
 * within the tolerance that follows from the declared noise
 * (tests/support/ckks_fixture.h), none with a tolerance so wide that it says
 * nothing. Prints the largest ratio of error to tolerance.
 *
 * Affordable because a degree's trials share context and keys, chains have two
 * limbs, both threads run trials, and results small enough are decrypted modulo
 * one limb. BLINDFIT_TEST_TRIALS changes the number, BLINDFIT_TEST_SEED the
 * data. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/parallel.h"
#include "ckks/lintrans.h"
#include "support/ckks_fixture.h"

enum { LIMBS = 2, Q_BITS = 45 };
static const double scale = 0x1p36;
static uint64_t seed = 20240601;
#ifdef __SANITIZE_ADDRESS__
static size_t trials = 50; /* the numbers are those of a plain build */
#else
static size_t trials = 1000;
#endif

typedef struct world {
    bf_fixture f;
    bf_public_key pk;
    bf_lintrans map;
    double complex *map_values; /* diagonals 0 and 1 */
    double complex *root;       /* value of X in each slot */
    double *ratio;              /* [operation][trial] */
} world;

typedef struct trial {
    const world *w;
    bf_eval *ev;
    size_t n; /* slots */
    double complex *a, *b, *want;
    bf_pt pa, pb;
    bf_ct ca, cb, out;
    double worst; /* of results measured so far */
} trial;

/* The tolerance of bf_fixture_tolerance; no assertions: runs in any thread. */
static bf_status measure(trial *t, const bf_ct *ct)
{
    bf_pt pt = {0};
    bf_ct view = *ct;
    double complex *got = bf_alloc(t->n * sizeof *got);
    if (!got) return BF_ERR_MEMORY;
    /* |value| * scale and all errors stay below half of q_0. */
    if (ct->scale * ct->bound < exp2(Q_BITS - 3)) view.limbs = 1;
    bf_status status = bf_decrypt(&pt, t->w->f.sk, &view);
    if (status == BF_OK) status = bf_decode_slots(got, &pt);
    double error = 0;
    for (size_t i = 0; i < t->n && status == BF_OK; i++)
        error = fmax(error, cabs(got[i] - t->want[i]));
    t->worst = fmax(t->worst, error / bf_fixture_tolerance(&t->w->f, ct));
    bf_pt_clear(&pt);
    bf_free(got);
    return status;
}

/* ---- operations: result in t->out, expectation in t->want ---------------- */

static bf_status op_encrypt(trial *t)
{
    memcpy(t->want, t->a, t->n * sizeof *t->want);
    return bf_copy(t->ev, &t->out, &t->ca);
}

static bf_status op_encrypt_public(trial *t)
{
    bf_ct ct = {0};
    memcpy(t->want, t->a, t->n * sizeof *t->want);
    BF_TRY(bf_encrypt_public(&ct, &t->w->pk, &t->pa));
    bf_status status = bf_copy(t->ev, &t->out, &ct);
    bf_ct_clear(&ct);
    return status;
}

static bf_status op_add(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] + t->b[i];
    return bf_add(t->ev, &t->out, &t->ca, &t->cb);
}

static bf_status op_sub(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] - t->b[i];
    return bf_sub(t->ev, &t->out, &t->ca, &t->cb);
}

static bf_status op_mul_int(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = -37 * t->a[i];
    return bf_mul_int(t->ev, &t->out, &t->ca, -37);
}

static bf_status op_add_const(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] + 2.5;
    return bf_add_const(t->ev, &t->out, &t->ca, 2.5);
}

static bf_status op_adjust(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = -1.75 * t->a[i];
    return bf_adjust(t->ev, &t->out, &t->ca, -1.75, 0x1.8p35, 1);
}

static bf_status op_adjust_up(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = -1.75 * t->a[i];
    return bf_adjust(t->ev, &t->out, &t->ca, -1.75, t->ca.scale * 0x1.8p24,
                     t->ca.limbs);
}

static bf_status op_monomial(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] * t->w->root[i];
    return bf_mul_monomial(t->ev, &t->out, &t->ca, 1);
}

static bf_status op_add_plain(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] + t->b[i];
    return bf_add_plain(t->ev, &t->out, &t->ca, &t->pb);
}

static bf_status op_mul_plain(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] * t->b[i];
    return bf_mul_plain(t->ev, &t->out, &t->ca, &t->pb);
}

static bf_status op_mul_plain_add(trial *t)
{
    BF_TRY(op_mul_plain(t));
    for (size_t i = 0; i < t->n; i++) t->want[i] += t->b[i] * t->b[i];
    return bf_mul_plain_add(t->ev, &t->out, &t->cb, &t->pb);
}

static bf_status op_tensor(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i] * t->b[i];
    return bf_tensor(t->ev, &t->out, &t->ca, &t->cb);
}

static bf_status op_tensor_sum(trial *t)
{
    const bf_ct *x[2] = {&t->ca, &t->cb}, *y[2] = {&t->cb, &t->cb};
    for (size_t i = 0; i < t->n; i++)
        t->want[i] = (t->a[i] + t->b[i]) * t->b[i];
    return bf_tensor_sum(t->ev, &t->out, x, y, 2);
}

static bf_status op_relinearize(trial *t)
{
    BF_TRY(op_tensor(t));
    return bf_relinearize(t->ev, &t->out, &t->out);
}

static bf_status op_rescale(trial *t)
{
    BF_TRY(op_mul_plain(t));
    return bf_rescale(t->ev, &t->out, &t->out);
}

static bf_status op_relinearize_rescale(trial *t)
{
    BF_TRY(op_tensor(t));
    return bf_relinearize_rescale(t->ev, &t->out, &t->out);
}

static bf_status op_conjugate(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = conj(t->a[i]);
    return bf_conjugate(t->ev, &t->out, &t->ca);
}

static bf_status op_rotate(trial *t)
{
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[(i + 1) % t->n];
    return bf_rotate(t->ev, &t->out, &t->ca, 1);
}

static bf_status op_rotate_many(trial *t)
{
    int r[2] = {1, (int)t->n / 2};
    bf_ct out[2] = {{0}, {0}};
    BF_TRY(bf_rotate_many(t->ev, out, &t->ca, r, 2));
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[(i + 1) % t->n];
    bf_status status = measure(t, &out[0]);
    bf_eval_release(t->ev, &out[0]);
    for (size_t i = 0; i < t->n; i++)
        t->want[i] = t->a[(i + t->n / 2) % t->n];
    bf_move(t->ev, &t->out, &out[1]);
    return status;
}

static bf_status op_rotate_sum(trial *t)
{
    const bf_ct *x[3] = {&t->ca, &t->cb, &t->ca};
    int r[3] = {1, (int)t->n / 2, 0};
    for (size_t i = 0; i < t->n; i++)
        t->want[i] = t->a[(i + 1) % t->n] + t->b[(i + t->n / 2) % t->n] +
                     t->a[i];
    return bf_rotate_sum(t->ev, &t->out, x, r, 3);
}

/* Relinearised on the way: turned, in place, and beside a turned one of two
 * polynomials. */
static bf_status op_rotate_sum_products(trial *t)
{
    bf_ct ab = {0};
    const bf_ct *x[3] = {&ab, &ab, &t->ca};
    int r[3] = {1, 0, (int)t->n / 2};
    BF_TRY(bf_tensor(t->ev, &ab, &t->ca, &t->cb));
    bf_ct scaled = t->ca;
    scaled.scale = ab.scale; /* a times a/ab, a number that is known */
    x[2] = &scaled;
    double part = t->ca.scale / ab.scale;
    for (size_t i = 0; i < t->n; i++) {
        size_t k = (i + 1) % t->n;
        t->want[i] = t->a[k] * t->b[k] + t->a[i] * t->b[i] +
                     part * t->a[(i + t->n / 2) % t->n];
    }
    bf_status status = bf_rotate_sum(t->ev, &t->out, x, r, 3);
    bf_eval_release(t->ev, &ab);
    return status;
}

/* Two elements of two samples each: places m = 0, 1 at X^m. */
static bf_status pack(trial *t)
{
    bf_ct g[2] = {{0}, {0}};
    BF_TRY(bf_copy(t->ev, &g[0], &t->ca));
    BF_TRY(bf_copy(t->ev, &g[1], &t->cb));
    return bf_pack(t->ev, &t->out, g, 2, 1, (unsigned)t->n / 2, 2);
}

static double complex trace(const trial *t, const double complex *v, size_t i)
{
    return v[i] + v[(i + t->n / 2) % t->n];
}

static bf_status op_pack(trial *t)
{
    for (size_t i = 0; i < t->n; i++)
        t->want[i] = trace(t, t->a, i) + t->w->root[i] * trace(t, t->b, i);
    return pack(t);
}

static bf_status op_expand(trial *t)
{
    bf_ct out[2] = {{0}, {0}};
    BF_TRY(pack(t));
    BF_TRY(bf_expand(t->ev, out, &t->out, 2, 1, (unsigned)t->n / 2, 1));
    for (size_t i = 0; i < t->n; i++) t->want[i] = trace(t, t->a, i);
    bf_status status = measure(t, &out[0]);
    bf_eval_release(t->ev, &out[0]);
    for (size_t i = 0; i < t->n; i++) t->want[i] = trace(t, t->b, i);
    bf_move(t->ev, &t->out, &out[1]);
    return status;
}

static bf_status op_linear_map(trial *t)
{
    const double complex *d = t->w->map_values;
    for (size_t i = 0; i < t->n; i++)
        t->want[i] = d[i] * t->a[i] + d[t->n + i] * t->a[(i + 1) % t->n];
    return bf_lintrans_apply(t->ev, &t->out, &t->ca, &t->w->map);
}

static const struct {
    const char *name;
    bf_status (*run)(trial *);
} operations[] = {
    {"encrypt, seeded", op_encrypt},
    {"encrypt, public", op_encrypt_public},
    {"add", op_add},
    {"sub", op_sub},
    {"mul_int", op_mul_int},
    {"add_const", op_add_const},
    {"adjust", op_adjust},
    {"adjust upwards", op_adjust_up},
    {"mul_monomial", op_monomial},
    {"add_plain", op_add_plain},
    {"mul_plain", op_mul_plain},
    {"mul_plain_add", op_mul_plain_add},
    {"tensor", op_tensor},
    {"tensor_sum", op_tensor_sum},
    {"relinearize", op_relinearize},
    {"rescale", op_rescale},
    {"relinearize_rescale", op_relinearize_rescale},
    {"conjugate", op_conjugate},
    {"rotate", op_rotate},
    {"rotate_many", op_rotate_many},
    {"rotate_sum", op_rotate_sum},
    {"rotate_sum of products", op_rotate_sum_products},
    {"pack", op_pack},
    {"expand", op_expand},
    {"linear map", op_linear_map},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- trials -------------------------------------------------------------- */

static bf_status open_trial(trial *t, size_t index)
{
    const bf_fixture *f = &t->w->f;
    uint64_t state = seed + (index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    t->a = bf_alloc(3 * t->n * sizeof *t->a);
    if (!t->a) return BF_ERR_MEMORY;
    t->b = t->a + t->n;
    t->want = t->b + t->n;
    bf_fixture_random(t->a, 2 * t->n, 1, &state);
    BF_TRY(bf_encode_slots(&t->pa, f->ctx, t->a, t->n, scale, LIMBS));
    BF_TRY(bf_encode_slots(&t->pb, f->ctx, t->b, t->n, scale, LIMBS));
    BF_TRY(bf_encrypt_symmetric(&t->ca, f->sk, &t->pa));
    return bf_encrypt_symmetric(&t->cb, f->sk, &t->pb);
}

static void close_trial(trial *t)
{
    bf_eval_release(t->ev, &t->out);
    bf_ct_clear(&t->ca);
    bf_ct_clear(&t->cb);
    bf_pt_clear(&t->pa);
    bf_pt_clear(&t->pb);
    bf_free(t->a);
}

static bf_status run_trial(void *user, size_t index)
{
    world *w = user;
    trial t = {.w = w, .ev = w->f.ev, .n = w->f.slots};
    bf_status status = open_trial(&t, index);
    for (size_t k = 0; k < OPERATIONS && status == BF_OK; k++) {
        t.worst = 0;
        status = operations[k].run(&t);
        if (status == BF_OK) status = measure(&t, &t.out);
        w->ratio[k * trials + index] = t.worst;
    }
    close_trial(&t);
    return status;
}

static void open_world(world *w, unsigned log_n)
{
    memset(w, 0, sizeof *w);
    bf_fixture_open(&w->f, log_n, LIMBS, Q_BITS, 1);
    size_t n = w->f.slots;
    int rotations[2] = {1, (int)n / 2};
    bf_fixture_keys(&w->f, rotations, 2);
    assert_int_equal(bf_public_key_generate(&w->pk, w->f.sk), BF_OK);
    w->map_values = bf_alloc(2 * n * sizeof *w->map_values);
    w->root = bf_alloc(n * sizeof *w->root);
    w->ratio = bf_alloc_zero(OPERATIONS * trials * sizeof *w->ratio);
    uint64_t state = seed;
    bf_fixture_random(w->map_values, 2 * n, 1, &state);
    const bf_diagonal d[2] = {{0, w->map_values}, {1, w->map_values + n}};
    assert_int_equal(bf_lintrans_make(&w->map, w->f.ctx, d, 2, n, scale, LIMBS,
                                      false),
                     BF_OK);
    uint64_t power = 1;
    for (size_t i = 0; i < n; i++) {
        w->root[i] = cexp(I * M_PI * (double)power / (double)(2 * n));
        power = power * 5 % (4 * n);
    }
}

static void close_world(world *w)
{
    bf_public_key_clear(&w->pk);
    bf_lintrans_clear(&w->map);
    bf_free(w->map_values);
    bf_free(w->root);
    bf_free(w->ratio);
    bf_fixture_close(&w->f);
}

/* Largest ratio of one operation; fails when it is not a bound, or, over all
 * trials, 50 times too wide. */
static void judge(const world *w, size_t k, unsigned log_n)
{
    double worst = 0;
    for (size_t i = 0; i < trials; i++) {
        double ratio = w->ratio[k * trials + i];
        if (!(ratio <= 1))
            fail_msg("%s at 2^%u, trial %zu: error %g times the bound (seed "
                     "%llu)",
                     operations[k].name, log_n, i, ratio,
                     (unsigned long long)seed);
        worst = fmax(worst, ratio);
    }
    printf("2^%u %-20s %.3f\n", log_n, operations[k].name, worst);
    if (!(worst >= 0.02))
        fail_msg("%s at 2^%u: bound is %g times the largest error",
                 operations[k].name, log_n, 1 / worst);
}

static void check_degree(unsigned log_n)
{
    world w;
    open_world(&w, log_n);
    bf_status status = bf_parallel_for(trials, false, run_trial, &w);
    if (status != BF_OK) fail_msg("2^%u: %s", log_n, bf_last_error());
    for (size_t k = 0; k < OPERATIONS; k++) judge(&w, k, log_n);
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

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    const char *number = getenv("BLINDFIT_TEST_TRIALS");
    if (given) seed = strtoull(given, NULL, 0);
    if (number && strtoull(number, NULL, 0) > 0)
        trials = strtoull(number, NULL, 0);
    printf("seed %llu, %zu trials; largest error as a part of its bound\n",
           (unsigned long long)seed, trials);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_degree_13),
        cmocka_unit_test(test_degree_14),
        cmocka_unit_test(test_degree_15),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
