/* Refreshes of random messages: precision and its estimate, scales, the
 * symbolic walk; EvalMod on planted multiples of q_0; a smaller ring. Small
 * degrees, for many runs, are insecure; bench_bootstrap measures secure ones.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/ringswitch.h"
#include "support/boot_fixture.h"
#include "support/boot_request.h"
#include "support/sanitized.h"

#define OK(x)                                     \
    do {                                          \
        if ((x) != BF_OK) fail_msg("%s: %s", #x, bf_last_error()); \
    } while (0)

static uint64_t seed = 12345;

/* Runs for a root mean square; two suffice for sanitizers. */
#ifdef BF_SANITIZED
enum { MANY = 2, SOME = 2 };
#else
enum { MANY = 20, SOME = 4 };
#endif

/* Precision of the message's coefficients, for an input as planned. */
static double declared_inside(const bf_boot_fixture *f)
{
    return bf_boot_errors_of(f->boot, bf_boot_scale_in(&f->p)).inside;
}

/* Of all. */
static double declared(const bf_ct *ct)
{
    return ct->noise / ct->scale;
}

static void same_counters(const bf_counters *before, const bf_counters *after,
                          const bf_counters *planned)
{
    const uint64_t *a = (const uint64_t *)before, *b = (const uint64_t *)after,
                   *p = (const uint64_t *)planned;
    for (size_t i = 0; i < sizeof *before / sizeof *a; i++)
        assert_int_equal(b[i] - a[i], p[i]);
}

static void refresh(bf_boot_fixture *f, bf_ct *out, const bf_ct *in)
{
    bf_counters before, after, before_there, after_there;
    bf_eval_counters(f->ev, &before);
    bf_eval_counters(f->ev_there, &before_there);
    OK(bf_boot_refresh(f->ev, f->ev_there, out, in, f->boot));
    bf_eval_counters(f->ev, &after);
    bf_eval_counters(f->ev_there, &after_there);
    same_counters(&before, &after, &f->planned);
    same_counters(&before_there, &after_there, &f->planned_there);
    assert_int_equal(out->limbs, f->p.limbs);
    assert_true(out->scale == f->p.scale && out->scale == f->shape.scale);
}

static void within(const char *what, double square, double declares,
                   double most)
{
    double part = sqrt(square) / declares;
    printf("  rms %s: %.2f of declared\n", what, part);
    assert_true(part <= most && part >= 0.5);
}

/* An rms of at most `most` times the declared one. Worst error: a slot's is a
 * product with the secret's slot, of which 20 times the rms is beyond what 2^16
 * draws meet (ckks_fixture.h). */
static void check_runs(const bf_boot_request *r, unsigned runs, double least,
                       double most)
{
    static const double skew[] = {1, 0.95, 1.05, 1.0039};
    bf_boot_fixture f;
    double lowest = 99, inside = 0, all = 0, declares = 0;
    bf_boot_fixture_open(&f, r, NULL);
    for (unsigned i = 0; i < runs; i++) {
        bf_ct in = {0}, out = {0};
        bf_boot_fixture_gauss(&f, 1. / 16, &seed);
        bf_boot_fixture_encrypt(&f, &in, skew[i % 4]);
        refresh(&f, &out, &in);
        bf_boot_found found = bf_boot_fixture_compare(&f, &out);
        lowest = fmin(lowest, -log2(found.worst));
        inside += found.inside * found.inside / runs;
        all += found.all * found.all / runs;
        declares = fmax(declares, declared(&out));
        assert_true(found.worst < 20 * declared_inside(&f));
        bf_ct_clear(&in);
        bf_eval_release(f.ev, &out);
    }
    printf("2^%u, %zu coefficients, %u runs: worst %.2f bits\n", r->log_n,
           f.count, runs, lowest);
    assert_true(lowest >= least);
    within("of the message's coefficients", inside, declared_inside(&f), most);
    within("of all", all, declares, most);
    bf_boot_fixture_close(&f);
}

static void test_sparse(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(13, 9);
    check_runs(&r, MANY, 14, 1);
    r.few_keys = true;
    r.log_slots = 11;
    check_runs(&r, SOME, 13.5, 1);
    r = bf_boot_test_request(12, 3); /* one group each way; 256 copies */
    check_runs(&r, 20, 14, 1); /* of 16 coefficients */
    r = bf_boot_test_request(12, 10); /* parts side by side fill all slots */
    r.arcsine = true;
    r.limbs = 2;
    check_runs(&r, SOME, 13.5, 1);
}

static void test_full(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(12, 11);
    r.limbs = 1;
    check_runs(&r, SOME, 13.5, 1);
}

/* A request of lower precision gets shorter primes. */
static void test_precision_asked(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(12, 8);
    r.precision = 12;
    check_runs(&r, SOME, 8.5, 1);
}

/* Of a scale so low that the last roundings decide, with a fold at the end and
 * without. What is declared of them is exact: four runs of 512 coefficients and
 * more, in a ring of 4,096 with one secret, vary by 3 %. */
#define ROUNDINGS_VARY 1.1

static void test_low_scale(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(12, 8);
    r.scale = 0x1p18;
    check_runs(&r, 4, 8.5, ROUNDINGS_VARY);
    r = bf_boot_test_request(12, 11);
    r.limbs = 1;
    r.scale = 0x1p18;
    check_runs(&r, 4, 8.5, ROUNDINGS_VARY);
}

static void test_other_scales(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(12, 6);
    bf_boot_fixture f;
    bf_ct in = {0}, out = {0};
    bf_boot_fixture_open(&f, &r, NULL);
    for (double skew = 0.5; skew <= 2; skew *= 2) {
        bf_boot_fixture_gauss(&f, 1. / 32, &seed);
        bf_boot_fixture_encrypt(&f, &in, skew);
        refresh(&f, &out, &in);
        bf_boot_found found = bf_boot_fixture_compare(&f, &out);
        assert_true(found.all <= declared(&out));
    }
    bf_boot_fixture_encrypt(&f, &in, 2.1);
    assert_int_equal(bf_boot_refresh(f.ev, f.ev_there, &out, &in, f.boot),
                     BF_ERR_MISMATCH);
    /* Without its keys. */
    bf_boot_fixture_encrypt(&f, &in, 1);
    bf_eval_keys none = {.ctx = f.encapsulation};
    bf_eval *ev;
    OK(bf_eval_create(&ev, f.encapsulation, &none));
    assert_int_equal(bf_boot_refresh(f.ev, ev, &out, &in, f.boot),
                     BF_ERR_MISMATCH);
    assert_non_null(strstr(bf_last_error(), "the encapsulation key"));
    assert_int_equal(bf_boot_refresh(ev, f.ev_there, &out, &in, f.boot),
                     BF_ERR_MISMATCH);
    bf_eval_destroy(ev);
    /* With a key of another use in the place of DECAPSULATE, or with a limb
     * less. */
    for (size_t i = 0; i < f.keys.count; i++) {
        bf_switch_key *key = &f.keys.keys[i], kept = *key;
        if (key->name.use != BF_KEY_DECAPSULATE) continue;
        key->name.use = BF_KEY_RING_UP;
        assert_int_equal(bf_boot_refresh(f.ev, f.ev_there, &out, &in, f.boot),
                         BF_ERR_MISMATCH);
        assert_non_null(strstr(bf_last_error(), "the decapsulation key"));
        *key = kept;
        key->limbs--;
        assert_int_equal(bf_boot_refresh(f.ev, f.ev_there, &out, &in, f.boot),
                         BF_ERR_MISMATCH);
        assert_non_null(strstr(bf_last_error(), "limbs, needs"));
        *key = kept;
    }
    bf_ct_clear(&in);
    bf_eval_release(f.ev, &out);
    bf_boot_fixture_close(&f);
}

/* A circuit that raises an error of the scale to the ninth power between
 * refreshes: a thousand refreshes all begin at the same scale. */
static void test_scale_is_pinned(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(13, 9);
    bf_boot_params p;
    bf_context *ctx, *there;
    bf_boot *b;
    bf_eval *ev, *ev_there;
    bf_ct out = {0};
    OK(bf_boot_params_make(&p, &r));
    OK(bf_context_create_symbolic(&ctx, &p.ring));
    OK(bf_context_create_symbolic(&there, &p.encapsulation));
    OK(bf_boot_create(&b, ctx, there, &p, true));
    OK(bf_eval_create(&ev, ctx, NULL));
    OK(bf_eval_create(&ev_there, there, NULL));
    double scale = 1.01 * bf_boot_scale_in(&p), first = 0;
    for (unsigned i = 0; i < 1000; i++) {
        bf_ct a = {.ctx = ctx, .limbs = 1, .polys = 2, .scale = scale,
                   .bound = 1};
        OK(bf_boot_refresh(ev, ev_there, &out, &a, b));
        assert_true(out.scale == p.scale);
        scale = bf_boot_scale_in(&p) * 1.001 * pow(out.scale / p.scale, 9);
        if (i == 0) first = scale;
        assert_true(scale == first);
    }
    bf_eval_release(ev, &out);
    bf_boot_destroy(b);
    bf_eval_destroy(ev);
    bf_eval_destroy(ev_there);
    bf_context_destroy(ctx);
    bf_context_destroy(there);
}

/* Three refreshes in a row, with a drop to one limb in between: nothing drifts.
 * Outputs are the inputs. */
static void test_in_a_row(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(12, 8);
    bf_boot_fixture f;
    bf_ct ct = {0};
    bf_boot_fixture_open(&f, &r, NULL);
    bf_boot_fixture_gauss(&f, 1. / 16, &seed);
    bf_boot_fixture_encrypt(&f, &ct, 1);
    for (unsigned i = 0; i < 3; i++) {
        refresh(&f, &ct, &ct);
        bf_boot_found found = bf_boot_fixture_compare(&f, &ct);
        assert_true(found.all <= declared(&ct) && found.inside < 0x1p-15);
        OK(bf_adjust(f.ev, &ct, &ct, 1, bf_boot_scale_in(&f.p), 1));
    }
    bf_eval_release(f.ev, &ct);
    bf_boot_fixture_close(&f);
}

/* X = m + q_0 I with every I from -16 to 16 in place of ModRaise's result:
 * against the sine, or the arcsine's correction of it, in long double, and
 * against the message. */
static void check_planted(bf_boot_fixture *f, double part)
{
    const long double tau = 6.283185307179586476925286766559L;
    bf_pt pt = {0};
    bf_ct top = {0}, out = {0};
    double *x = calloc(f->n, sizeof *x), q0 = (double)f->p.ring.q[0];
    double scale = bf_boot_scale_in(&f->p);
    bf_boot_fixture_uniform(f, part, &seed);
    for (size_t i = 0; i < f->count; i++)
        x[i * f->gap] =
            rint(f->message[i] * scale) + q0 * ((double)(i % 33) - 16);
    OK(bf_encode_coeffs(&pt, f->ctx, x, f->n, 1, f->p.ring.n_q));
    OK(bf_encrypt_symmetric(&top, f->sk, &pt));
    top.scale = scale;
    OK(bf_boot_finish(f->ev, &out, &top, f->boot));
    bf_boot_found found = bf_boot_fixture_compare(f, &out);
    double error[33] = {0};
    for (size_t i = 0; i < f->count; i++) {
        long double angle =
            tau * rintl((long double)f->message[i] * scale) / q0;
        long double v = sinl(angle);
        if (f->p.arcsine) v += v * v * v / 6;
        double want = (double)(v * q0 / tau / scale);
        error[i % 33] = fmax(error[i % 33], fabs(f->got[i] - want));
    }
    for (unsigned i = 0; i < 33; i++)
        if (!(error[i] < 20 * declared_inside(f)))
            fail_msg("I = %d: off by 2^%.1f (seed %llu)", (int)i - 16,
                     log2(error[i]), (unsigned long long)seed);
    assert_true(found.all <= declared(&out));
    bf_pt_clear(&pt);
    bf_ct_clear(&top);
    bf_eval_release(f->ev, &out);
    free(x);
}

static void test_planted(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(12, 10);
    bf_boot_fixture f;
    bf_boot_fixture_open(&f, &r, NULL);
    check_planted(&f, 0.1);
    bf_boot_fixture_close(&f);
    /* Messages up to the bound need a smaller error of the sine, and finer
     * matrices. */
    r.arcsine = true;
    r.limbs = 2;
    r.typical = 0.577;
    bf_boot_fixture_open(&f, &r, NULL);
    check_planted(&f, 1);
    bf_boot_fixture_close(&f);
}

/* From a smaller ring to the sparse secret of the larger ring, and back down.
 */
static void test_smaller_ring(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(13, 8);
    bf_boot_params p;
    bf_boot_fixture f;
    bf_ct in = {0}, large = {0}, out = {0};
    OK(bf_boot_params_make(&p, &r));
    bf_params small = {.log_n = 12, .n_q = 4, .n_p = 1, .digit_limbs = 1,
                       .insecure = true};
    memcpy(small.q, p.ring.q, 4 * sizeof *small.q);
    small.p[0] = bf_prime_near(48.9, 13, small.q, 4);
    bf_boot_fixture_open(&f, &r, &small);
    assert_non_null(bf_eval_keys_find(
        &f.there, (bf_key_name){BF_KEY_ENCAPSULATE, 0, 2}));
    assert_int_equal(f.there.count, 1);
    bf_boot_fixture_gauss(&f, 1. / 16, &seed);
    bf_boot_fixture_encrypt(&f, &in, 1);
    OK(bf_boot_refresh(f.ev, f.ev_there, &large, &in, f.boot));
    OK(bf_ring_switch_down(f.ev, f.ev_small, &out, &large));
    bf_boot_found found = bf_boot_fixture_compare(&f, &out);
    assert_true(out.limbs == 4 && out.scale == r.scale);
    assert_true(found.inside < 0x1p-16);
    bf_ct_clear(&in);
    bf_eval_release(f.ev, &large);
    bf_eval_release(f.ev_small, &out);
    bf_boot_fixture_close(&f);
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sparse),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_precision_asked),
        cmocka_unit_test(test_low_scale),
        cmocka_unit_test(test_other_scales),
        cmocka_unit_test(test_scale_is_pinned),
        cmocka_unit_test(test_in_a_row),
        cmocka_unit_test(test_planted),
        cmocka_unit_test(test_smaller_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
