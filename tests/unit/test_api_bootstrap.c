/* Bootstrapping through the public header, in secure parameters of few slots:
 * results from every level and form; keys, files and a server that has only
 * these; refusals. A slot may differ by the requested precision, 2^-10, and by
 * 20 of the estimated standard deviations (src/api/parameters.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "blindfit/ckks.h"
#include "support/status.h"

#define TAIL 20
#define ASKED 0x1p-10
enum { COUNT = 8, DEPTH = 2 };

static const bf_bootstrap_request request = {.slots = COUNT, .depth = DEPTH};
static char folder[] = "/tmp/bf_test_api_boot_XXXXXX";
static bf_ckks *ckks, *small; /* half the degree */
static bf_secret *secret, *small_secret;
static bf_keys *keys;
static bf_evaluator *ev;
static bf_refresher *refresher;
static bf_cipher *x;
static double vx[COUNT];

static const char *in_folder(const char *name)
{
    static char path[96];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int open_all(void **state)
{
    (void)state;
    bf_keys_request r = {.products = true, .bootstrap = true};
    /* The first slots are at the bound, where the error of the sine is largest.
     */
    for (int i = 0; i < COUNT; i++) vx[i] = i < 3 ? 1 : cos(1 + 3 * i);
    assert_non_null(mkdtemp(folder));
    assert_ok(bf_ckks_create_bootstrap(&ckks, &request));
    assert_ok(bf_secret_generate(&secret, ckks));
    assert_ok(
        bf_ckks_create_smaller(&small, ckks, bf_ckks_slots(ckks) / 2, DEPTH));
    assert_ok(bf_secret_generate(&small_secret, small));
    r.smaller = small_secret;
    assert_ok(bf_keys_create(&keys, secret, &r, NULL));
    assert_ok(bf_evaluator_create(&ev, ckks, keys));
    assert_ok(bf_refresher_create(&refresher, ckks));
    assert_ok(bf_secret_encrypt(&x, secret, vx, COUNT));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    bf_cipher_destroy(x);
    bf_refresher_destroy(refresher);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
    bf_secret_destroy(secret);
    bf_secret_destroy(small_secret);
    bf_ckks_destroy(small);
    bf_ckks_destroy(ckks);
    return rmdir(folder);
}

static void expect(const bf_secret *s, const bf_cipher *a, const double *want)
{
    double got[COUNT];
    bf_cipher_facts facts = bf_cipher_describe(a);
    double most = fmin(TAIL * facts.error, ASKED);
    assert_int_equal(facts.level, DEPTH);
    assert_true(facts.scale == bf_ckks_scale(ckks, DEPTH));
    assert_ok(bf_secret_decrypt(got, COUNT, s, a));
    for (int i = 0; i < COUNT; i++)
        if (!(fabs(got[i] - want[i]) <= most))
            fail_msg("slot %d: %.9f, not %.9f within %g", i, got[i], want[i],
                     most);
}

static void refuses(bf_status s, bf_status wanted, const char *words)
{
    if (s != wanted || !strstr(bf_last_error(), words))
        fail_msg("wanted %s '%s', got %s: %s", bf_status_name(wanted), words,
                 bf_status_name(s), bf_last_error());
}

static void parameters(void **state)
{
    (void)state;
    bf_ckks *c = NULL;
    assert_int_equal(bf_ckks_levels(ckks), DEPTH);
    assert_int_equal(bf_ckks_refreshed(ckks), COUNT);
    assert_int_equal(bf_ckks_slots(ckks), 1 << 14);
    assert_true(bf_ckks_security(ckks) >= 128);
    assert_true(bf_ckks_largest(ckks) == 1);
    /* Five values are refreshed as eight; a level is the least. */
    assert_ok(
        bf_ckks_create_bootstrap(&c, &(bf_bootstrap_request){.slots = 5}));
    assert_int_equal(bf_ckks_refreshed(c), 8);
    assert_int_equal(bf_ckks_levels(c), 1);
    /* Coefficients that are known to be small are refreshed to more bits. */
    bf_bootstrap_request r = {.slots = 1 << 11, .precision = 13};
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT, "no ring");
    r.largest_coefficient = 0x1p-4;
    assert_ok(bf_ckks_create_bootstrap(&c, &r));
    /* All slots, and a ring that has more. */
    r = (bf_bootstrap_request){.slots = 1 << 15, .precision = 8};
    assert_ok(bf_ckks_create_bootstrap(&c, &r));
    assert_int_equal(bf_ckks_slots(c), 1 << 15);
    bf_ckks_destroy(c);
}

static void requests_refused(void **state)
{
    (void)state;
    bf_ckks *c = NULL;
    bf_bootstrap_request r = {.slots = 0};
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT, "0 values");
    r.slots = ((size_t)1 << 16) + 1;
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT, "65537 values");
    r = (bf_bootstrap_request){.slots = 8, .largest = -1};
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT, "up to -1");
    r = (bf_bootstrap_request){.slots = 8, .largest = NAN};
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT, "values up to");
    r = (bf_bootstrap_request){.slots = 8, .largest_coefficient = 2};
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT,
            "coefficients up to 2");
    r = (bf_bootstrap_request){.slots = 8, .precision = 41};
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT, "41 bits");
    r = (bf_bootstrap_request){.slots = 8, .depth = 47};
    refuses(bf_ckks_create_bootstrap(&c, &r), BF_ERR_ARGUMENT, "no ring");
    assert_null(c);
}

static void from_every_level(void **state)
{
    (void)state;
    bf_cipher *a = NULL;
    for (unsigned level = 0; level <= DEPTH; level++) {
        assert_ok(bf_cipher_lower(ev, &a, x, level));
        assert_ok(bf_bootstrap(ev, &a, a, refresher));
        expect(secret, a, vx);
    }
    bf_cipher_destroy(a);
}

/* A ciphertext of a smaller ring goes up to be refreshed, and down again. */
static void from_a_smaller_ring(void **state)
{
    (void)state;
    bf_cipher *a = NULL;
    bf_evaluator *narrow = NULL;
    assert_ok(bf_evaluator_create(&narrow, small, NULL));
    assert_ok(bf_secret_encrypt(&a, small_secret, vx, COUNT));
    assert_ok(bf_cipher_lower(narrow, &a, a, 0));
    assert_ok(bf_cipher_switch_ring(narrow, ev, &a, a));
    assert_ok(bf_bootstrap(ev, &a, a, refresher));
    expect(secret, a, vx);
    assert_ok(bf_cipher_switch_ring(ev, narrow, &a, a));
    expect(small_secret, a, vx);
    bf_cipher_destroy(a);
    bf_evaluator_destroy(narrow);
}

/* Again and again with a square between, which doubles errors at most. */
static void on_and_on(void **state)
{
    (void)state;
    bf_cipher *a = NULL, *square = NULL;
    double want[COUNT], bound = 0;
    memcpy(want, vx, sizeof want);
    assert_ok(bf_cipher_copy(ev, &a, x));
    for (int step = 0; step < 4; step++) {
        assert_ok(bf_cipher_mul(ev, &square, a, a));
        assert_ok(bf_cipher_lower(ev, &square, square, 0));
        assert_ok(bf_bootstrap(ev, &a, square, refresher));
        for (int i = 0; i < COUNT; i++) want[i] *= want[i];
        bound = 2 * bound + ASKED;
        assert_true(bf_cipher_describe(a).scale == bf_ckks_scale(ckks, DEPTH));
    }
    double got[COUNT];
    assert_ok(bf_secret_decrypt(got, COUNT, secret, a));
    for (int i = 0; i < COUNT; i++)
        assert_true(fabs(got[i] - want[i]) <= bound);
    bf_cipher_destroy(a);
    bf_cipher_destroy(square);
}

/* Complex values; more values than are refreshed, which come
 * out as means. */
static void other_forms(void **state)
{
    (void)state;
    double complex z[COUNT], back[COUNT];
    double many[2 * COUNT], means[COUNT];
    bf_plain *plain = NULL;
    bf_cipher *a = NULL;
    for (int i = 0; i < COUNT; i++) z[i] = cexp(I * (i + 0.3)) * 0.9;
    assert_ok(
        bf_plain_encode_at(&plain, ckks, z, COUNT, bf_ckks_scale(ckks, 1), 1));
    assert_ok(bf_secret_encrypt_plain(&a, secret, plain));
    assert_ok(bf_bootstrap(ev, &a, a, refresher));
    assert_ok(bf_secret_decrypt_plain(&plain, secret, a));
    assert_ok(bf_plain_decode_complex(back, COUNT, plain));
    for (int i = 0; i < COUNT; i++) assert_true(cabs(back[i] - z[i]) <= ASKED);

    for (int i = 0; i < 2 * COUNT; i++) many[i] = sin(1 + 7 * i);
    for (int i = 0; i < COUNT; i++) means[i] = (many[i] + many[i + COUNT]) / 2;
    assert_ok(bf_secret_encrypt(&a, secret, many, 2 * COUNT));
    assert_ok(bf_bootstrap(ev, &a, a, refresher));
    expect(secret, a, means);
    bf_plain_destroy(plain);
    bf_cipher_destroy(a);
}

/* What leaves the owner is enough for a server: parameters from any of the
 * files, keys, a ciphertext; the result goes back in bytes. */
static void server_without_a_secret(void **state)
{
    (void)state;
    static const char *const names[] = {"keys", "cipher", "public", "secret"};
    bf_public *public = NULL;
    bf_ckks *there = NULL;
    bf_keys *its_keys = NULL;
    bf_evaluator *its_ev = NULL;
    bf_refresher *its_refresher = NULL;
    bf_cipher *its_x = NULL, *back = NULL;
    void *bytes = NULL;
    size_t size;
    const bf_cipher *const out[] = {x};
    assert_ok(bf_keys_save(keys, in_folder("keys"), NULL));
    assert_ok(bf_cipher_save(out, 1, in_folder("cipher")));
    assert_ok(bf_public_create(&public, secret));
    assert_ok(bf_public_save(public, in_folder("public")));
    assert_ok(bf_secret_save(secret, in_folder("secret")));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_ok(bf_ckks_load(&there, in_folder(names[i])));
        assert_int_equal(bf_ckks_levels(there), DEPTH);
        assert_int_equal(bf_ckks_refreshed(there), COUNT);
        assert_true(bf_ckks_scale(there, 1) == bf_ckks_scale(ckks, 1));
        assert_true(bf_ckks_largest(there) == 1);
    }
    assert_ok(bf_keys_load(&its_keys, there, in_folder("keys"), NULL));
    assert_ok(bf_cipher_load(&its_x, 1, there, in_folder("cipher")));
    assert_ok(bf_evaluator_create(&its_ev, there, its_keys));
    assert_ok(bf_refresher_create(&its_refresher, there));
    assert_ok(bf_bootstrap(its_ev, &its_x, its_x, its_refresher));
    const bf_cipher *const result[] = {its_x};
    assert_ok(bf_cipher_write(&bytes, &size, result, 1));
    assert_ok(bf_cipher_read(&back, 1, ckks, bytes, size));
    expect(secret, back, vx);
    bf_free(bytes);
    /* The owner's own files, read again. */
    bf_secret *again = NULL;
    assert_ok(bf_secret_load(&again, ckks, in_folder("secret")));
    expect(again, back, vx);
    assert_ok(bf_public_load(&public, ckks, in_folder("public")));
    assert_ok(bf_public_encrypt(&back, public, vx, COUNT));
    assert_ok(bf_bootstrap(ev, &back, back, refresher));
    expect(again, back, vx);
    bf_secret_destroy(again);
    bf_cipher_destroy(back);
    bf_cipher_destroy(its_x);
    bf_refresher_destroy(its_refresher);
    bf_evaluator_destroy(its_ev);
    bf_keys_destroy(its_keys);
    bf_ckks_destroy(there);
    bf_public_destroy(public);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(unlink(in_folder(names[i])), 0);
}

/* A rehearsal asks for the same keys, with a refresher of either kind. */
static void keys_by_rehearsal(void **state)
{
    (void)state;
    bf_refresher *dry_refresher = NULL;
    bf_evaluator *dry = NULL, *real = NULL;
    bf_cipher *a = NULL;
    bf_keys *few = NULL;
    assert_ok(bf_refresher_create_dry(&dry_refresher, ckks));
    assert_true(bf_refresher_bytes(dry_refresher) ==
                bf_refresher_bytes(refresher));
    assert_ok(bf_evaluator_create_dry(&dry, ckks));
    assert_ok(bf_cipher_stand_in(&a, ckks, 0));
    assert_ok(bf_bootstrap(dry, &a, a, refresher));
    assert_int_equal(bf_cipher_describe(a).level, DEPTH);
    assert_ok(bf_bootstrap(dry, &a, a, dry_refresher));
    assert_ok(bf_keys_create_for(&few, secret, dry, NULL));
    assert_ok(bf_evaluator_create(&real, ckks, few));
    assert_ok(bf_bootstrap(real, &a, x, refresher));
    expect(secret, a, vx);
    refuses(bf_bootstrap(real, &a, x, dry_refresher), BF_ERR_ARGUMENT,
            "dry runs");
    bf_cipher_destroy(a);
    bf_evaluator_destroy(real);
    bf_evaluator_destroy(dry);
    bf_keys_destroy(few);
    bf_refresher_destroy(dry_refresher);
}

static void refusals(void **state)
{
    (void)state;
    bf_ckks *plain = NULL, *other = NULL;
    bf_secret *stranger = NULL;
    bf_keys *without = NULL;
    bf_evaluator *its_ev = NULL;
    bf_refresher *r = NULL;
    bf_cipher *a = NULL, *its = NULL;
    const bf_keys_request products = {.products = true};
    /* Keys without a refresh's. */
    assert_ok(bf_keys_create(&without, secret, &products, NULL));
    assert_ok(bf_evaluator_create(&its_ev, ckks, without));
    refuses(bf_bootstrap(its_ev, &a, x, refresher), BF_ERR_MISMATCH,
            "the encapsulation key");
    assert_null(a);
    /* Another scale at the lowest level. */
    assert_ok(bf_cipher_adjust(ev, &its, x, 1, 4 * bf_ckks_scale(ckks, 0), 1));
    refuses(bf_bootstrap(ev, &a, its, refresher), BF_ERR_MISMATCH, "scale");
    /* Not relinearised. */
    const bf_cipher *const both[] = {x};
    assert_ok(bf_cipher_tensor(ev, &its, both, both, 1));
    refuses(bf_bootstrap(ev, &a, its, refresher), BF_ERR_ARGUMENT,
            "two polynomials");
    /* Of a stranger's secret. */
    assert_ok(bf_secret_generate(&stranger, ckks));
    assert_ok(bf_secret_encrypt(&its, stranger, vx, COUNT));
    refuses(bf_bootstrap(ev, &a, its, refresher), BF_ERR_MISMATCH,
            "different keys");
    /* Parameters that were not made for it, and others that were. */
    assert_ok(bf_ckks_create(&plain, &(bf_ckks_request){.depth = 1}));
    refuses(bf_refresher_create(&r, plain), BF_ERR_ARGUMENT,
            "bf_ckks_create_bootstrap");
    assert_int_equal(bf_ckks_refreshed(plain), 0);
    bf_secret_destroy(stranger);
    stranger = NULL;
    assert_ok(bf_secret_generate(&stranger, plain));
    refuses(bf_keys_create(&without, stranger,
                           &(bf_keys_request){.bootstrap = true}, NULL),
            BF_ERR_ARGUMENT, "bf_ckks_create_bootstrap");
    assert_ok(
        bf_ckks_create_bootstrap(&other, &(bf_bootstrap_request){.slots = 16}));
    assert_ok(bf_refresher_create_dry(&r, other));
    refuses(bf_bootstrap(ev, &a, x, r), BF_ERR_MISMATCH, "bootstrapping");
    bf_cipher_destroy(its);
    bf_cipher_destroy(a);
    bf_refresher_destroy(r);
    bf_evaluator_destroy(its_ev);
    bf_keys_destroy(without);
    bf_secret_destroy(stranger);
    bf_ckks_destroy(plain);
    bf_ckks_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters),
        cmocka_unit_test(requests_refused),
        cmocka_unit_test(from_every_level),
        cmocka_unit_test(from_a_smaller_ring),
        cmocka_unit_test(on_and_on),
        cmocka_unit_test(other_forms),
        cmocka_unit_test(server_without_a_secret),
        cmocka_unit_test(keys_by_rehearsal),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
