/* Division of a sum by P (ModDown), by P and the last prime, and by the last
 * prime alone (rescale), against integers in GMP: x -> (x - r)/d, r the centred
 * remainder, so x/d rounded to nearest. Random values, and quotients and
 * remainders at their bounds. */
#include <gmp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ckks/eval_internal.h"

#define OK(x) assert_int_equal((x), BF_OK)

enum { LIMBS = 5, LOG_N = 10, N = 1 << LOG_N, VALUES = 2 * N };

/* Values and results of the two polynomials of a ciphertext. */
typedef struct ground {
    bf_context *ctx;
    bf_eval_keys keys; /* none */
    bf_eval *ev;
    gmp_randstate_t rand;
    mpz_t x[VALUES], quotient[VALUES];
} ground;

/* Prime of a position, as the accumulators of a key switch count them. */
static uint64_t prime_at(const bf_eval *ev, unsigned limbs, unsigned position)
{
    return ev->ctx->ring->mod[bf_ks_modulus(ev, limbs, position)].value;
}

/* Product of the primes at positions first..end-1. */
static void product(mpz_t out, const bf_eval *ev, unsigned limbs,
                    unsigned first, unsigned end)
{
    mpz_set_ui(out, 1);
    for (unsigned i = first; i < end; i++)
        mpz_mul_ui(out, out, prime_at(ev, limbs, i));
}

/* Quotient number i, of those that lie between -most and most: 0, small, at the
 * bounds; then uniform. */
static void draw_quotient(mpz_t k, size_t i, const mpz_t most,
                          gmp_randstate_t rand)
{
    if (i < 3) {
        mpz_set_si(k, (long)i - 1);
    } else if (i < 5) {
        mpz_set(k, most);
        if (i == 4) mpz_neg(k, k);
    } else {
        mpz_mul_2exp(k, most, 1);
        mpz_add_ui(k, k, 1);
        mpz_urandomm(k, rand, k);
        mpz_sub(k, k, most);
    }
}
enum { QUOTIENTS = 6 };

/* Values x[i] = quotient[i]*d + remainder, modulo a product of d and odd primes
 * in all. `margin`: how far below d/2 remainders have to stay. */
static void draw(mpz_t *x, mpz_t *quotient, const mpz_t d, const mpz_t rest,
                 const mpz_t margin, gmp_randstate_t rand)
{
    mpz_t most, half, r;
    mpz_inits(most, half, r, NULL);
    mpz_fdiv_q_2exp(most, rest, 1);
    mpz_fdiv_q_2exp(half, d, 1);
    mpz_sub(half, half, margin);
    for (size_t i = 0; i < VALUES; i++) {
        size_t edge = i / QUOTIENTS;
        draw_quotient(quotient[i], i % QUOTIENTS, most, rand);
        draw_quotient(r, edge < QUOTIENTS ? edge : QUOTIENTS, half, rand);
        mpz_mul(x[i], quotient[i], d);
        mpz_add(x[i], x[i], r);
    }
    mpz_clears(most, half, r, NULL);
}

/* The first or second half of the values modulo ring modulus m, transformed. */
static void put(const bf_ring *ring, unsigned m, double *limb, mpz_t *x)
{
    const uint64_t p = ring->mod[m].value;
    for (size_t i = 0; i < N; i++)
        limb[i] = bf_centre(mpz_fdiv_ui(x[i], p), p);
    bf_ntt_forward(ring, m, limb);
}

static void compare(const bf_ct *ct, mpz_t *quotient)
{
    const bf_ring *ring = bf_context_ring(ct->ctx);
    double *x = bf_alloc(N * sizeof *x);
    assert_non_null(x);
    for (unsigned m = 0; m < ct->limbs; m++)
        for (unsigned k = 0; k < 2; k++) {
            const uint64_t p = ring->mod[m].value;
            memcpy(x, bf_ct_limb(ct, k, m, N), N * sizeof *x);
            bf_ntt_inverse(ring, m, x);
            for (size_t i = 0; i < N; i++) {
                const uint64_t want = mpz_fdiv_ui(quotient[k * N + i], p);
                if (bf_uncentre(x[i], p) != want)
                    fail_msg("%u limbs left, limb %u, polynomial %u, value "
                             "%zu: %.0f, not %llu, mod %llu",
                             ct->limbs, m, k, i, x[i],
                             (unsigned long long)want, (unsigned long long)p);
            }
        }
    bf_free(x);
}

static void check_mod_down(ground *g, unsigned limbs, bool rescale)
{
    bf_eval *ev = g->ev;
    const bf_ring *ring = g->ctx->ring;
    const unsigned all = bf_ks_positions(ev, limbs), left = limbs - rescale;
    double *acc = bf_alloc(2 * all * N * sizeof *acc);
    bf_ct out = {0};
    mpz_t d, rest, margin;
    assert_non_null(acc);
    mpz_inits(d, rest, margin, NULL);
    product(d, ev, limbs, left, all);
    product(rest, ev, limbs, 0, left);
    mpz_fdiv_q_2exp(margin, d, 43); /* see ring.h, basis conversion */
    mpz_add_ui(margin, margin, 1);
    draw(g->x, g->quotient, d, rest, margin, g->rand);
    for (unsigned i = 0; i < all; i++)
        for (unsigned k = 0; k < 2; k++)
            put(ring, bf_ks_modulus(ev, limbs, i), bf_ks_acc(ev, acc, i, k),
                g->x + k * N);
    OK(bf_ct_init(&out, g->ctx, left, 2));
    OK(bf_ks_mod_down(ev, acc, limbs, rescale, &out, NULL));
    compare(&out, g->quotient);
    bf_ct_clear(&out);
    mpz_clears(d, rest, margin, NULL);
    bf_free(acc);
}

/* Exact for every remainder: one prime needs no conversion between bases. */
static void check_rescale(ground *g, unsigned limbs)
{
    bf_eval *ev = g->ev;
    const bf_ring *ring = g->ctx->ring;
    bf_ct a = {0}, out = {0};
    mpz_t d, rest, margin;
    mpz_inits(d, rest, margin, NULL);
    product(d, ev, limbs, limbs - 1, limbs);
    product(rest, ev, limbs, 0, limbs - 1);
    draw(g->x, g->quotient, d, rest, margin, g->rand);
    OK(bf_ct_init(&a, g->ctx, limbs, 2));
    a.scale = a.bound = 1;
    for (unsigned i = 0; i < limbs; i++)
        for (unsigned k = 0; k < 2; k++)
            put(ring, i, bf_ct_limb(&a, k, i, N), g->x + k * N);
    OK(bf_rescale(ev, &out, &a));
    assert_int_equal(out.limbs, limbs - 1);
    compare(&out, g->quotient);
    bf_eval_release(ev, &out);
    bf_ct_clear(&a);
    mpz_clears(d, rest, margin, NULL);
}

static void check_chain(ground *g, unsigned alpha, bf_backend backend)
{
    static const unsigned q[LIMBS] = {49, 36, 45, 40, 47};
    static const unsigned p[] = {48, 49, 46, 48};
    bf_params params;
    OK(bf_params_make(&params, LOG_N, q, LIMBS, p, alpha, alpha));
    params.insecure = true;
    OK(bf_context_create(&g->ctx, &params, backend));
    g->keys = (bf_eval_keys){.ctx = g->ctx};
    OK(bf_eval_create(&g->ev, g->ctx, &g->keys));
    for (unsigned limbs = 1; limbs <= LIMBS; limbs++) {
        check_mod_down(g, limbs, false);
        if (limbs == 1) continue;
        check_mod_down(g, limbs, true);
        check_rescale(g, limbs);
    }
    bf_eval_destroy(g->ev);
    bf_context_destroy(g->ctx);
}

static void test_divisions(void **state)
{
    (void)state;
    static ground g;
    const char *text = getenv("BLINDFIT_TEST_SEED");
    unsigned long seed =
        text ? strtoul(text, NULL, 0) : (unsigned long)time(NULL);
    printf("divisions: BLINDFIT_TEST_SEED=%lu\n", seed);
    gmp_randinit_default(g.rand);
    gmp_randseed_ui(g.rand, seed);
    for (size_t i = 0; i < VALUES; i++) mpz_inits(g.x[i], g.quotient[i], NULL);
    for (bf_backend b = BF_BACKEND_SCALAR; b <= BF_BACKEND_AVX512; b++) {
        bf_backend found;
        if (bf_backend_resolve(b, &found) != BF_OK) continue;
        for (unsigned alpha = 2; alpha <= 4; alpha++) check_chain(&g, alpha, b);
    }
    for (size_t i = 0; i < VALUES; i++) mpz_clears(g.x[i], g.quotient[i], NULL);
    gmp_randclear(g.rand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_divisions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
