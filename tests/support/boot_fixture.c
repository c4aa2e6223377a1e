#include "support/boot_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/ringswitch.h"

#define OK(x)                                     \
    do {                                          \
        if ((x) != BF_OK) fail_msg("%s: %s", #x, bf_last_error()); \
    } while (0)

/* The counters and the key needs of a symbolic refresh. */
static void plan(bf_boot_fixture *f)
{
    bf_boot *symbolic;
    bf_eval *ev, *there, *small = NULL;
    const bf_key_need *needs, *needs_there;
    const bf_context *in = f->small_ctx ? f->small_ctx : f->ctx;
    bf_ct a = {.ctx = in, .limbs = 1, .polys = 2, .noise = 3.3,
               .scale = bf_boot_scale_in(&f->p), .bound = 1};
    OK(bf_boot_create(&symbolic, f->ctx, f->encapsulation, &f->p, true));
    OK(bf_eval_create(&ev, f->ctx, NULL));
    OK(bf_eval_create(&there, f->encapsulation, NULL));
    OK(bf_boot_refresh(ev, there, &f->shape, &a, symbolic));
    bf_eval_counters(ev, &f->planned);
    bf_eval_counters(there, &f->planned_there);
    if (f->small_ctx) {
        bf_ct down = {0};
        OK(bf_eval_create(&small, f->small_ctx, NULL));
        OK(bf_ring_switch_down(ev, small, &down, &f->shape));
        bf_eval_release(small, &down);
    }
    size_t count = bf_eval_key_needs(ev, &needs);
    size_t count_there = bf_eval_key_needs(there, &needs_there);
    OK(bf_boot_keys_generate(&f->keys, &f->there, f->encapsulation,
                             (bf_boot_secrets){f->sk, f->small_sk}, needs,
                             count, needs_there, count_there,
                             NULL));
    bf_eval_destroy(ev);
    bf_eval_destroy(there);
    bf_eval_destroy(small);
    bf_boot_destroy(symbolic);
}

void bf_boot_fixture_open(bf_boot_fixture *f, const bf_boot_request *request,
                          const bf_params *small)
{
    memset(f, 0, sizeof *f);
    OK(bf_boot_params_make(&f->p, request));
    OK(bf_context_create(&f->ctx, &f->p.ring, BF_BACKEND_AUTO));
    OK(bf_context_create(&f->encapsulation, &f->p.encapsulation,
                         BF_BACKEND_AUTO));
    OK(bf_secret_key_generate(&f->sk, f->ctx, 0));
    f->n = (size_t)1 << request->log_n;
    if (small) {
        OK(bf_context_create(&f->small_ctx, small, BF_BACKEND_AUTO));
        OK(bf_secret_key_generate(&f->small_sk, f->small_ctx, 0));
        f->n = (size_t)1 << small->log_n;
        f->small_keys.ctx = f->small_ctx;
        OK(bf_eval_create(&f->ev_small, f->small_ctx, &f->small_keys));
    }
    f->count = (size_t)2 << request->log_slots;
    f->gap = f->n / f->count;
    f->message = calloc(f->count, sizeof *f->message);
    f->got = calloc(f->n, sizeof *f->got);
    assert_true(f->message && f->got);
    plan(f);
    OK(bf_boot_create(&f->boot, f->ctx, f->encapsulation, &f->p, false));
    OK(bf_eval_create(&f->ev, f->ctx, &f->keys));
    OK(bf_eval_create(&f->ev_there, f->encapsulation, &f->there));
}

void bf_boot_fixture_close(bf_boot_fixture *f)
{
    bf_eval_destroy(f->ev);
    bf_eval_destroy(f->ev_there);
    bf_eval_destroy(f->ev_small);
    bf_eval_keys_clear(&f->keys);
    bf_eval_keys_clear(&f->there);
    bf_boot_destroy(f->boot);
    bf_secret_key_destroy(f->sk);
    bf_secret_key_destroy(f->small_sk);
    bf_context_destroy(f->ctx);
    bf_context_destroy(f->encapsulation);
    bf_context_destroy(f->small_ctx);
    free(f->message);
    free(f->got);
    memset(f, 0, sizeof *f);
}

void bf_boot_fixture_encrypt(bf_boot_fixture *f, bf_ct *out, double skew)
{
    bf_pt pt = {0};
    double *coeffs = calloc(f->n, sizeof *coeffs);
    assert_non_null(coeffs);
    for (size_t i = 0; i < f->count; i++) coeffs[i * f->gap] = f->message[i];
    OK(bf_encode_coeffs(&pt, f->small_ctx ? f->small_ctx : f->ctx, coeffs, f->n,
                        skew * bf_boot_scale_in(&f->p), 1));
    OK(bf_encrypt_symmetric(out, f->small_sk ? f->small_sk : f->sk, &pt));
    bf_pt_clear(&pt);
    free(coeffs);
}

bf_boot_found bf_boot_fixture_compare(bf_boot_fixture *f, const bf_ct *ct)
{
    bf_pt pt = {0};
    double inside = 0, all = 0, worst = 0;
    OK(bf_decrypt(&pt, f->small_sk ? f->small_sk : f->sk, ct));
    OK(bf_decode_coeffs(f->got, &pt));
    bf_pt_clear(&pt);
    for (size_t i = 0; i < f->n; i++) {
        bool of_message = i % f->gap == 0;
        double e = f->got[i] - (of_message ? f->message[i / f->gap] : 0);
        if (of_message) inside += e * e;
        all += e * e;
        if (!(fabs(e) <= worst)) worst = fabs(e);
    }
    for (size_t i = 0; i < f->count; i++) f->got[i] = f->got[i * f->gap];
    return (bf_boot_found){sqrt(inside / (double)f->count),
                           sqrt(all / (double)f->n), worst};
}

static double unit(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) +
            UINT64_C(1442695040888963407);
    return ((double)(*seed >> 11) + 0.5) * 0x1p-53;
}

void bf_boot_fixture_gauss(bf_boot_fixture *f, double rms, uint64_t *seed)
{
    for (size_t i = 0; i < f->count; i++) {
        double u = unit(seed), v = unit(seed);
        double x = rms * sqrt(-2 * log(u)) * cos(2 * M_PI * v);
        f->message[i] = fmax(-f->p.bound, fmin(f->p.bound, x));
    }
}

void bf_boot_fixture_uniform(bf_boot_fixture *f, double bound, uint64_t *seed)
{
    for (size_t i = 0; i < f->count; i++)
        f->message[i] = (2 * unit(seed) - 1) * bound;
}
