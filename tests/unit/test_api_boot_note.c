/* Notes of bootstrapping in files: exact numbers, and notes that are refused
 * before any use. Which requests take the arcsine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/status.h"

static bf_ckks *ckks;

static int make(void **state)
{
    (void)state;
    const bf_bootstrap_request r = {.slots = 32, .largest = 1 / 3.};
    assert_ok(bf_ckks_create_bootstrap(&ckks, &r));
    return 0;
}

static int drop(void **state)
{
    (void)state;
    bf_ckks_destroy(ckks);
    return 0;
}

static void comes_back(void **state)
{
    (void)state;
    bf_api_boot b;
    const bf_boot_params *want = &ckks->boot.p;
    assert_ok(bf_api_boot_parse(&b, ckks->note, &want->ring, "FILE"));
    assert_true(b.largest == 1 / 3. && b.p.bound == want->bound);
    assert_true(b.p.typical == want->typical && b.p.ratio == want->ratio);
    assert_int_equal(b.p.limbs, want->limbs);
    assert_int_equal(b.p.s2c_primes, want->s2c_primes);
    assert_true(b.p.arcsine == want->arcsine);
    assert_true(b.p.few_keys == want->few_keys);
    assert_memory_equal(&b.p.c2s, &want->c2s, sizeof b.p.c2s);
    assert_memory_equal(&b.p.s2c, &want->s2c, sizeof b.p.s2c);
    assert_memory_equal(&b.p.encapsulation, &want->encapsulation,
                        sizeof b.p.encapsulation);
}

/* The note with the value of "NAME" replaced. */
static void refuses(const char *name, const char *value, const char *words)
{
    char text[1024], key[64];
    bf_api_boot b;
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(ckks->note, key);
    assert_non_null(at);
    at += strlen(key);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - ckks->note), ckks->note,
             value, at + strcspn(at, ",}"));
    bf_status s = bf_api_boot_parse(&b, text, &ckks->boot.p.ring, "FILE");
    if (s != BF_ERR_FORMAT || !strstr(bf_last_error(), "FILE") ||
        !strstr(bf_last_error(), words))
        fail_msg("%s: %s: %s: %s", name, value, bf_status_name(s),
                 bf_last_error());
}

static void damage(void **state)
{
    (void)state;
    bf_api_boot b;
    static const char *const texts[] = {
        "", "{", "[]", "7", "{}", "{\"blindfit_bootstrapping\":2}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(
            bf_api_boot_parse(&b, texts[i], &ckks->boot.p.ring, "FILE"),
            BF_ERR_FORMAT);
    refuses("limbs", "0", "limbs");
    refuses("limbs", "3", "chain");
    refuses("limbs", "2.5", "whole");
    refuses("log2_slots", "15", "chain");
    refuses("groups", "6", "chain");
    refuses("from_slots_primes", "7", "from_slots_primes");
    refuses("arcsine", "true", "arcsine");
    refuses("few_keys", "2", "few_keys");
    refuses("largest_coefficient", "0", "coefficients");
    refuses("typical_coefficient", "1", "typically");
    refuses("log2_modulus_over_message", "4", "5 to 12");
    refuses("log2_modulus_over_message", "1e999", "5 to 12");
    refuses("encapsulation_special_prime", "\"x\"", "special");
}

/* One group of all butterflies would be gigabytes of maps. */
static void one_group(void **state)
{
    (void)state;
    bf_boot_params p = ckks->boot.p;
    p.s2c = p.c2s = (bf_dft){.log_slots = 10,
                             .groups = p.c2s.groups,
                             .radix = {10},
                             .to_slots = true};
    assert_int_equal(bf_boot_params_check(&p), BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), "butterflies"));
}

/* A modulus that weight 32 does not allow. */
static void encapsulation(void **state)
{
    (void)state;
    bf_boot_params p = ckks->boot.p;
    bf_params *e = &p.encapsulation;
    e->n_p = 2;
    assert_int_equal(bf_boot_params_check(&p), BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), "one special prime"));
    p.encapsulation = ckks->boot.p.encapsulation;
    p.ring.log_n = e->log_n = 14;
    assert_int_equal(bf_boot_params_check(&p), BF_ERR_SECURITY);
}

/* Where the sine alone would bend too far; it takes two primes more. */
static void arcsine_if_needed(void **state)
{
    (void)state;
    for (unsigned precision = 12; precision <= 13; precision++) {
        const bf_bootstrap_request r = {.slots = 8, .precision = precision};
        bf_ckks *made = NULL;
        assert_ok(bf_ckks_create_bootstrap(&made, &r));
        const bf_boot_params *p = &made->boot.p;
        assert_true(p->arcsine == (precision == 13));
        assert_int_equal(p->ring.n_q, p->limbs + p->s2c_primes + p->c2s.groups +
                                          (p->arcsine ? 10 : 8));
        double q0 = p->bound * exp2(p->ratio), most = exp2(-(int)precision) / 4;
        assert_true(bf_boot_bend(p->arcsine, p->bound, q0) <= most);
        if (p->arcsine) assert_true(bf_boot_bend(false, p->bound, q0) > most);
        bf_ckks_destroy(made);
    }
}

/* A ciphertext of the whole chain, whose upper part is for bootstrapping. */
static void levels_of_files(void **state)
{
    (void)state;
    bf_ckks *whole = NULL;
    bf_secret *secret = NULL;
    bf_cipher *high = NULL, *in = NULL;
    double v = 0.25;
    void *data;
    size_t bytes;
    assert_ok(bf_api_adopt(&whole, bf_context_params(ckks->ctx), NULL));
    assert_true(whole->top > ckks->top);
    assert_ok(bf_secret_generate(&secret, whole));
    assert_ok(bf_secret_encrypt(&high, secret, &v, 1));
    assert_ok(
        bf_cipher_write(&data, &bytes, (const bf_cipher *const *)&high, 1));
    assert_fails(bf_cipher_read(&in, 1, ckks, data, bytes), BF_ERR_MISMATCH,
                 "memory: ciphertext 0 has");
    assert_null(in);
    bf_free(data);
    bf_cipher_destroy(high);
    bf_secret_destroy(secret);
    bf_ckks_destroy(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back),
        cmocka_unit_test(damage),
        cmocka_unit_test(one_group),
        cmocka_unit_test(encapsulation),
        cmocka_unit_test(arcsine_if_needed),
        cmocka_unit_test(levels_of_files),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
