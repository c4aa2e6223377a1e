/* Packing, expansion, fold, spread and the sigmoid polynomial against plain
 * arithmetic on slots. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "linalg/dense.h"
#include "linalg/sigmoid.h"
#include "support/ckks_fixture.h"

#define OK(x) assert_int_equal((x), BF_OK)

enum { LOG_N = 12, LIMBS = 4, SLOTS = 1 << (LOG_N - 1) };
static uint64_t seed = 77;
static bf_fixture f;

static int setup(void **state)
{
    (void)state;
    int r[64];
    size_t count = 0;
    for (int h = 1; h < SLOTS; h *= 2) r[count++] = h;
    for (int h = 1; 4 * h < SLOTS; h *= 2) r[count++] = 3 * h;
    r[count++] = -3;
    for (int h = 1; h <= SLOTS / 2; h *= 2) r[count++] = -h;
    bf_fixture_open(&f, LOG_N, LIMBS, 42, 2);
    bf_fixture_keys(&f, r, count - 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bf_fixture_close(&f);
    return 0;
}

/* Largest error of the comparisons of a test, as a part of its tolerance. */
static double worst;

static void close_enough(const bf_ct *ct, const double complex *want,
                         const char *what)
{
    double error = bf_fixture_error(&f, ct, want);
    double tolerance = bf_fixture_tolerance(&f, ct);
    if (!(error <= tolerance && tolerance < 1e-3))
        fail_msg("%s: error %g above %g", what, error, tolerance);
    worst = fmax(worst, error / tolerance);
}

/* A bound that is far too wide would hide mistakes. Of all comparisons: where
 * slots have a short period, few errors are drawn, and all may be small. */
static void check_worst(void)
{
    if (!(worst >= 0.02 && worst <= 1))
        fail_msg("largest error %g times its bound", worst);
    worst = 0;
}

/* Elements of period F, packed by pack(), come back from expand(); with
 * `products` they are squares, not yet relinearised. */
static void check_trees(unsigned period, unsigned log_m, size_t count,
                        bool products)
{
    size_t t = SLOTS / period;
    bf_ct *g = bf_alloc_zero(count * sizeof *g), packed = {0};
    bf_ct *out = bf_alloc_zero(count * sizeof *out);
    double complex *v = bf_alloc(count * SLOTS * sizeof *v), want[SLOTS];
    for (size_t m = 0; m < count; m++) {
        bf_fixture_random(v + m * SLOTS, SLOTS, 1, &seed);
        bf_fixture_encrypt(&f, &g[m], v + m * SLOTS, 0x1p40, LIMBS, 1);
        if (!products) continue;
        bf_ct x = g[m];
        memset(&g[m], 0, sizeof g[m]);
        OK(bf_tensor(f.ev, &g[m], &x, &x));
        bf_ct_clear(&x);
        for (size_t j = 0; j < SLOTS; j++) v[m * SLOTS + j] *= v[m * SLOTS + j];
    }
    OK(bf_pack(f.ev, &packed, g, count, log_m, period, (double)t));
    for (int sign = 1; sign >= -1; sign -= 2) {
        if (sign < 0) OK(bf_conjugate(f.ev, &packed, &packed));
        OK(bf_expand(f.ev, out, &packed, count, log_m, period, sign));
        for (size_t m = 0; m < count; m++) {
            for (size_t j = 0; j < SLOTS; j++) {
                want[j] = 0;
                for (size_t s = 0; s < t; s++)
                    want[j] += v[m * SLOTS + s * period + j % period];
                if (sign < 0) want[j] = conj(want[j]);
            }
            close_enough(&out[m], want, "pack then expand");
            bf_eval_release(f.ev, &out[m]);
        }
    }
    bf_eval_release(f.ev, &packed);
    bf_free(g);
    bf_free(out);
    bf_free(v);
}

static void test_trees(void **state)
{
    (void)state;
    for (int products = 0; products < 2; products++) {
        check_trees(1, 0, 1, products);
        check_trees(1, 1, 2, products);
        check_trees(1, 11, 3, products);
        check_trees(4, 2, 4, products);
        check_trees(4, 3, 8, products);
        check_trees(16, 3, 5, products);
        check_trees(64, 5, 17, products);
        check_trees(256, 3, 6, products);
        check_worst();
    }
}

/* Outputs o: a[o] arbitrary complex in every slot; fold sums over f. */
static void check_dense(size_t period, size_t k, size_t count)
{
    bf_layout l;
    bf_masks masks;
    double complex *v = bf_alloc(count * SLOTS * sizeof *v), want[SLOTS];
    bf_ct *a = bf_alloc_zero(count * sizeof *a), z = {0};
    bf_ct *out = bf_alloc_zero(count * sizeof *out);
    size_t t = SLOTS / period;
    OK(bf_layout_make(&l, LOG_N, t, period, 2, 0, period, k));
    OK(bf_masks_make(&masks, f.ctx, &l, 0x1p30, LIMBS, false));
    for (size_t i = 0; i < count; i++) {
        bf_fixture_random(v + i * SLOTS, SLOTS, 1, &seed);
        bf_fixture_encrypt(&f, &a[i], v + i * SLOTS, 0x1p44, LIMBS, 1);
        a[i].bound = (double)period; /* of every partial sum */
    }
    OK(bf_fold(f.ev, &masks, a, count, &z));
    z.bound = (double)period;
    OK(bf_fold_periodic(f.ev, &masks, &z));
    for (size_t j = 0; j < SLOTS; j++) {
        size_t place = j % period % k, first = j / period * period;
        want[j] = 0;
        for (size_t x = 0; place < count && x < period; x++)
            want[j] += v[place * SLOTS + first + x];
    }
    close_enough(&z, want, "fold");
    /* With F = 1 there is no mask, and no scale to divide out. */
    if (period > 1) OK(bf_rescale(f.ev, &z, &z));
    OK(bf_spread(f.ev, &masks, &z, count, out));
    for (size_t i = 0; i < count; i++) {
        double complex spread[SLOTS];
        for (size_t j = 0; j < SLOTS; j++)
            spread[j] = want[j / period * period + i];
        close_enough(&out[i], spread, "spread");
        bf_eval_release(f.ev, &out[i]);
    }
    bf_eval_release(f.ev, &z);
    bf_masks_clear(&masks);
    bf_free(v);
    bf_free(a);
    bf_free(out);
}

static void test_dense(void **state)
{
    (void)state;
    check_dense(1, 1, 1);
    check_dense(4, 4, 4);
    check_dense(8, 2, 2);
    check_dense(16, 4, 3);
    check_dense(64, 16, 10);
    check_dense(32, 1, 1);
    check_worst();
}

/* Scale and prime bits that a division can do with; the joined one's last prime
 * to be used has twice the bits. A paired one's primes have 26 and 48. */
static const unsigned division_bits[] = {42, 24, 22, 24};

static void divided_chain(unsigned *chain, const bf_sigmoid_form *form)
{
    for (unsigned i = 0; i < 7; i++) chain[i] = division_bits[form->division];
    if (form->division == BF_DIVIDE_JOINED) chain[7 - form->primes] = 48;
    if (form->division == BF_DIVIDE_LATE || form->division == BF_DIVIDE_PAIRED)
        for (unsigned i = 0; i < 7; i++) chain[i] = 48;
    if (form->division == BF_DIVIDE_PAIRED) chain[6] = 26;
}

/* With z' at 24 bits z'^2 has 2 * 24 - 26 = 22. Two quadratic factors make 4 *
 * 22, divided by 48, and z' times one, 24 + 2 * 22 - 48 = 20, is raised to 22.
 * For degree 15 it has a linear factor more: 24 + 3 * 22 - 48. */
static double paired_bits(unsigned degree)
{
    return 4 * 22 - 48 + (degree == 13 ? 22 : 24 + 3 * 22 - 48);
}

static void check_sigmoid(const bf_sigmoid *p, bf_division division,
                          unsigned late)
{
    bf_sigmoid_form form;
    bf_fixture big;
    bf_ct z = {0}, y = {0};
    unsigned chain[7];
    double complex v[SLOTS], want[SLOTS];
    OK(bf_sigmoid_form_make(&form, p));
    assert_true(bf_sigmoid_form_divide(&form, division, late));
    double log_scale = division_bits[division];
    double log_y = log_scale;
    if (division == BF_DIVIDE_LATE) log_y = log_scale * p->degree - 48.0 * late;
    if (division == BF_DIVIDE_PAIRED) log_y = paired_bits(p->degree);
    divided_chain(chain, &form);
    bf_fixture_open_chain(&big, LOG_N, chain, 7, 2);
    bf_fixture_keys(&big, NULL, 0);
    for (size_t j = 0; j < SLOTS; j++) {
        double x = p->range * (2.0 * (double)j / SLOTS - 1);
        v[j] = x;
        want[j] = form.sign * (bf_sigmoid_value(p, x) - 0.5);
    }
    /* A paired form's noise is by the slope at scores of this deviation. */
    double bound = p->range / (division == BF_DIVIDE_PAIRED ? 3 : 1);
    bf_fixture_encrypt(&big, &z, v, exp2(log_scale) / form.norm, 7, bound);
    z.scale *= form.norm;
    z.bound /= form.norm;
    OK(bf_sigmoid_evaluate(big.ev, &y, &form, &z));
    assert_int_equal(7 - y.limbs, form.primes);
    assert_true(fabs(log2(y.scale) - log_y) < 1);
    double level[7];
    for (unsigned i = 0; i < form.primes; i++)
        level[i] = log2((double)bf_context_params(big.ctx)->q[6 - i]);
    double foretold = bf_sigmoid_log_scale(&form, log2(z.scale), level);
    assert_true(fabs(log2(y.scale) - foretold) < 1e-6);
    double error = bf_fixture_error(&big, &y, want);
    double tolerance = bf_fixture_tolerance(&big, &y);
    if (!(error <= tolerance && tolerance < (log_scale < 42 ? 1 : 1e-3)))
        fail_msg("degree %u, division %d: error %g above %g", p->degree,
                 (int)division, error, tolerance);
    bf_eval_release(big.ev, &y);
    bf_ct_clear(&z);
    bf_fixture_close(&big);
}

static void test_sigmoid(void **state)
{
    (void)state;
    static const struct {
        bf_sigmoid p;
        unsigned depth;
        bool joins, pairs;
    } c[] = {
        {{1, {0.15}, 4, false}, 0, false, false},
        {{3, {0.15009364, -0.00159204}, 8, false}, 2, true, false},
        {{5, {0.161017339, -0.00212901663, 9.36342782e-6}, 12, false},
         3,
         true,
         false},
        {{7, {0.21689, -0.00819, 0.000165833, -1.19563e-06}, 8, false},
         3,
         false,
         false},
        {{9,
          {0.165873103, -2.53030206e-3, 1.7735778e-5, -5.21956015e-8,
           5.3824223e-11},
          20, false},
         4,
         true,
         false},
        {{13,
          {0.197198016142, -5.25093120431e-3, 7.53765871649e-5,
           -5.45619920561e-7, 2.05241917856e-9, -3.83324064828e-12,
           2.80763922951e-15},
          8, false},
         4,
         false,
         true},
        {{15,
          {0.19212192, -5.23089012e-3, 8.43483494e-5, -7.42947283e-7,
           3.71066713e-9, -1.04934798e-11, 1.56467572e-14, -9.55275945e-18},
          8, false},
         4,
         false,
         true},
    };
    for (unsigned i = 0; i < sizeof c / sizeof *c; i++) {
        bf_sigmoid_form form;
        bool product = c[i].depth > 0;
        OK(bf_sigmoid_form_make(&form, &c[i].p));
        assert_int_equal(form.depth, c[i].depth);
        assert_int_equal(form.primes, c[i].depth);
        assert_int_equal(bf_sigmoid_form_divide(&form, BF_DIVIDE_JOINED, 0),
                         c[i].joins);
        assert_int_equal(form.primes, c[i].depth - c[i].joins);
        assert_int_equal(bf_sigmoid_form_divide(&form, BF_DIVIDE_LATE, 1),
                         product);
        assert_int_equal(form.primes, product);
        assert_int_equal(bf_sigmoid_form_divide(&form, BF_DIVIDE_PAIRED, 0),
                         c[i].pairs);
        assert_int_equal(form.primes, c[i].pairs ? 2 : product);
        check_sigmoid(&c[i].p, BF_DIVIDE_EACH, 0);
        if (c[i].joins) check_sigmoid(&c[i].p, BF_DIVIDE_JOINED, 0);
        if (c[i].pairs) check_sigmoid(&c[i].p, BF_DIVIDE_PAIRED, 0);
        /* The remaining scale holds the value: 22 bits and more. */
        for (unsigned late = 0; product && late < 6 &&
                                48 * late + 22 <= 22 * c[i].p.degree;
             late++)
            check_sigmoid(&c[i].p, BF_DIVIDE_LATE, late);
    }
}

/* Multiple roots come out as clusters that need not pair up: up to six factors
 * where four have room. */
static void test_sigmoid_multiple_roots(void **state)
{
    (void)state;
    static const bf_sigmoid p[] = {
        {15, {-54, 243, -450, 443, -250, 81, -14, 1}, 8, false},
        {15,
         {-0.052734375, 0.791015625, -4.60546875, 13.1640625, -19.609375,
          15.5625, -6.25, 1},
         8, false},
    };
    for (unsigned i = 0; i < 2; i++) {
        bf_sigmoid_form form;
        assert_int_equal(bf_sigmoid_form_make(&form, &p[i]), BF_ERR_ARGUMENT);
        assert_non_null(strstr(bf_last_error(), "does not factor"));
    }
}

/* The slope against differences of p, weighted by hand for a cubic: with
 * E x^2 = s^2, E x^4 = 3 s^4, E (a + 3 b x^2)^2 = a^2 + 6 a b s^2 + 27 b^2 s^4.
 */
static void test_slope(void **state)
{
    (void)state;
    const bf_sigmoid p = {3, {0.15, -0.0016}, 8, false};
    for (double s = 0.25; s <= 2; s *= 2) {
        double a = 0.15, b = -0.0016;
        double want = sqrt(a * a + 6 * a * b * s * s +
                           27 * b * b * s * s * s * s);
        assert_true(fabs(bf_sigmoid_slope(&p, 0, s, 8).rms / want - 1) < 1e-2);
    }
}

/* Masks at the proposed scale, encoded and read back: the error is the
 * requested one, and no scale exceeds the usual one. */
static void test_mask_scale(void **state)
{
    (void)state;
    static const size_t wide[] = {2, 4, 8, 32, 64}, k[] = {1, 4, 2, 8, 16};
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        bf_layout l = {.f = wide[i], .k = k[i], .t = SLOTS / wide[i]};
        double log_scale = bf_mask_log_scale(&l, 12, false);
        double usual = 12 + log2((double)wide[i] / 6) / 2;
        bf_masks masks;
        double complex slot[SLOTS];
        assert_true(log_scale <= usual + 1e-9);
        OK(bf_masks_make(&masks, f.ctx, &l, exp2(log_scale), 1, false));
        for (size_t place = 0; place < k[i]; place++) {
            double sum = 0;
            OK(bf_decode_slots(slot, &masks.one[place]));
            for (size_t j = 0; j < SLOTS; j++) {
                double error = cabs(slot[j] - (j % wide[i] == place));
                sum += error * error;
            }
            double rms = sqrt(sum / SLOTS);
            double told = masks.one[place].noise * sqrt((double)(2 * SLOTS));
            assert_true(fabs(rms * masks.scale - told) < 1e-6 * (1 + told));
            if (wide[i] <= 32) assert_true(rms <= 0x1p-12 * (1 + 1e-9));
        }
        bf_masks_clear(&masks);
    }
    const bf_layout none = {.f = 1, .k = 1, .t = SLOTS};
    assert_true(bf_mask_log_scale(&none, 12, false) == 0);
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trees),
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_sigmoid),
        cmocka_unit_test(test_sigmoid_multiple_roots),
        cmocka_unit_test(test_slope),
        cmocka_unit_test(test_mask_scale),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
