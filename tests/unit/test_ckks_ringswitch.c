/* Up into a larger ring, a product there, and down again, decrypted on both
 * sides; coefficients kept on the way down; which keys are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/owner/ring_switch_key.h"
#include "ckks/ringswitch.h"
#include "support/ckks_fixture.h"

#define OK(x) assert_int_equal((x), BF_OK)

static const double scale = 0x1p40;
static uint64_t seed = 31;

typedef struct rings {
    bf_fixture small, large;
} rings;

static void open_fixture(bf_fixture *f, const bf_params *params)
{
    memset(f, 0, sizeof *f);
    OK(bf_context_create(&f->ctx, params, BF_BACKEND_AUTO));
    OK(bf_secret_key_generate(&f->sk, f->ctx, 0));
    f->slots = (size_t)1 << (params->log_n - 1);
    bf_fixture_keys(f, NULL, 0);
}

/* n_q primes of 40 bits and two special of 45; the small ring has them all. */
static void open_rings(rings *r, unsigned log_small, unsigned log_large,
                       unsigned n_q, unsigned alpha)
{
    unsigned q[BF_MAX_Q], p[2] = {45, 45};
    bf_params large, small;
    memset(r, 0, sizeof *r);
    for (unsigned i = 0; i < n_q; i++) q[i] = 40;
    OK(bf_params_make(&large, log_large, q, n_q, p, 2, alpha));
    OK(bf_ring_switch_params(&small, &large, log_small, n_q, 2, alpha));
    double log2_qp = bf_params_log2_q(&large, n_q) + bf_params_log2_p(&large);
    small.insecure = log2_qp > bf_security_log2_qp_limit(log_small, 128);
    large.insecure = log2_qp > bf_security_log2_qp_limit(log_large, 128);
    open_fixture(&r->small, &small);
    open_fixture(&r->large, &large);
}

static void make_switch_keys(rings *r, unsigned limbs)
{
    bf_switch_key key = {0};
    OK(bf_ring_up_key_generate(&key, r->small.sk, r->large.sk, limbs));
    OK(bf_eval_keys_add(&r->large.keys, &key));
    OK(bf_ring_down_key_generate(&key, r->small.sk, r->large.sk, limbs));
    OK(bf_eval_keys_add(&r->large.keys, &key));
}

static void close_rings(rings *r)
{
    bf_fixture_close(&r->small);
    bf_fixture_close(&r->large);
}

static void compare(bf_fixture *f, const bf_ct *ct, const double complex *want,
                    const char *what)
{
    double error = bf_fixture_error(f, ct, want);
    double tolerance = bf_fixture_tolerance(f, ct);
    if (!(error <= tolerance && tolerance < 1e-5))
        fail_msg("%s: error %g above %g (seed %llu)", what, error, tolerance,
                 (unsigned long long)seed);
}

/* The same calls on metadata: same limbs, scale, noise and count. */
static void check_symbolic(rings *r, const bf_ct *in, const bf_ct *up)
{
    bf_eval *small, *large;
    bf_counters c;
    bf_ct a = *in, b = {0};
    a.data = NULL;
    OK(bf_eval_create(&small, r->small.ctx, NULL));
    OK(bf_eval_create(&large, r->large.ctx, NULL));
    bf_eval_share_memory(large, small);
    OK(bf_ring_switch_up(small, large, &b, &a));
    assert_true(b.limbs == up->limbs && b.scale == up->scale);
    assert_true(b.noise == up->noise && b.bound == up->bound && !b.data);
    bf_ct back = {0};
    OK(bf_ring_switch_down(large, small, &back, &b));
    bf_eval_counters(large, &c);
    const bf_key_need *needs;
    assert_int_equal(bf_eval_key_needs(large, &needs), 2);
    uint32_t stride = (uint32_t)(r->large.slots / r->small.slots);
    assert_true(needs[0].name.use == BF_KEY_RING_UP &&
                needs[0].name.element == stride);
    assert_true(needs[1].name.use == BF_KEY_RING_DOWN &&
                needs[1].name.element == stride);
    assert_int_equal(c.key_switches[in->limbs], 2);
    assert_int_equal(c.mod_ups[in->limbs], 2);
    assert_int_equal(c.mod_downs[in->limbs], 2);
    /* One account for both rings. */
    assert_true(bf_eval_peak_bytes(small) >= b.bytes + back.bytes);
    assert_int_equal(bf_eval_peak_bytes(large), bf_eval_peak_bytes(small));
    bf_eval_release(large, &b);
    bf_eval_release(small, &back);
    bf_eval_destroy(large);
    bf_eval_destroy(small);
}

static void check_round(unsigned log_small, unsigned log_large, unsigned n_q,
                        unsigned alpha, unsigned limbs)
{
    rings r;
    bf_ct a = {0}, b = {0}, c = {0};
    open_rings(&r, log_small, log_large, n_q, alpha);
    make_switch_keys(&r, limbs);
    size_t n = r.small.slots, big = r.large.slots;
    double complex *v = bf_alloc(big * sizeof *v);
    bf_fixture_random(v, n, 1, &seed);
    bf_fixture_encrypt(&r.small, &a, v, scale, limbs, 1);
    OK(bf_ring_switch_up(r.small.ev, r.large.ev, &b, &a));
    check_symbolic(&r, &a, &b);
    for (size_t j = n; j < big; j++) v[j] = v[j - n];
    compare(&r.large, &b, v, "up");
    OK(bf_mul(r.large.ev, &b, &b, &b));
    OK(bf_rescale(r.large.ev, &b, &b));
    for (size_t j = 0; j < big; j++) v[j] *= v[j];
    compare(&r.large, &b, v, "square in the large ring");
    OK(bf_ring_switch_down(r.large.ev, r.small.ev, &c, &b));
    assert_int_equal(c.limbs, limbs - 1);
    compare(&r.small, &c, v, "down");
    OK(bf_conjugate(r.small.ev, &c, &c)); /* it is an ordinary ciphertext */
    for (size_t j = 0; j < n; j++) v[j] = conj(v[j]);
    compare(&r.small, &c, v, "conjugate in the small ring");
    bf_eval_release(r.large.ev, &b);
    bf_eval_release(r.small.ev, &c);
    bf_ct_clear(&a);
    bf_free(v);
    close_rings(&r);
}

static void test_rounds(void **state)
{
    (void)state;
    check_round(12, 13, 3, 1, 3);
    check_round(11, 14, 4, 2, 3); /* eight to one, not all limbs */
    check_round(13, 15, 3, 2, 3); /* within the 128-bit limits */
}

/* A message of the large ring that is not in the subring. */
static void test_coefficients(void **state)
{
    (void)state;
    rings r;
    bf_ct a = {0}, b = {0};
    bf_pt pt = {0};
    open_rings(&r, 12, 14, 3, 1);
    make_switch_keys(&r, 3);
    size_t n = 2 * r.small.slots, big = 2 * r.large.slots;
    double complex *v = bf_alloc(big * sizeof *v);
    double *coeffs = bf_alloc(big * sizeof *coeffs);
    double *got = bf_alloc(n * sizeof *got);
    bf_fixture_random(v, big, 1, &seed);
    for (size_t j = 0; j < big; j++) coeffs[j] = creal(v[j]);
    OK(bf_encode_coeffs(&pt, r.large.ctx, coeffs, big, scale, 3));
    OK(bf_encrypt_symmetric(&a, r.large.sk, &pt));
    bf_pt_clear(&pt);
    OK(bf_ring_switch_down(r.large.ev, r.small.ev, &b, &a));
    OK(bf_decrypt(&pt, r.small.sk, &b));
    OK(bf_decode_coeffs(got, &pt));
    double tolerance = 20 * b.noise / b.scale;
    assert_true(tolerance < 1e-7);
    for (size_t j = 0; j < n; j++)
        assert_true(fabs(got[j] - coeffs[4 * j]) <= tolerance);
    bf_pt_clear(&pt);
    bf_ct_clear(&a);
    bf_eval_release(r.small.ev, &b);
    bf_free(v);
    bf_free(coeffs);
    bf_free(got);
    close_rings(&r);
}

/* q_0..q_4 and P come to 290 bits: fine in 2^14 (430), not in 2^13 (214). A key
 * into 2^13 may reach 3 limbs at most. */
static void test_security(void **state)
{
    (void)state;
    unsigned q[5] = {40, 40, 40, 40, 40}, p[2] = {45, 45};
    bf_params large, small;
    bf_fixture big, little;
    bf_switch_key key = {0};
    OK(bf_params_make(&large, 14, q, 5, p, 2, 2));
    OK(bf_ring_switch_params(&small, &large, 13, 4, 1, 1));
    open_fixture(&big, &large);
    open_fixture(&little, &small);
    for (unsigned limbs = 1; limbs <= 4; limbs++) {
        OK(bf_ring_up_key_generate(&key, little.sk, big.sk, limbs));
        bf_status status =
            bf_ring_down_key_generate(&key, little.sk, big.sk, limbs);
        assert_int_equal(status, limbs <= 3 ? BF_OK : BF_ERR_SECURITY);
    }
    assert_non_null(strstr(bf_last_error(), "2^13"));
    bf_switch_key_clear(&key);
    bf_fixture_close(&big);
    bf_fixture_close(&little);
}

static void test_refusals(void **state)
{
    (void)state;
    rings r;
    bf_fixture other;
    bf_params params;
    bf_ct a = {0}, b = {0};
    bf_switch_key key = {0};
    double complex v[2048] = {0};
    open_rings(&r, 12, 13, 3, 1);
    bf_fixture_encrypt(&r.small, &a, v, scale, 3, 1);
    assert_int_equal(bf_ring_switch_up(r.small.ev, r.large.ev, &b, &a),
                     BF_ERR_MISMATCH); /* no key */
    make_switch_keys(&r, 2);
    assert_int_equal(bf_ring_switch_up(r.small.ev, r.large.ev, &b, &a),
                     BF_ERR_MISMATCH); /* the key has two limbs */
    OK(bf_ring_up_key_generate(&key, r.small.sk, r.large.sk, 1));
    assert_int_equal(bf_eval_keys_add(&r.large.keys, &key), BF_ERR_ARGUMENT);
    assert_int_equal(bf_eval_keys_add(&r.small.keys, &key), BF_ERR_MISMATCH);
    bf_switch_key_clear(&key);
    OK(bf_mod_drop(r.small.ev, &a, 2));
    OK(bf_ring_switch_up(r.small.ev, r.large.ev, &b, &a));
    assert_int_equal(
        bf_ring_switch_up(r.large.ev, r.small.ev, &b, &b),
        BF_ERR_MISMATCH); /* the wrong way round */
    bf_fixture_open(&other, 12, 3, 41, 1);
    assert_int_equal(
        bf_ring_up_key_generate(&key, other.sk, r.large.sk, 3),
        BF_ERR_MISMATCH); /* other primes */
    assert_int_equal(bf_ring_up_key_generate(&key, r.large.sk, r.small.sk, 3),
                     BF_ERR_MISMATCH);
    assert_int_equal(bf_ring_switch_params(
                         &params, bf_context_params(r.large.ctx), 13, 2, 1, 1),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_ring_switch_params(
                         &params, bf_context_params(r.large.ctx), 12, 4, 1, 1),
                     BF_ERR_ARGUMENT);
    bf_eval_release(r.large.ev, &b);
    bf_ct_clear(&a);
    bf_fixture_close(&other);
    close_rings(&r);
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_coefficients),
        cmocka_unit_test(test_security),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
