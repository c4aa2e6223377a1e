/* Ciphertexts that go to a smaller ring and back, by the public header:
 * decrypted on both sides, with errors against what the formulas for them say;
 * the server's part from files alone; what is refused.
 *
 * Noise of a switch, as the variance of a coefficient. Digits d_j of the
 * polynomial are uniform modulo q_j, errors e_j of the key have variance s^2 =
 * 21/2: sum_j d_j e_j / P has N s^2/12 sum_j (q_j/P)^2 where d_j has N
 * coefficients. Going up it has n, the others are 0. Division by P rounds both
 * polynomials, one of which is then multiplied by a ternary secret: (1 + 2
 * w/3)/12 for w coefficients, N on the way up, and down n, as the secret is
 * s(X^k). A fresh ciphertext has s^2 + 1/12, the rounding of its encoding; of
 * N coefficients going up fills n/N.
 *
 * The square of the error of a slot is N times that on average, n in the
 * smaller ring, over the scale's. Errors are measured over all slots: the mean
 * of n squares has a relative deviation of sqrt(2/n), 0.016, the norm of a
 * key's errors, squared, one of 0.011. So the root has 0.01, and is within five
 * times as much of what was derived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "support/status.h"

#define WITHIN 0.05
#define KEY_VARIANCE 10.5
enum { LOG_N = 14, BASE = 45, BITS = 40, SPECIAL = 46, TOP = 4, LOW = 3 };
enum { SLOTS = 1 << (LOG_N - 1), FEW = SLOTS / 2 };

static const unsigned q_bits[] = {BASE, BITS, BITS, BITS, BITS};
static const unsigned p_bits[] = {SPECIAL};
static const bf_ckks_chain chain = {.log_n = LOG_N,
                                    .q_bits = q_bits,
                                    .p_bits = p_bits,
                                    .q_count = TOP + 1,
                                    .p_count = 1,
                                    .digit_limbs = 1};

/* One side of the switch. */
typedef struct side {
    bf_ckks *ckks;
    bf_secret *secret;
    bf_keys *keys;
    bf_evaluator *ev;
    bf_cipher *x; /* of v, at level LOW */
    bf_complex v[SLOTS];
} side;
static side large, small;

/* Values within the unit circle. */
static void fill(bf_complex *v, size_t count, uint64_t seed)
{
    for (size_t j = 0; j < count; j++) {
        double part[2];
        for (int i = 0; i < 2; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
            part[i] = (double)(int64_t)seed * 0x1p-63 / sqrt(2);
        }
        v[j] = part[0] + part[1] * I;
    }
}

static void encrypt(bf_cipher **out, const side *s, const bf_complex *v,
                    size_t count, unsigned level)
{
    bf_plain *p = NULL;
    assert_ok(bf_plain_encode_at(&p, s->ckks, v, count,
                                 bf_ckks_scale(s->ckks, level), level));
    assert_ok(bf_secret_encrypt_plain(out, s->secret, p));
    bf_plain_destroy(p);
}

static int open_all(void **state)
{
    (void)state;
    assert_ok(bf_ckks_create_chain(&large.ckks, &chain));
    assert_ok(bf_ckks_create_smaller(&small.ckks, large.ckks, FEW, 0));
    assert_ok(bf_secret_generate(&large.secret, large.ckks));
    assert_ok(bf_secret_generate(&small.secret, small.ckks));
    assert_ok(bf_keys_create(&large.keys, large.secret,
                             &(bf_keys_request){.smaller = small.secret},
                             NULL));
    assert_ok(bf_keys_create(&small.keys, small.secret,
                             &(bf_keys_request){.products = true}, NULL));
    assert_ok(bf_evaluator_create(&large.ev, large.ckks, large.keys));
    assert_ok(bf_evaluator_create(&small.ev, small.ckks, small.keys));
    fill(large.v, SLOTS, 1);
    fill(small.v, FEW, 2);
    encrypt(&large.x, &large, large.v, SLOTS, LOW);
    encrypt(&small.x, &small, small.v, FEW, LOW);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    side *both[] = {&large, &small};
    for (int i = 0; i < 2; i++) {
        bf_evaluator_destroy(both[i]->ev);
        bf_cipher_destroy(both[i]->x);
        bf_keys_destroy(both[i]->keys);
        bf_secret_destroy(both[i]->secret);
        bf_ckks_destroy(both[i]->ckks);
    }
    return 0;
}

static double fresh_variance(void)
{
    return KEY_VARIANCE + 1. / 12;
}

/* What a switch at this level adds. */
static double switch_variance(bool up, unsigned level)
{
    double n = 2. * SLOTS, ratios = exp2(2 * (BASE - SPECIAL));
    ratios += level * exp2(2 * (BITS - SPECIAL));
    double digits = up ? n / 2 : n, secret = up ? n : n / 2;
    return digits * KEY_VARIANCE / 12 * ratios + (1 + 2 * secret / 3) / 12;
}

/* The slots of a, which is of this side and level, are want[], with errors of
 * this variance; what is declared is that or up to a third more: it takes the
 * zero half of a polynomial's coefficients going up for noise. */
static void expect(const bf_cipher *a, const side *s, const bf_complex *want,
                   unsigned level, double variance)
{
    bf_plain *p = NULL;
    size_t slots = bf_ckks_slots(s->ckks);
    bf_complex *got = malloc(slots * sizeof *got);
    double sum = 0;
    bf_cipher_facts facts = bf_cipher_describe(a);
    assert_int_equal(facts.level, level);
    assert_true(facts.limbs == level + 1 && facts.polys == 2);
    assert_ok(bf_secret_decrypt_plain(&p, s->secret, a));
    assert_ok(bf_plain_decode_complex(got, slots, p));
    for (size_t j = 0; j < slots; j++) {
        double e = cabs(got[j] - want[j]);
        sum += e * e;
    }
    double rms = sqrt(sum / (double)slots);
    double derived = sqrt(variance * 2 * (double)slots) / facts.scale;
    if (!(fabs(rms / derived - 1) <= WITHIN))
        fail_msg("errors of %g, and %g were derived", rms, derived);
    if (!(facts.error >= derived * 0.999 && facts.error <= derived * 4 / 3))
        fail_msg("errors of %g declared, and %g derived", facts.error, derived);
    bf_plain_destroy(p);
    free(got);
}

static void down_leaves_means_of_slots(void **state)
{
    (void)state;
    bf_complex want[FEW];
    bf_cipher *z = NULL;
    for (size_t j = 0; j < FEW; j++)
        want[j] = (large.v[j] + large.v[j + FEW]) / 2;
    assert_ok(bf_cipher_switch_ring(large.ev, small.ev, &z, large.x));
    assert_true(bf_cipher_describe(z).scale ==
                bf_cipher_describe(large.x).scale);
    expect(z, &small, want, LOW,
           fresh_variance() + switch_variance(false, LOW));
    bf_cipher_destroy(z);
}

static void up_repeats_slots(void **state)
{
    (void)state;
    bf_complex want[SLOTS];
    bf_cipher *z = NULL;
    for (size_t j = 0; j < SLOTS; j++) want[j] = small.v[j % FEW];
    assert_ok(bf_cipher_switch_ring(small.ev, large.ev, &z, small.x));
    expect(z, &large, want, LOW,
           fresh_variance() / 2 + switch_variance(true, LOW));
    bf_cipher_destroy(z);
}

/* All coefficients, as two ciphertexts of the smaller ring: X^-r a down, and
 * X^r times it up again. Both bring their noise along. */
static void two_halves_are_the_whole(void **state)
{
    (void)state;
    bf_cipher *part = NULL, *sum = NULL;
    for (int r = 0; r < 2; r++) {
        assert_ok(bf_cipher_mul_monomial(large.ev, &part, large.x, -r));
        assert_ok(bf_cipher_switch_ring(large.ev, small.ev, &part, part));
        assert_ok(bf_cipher_switch_ring(small.ev, large.ev, &part, part));
        assert_ok(bf_cipher_mul_monomial(large.ev, &part, part, r));
        if (r == 0)
            assert_ok(bf_cipher_copy(large.ev, &sum, part));
        else
            assert_ok(bf_cipher_add(large.ev, &sum, sum, part));
    }
    expect(sum, &large, large.v, LOW,
           fresh_variance() + switch_variance(false, LOW) +
               2 * switch_variance(true, LOW));
    bf_cipher_destroy(part);
    bf_cipher_destroy(sum);
}

/* What a server does: a product of means in the smaller ring, back in the
 * larger one. Dry and real alike; a[0] is replaced. */
static bf_status circuit(bf_evaluator *wide, bf_evaluator *narrow,
                         bf_cipher **a)
{
    BF_TRY(bf_cipher_lower(wide, a, *a, 2));
    BF_TRY(bf_cipher_switch_ring(wide, narrow, a, *a));
    BF_TRY(bf_cipher_mul(narrow, a, *a, *a));
    return bf_cipher_switch_ring(narrow, wide, a, *a);
}

static void expect_squares(const bf_secret *secret, const bf_cipher *a)
{
    double got[SLOTS];
    assert_int_equal(bf_cipher_describe(a).level, 1);
    assert_ok(bf_secret_decrypt(got, SLOTS, secret, a));
    double most = 20 * bf_cipher_describe(a).error;
    assert_true(most < 0x1p-12);
    for (size_t j = 0; j < SLOTS; j++) {
        bf_complex mean = (large.v[j % FEW] + large.v[j % FEW + FEW]) / 2;
        assert_true(fabs(got[j] - creal(mean * mean)) < most);
    }
}

/* The owner's two sets of keys, of a rehearsal. */
static void rehearse(bf_keys **wide_keys, bf_keys **narrow_keys)
{
    bf_evaluator *wide = NULL, *narrow = NULL;
    bf_cipher *a = NULL;
    bf_keys *none = NULL;
    bf_ckks *huge = NULL;
    bf_secret *of_huge = NULL;
    assert_ok(bf_evaluator_create_dry(&wide, large.ckks));
    assert_ok(bf_evaluator_create_dry(&narrow, small.ckks));
    assert_ok(bf_cipher_stand_in(&a, large.ckks, TOP));
    assert_ok(circuit(wide, narrow, &a));
    assert_int_equal(bf_cipher_describe(a).level, 1);
    assert_fails(bf_keys_create_for(&none, large.secret, wide, NULL),
                 BF_ERR_ARGUMENT, "not of these secrets");
    assert_ok(bf_ckks_create(&huge, &(bf_ckks_request){.slots = 2 * SLOTS}));
    assert_ok(bf_secret_generate(&of_huge, huge));
    assert_fails(bf_keys_create_for_rings(&none, large.secret, of_huge, wide,
                                          NULL),
                 BF_ERR_ARGUMENT, "not of these secrets");
    bf_secret_destroy(of_huge);
    bf_ckks_destroy(huge);
    assert_ok(bf_keys_create_for_rings(wide_keys, large.secret, small.secret,
                                       wide, NULL));
    assert_ok(bf_keys_create_for(narrow_keys, small.secret, narrow, NULL));
    assert_fails(bf_cipher_switch_ring(wide, small.ev, &a, a), BF_ERR_ARGUMENT,
                 "one evaluator is symbolic");
    bf_cipher_destroy(a);
    bf_evaluator_destroy(wide);
    bf_evaluator_destroy(narrow);
}

static void server_reads(bf_keys **keys, bf_ckks **ckks, const bf_keys *sent)
{
    void *data;
    size_t bytes;
    assert_ok(bf_keys_write(&data, &bytes, sent, NULL));
    if (!*ckks) assert_ok(bf_ckks_read(ckks, data, bytes));
    assert_ok(bf_keys_read(keys, *ckks, data, bytes, NULL));
    bf_free(data);
}

/* A server that has files alone: rings from those of keys, in one case the
 * smaller one from the larger. */
static void serve(const bf_keys *wide_sent, const bf_keys *narrow_sent,
                  bool derives)
{
    bf_ckks *wide = NULL, *narrow = NULL;
    bf_keys *wide_keys = NULL, *narrow_keys = NULL;
    bf_evaluator *wide_ev = NULL, *narrow_ev = NULL;
    bf_cipher *a = NULL, *b = NULL;
    void *data;
    size_t bytes;
    server_reads(&wide_keys, &wide, wide_sent);
    if (derives) assert_ok(bf_ckks_create_smaller(&narrow, wide, FEW, LOW));
    server_reads(&narrow_keys, &narrow, narrow_sent);
    assert_ok(bf_evaluator_create(&wide_ev, wide, wide_keys));
    assert_ok(bf_evaluator_create(&narrow_ev, narrow, narrow_keys));
    assert_ok(
        bf_cipher_write(&data, &bytes, (const bf_cipher *const *)&large.x, 1));
    assert_ok(bf_cipher_read(&a, 1, wide, data, bytes));
    bf_free(data);
    assert_ok(circuit(wide_ev, narrow_ev, &a));
    bf_evaluator_destroy(wide_ev);
    bf_evaluator_destroy(narrow_ev);
    assert_ok(bf_cipher_write(&data, &bytes, (const bf_cipher *const *)&a, 1));
    assert_ok(bf_cipher_read(&b, 1, large.ckks, data, bytes));
    bf_free(data);
    expect_squares(large.secret, b);
    bf_cipher_destroy(a);
    bf_cipher_destroy(b);
    bf_keys_destroy(wide_keys);
    bf_keys_destroy(narrow_keys);
    bf_ckks_destroy(narrow);
    bf_ckks_destroy(wide);
}

static void servers_need_files_alone(void **state)
{
    (void)state;
    bf_keys *wide = NULL, *narrow = NULL;
    bf_evaluator *ev = NULL;
    bf_cipher *z = NULL;
    rehearse(&wide, &narrow);
    serve(wide, narrow, false);
    serve(wide, narrow, true);
    assert_ok(bf_evaluator_create(&ev, large.ckks, wide));
    assert_fails(bf_cipher_switch_ring(ev, small.ev, &z, large.x),
                 BF_ERR_MISMATCH, "reaches 3 limbs, needs 4");
    bf_evaluator_destroy(ev);
    bf_keys_destroy(wide);
    bf_keys_destroy(narrow);
}

static void what_a_note_must_say(void **state)
{
    (void)state;
    char text[BF_API_SMALLER_BYTES], broken[BF_API_SMALLER_BYTES];
    bf_api_smaller s = {.there = true};
    /* As docs/formats.md, 4.9, has it. */
    for (unsigned i = 0; i < sizeof s.ring; i++) s.ring[i] = (uint8_t)(8 * i);
    memset(s.key_id, 0xa5, sizeof s.key_id);
    bf_api_smaller_print(text, &s);
    assert_string_equal(
        text,
        "{\"blindfit_smaller_ring\":1,\"parameters\":"
        "\"0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8\","
        "\"key\":\"a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\"}");
    bf_api_smaller_print(text, &large.keys->smaller);
    assert_ok(bf_api_smaller_parse(&s, text, "f"));
    assert_memory_equal(&s, &large.keys->smaller, sizeof s);
    const char *const words[] = {"{", ":1", "meters", "key\"", "\"}"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        memcpy(broken, text, sizeof broken);
        strstr(broken, words[i])[1] = '!';
        assert_fails(bf_api_smaller_parse(&s, broken, "f"), BF_ERR_FORMAT,
                     "f: its note on a smaller ring");
    }
    memcpy(broken, text, sizeof broken);
    strstr(broken, "meters\":\"")[12] = 'g';
    assert_fails(bf_api_smaller_parse(&s, broken, "f"), BF_ERR_FORMAT, "note");

    /* Keys without the note, and a note without keys. */
    for (int i = 0; i < 2; i++) {
        bf_keys half = i ? *small.keys : *large.keys;
        bf_keys *k = NULL;
        void *data;
        size_t bytes;
        half.smaller.there = i;
        assert_ok(bf_keys_write(&data, &bytes, &half, NULL));
        assert_fails(bf_keys_read(&k, half.ckks, data, bytes, NULL),
                     BF_ERR_FORMAT, "keys to a smaller ring go with a note");
        assert_null(k);
        bf_free(data);
    }
}

static void parameters_that_are_refused(void **state)
{
    (void)state;
    bf_ckks *c = NULL, *odd = NULL;
    const struct {
        size_t slots;
        unsigned level;
        bf_status status;
        const char *why;
    } cases[] = {
        {0, 0, BF_ERR_ARGUMENT, "0 slots: must be a power of two below 8192"},
        {3000, 0, BF_ERR_ARGUMENT, "3000 slots"},
        {SLOTS, 0, BF_ERR_ARGUMENT, "8192 slots"},
        {FEW, TOP + 1, BF_ERR_ARGUMENT, "level 5 of 4"},
        {FEW, TOP, BF_ERR_SECURITY,
         "come to 2^251.0, of which 128 bits of security allow 2^214 there: "
         "level 3 is the highest"},
        {FEW / 2, 1, BF_ERR_SECURITY, "level 0 is the highest"},
        {FEW / 2, 0, BF_ERR_SECURITY, "smaller ring of 2^12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_fails(bf_ckks_create_smaller(&c, large.ckks, cases[i].slots,
                                            cases[i].level),
                     cases[i].status, cases[i].why);
        assert_null(c);
    }
    assert_int_equal(bf_ckks_levels(small.ckks), LOW);
    assert_true(bf_ckks_slots(small.ckks) == FEW);
    assert_true(bf_ckks_security(small.ckks) >= 128);
    assert_true(bf_ckks_largest(small.ckks) == bf_ckks_largest(large.ckks));
    for (unsigned l = 0; l <= LOW; l++)
        assert_true(bf_ckks_scale(small.ckks, l) ==
                    bf_ckks_scale(large.ckks, l));
    /* Its last prime has another length than the larger ring's. */
    const unsigned mixed[] = {43, 40, 39, 40};
    bf_ckks_chain other = chain;
    other.q_bits = mixed;
    other.q_count = 4;
    assert_ok(bf_ckks_create_chain(&odd, &other));
    assert_fails(bf_ckks_create_smaller(&c, odd, FEW, 2), BF_ERR_ARGUMENT,
                 "the primes up to level 2 alone make other scales");
    assert_ok(bf_ckks_create_smaller(&c, odd, FEW, 3));
    bf_ckks_destroy(c);
    bf_ckks_destroy(odd);
}

static void what_does_not_go(void **state)
{
    (void)state;
    side lone = {0}, other = {0}, unlike = {0};
    bf_evaluator *none = NULL;
    bf_cipher *z = NULL, *y = NULL, *top = NULL;
    bf_keys *k = NULL;
    assert_fails(bf_cipher_switch_ring(large.ev, large.ev, &z, large.x),
                 BF_ERR_ARGUMENT, "from a ring of 2^14 to another of it");
    assert_fails(bf_cipher_switch_ring(small.ev, large.ev, &z, large.x),
                 BF_ERR_MISMATCH, "ring switch: objects of other parameters");
    encrypt(&top, &large, large.v, 4, TOP);
    assert_fails(bf_cipher_switch_ring(large.ev, small.ev, &z, top),
                 BF_ERR_ARGUMENT,
                 "level 4, and the ring of 2^13 has levels up to 3");
    assert_ok(bf_cipher_tensor(large.ev, &y, (const bf_cipher *const *)&large.x,
                               (const bf_cipher *const *)&large.x, 1));
    assert_fails(bf_cipher_switch_ring(large.ev, small.ev, &z, y),
                 BF_ERR_ARGUMENT, "3 polynomials");

    /* No keys; and none of this pair. */
    assert_ok(bf_evaluator_create(&none, large.ckks, NULL));
    assert_fails(bf_cipher_switch_ring(none, small.ev, &z, large.x),
                 BF_ERR_MISMATCH, "the key to a smaller ring, stride 2 is not");
    assert_fails(bf_cipher_switch_ring(small.ev, none, &z, small.x),
                 BF_ERR_MISMATCH, "the key from a smaller ring, stride 2 is");

    /* Another secret of the smaller ring. */
    other.ckks = small.ckks;
    assert_ok(bf_secret_generate(&other.secret, other.ckks));
    assert_ok(bf_keys_create(&other.keys, other.secret,
                             &(bf_keys_request){.products = true}, NULL));
    assert_ok(bf_evaluator_create(&other.ev, other.ckks, other.keys));
    encrypt(&other.x, &other, small.v, 4, LOW);
    assert_fails(bf_cipher_switch_ring(large.ev, other.ev, &z, large.x),
                 BF_ERR_MISMATCH, "the keys are to another secret");
    assert_fails(bf_cipher_switch_ring(other.ev, large.ev, &z, other.x),
                 BF_ERR_MISMATCH, "the keys are to another secret");
    /* An evaluator without keys takes it, and gives it to whom it belongs. */
    assert_ok(bf_evaluator_create(&lone.ev, small.ckks, NULL));
    assert_ok(bf_cipher_switch_ring(large.ev, lone.ev, &z, large.x));
    double v[2];
    assert_fails(bf_secret_decrypt(v, 2, other.secret, z), BF_ERR_MISMATCH,
                 "under another key");
    assert_ok(bf_secret_decrypt(v, 2, small.secret, z));
    assert_fails(bf_cipher_switch_ring(lone.ev, large.ev, &y, other.x),
                 BF_ERR_MISMATCH, "the keys are to another secret");

    /* Other smaller rings: of the same primes, and of others. */
    assert_ok(bf_ckks_create_smaller(&lone.ckks, large.ckks, FEW, 1));
    assert_ok(bf_evaluator_create(&unlike.ev, lone.ckks, NULL));
    assert_ok(bf_cipher_mod_drop(large.ev, &y, large.x, 2));
    assert_fails(bf_cipher_switch_ring(large.ev, unlike.ev, &z, y),
                 BF_ERR_MISMATCH, "the keys are to another smaller ring");
    assert_ok(bf_ckks_create(&unlike.ckks, &(bf_ckks_request){.depth = 1}));
    assert_ok(bf_secret_generate(&unlike.secret, unlike.ckks));
    bf_evaluator_destroy(unlike.ev);
    unlike.ev = NULL;
    assert_ok(bf_evaluator_create(&unlike.ev, unlike.ckks, NULL));
    assert_fails(bf_cipher_switch_ring(none, unlike.ev, &z, y), BF_ERR_MISMATCH,
                 "must be smaller and have the same primes");
    assert_fails(bf_keys_create(&k, large.secret,
                                &(bf_keys_request){.smaller = unlike.secret},
                                NULL),
                 BF_ERR_MISMATCH, "must be smaller and have the same primes");
    assert_fails(bf_keys_create(&k, small.secret,
                                &(bf_keys_request){.smaller = large.secret},
                                NULL),
                 BF_ERR_MISMATCH, "must be smaller and have the same primes");
    assert_null(k);

    bf_cipher *all[] = {z, y, top, other.x};
    for (int i = 0; i < 4; i++) bf_cipher_destroy(all[i]);
    bf_evaluator_destroy(none);
    bf_evaluator_destroy(lone.ev);
    bf_evaluator_destroy(other.ev);
    bf_evaluator_destroy(unlike.ev);
    bf_keys_destroy(other.keys);
    bf_secret_destroy(other.secret);
    bf_secret_destroy(unlike.secret);
    bf_ckks_destroy(unlike.ckks);
    bf_ckks_destroy(lone.ckks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(down_leaves_means_of_slots),
        cmocka_unit_test(up_repeats_slots),
        cmocka_unit_test(two_halves_are_the_whole),
        cmocka_unit_test(servers_need_files_alone),
        cmocka_unit_test(what_a_note_must_say),
        cmocka_unit_test(parameters_that_are_refused),
        cmocka_unit_test(what_does_not_go),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
