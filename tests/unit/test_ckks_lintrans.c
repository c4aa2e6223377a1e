/* Linear maps on slots, decrypted, against the matrix product; the reported
 * rotations are the key needs of a symbolic run, and suffice for a run on data.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/lintrans.h"
#include "support/ckks_fixture.h"

#define OK(x) assert_int_equal((x), BF_OK)

enum { LIMBS = 5, KEYS_MAX = 128 };
static uint64_t total(const uint64_t *by_limbs)
{
    uint64_t sum = 0;
    for (unsigned l = 0; l <= BF_MAX_Q; l++) sum += by_limbs[l];
    return sum;
}

static uint64_t seed = 99;

/* M in row-major order; about `density` of the diagonals are not zero. */
static double complex *random_map(size_t dim, double density)
{
    double complex *m = bf_alloc_zero(dim * dim * sizeof *m);
    for (size_t d = 0; d < dim; d++) {
        double complex pick;
        bf_fixture_random(&pick, 1, M_SQRT2, &seed);
        if ((creal(pick) + 1) / 2 > density && d != dim - 1) continue;
        for (size_t j = 0; j < dim; j++)
            bf_fixture_random(&m[j * dim + (j + d) % dim], 1, 1, &seed);
    }
    return m;
}

static void apply_plain(double complex *y, const double complex *m, size_t dim,
                        const double complex *x, size_t slots)
{
    for (size_t j = 0; j < slots; j++) {
        y[j] = 0;
        for (size_t k = 0; k < dim; k++) y[j] += m[j % dim * dim + k] * x[k];
    }
}

/* Makes keys for exactly the rotations that the map reports, after checking
 * them against the needs of a symbolic run. */
static void make_keys(bf_fixture *f, const bf_lintrans *t, const bf_ct *a,
                      bf_counters *counters)
{
    bf_eval *symbolic;
    const bf_key_need *needs;
    bf_key_need want[KEYS_MAX];
    int r[KEYS_MAX];
    size_t count = KEYS_MAX, asked;
    bf_lintrans shadow = *t;
    bf_ct view = *a, out = {0};
    shadow.data = NULL;
    view.data = NULL;
    bf_lintrans_rotations(t, r, &count);
    assert_true(count <= KEYS_MAX);
    for (size_t i = 0; i < count; i++)
        want[i] = (bf_key_need){
            bf_key_galois(bf_galois_rotation(f->ctx, r[i])), a->limbs};
    OK(bf_eval_create(&symbolic, f->ctx, NULL));
    OK(bf_lintrans_apply(symbolic, &out, &view, &shadow));
    asked = bf_eval_key_needs(symbolic, &needs);
    assert_int_equal(asked, count);
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        for (size_t k = 0; k < asked; k++)
            found |= bf_key_same(needs[k].name, want[i].name) &&
                     needs[k].limbs == want[i].limbs;
        assert_true(found);
    }
    bf_eval_counters(symbolic, counters);
    bf_eval_release(symbolic, &out);
    bf_eval_destroy(symbolic);
    OK(bf_eval_keys_generate(&f->keys, f->sk, want, count, NULL));
    OK(bf_eval_create(&f->ev, f->ctx, &f->keys));
}

static void check_map(unsigned log_n, unsigned alpha, size_t dim,
                      double density, unsigned limbs)
{
    bf_fixture f;
    bf_lintrans t;
    bf_counters planned, done;
    bf_ct a = {0}, y = {0};
    bf_fixture_open(&f, log_n, LIMBS, 45, alpha);
    double complex *m = random_map(dim, density);
    double complex *x = bf_alloc(f.slots * sizeof *x);
    double complex *want = bf_alloc(f.slots * sizeof *want);
    bf_fixture_random(x, dim, 1, &seed);
    for (size_t j = dim; j < f.slots; j++) x[j] = x[j - dim];
    bf_fixture_encrypt(&f, &a, x, 0x1p45, limbs, 1);
    OK(bf_lintrans_matrix(&t, f.ctx, m, dim,
                          &(bf_lintrans_form){.scale = 0x1p45,
                                              .limbs = LIMBS}));
    make_keys(&f, &t, &a, &planned);
    OK(bf_lintrans_apply(f.ev, &y, &a, &t));
    bf_eval_counters(f.ev, &done);
    assert_memory_equal(planned.key_switches, done.key_switches,
                        sizeof done.key_switches);
    assert_memory_equal(planned.mod_ups, done.mod_ups, sizeof done.mod_ups);
    assert_memory_equal(planned.mod_downs, done.mod_downs,
                        sizeof done.mod_downs);
    assert_int_equal(planned.plain_products, done.plain_products);
    assert_int_equal(y.limbs, limbs);
    assert_true(y.scale == 0x1p90);
    OK(bf_rescale(f.ev, &y, &y));
    apply_plain(want, m, dim, x, f.slots);
    double error = bf_fixture_error(&f, &y, want);
    double tolerance = bf_fixture_tolerance(&f, &y);
    if (!(error <= tolerance && tolerance < 1e-5))
        fail_msg("dimension %zu in 2^%u: error %g above %g (seed %llu)", dim,
                 log_n, error, tolerance, (unsigned long long)seed);
    bf_eval_release(f.ev, &y);
    bf_ct_clear(&a);
    bf_lintrans_clear(&t);
    bf_free(m);
    bf_free(x);
    bf_free(want);
    bf_fixture_close(&f);
}

static void test_maps(void **state)
{
    (void)state;
    check_map(12, 2, 1, 1, LIMBS);
    check_map(12, 2, 2, 1, LIMBS);
    check_map(12, 1, 16, 1, 3);
    check_map(12, 2, 64, 1, LIMBS);
    check_map(13, 3, 256, 0.2, 4);
    check_map(12, 2, 2048, 0.02, LIMBS);
}

/* Fewer ModDowns than rotations: n1 babies share one per giant step, and giant
 * steps share a key. */
static void test_lazy(void **state)
{
    (void)state;
    bf_fixture f;
    bf_lintrans t;
    bf_counters c;
    bf_ct a = {0}, y = {0};
    double complex x[2048] = {0};
    bf_fixture_open(&f, 12, 3, 45, 1);
    double complex *m = random_map(64, 1);
    bf_fixture_encrypt(&f, &a, x, 0x1p40, 3, 1);
    OK(bf_lintrans_matrix(&t, f.ctx, m, 64,
                          &(bf_lintrans_form){.scale = 0x1p40, .limbs = 3}));
    make_keys(&f, &t, &a, &c);
    OK(bf_lintrans_apply(f.ev, &y, &a, &t));
    bf_eval_counters(f.ev, &c);
    size_t giants = 64 / t.baby;
    assert_true(t.giants == giants && giants > 2);
    assert_int_equal(c.key_switches[3], t.baby - 1 + giants - 1);
    assert_int_equal(f.keys.count, t.baby);
    assert_int_equal(total(c.mod_downs), giants);
    assert_int_equal(total(c.mod_ups), giants);
    bf_eval_release(f.ev, &y);
    bf_ct_clear(&a);
    bf_lintrans_clear(&t);
    bf_free(m);
    bf_fixture_close(&f);
}

/* Some diagonals at multiples of a stride, with given baby steps, and the
 * rescale in the last ModDown: the same values as with a separate rescale, with
 * one ModDown less. */
static void check_strided(size_t dim, size_t stride, unsigned baby,
                          size_t first, size_t step)
{
    bf_fixture f;
    bf_lintrans t;
    bf_counters planned, done;
    bf_ct a = {0}, y = {0}, apart = {0};
    bf_diagonal d[64];
    size_t count = 0;
    bf_fixture_open(&f, 12, 3, 45, 2);
    double complex *values = bf_alloc(64 * dim * sizeof *values);
    double complex *x = bf_alloc(f.slots * sizeof *x);
    double complex *want = bf_alloc_zero(f.slots * sizeof *want);
    bf_fixture_random(values, 64 * dim, 1, &seed);
    bf_fixture_random(x, dim, 1, &seed);
    for (size_t j = dim; j < f.slots; j++) x[j] = x[j - dim];
    for (size_t i = first; i * stride < dim && count < 64; i += step, count++)
        d[count] = (bf_diagonal){i * stride, values + count * dim};
    for (size_t k = 0; k < count; k++)
        for (size_t j = 0; j < f.slots; j++)
            want[j] += d[k].values[j % dim] * x[(j + d[k].index) % dim];
    bf_fixture_encrypt(&f, &a, x, 0x1p45, 3, 1);
    bf_lintrans_form form = {.scale = 0x1p45, .limbs = 3, .baby = baby};
    OK(bf_lintrans_make(&t, f.ctx, d, count, dim, &form));
    assert_int_equal(t.stride % stride, 0);
    assert_int_equal(t.baby, baby);
    make_keys(&f, &t, &a, &planned);
    OK(bf_lintrans_apply_rescale(f.ev, &y, &a, &t));
    bf_eval_counters(f.ev, &done);
    assert_int_equal(total(done.mod_downs), t.giants);
    assert_int_equal(done.rescales, 1);
    OK(bf_lintrans_apply(f.ev, &apart, &a, &t));
    OK(bf_rescale(f.ev, &apart, &apart));
    assert_true(y.limbs == 2 && y.limbs == apart.limbs);
    assert_true(y.scale == apart.scale && y.noise <= apart.noise);
    double error = bf_fixture_error(&f, &y, want);
    double tolerance = bf_fixture_tolerance(&f, &y);
    if (!(error <= tolerance && tolerance < 1e-5))
        fail_msg("stride %zu of %zu, %u babies: error %g above %g (seed %llu)",
                 stride, dim, baby, error, tolerance, (unsigned long long)seed);
    bf_eval_release(f.ev, &y);
    bf_eval_release(f.ev, &apart);
    bf_ct_clear(&a);
    bf_lintrans_clear(&t);
    bf_free(values);
    bf_free(x);
    bf_free(want);
    bf_fixture_close(&f);
}

static void test_strides(void **state)
{
    (void)state;
    check_strided(2048, 64, 4, 0, 1);
    check_strided(1024, 16, 16, 0, 1);
    check_strided(512, 8, 8, 3, 1); /* none at the first step */
    check_strided(256, 4, 4, 1, 9); /* giant steps without a diagonal */
    check_strided(128, 2, 3, 0, 2);
    check_strided(64, 64, 8, 0, 1);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_fixture f;
    bf_lintrans t;
    const double complex one[4] = {1, 1, 1, 1}, nan[4] = {NAN, 1, 1, 1};
    const bf_diagonal good[2] = {{0, one}, {3, one}};
    const bf_diagonal twice[2] = {{3, one}, {3, one}};
    const bf_diagonal outside = {4, one}, bad = {0, nan};
    const bf_lintrans_form form = {.scale = 1, .limbs = 2};
    bf_lintrans_form other = form;
    bf_fixture_open(&f, 12, 2, 45, 1);
    assert_int_equal(bf_lintrans_make(&t, f.ctx, good, 2, 3, &form),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_lintrans_make(&t, f.ctx, good, 0, 4, &form),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_lintrans_make(&t, f.ctx, twice, 2, 4, &form),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_lintrans_make(&t, f.ctx, &outside, 1, 4, &form),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_lintrans_make(&t, f.ctx, &bad, 1, 4, &form),
                     BF_ERR_RANGE);
    other.limbs = 3;
    assert_int_equal(bf_lintrans_make(&t, f.ctx, good, 2, 4, &other),
                     BF_ERR_ARGUMENT);
    other.limbs = 2;
    other.baby = BF_LINTRANS_BABY_MAX + 1;
    assert_int_equal(bf_lintrans_make(&t, f.ctx, good, 2, 4, &other),
                     BF_ERR_ARGUMENT);
    other = (bf_lintrans_form){.scale = 0x1p30, .limbs = 2, .symbolic = true};
    assert_int_equal(bf_lintrans_make(&t, f.ctx, &bad, 1, 4, &other),
                     BF_ERR_RANGE);
    OK(bf_lintrans_make(&t, f.ctx, good, 2, 4, &other));
    assert_null(t.data);
    bf_lintrans_clear(&t);
    bf_fixture_close(&f);
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_lazy),
        cmocka_unit_test(test_strides),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
