/* A refresh gives the same bytes for any number of threads, on every backend of
 * the machine, and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "support/boot_fixture.h"
#include "support/boot_request.h"
#include "support/status.h"

static size_t bytes_of(const bf_ct *ct)
{
    return 2 * (size_t)ct->limbs * bf_context_ring(ct->ctx)->n * sizeof(double);
}

/* The same keys for a context of the same parameters; the array is to be freed.
 */
static bf_eval_keys keys_in(const bf_context *ctx, const bf_eval_keys *keys)
{
    bf_eval_keys view = *keys;
    view.ctx = ctx;
    view.keys = calloc(keys->count, sizeof *view.keys);
    assert_non_null(view.keys);
    for (size_t i = 0; i < keys->count; i++) {
        view.keys[i] = keys->keys[i];
        view.keys[i].ctx = ctx;
    }
    return view;
}

/* a refreshed on a backend: fixture's keys in contexts of its own. */
static void refresh_on(bf_boot_fixture *f, bf_backend backend, const bf_ct *a,
                       const bf_ct *want)
{
    bf_context *ctx, *there;
    bf_boot *boot;
    bf_eval *ev, *ev_there;
    bf_ct out = {0}, in = *a;
    assert_ok(bf_context_create(&ctx, &f->p.ring, backend));
    assert_ok(bf_context_create(&there, &f->p.encapsulation, backend));
    assert_ok(bf_boot_create(&boot, ctx, there, &f->p, false));
    bf_eval_keys keys = keys_in(ctx, &f->keys);
    bf_eval_keys keys_there = keys_in(there, &f->there);
    assert_ok(bf_eval_create(&ev, ctx, &keys));
    assert_ok(bf_eval_create(&ev_there, there, &keys_there));
    in.ctx = ctx;
    assert_ok(bf_boot_refresh(ev, ev_there, &out, &in, boot));
    assert_int_equal(bytes_of(&out), bytes_of(want));
    assert_memory_equal(out.data, want->data, bytes_of(want));
    assert_true(out.scale == want->scale && out.noise == want->noise);
    bf_eval_release(ev, &out);
    bf_eval_destroy(ev);
    bf_eval_destroy(ev_there);
    free(keys.keys);
    free(keys_there.keys);
    bf_boot_destroy(boot);
    bf_context_destroy(ctx);
    bf_context_destroy(there);
}

static void check(const bf_boot_request *r)
{
    static const bf_backend backends[] = {BF_BACKEND_SCALAR, BF_BACKEND_AVX2,
                                          BF_BACKEND_AVX512, BF_BACKEND_NEON};
    uint64_t seed = 3;
    bf_boot_fixture f;
    bf_ct a = {0}, want = {0}, again = {0};
    bf_boot_fixture_open(&f, r, NULL);
    bf_boot_fixture_gauss(&f, 1. / 16, &seed);
    bf_boot_fixture_encrypt(&f, &a, 1);
    assert_ok(bf_boot_refresh(f.ev, f.ev_there, &want, &a, f.boot));
    for (unsigned threads = 1; threads <= 3; threads++) {
        bf_env env = {.threads = threads};
        bf_env *before = bf_env_enter(&env);
        assert_ok(bf_boot_refresh(f.ev, f.ev_there, &again, &a, f.boot));
        (void)bf_env_enter(before);
        assert_memory_equal(again.data, want.data, bytes_of(&want));
    }
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        bf_backend resolved;
        if (bf_backend_resolve(backends[i], &resolved) == BF_OK)
            refresh_on(&f, backends[i], &a, &want);
    }
    bf_ct_clear(&a);
    bf_eval_release(f.ev, &want);
    bf_eval_release(f.ev, &again);
    bf_boot_fixture_close(&f);
}

static void same_bytes(void **state)
{
    (void)state;
    bf_boot_request r = bf_boot_test_request(12, 6);
    r.limbs = 2;
    check(&r);
    /* All slots, and the arcsine. */
    r.log_slots = 11;
    r.arcsine = true;
    check(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
