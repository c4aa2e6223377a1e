/* Only bf_boot_keys_generate holds the sparse secret of a refresh. This test
 * draws the secret again from the same randomness, so that its coefficients and
 * its values in both rings are known: they are in memory during key generation,
 * and nowhere afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "ckks/owner/boot_keys.h"
#include "ckks/owner/internal.h"
#include "support/memory_search.h"
#include "support/status.h"

enum { SEED = 7, LOG_N = 11, WINDOW = 256, PIECE = 4 * sizeof(double) };
enum { COEFFS, THERE_Q, THERE_P, HERE_Q, HERE_P, PATTERNS };

static memory_pattern patterns[PATTERNS];
static size_t found[PATTERNS];
static bf_boot_params params;
static bf_context *ctx, *encapsulation;

/* 32 of 2,048 coefficients are not 0: the window that has the most of these,
 * from where memory_search wants one. */
static void remember_coeffs(const int8_t *c)
{
    size_t best = 0, most = 0;
    for (size_t at = 6; at + WINDOW < (size_t)1 << LOG_N; at++) {
        size_t count = 0;
        for (size_t i = 0; c[at] && i < WINDOW; i++) count += c[at + i] != 0;
        if (count > most) {
            most = count;
            best = at;
        }
    }
    assert_true(most >= 6);
    memory_remember(&patterns[COEFFS], "coefficients", c + best - 6, WINDOW);
}

static void remember(int i, const char *name, const bf_secret_key *sk,
                     unsigned modulus)
{
    memory_remember(&patterns[i], name, bf_secret_neg(sk, modulus) + 1000,
                    PIECE);
}

static __attribute__((noinline)) void draw_again(void)
{
    bf_secret_key *there, *here;
    bf_random_fix_for_tests(SEED);
    assert_ok(bf_secret_key_generate(&there, encapsulation, BF_BOOT_WEIGHT));
    assert_ok(bf_secret_embed(&here, there, ctx));
    remember_coeffs(bf_secret_key_coeffs(there));
    remember(THERE_Q, "in the encapsulation ring, modulo q_0", there, 0);
    remember(THERE_P, "the same, modulo p_0", there, 1);
    remember(HERE_Q, "in the ring, modulo its last q", here,
             params.ring.n_q - 1);
    remember(HERE_P, "the same, modulo its first p", here, params.ring.n_q);
    memory_search(found, patterns, PATTERNS);
    for (int i = 0; i < PATTERNS; i++)
        if (!found[i]) fail_msg("%s: not in memory", patterns[i].name);
    bf_secret_key_destroy(there);
    bf_secret_key_destroy(here);
    bf_wipe_stack();
}

static unsigned looked;

/* While keys are being made. */
static int look(void *user, const char *phase, double done, double total)
{
    (void)user;
    (void)phase;
    (void)done;
    (void)total;
    if (looked++) return 0;
    memory_search(found, patterns, PATTERNS);
    for (int i = 0; i < PATTERNS; i++)
        if (!found[i]) fail_msg("%s: another one was drawn", patterns[i].name);
    return 0;
}

static void nothing_left(const char *after)
{
    if (memory_search(found, patterns, PATTERNS) == 0) return;
    for (int i = 0; i < PATTERNS; i++)
        if (found[i])
            print_error("after %s: %s, %zu times\n", after, patterns[i].name,
                        found[i]);
    fail();
}

static void sparse_secret_is_wiped(void **state)
{
    (void)state;
    const bf_boot_request r = {.log_n = LOG_N,
                               .log_slots = 3,
                               .limbs = 2,
                               .q0_bits = 42,
                               .limb_bits = 42,
                               .bound = 1,
                               .ratio = 6,
                               .scale = 0x1p36,
                               .precision = 12,
                               .insecure = true};
    const bf_key_need in = {{BF_KEY_ENCAPSULATE, 0, 1}, 1},
                      needs[] = {{{BF_KEY_GALOIS, 0, 5}, 2},
                                 {{BF_KEY_DECAPSULATE, 0, 1}, 2}};
    bf_env env = {.progress = look};
    bf_eval_keys keys = {0}, there = {0};
    bf_secret_key *sk;
    assert_ok(bf_boot_params_make(&params, &r));
    assert_ok(bf_context_create(&ctx, &params.ring, BF_BACKEND_AUTO));
    assert_ok(bf_context_create(&encapsulation, &params.encapsulation,
                                BF_BACKEND_AUTO));
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    draw_again();
    nothing_left("drawing it here");
    bf_random_fix_for_tests(SEED);
    assert_ok(bf_boot_keys_generate(&keys, &there, encapsulation,
                                    (bf_boot_secrets){sk, NULL}, needs, 2, &in,
                                    1, &env));
    assert_true(looked > 0);
    nothing_left("making keys");
    bf_eval_keys_clear(&keys);
    bf_eval_keys_clear(&there);
    /* A failure during key generation: a need without a secret. */
    const bf_key_need down = {{BF_KEY_RING_DOWN, 0, 2}, 1};
    bf_random_fix_for_tests(SEED);
    assert_int_equal(bf_boot_keys_generate(&keys, &there, encapsulation,
                                           (bf_boot_secrets){sk, NULL}, &down,
                                           1, &in, 1, NULL),
                     BF_ERR_ARGUMENT);
    nothing_left("a refusal");
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
    bf_context_destroy(encapsulation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_secret_is_wiped),
    };
    memory_keep_freed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
