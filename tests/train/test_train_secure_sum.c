/* Masked sums against sums of 128-bit integers, and masks against the formula
 * of secure_sum.h, written out on libsodium. */
#include "train/train_testing.h"

#include <sodium.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "ring/wide.h"
#include "support/memory_search.h"
#include "train/owner/secure_sum.h"

enum { COUNT = 700, BYTES = COUNT * 16 }; /* three pieces of masks */

static uint8_t session[BF_HASH_BYTES] = "a session's digest";

typedef struct owners {
    uint8_t *secret[BF_OWNERS_MAX];
    uint8_t public[BF_OWNERS_MAX][BF_X25519_BYTES];
    unsigned count;
} owners;

static void make_owners(owners *o, unsigned count)
{
    o->count = count;
    for (unsigned i = 0; i < count; i++) {
        o->secret[i] = bf_secret_alloc(BF_X25519_BYTES);
        assert_non_null(o->secret[i]);
        bf_random_bytes(o->secret[i], BF_X25519_BYTES);
        crypto_scalarmult_base(o->public[i], o->secret[i]);
    }
}

static void clear(owners *o)
{
    for (unsigned i = 0; i < o->count; i++) bf_secret_free(o->secret[i]);
}

static bf_sum_owner owner(const owners *o, unsigned i)
{
    bf_sum_owner own = {.secret = o->secret[i],
                        .owners = o->count,
                        .number = i,
                        .session = session};
    for (unsigned j = 0; j < o->count; j++) own.publics[j] = o->public[j];
    return own;
}

static void random_vector(uint8_t *v, uint64_t *seed)
{
    for (size_t i = 0; i < BYTES; i += 8) bf_put_u64(v + i, random_u64(seed));
}

static bf_u128 number(const uint8_t *v, size_t i, unsigned width)
{
    if (width == 8) return bf_get_u64(v + 8 * i);
    return (bf_u128)bf_get_u64(v + 16 * i + 8) << 64 | bf_get_u64(v + 16 * i);
}

/* How far from half of the bits are set, in deviations. */
static double bias(const uint8_t *a, const uint8_t *b, size_t bytes)
{
    double ones = 0;
    for (size_t i = 0; i < bytes; i++)
        ones += __builtin_popcount(a[i] ^ (b ? b[i] : 0));
    return fabs(ones - 4.0 * (double)bytes) / sqrt(2.0 * (double)bytes);
}

static void check_sum(unsigned count, unsigned width, uint64_t *seed)
{
    owners o;
    static uint8_t plain[BF_OWNERS_MAX][BYTES], v[BF_OWNERS_MAX][BYTES];
    static uint8_t sum[BYTES], short_sum[BYTES], other[BYTES];
    size_t bytes = COUNT * width;
    make_owners(&o, count);
    memset(sum, 0, BYTES);
    memset(short_sum, 0, BYTES);
    for (unsigned i = 0; i < count; i++) {
        bf_sum_owner own = owner(&o, i);
        random_vector(plain[i], seed);
        memcpy(v[i], plain[i], BYTES);
        check_ok(bf_sum_mask(v[i], COUNT, width, &own, "S1"));
        assert_true(bias(v[i], plain[i], bytes) < 6);
        memcpy(other, plain[i], BYTES);
        check_ok(bf_sum_mask(other, COUNT, width, &own, "S2"));
        assert_true(bias(v[i], other, bytes) < 6);
        bf_sum_add(sum, v[i], COUNT, width);
        if (i > 0) bf_sum_add(short_sum, v[i], COUNT, width);
    }
    for (size_t i = 0; i < COUNT; i++) {
        bf_u128 want = 0;
        for (unsigned j = 0; j < count; j++) want += number(plain[j], i, width);
        if (width == 8) want = (uint64_t)want;
        assert_true(number(sum, i, width) == want);
    }
    memset(other, 0, BYTES); /* without one owner: noise, not the others' sum */
    for (unsigned j = 1; j < count; j++)
        bf_sum_add(other, plain[j], COUNT, width);
    assert_true(bias(short_sum, other, bytes) < 6);
    clear(&o);
}

static void sums_are_exact(void **state)
{
    (void)state;
    uint64_t seed = test_seed(71);
    static const unsigned counts[] = {2, 3, 8, 16};
    for (unsigned i = 0; i < 4; i++) {
        check_sum(counts[i], 8, &seed);
        check_sum(counts[i], 16, &seed);
    }
}

/* The mask of the middle owner of three, on zeros, from the formula. */
static void masks_follow_the_formula(void **state)
{
    (void)state;
    enum { NUMBERS = 5 };
    owners o;
    uint8_t v[NUMBERS * 8] = {0}, stream[2][NUMBERS * 8];
    make_owners(&o, 3);
    for (uint8_t pair = 0; pair < 2; pair++) {
        uint8_t text[13 + 32 + 2 + 64 + 32 + 4] = "blindfit-sum", key[32];
        uint8_t *at = text + 13;
        bf_stream s;
        assert_int_equal(
            crypto_scalarmult(at, o.secret[2 * pair], o.public[1]), 0);
        at += 32;
        *at++ = pair;
        *at++ = pair + 1;
        memcpy(at, o.public[pair], 64); /* and the next */
        memcpy(at + 64, session, 32);
        memcpy(at + 96, "name", 4);
        crypto_generichash(key, 32, text, sizeof text, NULL, 0);
        bf_stream_init(&s, key, "blindfit-sum", 0, 0);
        bf_stream_bytes(&s, stream[pair], sizeof stream[pair]);
    }
    bf_sum_owner own = owner(&o, 1);
    check_ok(bf_sum_mask(v, NUMBERS, 8, &own, "name"));
    for (size_t i = 0; i < NUMBERS; i++)
        assert_true(bf_get_u64(v + 8 * i) ==
                    bf_get_u64(stream[1] + 8 * i) -
                        bf_get_u64(stream[0] + 8 * i));
    clear(&o);
}

/* Who takes another's key for its own unmasks nobody between the two. */
static void a_key_taken_twice(void **state)
{
    (void)state;
    owners o;
    static uint8_t v[BYTES];
    make_owners(&o, 3);
    memcpy(o.public[2], o.public[0], BF_X25519_BYTES);
    bf_sum_owner own = owner(&o, 1);
    memset(v, 0, sizeof v);
    check_ok(bf_sum_mask(v, COUNT, 16, &own, "S1"));
    assert_true(bias(v, NULL, BYTES) < 6);
    clear(&o);
}

static void faults_are_named(void **state)
{
    (void)state;
    owners o;
    uint8_t v[16], zero[16] = {0};
    make_owners(&o, 3);
    bf_sum_owner own = owner(&o, 1);
    memset(v, 1, sizeof v);
    own.secret = o.secret[0];
    check_fails(BF_ERR_MISMATCH, "owner 1's", bf_sum_mask(v, 1, 16, &own, "n"));
    assert_memory_equal(v, zero, 16);
    own.secret = o.secret[1];
    memset(o.public[2], 0, BF_X25519_BYTES);
    memset(v, 1, sizeof v);
    check_fails(BF_ERR_FORMAT, "owner 2 is of small order",
                bf_sum_mask(v, 1, 16, &own, "n"));
    assert_memory_equal(v, zero, 16);
    own.owners = 1;
    check_fails(BF_ERR_ARGUMENT, "2 to 16", bf_sum_mask(v, 1, 16, &own, "n"));
    own.owners = BF_OWNERS_MAX + 1;
    check_fails(BF_ERR_ARGUMENT, "2 to 16", bf_sum_mask(v, 1, 16, &own, "n"));
    own = owner(&o, 1);
    own.number = 3;
    check_fails(BF_ERR_ARGUMENT, "owner 3", bf_sum_mask(v, 1, 16, &own, "n"));
    clear(&o);
}

static double there_and_back(double v, unsigned width)
{
    uint8_t number[16] = {0};
    bf_sum_add_number(number, v, width);
    return bf_sum_number(number, width);
}

static void numbers(void **state)
{
    (void)state;
    uint64_t seed = test_seed(72);
    static const double exact[] = {0, 1, -1, 0x1p-40, -0x1p-40, 3.25,
                                   -0x1.8p21, 0x1.fffffffffffffp12};
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        assert_true(there_and_back(exact[i], 8) == exact[i]);
        assert_true(there_and_back(exact[i], 16) == exact[i]);
    }
    assert_true(there_and_back(-0x1p-64, 16) == -0x1p-64);
    assert_true(there_and_back(0x1.fffffffffffffp61, 16) ==
                0x1.fffffffffffffp61);
    assert_true(there_and_back(0x1.8p-65, 16) == 0x1p-64); /* rounds */
    assert_true(there_and_back(-0x1p-66, 16) == 0);
    double sum = 0;
    uint8_t narrow[8] = {0}, wide[16] = {0};
    for (int i = 0; i < 1000; i++) {
        double v = ldexp(floor(0x1p45 * (random_unit(&seed) - 0.5)), -40);
        sum += v; /* exact: multiples of 2^-40 below 2^12 */
        bf_sum_add_number(narrow, v, 8);
        bf_sum_add_number(wide, v, 16);
    }
    assert_true(bf_sum_number(narrow, 8) == sum);
    assert_true(bf_sum_number(wide, 16) == sum);
}

/* v 2^64, rounded, is a double: an integer of at most 53 bits and zeros. */
static void check_units(double v)
{
    uint8_t number[16] = {0};
    bf_u128 units;
    bf_sum_add_number(number, v, 16);
    double want = rint(ldexp(fabs(v), 64));
    bool negative = bf_sum_magnitude(&units, number);
    if (units != (bf_u128)want || negative != (v < 0 && want > 0))
        fail_msg("%a is not %s%a units", v, v < 0 ? "-" : "", want);
}

static void units_are_rounded_to_even(void **state)
{
    (void)state;
    uint64_t seed = test_seed(73);
    for (int e = -70; e < 62; e++)
        for (int i = 0; i < 20; i++) {
            double v = ldexp(1 + random_unit(&seed), e);
            check_units(v);
            check_units(-v);
        }
    for (int quarters = 0; quarters < 16; quarters++) {
        double units = ldexp(quarters, -66), large = ldexp(quarters, -2);
        check_units(units);
        check_units(-units);
        check_units(large);
        check_units(-large);
        check_units(nextafter(large, -1));
        check_units(nextafter(-large, 1));
    }
}

/* Neither X25519's result nor a pair's key, which is that of its stream's. */
static __attribute__((noinline)) void remember_pair(memory_pattern *p,
                                                    const owners *o)
{
    uint8_t *shared = bf_secret_alloc(BF_X25519_BYTES);
    assert_int_equal(crypto_scalarmult(shared, o->secret[1], o->public[0]), 0);
    memory_remember(p, "X25519", shared, MEMORY_PATTERN_MIN);
    bf_secret_free(shared);
    bf_wipe_stack();
}

static void nothing_stays(void **state)
{
    (void)state;
    owners o;
    memory_pattern patterns[2];
    size_t found[2];
    static uint8_t v[BYTES];
    make_owners(&o, 2);
    bf_sum_owner own = owner(&o, 0);
    check_ok(bf_sum_mask(v, COUNT, 16, &own, "S1"));
    memory_remember(&patterns[0], "mask", v + 2 * 4096, MEMORY_PATTERN_MIN);
    memset(v, 0, sizeof v);
    remember_pair(&patterns[1], &o);
    if (memory_search(found, patterns, 2) != 0)
        fail_msg("%zu times the mask, %zu times X25519's", found[0], found[1]);
    clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_are_exact),
        cmocka_unit_test(masks_follow_the_formula),
        cmocka_unit_test(a_key_taken_twice),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(numbers),
        cmocka_unit_test(units_are_rounded_to_even),
        cmocka_unit_test(nothing_stays),
    };
    memory_keep_freed();
    if (bf_random_init() != BF_OK) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
