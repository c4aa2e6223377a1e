/* ModRaise under a sparse secret that the test knows: the decrypted result,
 * joined from its residues by GMP, against c_0 + c_1 s' over the integers.
 * Multiples of q_0 are at most 16 and have the standard deviation of 33 terms.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>

#include "ckks/boot_internal.h"
#include "ckks/eval_internal.h"
#include "ckks/owner/internal.h"

#define OK(x)                                     \
    do {                                          \
        if ((x) != BF_OK) fail_msg("%s: %s", #x, bf_last_error()); \
    } while (0)

enum { LOG_N = 13, N = 1 << LOG_N, RUNS = 12 };

typedef struct world {
    bf_boot_params p;
    bf_context *ctx, *there;
    bf_secret_key *s, *sparse;
    bf_eval_keys keys, keys_there;
    bf_eval *ev, *ev_there;
    bf_boot *boot;
} world;

static void add_key(bf_eval_keys *keys, const bf_secret_key *from,
                    const bf_secret_key *to, bf_key_use use, unsigned limbs)
{
    bf_switch_key key = {0};
    OK(bf_switch_key_generate(&key, from, to, limbs));
    key.name = (bf_key_name){use, 0, 1};
    OK(bf_eval_keys_add(keys, &key));
}

static void open_world(world *w)
{
    bf_boot_request r = {.log_n = LOG_N, .log_slots = 3, .limbs = 1,
                         .q0_bits = 42, .limb_bits = 42, .bound = 1,
                         .ratio = 6, .scale = 0x1p30, .precision = 15,
                         .insecure = true};
    bf_secret_key *s_there, *sparse_here;
    memset(w, 0, sizeof *w);
    OK(bf_boot_params_make(&w->p, &r));
    OK(bf_context_create(&w->ctx, &w->p.ring, BF_BACKEND_AUTO));
    OK(bf_context_create(&w->there, &w->p.encapsulation, BF_BACKEND_AUTO));
    OK(bf_secret_key_generate(&w->s, w->ctx, 0));
    OK(bf_secret_key_generate(&w->sparse, w->there, BF_BOOT_WEIGHT));
    OK(bf_secret_embed(&s_there, w->s, w->there));
    OK(bf_secret_embed(&sparse_here, w->sparse, w->ctx));
    w->keys.ctx = w->ctx;
    w->keys_there.ctx = w->there;
    add_key(&w->keys_there, s_there, w->sparse, BF_KEY_ENCAPSULATE, 1);
    add_key(&w->keys, sparse_here, w->s, BF_KEY_DECAPSULATE, w->p.ring.n_q);
    bf_secret_key_destroy(s_there);
    bf_secret_key_destroy(sparse_here);
    OK(bf_eval_create(&w->ev, w->ctx, &w->keys));
    OK(bf_eval_create(&w->ev_there, w->there, &w->keys_there));
    OK(bf_boot_create(&w->boot, w->ctx, w->there, &w->p, false));
}

static void close_world(world *w)
{
    bf_eval_destroy(w->ev);
    bf_eval_destroy(w->ev_there);
    bf_eval_keys_clear(&w->keys);
    bf_eval_keys_clear(&w->keys_there);
    bf_boot_destroy(w->boot);
    bf_secret_key_destroy(w->s);
    bf_secret_key_destroy(w->sparse);
    bf_context_destroy(w->ctx);
    bf_context_destroy(w->there);
}

/* c_0 + c_1 s' of centred residues modulo q_0: |X| < 33/2 q_0 < 2^47. */
static void expected(int64_t *x, world *w, const bf_ct *a)
{
    const bf_ring *ring = bf_context_ring(w->there);
    const bf_key_name name = {BF_KEY_ENCAPSULATE, 0, 1};
    const int8_t *s = bf_secret_key_coeffs(w->sparse);
    bf_ct low = *a;
    double *c = bf_alloc(2 * N * sizeof *c);
    assert_non_null(c);
    memcpy(c, a->data, 2 * N * sizeof *c);
    low.ctx = w->there;
    low.data = c;
    OK(bf_ring_key_switch(w->ev_there, &low, name));
    for (unsigned k = 0; k < 2; k++) {
        bf_ntt_inverse(ring, 0, c + k * N);
        bf_limb_reduce(ring, 0, c + k * N, c + k * N);
    }
    for (size_t i = 0; i < N; i++) x[i] = (int64_t)c[i];
    for (size_t j = 0; j < N; j++)
        for (size_t i = 0; s[j] && i < N; i++) {
            int64_t sign = i + j < N ? s[j] : -s[j];
            x[(i + j) % N] += sign * (int64_t)c[N + i];
        }
    bf_free(c);
}

/* Coefficients of a decryption, centred modulo all of q; they fit 64 bits. */
static void joined(int64_t *x, world *w, const bf_pt *pt)
{
    const bf_ring *ring = bf_context_ring(w->ctx);
    mpz_t q, part, sum, half;
    mpz_inits(q, part, sum, half, NULL);
    mpz_set_ui(q, 1);
    for (unsigned i = 0; i < pt->limbs; i++) {
        bf_ntt_inverse(ring, i, pt->data + (size_t)i * N);
        bf_limb_reduce(ring, i, pt->data + (size_t)i * N,
                       pt->data + (size_t)i * N);
        mpz_mul_ui(q, q, w->p.ring.q[i]);
    }
    mpz_fdiv_q_2exp(half, q, 1);
    mpz_t *factor = malloc(pt->limbs * sizeof *factor);
    assert_non_null(factor);
    for (unsigned i = 0; i < pt->limbs; i++) {
        mpz_init(factor[i]);
        mpz_divexact_ui(factor[i], q, w->p.ring.q[i]);
        mpz_set_ui(part, w->p.ring.q[i]);
        assert_true(mpz_invert(sum, factor[i], part));
        mpz_mul(factor[i], factor[i], sum);
    }
    for (size_t j = 0; j < N; j++) {
        mpz_set_ui(sum, 0);
        for (unsigned i = 0; i < pt->limbs; i++) {
            mpz_set_si(part, (long)pt->data[(size_t)i * N + j]);
            mpz_addmul(sum, part, factor[i]);
        }
        mpz_mod(sum, sum, q);
        if (mpz_cmp(sum, half) > 0) mpz_sub(sum, sum, q);
        assert_true(mpz_fits_slong_p(sum));
        x[j] = mpz_get_si(sum);
    }
    for (unsigned i = 0; i < pt->limbs; i++) mpz_clear(factor[i]);
    free(factor);
    mpz_clears(q, part, sum, half, NULL);
}

static void raised_is_the_integer(void **state)
{
    (void)state;
    static int64_t want[N], got[N];
    static double coeffs[N];
    world w;
    double sum = 0;
    open_world(&w);
    double q0 = (double)w.p.ring.q[0];
    for (unsigned run = 0; run < RUNS; run++) {
        bf_pt pt = {0};
        bf_ct a = {0}, raised = {0};
        for (size_t i = 0; i < N; i++)
            coeffs[i] = cos(1.7 * (double)(i * (run + 1)));
        OK(bf_encode_coeffs(&pt, w.ctx, coeffs, N, bf_boot_scale_in(&w.p), 1));
        OK(bf_encrypt_symmetric(&a, w.s, &pt));
        expected(want, &w, &a);
        OK(bf_boot_raise(w.ev, w.ev_there, &raised, &a, w.boot));
        assert_true(raised.scale == a.scale);
        OK(bf_decrypt(&pt, w.s, &raised));
        joined(got, &w, &pt);
        for (size_t i = 0; i < N; i++) {
            double m = coeffs[i] * a.scale;
            double x = (double)want[i], turns = rint((x - m) / q0);
            if (llabs(got[i] - want[i]) > 20 * raised.noise)
                fail_msg("coefficient %zu: %lld, not %lld", i,
                         (long long)got[i], (long long)want[i]);
            /* The message modulo q_0, but for noise. */
            assert_true(fabs(x - turns * q0 - m) <= 20 * raised.noise);
            assert_true(fabs(turns) <= 16 && fabs(x) <= 16.5 * q0);
            sum += x / q0 * (x / q0);
        }
        bf_pt_clear(&pt);
        bf_ct_clear(&a);
        bf_eval_release(w.ev, &raised);
    }
    /* One c_0 and 32 of c_1, uniform in +-q_0/2. */
    double deviation = sqrt(sum / (RUNS * (double)N));
    assert_true(fabs(deviation / sqrt(33 / 12.) - 1) < 0.02);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raised_is_the_integer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
