/* Oracle: the published rows written down again here, and the rule that a key
 * is as weak as its own modulus and its own secret make it. */
#include "ckks_testing.h"

#include "ckks/owner/key_share.h"
#include "ckks/owner/open_share.h"

/* [BCC+24] Table 5.2, uniform ternary, classical. */
static const struct row {
    unsigned log_n;
    double limit[3];
} rows[] = {
    {13, {214, 147, 114}},    {14, {430, 297, 230}},
    {15, {868, 597, 462}},    {16, {1747, 1199, 929}},
    {17, {3523, 2411, 1866}},
};
static const unsigned bits[3] = {128, 192, 256};
#define ROWS (sizeof rows / sizeof *rows)

static void limits_are_the_published_ones(void **state)
{
    (void)state;
    for (size_t r = 0; r < ROWS; r++) {
        for (unsigned c = 0; c < 3; c++)
            assert_float_equal(bf_security_log2_qp_limit(rows[r].log_n,
                                                         bits[c]),
                               rows[r].limit[c], 0);
    }
    assert_float_equal(bf_security_log2_qp_limit(12, 128), 0, 0);
    assert_float_equal(bf_security_log2_qp_limit(18, 128), 0, 0);
    assert_float_equal(bf_security_log2_qp_limit(14, 100), 0, 0);
}

static void estimate_meets_rows_and_falls(void **state)
{
    (void)state;
    for (size_t r = 0; r < ROWS; r++) {
        unsigned log_n = rows[r].log_n;
        for (unsigned c = 0; c < 3; c++) {
            double at = bf_security_bits(log_n, rows[r].limit[c]);
            assert_float_equal(at, bits[c], 1e-9);
            assert_true(bf_security_bits(log_n, rows[r].limit[c] + 1) <
                        bits[c]);
        }
        double last = 256;
        for (double x = 1; x < 4000; x += 0.5) {
            double b = bf_security_bits(log_n, x);
            assert_true(b > 0 && b <= last);
            last = b;
        }
        /* Between two columns never above the upper one's line. */
        double mid = (rows[r].limit[0] + rows[r].limit[1]) / 2;
        assert_true(bf_security_bits(log_n, mid) < 160);
        assert_true(bf_security_bits(log_n, mid) > 140);
    }
    assert_float_equal(bf_security_bits(12, 50), 0, 0);
}

static void limit_passes_and_one_bit_more_fails(void **state)
{
    (void)state;
    for (size_t r = 0; r < ROWS; r++) {
        assert_ok(bf_security_check(rows[r].log_n, rows[r].limit[0], 0));
        assert_fails(bf_security_check(rows[r].log_n, rows[r].limit[0] + 1, 0),
                     BF_ERR_SECURITY, "at most");
        assert_fails(bf_security_check(rows[r].log_n, rows[r].limit[0] + 1e-3,
                                       0),
                     BF_ERR_SECURITY, "at most");
    }
    for (unsigned log_n = 15; log_n <= 17; log_n++) {
        assert_ok(bf_security_check(log_n, 121, 32));
        assert_fails(bf_security_check(log_n, 122, 32), BF_ERR_SECURITY, "121");
    }
}

/* Parameters that other libraries accept, and their known mistakes. */
static void over_limit_is_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned log_n;
        double log2_qp;
        unsigned weight;
    } refused[] = {
        /* 2018 table rows that the newer one cut */
        {13, 218, 0}, {14, 438, 0}, {14, 435, 0}, {15, 881, 0}, {16, 1772, 0},
        /* the Gaussian columns, one row's limit at the next, and far above */
        {13, 216, 0}, {14, 432, 0}, {15, 870, 0}, {16, 1749, 0}, {17, 3525, 0},
        {13, 430, 0}, {14, 868, 0}, {15, 1747, 0}, {16, 3523, 0}, {17, 7000, 0},
        {13, 1e6, 0}, {17, 1e300, 0}, {16, INFINITY, 0}, {16, NAN, 0},
        /* nonsense */
        {15, 0, 0}, {15, -5, 0}, {0, 100, 0}, {18, 100, 0}, {64, 100, 0},
        /* rings without a row */
        {12, 109, 0}, {12, 54, 0}, {11, 54, 0}, {10, 27, 0},
        /* sparse main secrets, weight 192 under the dense limit among them */
        {16, 1747, 192}, {15, 868, 192}, {15, 768, 192}, {16, 1553, 192},
        {16, 1546, 64}, {16, 121, 64}, {16, 121, 31}, {16, 121, 33},
        {16, 121, 1}, {16, 100, 128}, {16, 100, 256},
        /* encapsulation: key at the wrong level, ring too small */
        {16, 126, 32}, {16, 1546, 32}, {16, 121.01, 32}, {15, 868, 32},
        {17, 3523, 32}, {14, 121, 32}, {13, 100, 32}, {16, NAN, 32},
    };
    size_t count = sizeof refused / sizeof *refused;
    assert_true(count >= 40);
    for (size_t i = 0; i < count; i++) {
        if (bf_security_check(refused[i].log_n, refused[i].log2_qp,
                              refused[i].weight) != BF_ERR_SECURITY)
            fail_msg("accepted: N = 2^%u, log2(QP) = %g, weight %u",
                     refused[i].log_n, refused[i].log2_qp, refused[i].weight);
    }
}

/* Contexts: 49-bit primes from below, so log2(QP) is just under 49 each. */
static void context_checks_its_whole_modulus(void **state)
{
    (void)state;
    unsigned fits[] = {49, 49, 49}, over[] = {49, 49, 49, 49}, p[] = {49};
    bf_params params;
    bf_context *ctx = NULL;
    assert_ok(bf_params_make(&params, 13, fits, 3, p, 1, 1));
    assert_ok(bf_context_create(&ctx, &params, BF_BACKEND_AUTO));
    bf_context_destroy(ctx);
    ctx = NULL;
    assert_ok(bf_params_make(&params, 13, over, 4, p, 1, 1));
    assert_fails(bf_context_create(&ctx, &params, BF_BACKEND_AUTO),
                 BF_ERR_SECURITY, "214");
    assert_null(ctx);
    params.insecure = true;
    assert_ok(bf_context_create(&ctx, &params, BF_BACKEND_AUTO));
    bf_context_destroy(ctx);
}

/* A library once made the key from the dense to the sparse secret modulo the
 * whole chain: about 106 bits instead of 128. */
static void encapsulation_key_at_wrong_level_is_refused(void **state)
{
    (void)state;
    unsigned q[] = {49, 40, 40, 40, 40, 40, 40, 40, 40, 40}, p[] = {49};
    bf_context *ctx = ckks_test_context(15, q, 10, p, 1, 1, false);
    bf_secret_key *dense, *sparse, *wrong = NULL;
    bf_switch_key key = {0};
    bf_public_key pk = {0};
    assert_ok(bf_secret_key_generate(&dense, ctx, 0));
    assert_ok(bf_secret_key_generate(&sparse, ctx, 32));
    assert_fails(bf_switch_key_generate(&key, dense, sparse, 10),
                 BF_ERR_SECURITY, "weight 32");
    assert_fails(bf_switch_key_generate(&key, dense, sparse, 2),
                 BF_ERR_SECURITY, "weight 32"); /* 138 bits */
    assert_null(key.data);
    assert_ok(bf_switch_key_generate(&key, dense, sparse, 1)); /* 98 bits */
    assert_ok(bf_switch_key_generate(&key, sparse, dense, 10));
    /* The sparse secret serves nothing else above its limit. */
    assert_fails(bf_galois_key_generate(&key, sparse, bf_key_galois(5), 10),
                 BF_ERR_SECURITY, "weight 32");
    assert_fails(
        bf_galois_key_generate(&key, sparse, bf_key_from_square(1), 10),
        BF_ERR_SECURITY, "weight 32");
    assert_fails(bf_public_key_generate(&pk, sparse), BF_ERR_SECURITY,
                 "weight 32");
    bf_pt m = {0};
    bf_ct c = {0};
    double one = 1;
    assert_ok(bf_encode_real(&m, ctx, &one, 1, 0x1p30, 10));
    assert_fails(bf_encrypt_symmetric(&c, sparse, &m), BF_ERR_SECURITY,
                 "weight 32");
    assert_null(c.data);
    assert_fails(bf_secret_key_generate(&wrong, ctx, 192), BF_ERR_SECURITY,
                 "weight 192");
    assert_null(wrong);
    bf_pt_clear(&m);
    bf_switch_key_clear(&key);
    bf_secret_key_destroy(dense);
    bf_secret_key_destroy(sparse);
    bf_context_destroy(ctx);
}

/* Shares of keys and openings that several owners make: each of an owner's two
 * secrets keeps to its own limit. */
static void shares_at_wrong_levels_are_refused(void **state)
{
    (void)state;
    unsigned q[] = {49, 40, 40, 40, 40}, p[] = {49};
    const uint8_t seed[BF_SEED_BYTES] = {1};
    const uint32_t place = 0;
    uint64_t value[5];
    bf_context *ctx = ckks_test_context(15, q, 5, p, 1, 1, false);
    bf_secret_key *dense, *sparse;
    assert_ok(bf_secret_key_generate(&dense, ctx, 0));
    assert_ok(bf_secret_key_generate(&sparse, ctx, 32));
    const bf_key_need linear[] = {{bf_key_galois(5), 5},
                                  {{BF_KEY_IMPORT, 0, 0}, 5}},
                      square = {bf_key_from_square(1), 5};
    bf_switch_key first = {.ctx = ctx, .name = square.name,
                           .limbs = square.limbs, .a = BF_KEY_A_WHOLE};
    const bf_eval_keys sum = {.ctx = ctx, .keys = &first, .count = 1};
    bf_eval_keys share = {0};
    bf_ct c = {0};
    for (unsigned i = 0; i < 2; i++)
        assert_fails(bf_share_linear(&share,
                                     (bf_share_secrets){sparse, dense, 0},
                                     &linear[i], 1, seed, NULL),
                     BF_ERR_SECURITY, "weight 32");
    for (unsigned i = 0; i < 2; i++) {
        bf_share_secrets own = {i ? dense : sparse, i ? sparse : dense, 0};
        assert_fails(bf_share_squares(&share, own, &square, 1, seed, NULL),
                     BF_ERR_SECURITY, "weight 32");
        assert_fails(bf_share_squares_second(&share, own, &sum, NULL),
                     BF_ERR_SECURITY, "weight 32");
    }
    assert_null(share.keys);
    assert_ok(bf_ct_reserve(&c, ctx, 5, 2));
    assert_fails(bf_open_share(value, sparse, &c, (bf_places){&place, 1}, 1),
                 BF_ERR_SECURITY, "weight 32");
    bf_ct_clear(&c);
    bf_secret_key_destroy(dense);
    bf_secret_key_destroy(sparse);
    bf_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_the_published_ones),
        cmocka_unit_test(estimate_meets_rows_and_falls),
        cmocka_unit_test(limit_passes_and_one_bit_more_fails),
        cmocka_unit_test(over_limit_is_refused),
        cmocka_unit_test(context_checks_its_whole_modulus),
        cmocka_unit_test(encapsulation_key_at_wrong_level_is_refused),
        cmocka_unit_test(shares_at_wrong_levels_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
