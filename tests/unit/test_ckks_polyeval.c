/* Polynomials on ciphertexts: depth, exact scale, agreement with plain
 * evaluation within the estimated noise, and with the approximated function
 * within this noise and the approximation's own error. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/chebyshev.h"
#include "ckks/polyeval.h"
#include "support/ckks_fixture.h"

#define OK(x) assert_int_equal((x), BF_OK)

enum { LOG_N = 12, LIMBS = 8, SLOTS = 1 << (LOG_N - 1), DEGREE_MAX = 64 };
static const double scale = 0x1p45;
static uint64_t seed = 5;
static bf_fixture f;

static int setup(void **state)
{
    (void)state;
    bf_fixture_open(&f, LOG_N, LIMBS, 45, 2);
    bf_fixture_keys(&f, NULL, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_fixture_close(&f);
    return 0;
}

static double exponential(double x, void *user)
{
    (void)user;
    return exp(x);
}

static double sigmoid(double x, void *user)
{
    (void)user;
    return 1 / (1 + exp(-x));
}

static double cosine(double x, void *user)
{
    (void)user;
    return cos(x);
}

static double value(const bf_poly *p, double x)
{
    double v = 0;
    if (p->basis == BF_BASIS_CHEBYSHEV)
        return bf_chebyshev_value(p->c, p->degree, p->a, p->b, x);
    for (unsigned k = p->degree + 1; k-- > 0;) v = v * x + p->c[k];
    return v;
}

/* Slots fill [a, b], its ends included; scaled for the map to [-1, 1]. */
static void encrypt_grid(bf_ct *out, double *grid, double a, double b)
{
    double complex v[SLOTS];
    for (size_t j = 0; j < SLOTS; j++) {
        grid[j] = a + (b - a) * (double)j / (SLOTS - 1);
        v[j] = grid[j];
    }
    bf_fixture_encrypt(&f, out, v, scale / ((b - a) / 2), LIMBS,
                       fmax(fabs(a), fabs(b)));
}

/* The same calls on metadata must do the same work. */
static void check_symbolic(const bf_ct *x, const bf_poly *p, const bf_ct *y,
                           const bf_counters *before)
{
    bf_eval *symbolic;
    bf_counters planned, done;
    bf_ct view = *x, out = {0};
    view.data = NULL;
    OK(bf_eval_create(&symbolic, f.ctx, NULL));
    OK(bf_poly_evaluate(symbolic, &out, &view, p, scale));
    bf_eval_counters(symbolic, &planned);
    bf_eval_counters(f.ev, &done);
    for (unsigned l = 0; l <= LIMBS; l++)
        assert_int_equal(planned.key_switches[l],
                         done.key_switches[l] - before->key_switches[l]);
    assert_int_equal(planned.rescales, done.rescales - before->rescales);
    assert_true(out.limbs == y->limbs && out.scale == y->scale);
    assert_true(out.noise == y->noise);
    bf_eval_release(symbolic, &out);
    bf_eval_destroy(symbolic);
}

/* approximation: allowed distance of p from `function` (NULL for none). */
static void check_poly(const char *name, const bf_poly *p, double a, double b,
                       double (*function)(double, void *),
                       double approximation)
{
    bf_ct x = {0}, y = {0};
    bf_counters before;
    double grid[SLOTS];
    double complex want[SLOTS];
    encrypt_grid(&x, grid, a, b);
    bf_eval_counters(f.ev, &before);
    OK(bf_poly_evaluate(f.ev, &y, &x, p, scale));
    assert_int_equal(LIMBS - y.limbs, bf_poly_depth(p));
    assert_true(y.scale == scale);
    check_symbolic(&x, p, &y, &before);
    for (size_t j = 0; j < SLOTS; j++) want[j] = value(p, grid[j]);
    double error = bf_fixture_error(&f, &y, want);
    double tolerance = bf_fixture_tolerance(&f, &y);
    if (!(error <= tolerance && tolerance < 1e-3))
        fail_msg("%s: error %g above %g", name, error, tolerance);
    for (size_t j = 0; function && j < SLOTS; j++)
        want[j] = function(grid[j], NULL);
    double total = bf_fixture_error(&f, &y, want);
    if (function && !(total <= approximation + tolerance))
        fail_msg("%s: %g from the function, above %g + %g", name, total,
                 approximation, tolerance);
    if (function)
        printf("%s: noise %.1e of at most %.1e, from the function %.1e\n",
               name, error, tolerance, total);
    bf_eval_release(f.ev, &y);
    bf_ct_clear(&x);
}

static void check_fit(const char *name, double (*function)(double, void *),
                      unsigned degree, double a, double b, double approximation)
{
    double c[DEGREE_MAX];
    OK(bf_chebyshev_fit(c, degree, a, b, function, NULL));
    /* Coefficients of the wrong parity are rounding errors: drop them. */
    for (unsigned k = 0; k <= degree; k++)
        if (fabs(c[k]) < 1e-14) c[k] = 0;
    bf_poly p = {BF_BASIS_CHEBYSHEV, degree, c, a, b};
    check_poly(name, &p, a, b, function, approximation);
}

static void test_functions(void **state)
{
    (void)state;
    double taylor[16] = {1};
    for (unsigned k = 1; k < 16; k++) taylor[k] = taylor[k - 1] / k;
    bf_poly p = {BF_BASIS_POWER, 15, taylor, 0, 0};
    check_poly("exp, power basis, degree 15 on [-1, 1]", &p, -1, 1, exponential,
               5e-14);
    check_fit("exp, degree 15 on [-3, 2]", exponential, 15, -3, 2, 1e-8);
    check_fit("sigmoid, degree 15 on [-8, 8]", sigmoid, 15, -8, 8, 5e-3);
    check_fit("sigmoid, degree 31 on [-8, 8]", sigmoid, 31, -8, 8, 2e-5);
    check_fit("sigmoid, degree 31 on [-16, 16]", sigmoid, 31, -16, 16, 5e-3);
    check_fit("cos, degree 63 on [-30, 30]", cosine, 63, -30, 30, 1e-6);
}

/* Every degree, dense random coefficients, both bases. */
static void test_degrees(void **state)
{
    (void)state;
    double complex v[DEGREE_MAX];
    double c[DEGREE_MAX];
    char name[64];
    for (unsigned degree = 1; degree < DEGREE_MAX;
         degree += degree < 20 ? 1 : 11)
        for (int basis = 0; basis < 2; basis++) {
            bf_fixture_random(v, degree + 1, M_SQRT2 / (degree + 1), &seed);
            for (unsigned k = 0; k <= degree; k++) c[k] = creal(v[k]);
            bf_poly p = {basis ? BF_BASIS_CHEBYSHEV : BF_BASIS_POWER, degree, c,
                         -1, 1};
            snprintf(name, sizeof name, "%s, degree %u",
                     basis ? "Chebyshev" : "power", degree);
            check_poly(name, &p, -1, 1, NULL, 0);
        }
}

/* Gaps: single powers, zero leading coefficients, no constant term. */
static void test_sparse(void **state)
{
    (void)state;
    for (unsigned k = 1; k <= 33; k += k < 9 ? 1 : 8) {
        double c[DEGREE_MAX] = {0};
        c[k] = 0.75;
        bf_poly p = {BF_BASIS_POWER, 40, c, 0, 0};
        check_poly("power alone", &p, -1, 1, NULL, 0);
        p.basis = BF_BASIS_CHEBYSHEV;
        p.a = -1;
        p.b = 1;
        check_poly("T_k alone", &p, -1, 1, NULL, 0);
    }
}

/* p = q T_n + r as functions. */
static void test_division(void **state)
{
    (void)state;
    double complex v[16];
    double c[16], q[16], r[16], tn[16];
    for (unsigned n = 1; n <= 8; n *= 2)
        for (unsigned degree = n; degree < 2 * n; degree++) {
            bf_fixture_random(v, 16, 1, &seed);
            for (unsigned k = 0; k < 16; k++) c[k] = creal(v[k]);
            bf_chebyshev_divide(c, degree, n, q, r);
            memset(tn, 0, sizeof tn);
            tn[n] = 1;
            for (double x = -1; x <= 1; x += 0.125) {
                double left = bf_chebyshev_value(c, degree, -1, 1, x);
                double right = bf_chebyshev_value(q, degree - n, -1, 1, x) *
                                   bf_chebyshev_value(tn, n, -1, 1, x) +
                               bf_chebyshev_value(r, n - 1, -1, 1, x);
                assert_true(fabs(left - right) < 1e-13);
            }
        }
}

static void test_refusals(void **state)
{
    (void)state;
    bf_ct x = {0}, y = {0};
    double grid[SLOTS], c[4] = {1, 0, 0, 0}, bad[2] = {0, NAN};
    double high[DEGREE_MAX * 4] = {0};
    encrypt_grid(&x, grid, -1, 1);
    bf_poly constant = {BF_BASIS_POWER, 3, c, 0, 0};
    bf_poly nan = {BF_BASIS_POWER, 1, bad, 0, 0};
    high[DEGREE_MAX * 4 - 1] = 1;
    bf_poly deep = {BF_BASIS_POWER, DEGREE_MAX * 4 - 1, high, 0, 0};
    c[1] = 1;
    bf_poly empty = {BF_BASIS_CHEBYSHEV, 1, c, 1, 1};
    assert_int_equal(bf_poly_evaluate(f.ev, &y, &x, &empty, scale),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_poly_evaluate(f.ev, &y, &x, &nan, scale),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_poly_evaluate(f.ev, &y, &x, &deep, scale),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_poly_evaluate(f.ev, &y, &x, &constant, 0),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_poly_evaluate(f.ev, &y, &x, &constant, 0x1p80),
                     BF_ERR_RANGE);
    c[1] = 0;
    assert_int_equal(bf_poly_evaluate(f.ev, &y, &x, &constant, scale),
                     BF_ERR_ARGUMENT);
    assert_null(y.ctx);
    bf_ct_clear(&x);
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_division),
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_degrees),
        cmocka_unit_test(test_sparse),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
