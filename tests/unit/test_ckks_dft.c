/* Groups of the transform's factors, applied to vectors in plaintext, against
 * the sum over roots of unity for few slots and the embedding for many. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "ckks/dft.h"
#include "support/ckks_fixture.h"

#define OK(x) assert_int_equal((x), BF_OK)

static uint64_t seed = 7;

static void *doubles(size_t count)
{
    void *p = bf_alloc_zero(count * sizeof(double complex));
    assert_non_null(p);
    return p;
}

/* z_j = sum_k t_k zeta^{5^j k}, zeta = exp(i pi/2n). */
static void transform(double complex *z, const double complex *t,
                      unsigned log_slots)
{
    size_t n = (size_t)1 << log_slots;
    if (log_slots > 8) {
        double *c = doubles(n);
        for (size_t k = 0; k < n; k++) {
            c[k] = creal(t[k]);
            c[n + k] = cimag(t[k]);
        }
        OK(bf_embed_forward(z, c, log_slots + 1));
        bf_free(c);
        return;
    }
    for (size_t j = 0, power = 1; j < n; j++, power = power * 5 % (4 * n)) {
        long double complex sum = 0;
        for (size_t k = 0; k < n; k++) {
            long double angle = 2 * 3.14159265358979323846L *
                                (long double)(power * k % (4 * n)) /
                                (long double)(4 * n);
            sum += (long double complex)t[k] *
                   (cosl(angle) + sinl(angle) * I);
        }
        z[j] = (double complex)sum;
    }
}

static size_t reversed(size_t i, unsigned bits)
{
    size_t r = 0;
    for (unsigned b = 0; b < bits; b++) r |= (i >> b & 1) << (bits - 1 - b);
    return r;
}

/* A symbolic map has the same diagonals. */
static void same_indices(const bf_dft_group *made, const bf_dft *d)
{
    bf_dft_group g[BF_DFT_GROUPS_MAX] = {{0}};
    OK(bf_dft_make(g, d, true));
    for (unsigned i = 0; i < d->groups; i++) {
        assert_int_equal(g[i].dim, made[i].dim);
        assert_int_equal(g[i].count, made[i].count);
        for (size_t k = 0; k < g[i].count; k++) {
            assert_int_equal(g[i].diagonals[k].index,
                             made[i].diagonals[k].index);
            assert_null(g[i].diagonals[k].values);
        }
        bf_dft_clear(&g[i]);
    }
}

/* x of period `slots` through all groups, none of whose rotations is negative.
 */
static void apply(double complex *x, size_t slots, const bf_dft *d)
{
    bf_dft_group g[BF_DFT_GROUPS_MAX] = {{0}};
    double complex *y = doubles(slots);
    OK(bf_dft_make(g, d, false));
    same_indices(g, d);
    for (unsigned i = 0; i < d->groups; i++) {
        assert_true(g[i].count <= (size_t)2 << d->radix[i]);
        memset(y, 0, slots * sizeof *y);
        for (size_t k = 0; k < g[i].count; k++) {
            const bf_diagonal *v = &g[i].diagonals[k];
            assert_true(v->index < (size_t)1 << d->log_slots);
            for (size_t j = 0; j < slots; j++)
                y[j] += v->values[j % g[i].dim] * x[(j + v->index) % slots];
        }
        memcpy(x, y, slots * sizeof *x);
        bf_dft_clear(&g[i]);
    }
    bf_free(y);
}

static void choose_radices(bf_dft *d, unsigned groups)
{
    d->groups = groups;
    for (unsigned g = 0; g < groups; g++)
        d->radix[g] = (d->log_slots + g) / groups;
}

static void close_to(const double complex *got, const double complex *want,
                     size_t n, double size, const bf_dft *d)
{
    double worst = bf_fixture_distance(got, want, n) / size;
    if (!(worst < 1e-12))
        fail_msg("2^%u slots, %s, %s, %u groups: off by %g (seed %llu)",
                 d->log_slots, d->to_slots ? "to slots" : "to coefficients",
                 d->wide ? "wide" : "plain", d->groups, worst,
                 (unsigned long long)seed);
}

static void check(unsigned log_slots, unsigned groups, bool wide)
{
    bf_dft d = {.log_slots = log_slots, .wide = wide, .to_slots = true};
    size_t n = (size_t)1 << log_slots, slots = wide ? 2 * n : n;
    double complex *t = doubles(n), *z = doubles(n), *x = doubles(slots),
                   *want = doubles(slots);
    bf_fixture_random(t, n, M_SQRT2, &seed);
    transform(z, t, log_slots);
    choose_radices(&d, groups);
    for (size_t j = 0; j < slots; j++) x[j] = z[j % n];
    apply(x, slots, &d);
    for (size_t j = 0; j < n; j++) {
        want[j] = (double)n * t[reversed(j, log_slots)];
        if (wide) want[n + j] = -I * want[j];
    }
    close_to(x, want, slots, (double)n, &d);
    /* SlotToCoeff after CoeffToSlot gives the input; with `wide`, parts are in
     * slots. */
    for (size_t j = 0; j < n; j++) {
        x[j] = t[reversed(j, log_slots)];
        if (wide) x[n + j] = cimag(x[j]);
        if (wide) x[j] = creal(x[j]);
    }
    d.to_slots = false;
    apply(x, slots, &d);
    for (size_t j = 0; wide && j < n; j++) x[j] += x[n + j];
    close_to(x, z, n, sqrt((double)n), &d);
    bf_free(t);
    bf_free(z);
    bf_free(x);
    bf_free(want);
}

static void test_factors(void **state)
{
    (void)state;
    for (unsigned log_slots = 3; log_slots <= 14; log_slots++)
        for (unsigned groups = 1 + log_slots / 7; groups <= 4; groups++) {
            if (groups > log_slots) continue;
            check(log_slots, groups, false);
            check(log_slots, groups, true);
        }
    check(1, 1, true);
    check(2, 2, false);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_dft_group g[BF_DFT_GROUPS_MAX];
    const bf_dft none = {.log_slots = 3},
                 many = {.log_slots = 7, .groups = BF_DFT_GROUPS_MAX + 1},
                 small = {.log_slots = 3, .groups = 2, .radix = {1, 1}},
                 empty = {.log_slots = 3, .groups = 2, .radix = {3, 0}},
                 large = {.log_slots = 17, .groups = 1, .radix = {17}};
    assert_int_equal(bf_dft_make(g, &none, false), BF_ERR_ARGUMENT);
    assert_int_equal(bf_dft_make(g, &many, false), BF_ERR_ARGUMENT);
    assert_int_equal(bf_dft_make(g, &small, false), BF_ERR_ARGUMENT);
    assert_int_equal(bf_dft_make(g, &empty, false), BF_ERR_ARGUMENT);
    assert_int_equal(bf_dft_make(g, &large, false), BF_ERR_ARGUMENT);
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factors),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
