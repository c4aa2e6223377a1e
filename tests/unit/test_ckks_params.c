/* Oracles: GMP for primes, products and inverses. */
#include "ckks_testing.h"

#include <gmp.h>

static bool is_candidate(uint64_t v, unsigned log_n)
{
    if (v % ((uint64_t)2 << log_n) != 1) return false;
    mpz_t z;
    mpz_init_set_ui(z, v);
    bool prime = mpz_probab_prime_p(z, 30) != 0;
    mpz_clear(z);
    return prime;
}

static bool contains(const uint64_t *list, unsigned count, uint64_t v)
{
    for (unsigned i = 0; i < count; i++)
        if (list[i] == v) return true;
    return false;
}

/* The unused prime nearest to 2^bits, by walking outwards. */
static uint64_t nearest(unsigned bits, unsigned log_n, const uint64_t *used,
                        unsigned count)
{
    uint64_t centre = UINT64_C(1) << bits, step = (uint64_t)2 << log_n;
    for (uint64_t d = 1;; d += step) { /* centre + d, centre - step + d */
        if (bits < 49 && is_candidate(centre + d, log_n) &&
            !contains(used, count, centre + d))
            return centre + d;
        uint64_t low = centre - (step - 2) - d;
        if (is_candidate(low, log_n) && !contains(used, count, low))
            return low;
    }
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void primes_are_the_nearest(void **state)
{
    (void)state;
    static const unsigned q[] = {49, 36, 36, 36, 40, 36, 49, 30};
    static const unsigned p[] = {49, 36, 40};
    for (unsigned log_n = 10; log_n <= 17; log_n += 7) {
        bf_params made;
        assert_ok(bf_params_make(&made, log_n, q, 8, p, 3, 2));
        uint64_t expect[11], got[11];
        for (unsigned i = 0; i < 11; i++)
            expect[i] = nearest(i < 8 ? q[i] : p[i - 8], log_n, expect, i);
        memcpy(got, made.q, 8 * sizeof *got);
        memcpy(got + 8, made.p, 3 * sizeof *got);
        qsort(expect, 11, sizeof *expect, compare);
        qsort(got, 11, sizeof *got, compare);
        assert_memory_equal(expect, got, sizeof got);
        for (unsigned i = 0; i < 8; i++)
            assert_true(fabs(log2((double)made.q[i]) - q[i]) < 0.1);
        /* Of one length the largest are special. */
        for (unsigned i = 0; i < 8; i++)
            for (unsigned k = 0; k < 3; k++)
                if (q[i] == p[k]) assert_true(made.p[k] > made.q[i]);
        assert_int_equal(made.log_n, log_n);
        assert_int_equal(made.digit_limbs, 2);
        assert_false(made.insecure);
        double sum = 0;
        for (unsigned i = 0; i < 8; i++) {
            assert_float_equal(bf_params_log2_q(&made, i), sum, 1e-12);
            sum += log2((double)made.q[i]);
        }
        assert_float_equal(bf_params_log2_p(&made), 125, 0.1);
    }
}

static void impossible_primes_are_refused(void **state)
{
    (void)state;
    bf_params made = {.log_n = 77}, before = made;
    unsigned ok[BF_MAX_Q + 1], low[] = {19}, high[] = {50};
    for (unsigned i = 0; i <= BF_MAX_Q; i++) ok[i] = 40;
    assert_fails(bf_params_make(&made, 12, low, 1, ok, 1, 1), BF_ERR_ARGUMENT,
                 "19 bits");
    assert_fails(bf_params_make(&made, 12, ok, 1, high, 1, 1), BF_ERR_ARGUMENT,
                 "50 bits");
    assert_fails(bf_params_make(&made, 9, ok, 1, ok, 1, 1), BF_ERR_ARGUMENT,
                 "2^9");
    assert_fails(bf_params_make(&made, 18, ok, 1, ok, 1, 1), BF_ERR_ARGUMENT,
                 "2^18");
    assert_fails(bf_params_make(&made, 12, ok, 0, ok, 1, 1), BF_ERR_ARGUMENT,
                 "0 ciphertext");
    assert_fails(bf_params_make(&made, 12, ok, 1, ok, 0, 1), BF_ERR_ARGUMENT,
                 "0 special");
    assert_fails(bf_params_make(&made, 12, ok, BF_MAX_Q + 1, ok, 1, 1),
                 BF_ERR_ARGUMENT, "49 ciphertext");
    assert_fails(bf_params_make(&made, 12, ok, 1, ok, BF_MAX_P + 1, 1),
                 BF_ERR_ARGUMENT, "17 special");
    assert_memory_equal(&made, &before, sizeof made);
}

static bf_params literal(void)
{
    static const unsigned q[] = {45, 36, 36, 36, 36}, p[] = {45, 40};
    bf_params made;
    assert_ok(bf_params_make(&made, 11, q, 5, p, 2, 2));
    made.insecure = true;
    return made;
}

static void literals_are_checked(void **state)
{
    (void)state;
    bf_context *ctx = NULL;
    bf_params p;
    p = literal();
    p.insecure = false; /* no table row below 2^13 */
    assert_fails(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                 BF_ERR_SECURITY, "2^11");
    p = literal();
    p.digit_limbs = 3; /* 45+36+36 against 45+40 */
    assert_fails(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                 BF_ERR_ARGUMENT, "special primes");
    p.digit_limbs = 0;
    assert_fails(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                 BF_ERR_ARGUMENT, "0 limbs");
    p.digit_limbs = 6;
    assert_fails(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                 BF_ERR_ARGUMENT, "6 limbs");
    p = literal();
    p.n_p = 0;
    assert_fails(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                 BF_ERR_ARGUMENT, "0 special");
    p = literal();
    p.n_q = BF_MAX_Q + 1;
    assert_fails(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                 BF_ERR_ARGUMENT, "49 ciphertext");
    p = literal();
    p.log_n = 18;
    assert_fails(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                 BF_ERR_ARGUMENT, "2^18");
    p = literal();
    p.q[2] = p.q[1]; /* twice */
    assert_int_equal(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    p = literal();
    p.q[2] += 2; /* not 1 mod 2N */
    assert_int_equal(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    p = literal();
    p.q[2] = 3 * ((UINT64_C(1) << 32) + 1) * 4096 + 1; /* 1 mod 2N, composite */
    while (is_candidate(p.q[2], 11)) p.q[2] += 4096;
    assert_int_equal(bf_context_create(&ctx, &p, BF_BACKEND_AUTO),
                     BF_ERR_ARGUMENT);
    assert_null(ctx);
}

static void constants_equal_gmp(void **state)
{
    (void)state;
    bf_params params = literal();
    bf_context *ctx;
    assert_ok(bf_context_create(&ctx, &params, BF_BACKEND_AUTO));
    assert_memory_equal(bf_context_params(ctx), &params, sizeof params);
    mpz_t special, q, t;
    mpz_inits(special, q, t, NULL);
    mpz_set_ui(special, 1);
    for (unsigned k = 0; k < params.n_p; k++)
        mpz_mul_ui(special, special, params.p[k]);
    for (unsigned i = 0; i < params.n_q; i++) {
        uint64_t qi = params.q[i];
        assert_int_equal(bf_context_ring(ctx)->mod[i].value, qi);
        mpz_set_ui(q, qi);
        mpz_mod(t, special, q);
        assert_int_equal(ctx->p_mod_q[i], mpz_get_ui(t));
        mpz_invert(t, t, q);
        assert_int_equal(bf_uncentre(ctx->p_inv_mod_q[i].w, qi),
                         mpz_get_ui(t));
        for (unsigned last = i + 1; last < params.n_q; last++) {
            mpz_set_ui(t, params.q[last]);
            mpz_invert(t, t, q);
            double w = ctx->q_inv_mod_q[last * params.n_q + i].w;
            assert_int_equal(bf_uncentre(w, qi), mpz_get_ui(t));
        }
    }
    assert_int_equal(bf_context_ring(ctx)->mod[5].value, params.p[0]);
    assert_int_equal(ctx->dnum, 3);
    for (unsigned limbs = 1; limbs <= 5; limbs++) {
        assert_int_equal(bf_params_digits(&params, limbs), (limbs + 1) / 2);
        for (unsigned d = 0; d < (limbs + 1) / 2; d++)
            assert_non_null(bf_context_up(ctx, limbs, d));
    }
    assert_non_null(ctx->convert_down);
    mpz_clears(special, q, t, NULL);
    bf_context_destroy(ctx);
    bf_context_destroy(NULL);
}

static void hash_of(uint8_t out[BF_HASH_BYTES], const bf_params *p)
{
    bf_context *ctx;
    assert_ok(bf_context_create(&ctx, p, BF_BACKEND_SCALAR));
    memcpy(out, bf_context_hash(ctx), BF_HASH_BYTES);
    bf_context_destroy(ctx);
}

static void hash_depends_on_every_parameter(void **state)
{
    (void)state;
    bf_params variants[7];
    for (unsigned i = 0; i < 7; i++) variants[i] = literal();
    variants[1].digit_limbs = 1;
    variants[2].n_q = 4;
    variants[3].n_p = 1;
    variants[3].digit_limbs = 1;
    variants[3].p[0] = bf_prime_below(UINT64_C(1) << 49, 11, NULL, 0);
    variants[4].q[3] = bf_prime_above(UINT64_C(1) << 38, 11, NULL, 0);
    variants[5].p[1] = bf_prime_above(UINT64_C(1) << 42, 11, NULL, 0);
    uint64_t swapped = variants[6].q[1];
    variants[6].q[1] = variants[6].q[2];
    variants[6].q[2] = swapped;
    uint8_t h[7][BF_HASH_BYTES], again[BF_HASH_BYTES];
    for (unsigned i = 0; i < 7; i++) {
        hash_of(h[i], &variants[i]);
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(h[i], h[j], BF_HASH_BYTES);
    }
    bf_params same = literal();
    hash_of(again, &same);
    assert_memory_equal(h[0], again, BF_HASH_BYTES);
}

static void galois_elements_are_powers_of_five(void **state)
{
    (void)state;
    bf_params params = literal();
    bf_context *ctx;
    assert_ok(bf_context_create(&ctx, &params, BF_BACKEND_AUTO));
    const int slots = 1 << 10;
    uint32_t power = 1;
    for (int r = 0; r < slots; r++) {
        assert_int_equal(bf_galois_rotation(ctx, r), power);
        assert_int_equal(bf_galois_rotation(ctx, r - slots), power);
        assert_int_equal(bf_galois_rotation(ctx, r + 5 * slots), power);
        power = power * 5 % 4096;
    }
    assert_int_equal(power, 1);
    assert_int_equal(bf_galois_rotation(ctx, INT32_MIN), 1);
    assert_int_equal(bf_galois_rotation(ctx, INT32_MAX),
                     bf_galois_rotation(ctx, -1));
    assert_int_equal(bf_galois_conjugation(ctx), 4095);
    bf_context_destroy(ctx);
}

static void expansion_separates_its_arguments(void **state)
{
    (void)state;
    bf_params params = literal();
    bf_context *ctx;
    assert_ok(bf_context_create(&ctx, &params, BF_BACKEND_AUTO));
    enum { N = 1 << 11, CASES = 6 };
    const bf_ring *ring = bf_context_ring(ctx);
    uint8_t seed[2][BF_SEED_BYTES] = {{1}, {2}};
    static const struct {
        unsigned seed, index, digit, modulus;
    } cases[CASES] = {{0, 0, 0, 2}, {1, 0, 0, 2}, {0, 1, 0, 2},
                      {0, 0, 1, 2}, {0, 0, 0, 3}, {0, 0, 2, 6}};
    double *a = bf_alloc(CASES * N * sizeof *a);
    for (unsigned c = 0; c < CASES; c++) {
        double *x = a + c * N, sum = 0;
        double p = ring->mod[cases[c].modulus].p;
        bf_expand_a(ctx, seed[cases[c].seed], cases[c].index, cases[c].digit,
                    cases[c].modulus, x);
        for (unsigned i = 0; i < N; i++) {
            assert_true(fabs(x[i]) <= (p + 1) / 2 && x[i] == rint(x[i]));
            sum += x[i] / p * (x[i] / p);
        }
        /* Uniform in +-1/2: mean square 1/12, that of it varies by 1/180. */
        assert_true(fabs(sum / N - 1.0 / 12) < 5 / sqrt(180.0 * N));
        for (unsigned d = 0; d < c; d++)
            assert_memory_not_equal(a + d * N, x, N * sizeof *a);
    }
    bf_stream s;
    bf_stream_init(&s, seed[0], "blindfit-a", 7, (3 << 16) + 1);
    bf_limb_uniform(ring, 1, a, &s);
    bf_expand_a(ctx, seed[0], 7, 3, 1, a + N);
    assert_memory_equal(a, a + N, N * sizeof *a);
    bf_free(a);
    bf_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(primes_are_the_nearest),
        cmocka_unit_test(impossible_primes_are_refused),
        cmocka_unit_test(literals_are_checked),
        cmocka_unit_test(constants_equal_gmp),
        cmocka_unit_test(hash_depends_on_every_parameter),
        cmocka_unit_test(galois_elements_are_powers_of_five),
        cmocka_unit_test(expansion_separates_its_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
