/* Only bf_boot_keys_generate holds the sparse secret of a refresh. This test
 * draws the secret again from the same randomness, so that its coefficients and
 * its values in both rings are known: they are in memory during key generation,
 * and nowhere afterwards. The same for the secret that rows in a smaller ring
 * need in the larger one, which is derived from theirs. */
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
#include "support/memory_witness.h"
#include "support/status.h"

enum { SEED = 7, LOG_N = 11, WINDOW = 256, PIECE = 4 * sizeof(double) };
enum { LAST = 128, TERNARY = 48 };

static bf_boot_params params;
static bf_context *ctx, *encapsulation, *half;

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
    remember("coefficients", c + best - 6, WINDOW);
}

static void remember_values(const char *name, const bf_secret_key *sk,
                            unsigned modulus)
{
    remember(name, bf_secret_neg(sk, modulus) + 1000, PIECE);
}

static __attribute__((noinline)) void draw_again(void)
{
    bf_secret_key *there, *here;
    bf_random_fix_for_tests(SEED);
    assert_ok(bf_secret_key_generate(&there, encapsulation, BF_BOOT_WEIGHT));
    assert_ok(bf_secret_embed(&here, there, ctx));
    remember_coeffs(bf_secret_key_coeffs(there));
    remember_values("in the encapsulation ring, modulo q_0", there, 0);
    remember_values("the same, modulo p_0", there, 1);
    remember_values("in the ring, modulo its last q", here,
                    params.ring.n_q - 1);
    remember_values("the same, modulo its first p", here, params.ring.n_q);
    all_alive(0);
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
    all_alive(0);
    return 0;
}

static void sparse_secret_is_wiped(void **state)
{
    (void)state;
    const bf_key_need in = {{BF_KEY_ENCAPSULATE, 0, 1}, 1},
                      needs[] = {{{BF_KEY_GALOIS, 0, 5}, 2},
                                 {{BF_KEY_DECAPSULATE, 0, 1}, 2}};
    bf_env env = {.progress = look};
    bf_eval_keys keys = {0}, there = {0};
    bf_secret_key *sk;
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
}

/* ---- derived from the secret of a smaller ring --------------------------- */

/* The end of the key is what a hash of it saw last. */
static __attribute__((noinline)) void remember_derived(void)
{
    bf_secret_key *sk, *made, *again;
    uint8_t digest[BF_HASH_BYTES];
    size_t first = known, n = (size_t)1 << (LOG_N - 1);
    bf_random_fix_for_tests(SEED + 1);
    assert_ok(bf_secret_key_generate(&sk, half, 0));
    assert_ok(bf_secret_key_derive(&made, ctx, sk));
    assert_ok(bf_secret_key_derive(&again, ctx, sk));
    assert_memory_equal(bf_secret_key_coeffs(made),
                        bf_secret_key_coeffs(again), 2 * n);
    assert_memory_equal(bf_secret_key_id(made), bf_secret_key_id(sk),
                        BF_KEY_ID_BYTES);
    assert_int_equal(bf_secret_key_weight(made), 0);
    bf_hash(bf_secret_key_coeffs(sk), n, digest);
    remember("end of the key", bf_secret_key_coeffs(sk) + n - LAST, TERNARY);
    remember("digest of the key", digest, MEMORY_PATTERN_MIN);
    remember("coefficients of the derived key", bf_secret_key_coeffs(made),
             TERNARY);
    remember("their end", bf_secret_key_coeffs(made) + 2 * n - LAST, TERNARY);
    remember_values("its values modulo q_0", made, 0);
    remember_values("the same, modulo the last p", made,
                    params.ring.n_q + params.ring.n_p - 1);
    all_alive(first);
    bf_wipe(digest, sizeof digest);
    bf_secret_key_destroy(sk);
    bf_secret_key_destroy(made);
    bf_secret_key_destroy(again);
    bf_wipe_stack();
}

static __attribute__((noinline)) void derive(void)
{
    bf_secret_key *sk, *made;
    bf_random_fix_for_tests(SEED + 1);
    assert_ok(bf_secret_key_generate(&sk, half, 0));
    assert_ok(bf_secret_key_derive(&made, ctx, sk));
    bf_secret_key_destroy(sk);
    bf_secret_key_destroy(made);
}

static void derived_secret_is_wiped(void **state)
{
    (void)state;
    remember_derived();
    nothing_left("deriving it here");
    derive();
    nothing_left("deriving");
}

static int open_rings(void **state)
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
    assert_ok(bf_boot_params_make(&params, &r));
    assert_ok(bf_context_create(&ctx, &params.ring, BF_BACKEND_AUTO));
    assert_ok(bf_context_create(&encapsulation, &params.encapsulation,
                                BF_BACKEND_AUTO));
    bf_params smaller = params.encapsulation;
    smaller.log_n--;
    assert_ok(bf_context_create(&half, &smaller, BF_BACKEND_AUTO));
    return 0;
}

static int close_rings(void **state)
{
    (void)state;
    bf_context_destroy(ctx);
    bf_context_destroy(encapsulation);
    bf_context_destroy(half);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sparse_secret_is_wiped),
        cmocka_unit_test(derived_secret_is_wiped),
    };
    memory_keep_freed();
    return cmocka_run_group_tests(tests, open_rings, close_rings);
}
