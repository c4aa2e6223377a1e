/* Parameters of refreshes, and refused keys: every key is checked against the
 * limit of its own secret. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/boot_internal.h"
#include "ckks/owner/boot_keys.h"
#include "ckks/owner/internal.h"
#include "ckks/owner/ring_switch_key.h"
#include "support/boot_request.h"

#define OK(x) assert_int_equal((x), BF_OK)

static bf_boot_request training(void)
{
    return bf_boot_test_request(15, 11);
}

static void refuses(bf_status s, bf_status wanted, const char *words)
{
    if (s != wanted || !strstr(bf_last_error(), words))
        fail_msg("wanted %s '%s', got %s: %s", bf_status_name(wanted), words,
                 bf_status_name(s), bf_last_error());
}

static void check_chain(const bf_boot_request *r)
{
    bf_boot_params p;
    OK(bf_boot_params_make(&p, r));
    const bf_params *q = &p.ring;
    double log2_qp = bf_params_log2_q(q, q->n_q) + bf_params_log2_p(q);
    assert_true(log2_qp <= bf_security_log2_qp_limit(r->log_n, 128));
    assert_int_equal(q->n_q, r->limbs + p.s2c_primes + p.c2s.groups +
                                 (r->arcsine ? 10 : 8));
    assert_true(q->q[0] == p.encapsulation.q[0] && p.encapsulation.n_q == 1);
    double under = bf_params_log2_q(&p.encapsulation, 1) +
                   bf_params_log2_p(&p.encapsulation);
    assert_true(under <= 121 && !q->insecure && !p.encapsulation.insecure);
    bf_context *ctx;
    OK(bf_context_create_symbolic(&ctx, q)); /* primes, digits, security */
    bf_context_destroy(ctx);
}

static void test_chains(void **state)
{
    (void)state;
    bf_boot_request r = training();
    check_chain(&r);
    for (r.log_slots = 2; r.log_slots < 14; r.log_slots++) check_chain(&r);
    r = training();
    r.limbs = 1;
    check_chain(&r);
    r.precision = 12;
    check_chain(&r);
    r = (bf_boot_request){.log_n = 16, .log_slots = 15, .limbs = 11,
                          .q0_bits = 48.5, .limb_bits = 48.5, .bound = 1,
                          .typical = 0.6, .ratio = 7, .scale = 0x1p40,
                          .precision = 19.5, .arcsine = true};
    check_chain(&r);
    r.arcsine = false;
    check_chain(&r);
}

/* The caller's primes stay where they are. */
static void test_given_primes(void **state)
{
    (void)state;
    bf_boot_params made, given;
    bf_boot_request r = training();
    OK(bf_boot_params_make(&made, &r));
    r.q = made.ring.q;
    r.q0_bits = r.limb_bits = 0;
    OK(bf_boot_params_make(&given, &r));
    assert_memory_equal(&made.ring, &given.ring, sizeof made.ring);
}

static void test_requests_refused(void **state)
{
    (void)state;
    bf_boot_params p;
    bf_boot_request r = training();
    r.log_slots = 15;
    refuses(bf_boot_params_make(&p, &r), BF_ERR_ARGUMENT, "2^15 slots");
    r = training();
    r.ratio = 4;
    refuses(bf_boot_params_make(&p, &r), BF_ERR_ARGUMENT, "5 to 12");
    r = training();
    r.bound = NAN;
    refuses(bf_boot_params_make(&p, &r), BF_ERR_ARGUMENT, "coefficients");
    r = training();
    r.typical = 2;
    refuses(bf_boot_params_make(&p, &r), BF_ERR_ARGUMENT, "typically");
    r = training();
    r.precision = 25;
    refuses(bf_boot_params_make(&p, &r), BF_ERR_RANGE, "at most 48.9");
    r = training();
    r.limbs = 8;
    refuses(bf_boot_params_make(&p, &r), BF_ERR_SECURITY, "at most 2^868");
    r = training();
    r.log_n = 14;
    r.log_slots = 10;
    refuses(bf_boot_params_make(&p, &r), BF_ERR_SECURITY, "2^14");
}

typedef struct secrets {
    bf_boot_params p;
    bf_context *ctx, *there;
    bf_secret_key *sk, *sparse;
} secrets;

static void open_secrets(secrets *s)
{
    bf_boot_request r = training();
    OK(bf_boot_params_make(&s->p, &r));
    OK(bf_context_create(&s->ctx, &s->p.ring, BF_BACKEND_AUTO));
    OK(bf_context_create(&s->there, &s->p.encapsulation, BF_BACKEND_AUTO));
    OK(bf_secret_key_generate(&s->sk, s->ctx, 0));
    OK(bf_secret_key_generate(&s->sparse, s->there, BF_BOOT_WEIGHT));
}

static void close_secrets(secrets *s)
{
    bf_secret_key_destroy(s->sk);
    bf_secret_key_destroy(s->sparse);
    bf_context_destroy(s->ctx);
    bf_context_destroy(s->there);
}

/* A known library once encrypted the key to the sparse secret in the ring of
 * the circuit: at one limb of it already 2^230, where weight 32 allows 2^121.
 */
static void test_wrong_level(void **state)
{
    (void)state;
    secrets s;
    bf_secret_key *large;
    bf_switch_key key = {0};
    open_secrets(&s);
    OK(bf_secret_embed(&large, s.sparse, s.ctx));
    unsigned all = s.p.ring.n_q;
    for (unsigned limbs = 1; limbs <= all; limbs += limbs < 2 ? 1 : all - 2)
        refuses(bf_switch_key_generate(&key, s.sk, large, limbs),
                BF_ERR_SECURITY, "weight 32");
    bf_secret_key_destroy(large);
    close_secrets(&s);
}

static void test_wrong_weight_or_ring(void **state)
{
    (void)state;
    secrets s;
    bf_secret_key *sk, *small;
    bf_context *ctx;
    bf_switch_key key = {0};
    bf_eval_keys keys = {0}, there = {0};
    const bf_key_need in = {{BF_KEY_ENCAPSULATE, 0, 1}, 1},
                      back = {{BF_KEY_DECAPSULATE, 0, 1}, 1};
    open_secrets(&s);
    refuses(bf_secret_key_generate(&sk, s.there, 16), BF_ERR_SECURITY,
            "weight 16");
    /* Two special primes: 42 + 2 * 48 bits. */
    bf_params two = s.p.encapsulation;
    two.n_p = 2;
    two.p[0] = bf_prime_near(48, 15, two.q, 1);
    two.p[1] = bf_prime_near(48, 15, two.p, 1);
    OK(bf_context_create(&ctx, &two, BF_BACKEND_AUTO));
    bf_boot_secrets own = {s.sk, NULL};
    refuses(bf_boot_keys_generate(&keys, &there, ctx, own, &back, 1, &in, 1,
                                  NULL),
            BF_ERR_SECURITY, "weight 32");
    bf_context_destroy(ctx);
    /* A ring of half the degree. */
    bf_params half = s.p.encapsulation;
    half.log_n = 14;
    OK(bf_context_create(&ctx, &half, BF_BACKEND_AUTO));
    refuses(bf_boot_keys_generate(&keys, &there, ctx, own, &back, 1, &in, 1,
                                  NULL),
            BF_ERR_MISMATCH, "2^14");
    /* Needs of the wrong ring, and a need without a secret. */
    refuses(bf_boot_keys_generate(&keys, &there, s.there, own, &in, 1, &in, 1,
                                  NULL),
            BF_ERR_ARGUMENT, "the encapsulation key");
    refuses(bf_boot_keys_generate(&keys, &there, s.there, own, &back, 1, &back,
                                  1, NULL),
            BF_ERR_ARGUMENT, "the decapsulation key");
    const bf_key_need down = {{BF_KEY_RING_DOWN, 0, 2}, 4};
    refuses(bf_boot_keys_generate(&keys, &there, s.there, own, &down, 1, &in, 1,
                                  NULL),
            BF_ERR_ARGUMENT, "not of these secrets");
    const bf_key_need again[] = {back, back};
    refuses(bf_boot_keys_generate(&keys, &there, s.there, own, again, 2, &in, 1,
                                  NULL),
            BF_ERR_ARGUMENT, "already");
    /* Down to 2^14: five limbs and P are 2^425 of 430, six 2^468. */
    bf_params p14 = {.log_n = 14, .n_q = 6, .n_p = 1, .digit_limbs = 1};
    memcpy(p14.q, s.p.ring.q, 6 * sizeof *p14.q);
    p14.p[0] = bf_prime_near(48.9, 15, p14.q, 6);
    bf_context *ctx14;
    OK(bf_context_create(&ctx14, &p14, BF_BACKEND_AUTO));
    OK(bf_secret_key_generate(&small, ctx14, 0));
    OK(bf_ring_down_key_generate(&key, small, s.sk, 4));
    refuses(bf_ring_down_key_generate(&key, small, s.sk, 6), BF_ERR_SECURITY,
            "2^14");
    assert_true(!keys.keys && !there.keys);
    bf_switch_key_clear(&key);
    bf_secret_key_destroy(small);
    bf_context_destroy(ctx14);
    bf_context_destroy(ctx);
    close_secrets(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_given_primes),
        cmocka_unit_test(test_requests_refused),
        cmocka_unit_test(test_wrong_level),
        cmocka_unit_test(test_wrong_weight_or_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
