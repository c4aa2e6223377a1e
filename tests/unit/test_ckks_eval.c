/* Every homomorphic operation against plaintext arithmetic on slots, with
 * errors within the tolerance that follows from the operation's estimated noise
 * (tests/support/ckks_fixture.h). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/ckks_fixture.h"

#define OK(x) assert_int_equal((x), BF_OK)

enum { LIMBS = 5, BITS = 40 };
static const double scale = 0x1p40;
static uint64_t seed = 20231;

typedef struct ground {
    bf_fixture f;
    double complex *a, *b, *want;
    bf_ct ca, cb, out;
} ground;

static void ground_open(ground *g, unsigned log_n, unsigned alpha)
{
    static const int rotations[] = {1, 2, 3, 7, -1, -5, 64, 128, 256, 512};
    memset(g, 0, sizeof *g);
    bf_fixture_open(&g->f, log_n, LIMBS, BITS, alpha);
    /* The largest rings' keys are large, too. */
    bf_fixture_keys(&g->f, rotations, log_n < 16 ? 10 : 1);
    size_t n = g->f.slots;
    g->a = bf_alloc(n * sizeof *g->a);
    g->b = bf_alloc(n * sizeof *g->b);
    g->want = bf_alloc(n * sizeof *g->want);
}

static void ground_draw(ground *g)
{
    bf_ct_clear(&g->ca);
    bf_ct_clear(&g->cb);
    bf_fixture_random(g->a, g->f.slots, 1, &seed);
    bf_fixture_random(g->b, g->f.slots, 1, &seed);
    bf_fixture_encrypt(&g->f, &g->ca, g->a, scale, LIMBS, 1);
    bf_fixture_encrypt(&g->f, &g->cb, g->b, scale, LIMBS, 1);
}

static void ground_close(ground *g)
{
    bf_eval_release(g->f.ev, &g->out);
    bf_ct_clear(&g->ca);
    bf_ct_clear(&g->cb);
    bf_free(g->a);
    bf_free(g->b);
    bf_free(g->want);
    bf_fixture_close(&g->f);
}

static void compare(ground *g, const char *what)
{
    double error = bf_fixture_error(&g->f, &g->out, g->want);
    double tolerance = bf_fixture_tolerance(&g->f, &g->out);
    if (!(error <= tolerance))
        fail_msg("%s: error %g above %g (seed %llu)", what, error, tolerance,
                 (unsigned long long)seed);
    /* A bound that is far too wide would hide mistakes. */
    if (!(error >= tolerance / 400))
        fail_msg("%s: error %g, tolerance %g is not a bound", what, error,
                 tolerance);
}

static void check_sums(ground *g)
{
    size_t n = g->f.slots;
    OK(bf_add(g->f.ev, &g->out, &g->ca, &g->cb));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] + g->b[i];
    compare(g, "add");
    OK(bf_sub(g->f.ev, &g->out, &g->ca, &g->cb));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] - g->b[i];
    compare(g, "sub");
    OK(bf_negate(g->f.ev, &g->out, &g->ca));
    for (size_t i = 0; i < n; i++) g->want[i] = -g->a[i];
    compare(g, "negate");
    OK(bf_mul_int(g->f.ev, &g->out, &g->ca, -37));
    for (size_t i = 0; i < n; i++) g->want[i] = -37 * g->a[i];
    compare(g, "mul_int");
    OK(bf_add_const(g->f.ev, &g->out, &g->ca, 2.5));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] + 2.5;
    compare(g, "add_const");
    OK(bf_mul_monomial(g->f.ev, &g->out, &g->ca, (int64_t)n));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] * I;
    compare(g, "mul_monomial by i");
    OK(bf_adjust(g->f.ev, &g->out, &g->ca, -1.75, 0x1.8p35, 3));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] * -1.75;
    assert_int_equal(g->out.limbs, 3);
    assert_true(g->out.scale == 0x1.8p35);
    compare(g, "adjust");
}

static void check_plain(ground *g)
{
    bf_pt pt = {0};
    size_t n = g->f.slots;
    OK(bf_encode_slots(&pt, g->f.ctx, g->b, n, scale, LIMBS));
    OK(bf_add_plain(g->f.ev, &g->out, &g->ca, &pt));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] + g->b[i];
    compare(g, "add_plain");
    OK(bf_mul_plain(g->f.ev, &g->out, &g->ca, &pt));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] * g->b[i];
    compare(g, "mul_plain");
    OK(bf_mul_plain_add(g->f.ev, &g->out, &g->cb, &pt));
    for (size_t i = 0; i < n; i++) g->want[i] += g->b[i] * g->b[i];
    compare(g, "mul_plain_add");
    bf_pt_clear(&pt);
}

static void check_products(ground *g)
{
    size_t n = g->f.slots;
    const bf_ct *left[3] = {&g->ca, &g->cb, &g->ca};
    const bf_ct *right[3] = {&g->cb, &g->cb, &g->ca};
    OK(bf_tensor(g->f.ev, &g->out, &g->ca, &g->cb));
    for (size_t i = 0; i < n; i++) g->want[i] = g->a[i] * g->b[i];
    compare(g, "tensor");
    OK(bf_relinearize(g->f.ev, &g->out, &g->out));
    compare(g, "relinearize");
    OK(bf_rescale(g->f.ev, &g->out, &g->out));
    assert_int_equal(g->out.limbs, LIMBS - 1);
    compare(g, "rescale");
    OK(bf_tensor_sum(g->f.ev, &g->out, left, right, 3));
    for (size_t i = 0; i < n; i++)
        g->want[i] = g->a[i] * g->b[i] + g->b[i] * g->b[i] + g->a[i] * g->a[i];
    compare(g, "tensor_sum");
    OK(bf_relinearize_rescale(g->f.ev, &g->out, &g->out));
    assert_int_equal(g->out.limbs, LIMBS - 1);
    compare(g, "relinearize_rescale");
}

static void check_low_levels(ground *g)
{
    size_t n = g->f.slots;
    for (unsigned limbs = LIMBS; limbs >= 1; limbs--) {
        OK(bf_mod_drop(g->f.ev, &g->ca, limbs));
        OK(bf_rotate(g->f.ev, &g->out, &g->ca, 7));
        for (size_t i = 0; i < n; i++) g->want[i] = g->a[(i + 7) % n];
        compare(g, "rotate at a lower level");
    }
}

static void check_rotations(ground *g)
{
    static const int r[5] = {3, 0, -5, 1, 512};
    size_t n = g->f.slots;
    bf_ct many[5] = {{0}};
    const bf_ct *terms[5] = {&g->ca, &g->cb, &g->cb, &g->ca, &g->cb};
    OK(bf_conjugate(g->f.ev, &g->out, &g->ca));
    for (size_t i = 0; i < n; i++) g->want[i] = conj(g->a[i]);
    compare(g, "conjugate");
    OK(bf_rotate_many(g->f.ev, many, &g->ca, r, 5));
    for (unsigned k = 0; k < 5; k++) {
        bf_move(g->f.ev, &g->out, &many[k]);
        for (size_t i = 0; i < n; i++)
            g->want[i] = g->a[(i + n + (size_t)(int64_t)r[k]) % n];
        compare(g, "rotate_many");
    }
    OK(bf_rotate_sum(g->f.ev, &g->out, terms, r, 5));
    memset(g->want, 0, n * sizeof *g->want);
    for (unsigned k = 0; k < 5; k++)
        for (size_t i = 0; i < n; i++) {
            size_t j = (i + n + (size_t)(int64_t)r[k]) % n;
            g->want[i] += terms[k] == &g->ca ? g->a[j] : g->b[j];
        }
    compare(g, "rotate_sum");
}

static void test_operations(void **state)
{
    (void)state;
    static const struct { unsigned log_n, alpha, trials; } runs[] = {
        {12, 1, 3}, {12, 2, 3}, {13, 3, 3}, {14, 5, 2}, {15, 3, 1},
    };
    for (size_t k = 0; k < sizeof runs / sizeof *runs; k++) {
        ground g;
        ground_open(&g, runs[k].log_n, runs[k].alpha);
        for (unsigned t = 0; t < runs[k].trials; t++) {
            ground_draw(&g);
            check_sums(&g);
            check_plain(&g);
            check_products(&g);
            check_rotations(&g);
            check_low_levels(&g);
        }
        ground_close(&g);
    }
}

/* The largest rings, which few plans use: a product, its key switch and
 * division, and an automorphism. */
static void test_largest_rings(void **state)
{
    (void)state;
    for (unsigned log_n = 16; log_n <= BF_LOG_N_MAX; log_n++) {
        ground g;
        ground_open(&g, log_n, 3);
        size_t n = g.f.slots;
        ground_draw(&g);
        OK(bf_mul(g.f.ev, &g.out, &g.ca, &g.cb));
        for (size_t i = 0; i < n; i++) g.want[i] = g.a[i] * g.b[i];
        compare(&g, "product");
        OK(bf_rescale(g.f.ev, &g.out, &g.out));
        assert_int_equal(g.out.limbs, LIMBS - 1);
        compare(&g, "rescaled product");
        OK(bf_rotate(g.f.ev, &g.out, &g.ca, 1));
        for (size_t i = 0; i < n; i++) g.want[i] = g.a[(i + 1) % n];
        compare(&g, "rotation");
        OK(bf_conjugate(g.f.ev, &g.out, &g.cb));
        for (size_t i = 0; i < n; i++) g.want[i] = conj(g.b[i]);
        compare(&g, "conjugation");
        ground_close(&g);
    }
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_largest_rings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
