/* Secret bits reach no branch and no address: memcheck treats them as
 * undefined and reports every jump or access that depends on one (Langley's
 * ctgrind). The program runs itself again under valgrind.
 *
 * Secrets enter where libsodium's randomness does, which this file replaces:
 * `secret_draws` says which of the coming draws are secret. The seeds of `a`
 * halves and key ids are public, and expanding an `a` rejects in variable
 * time. */
#include "ckks_testing.h"
#include "support/env.h"

#include "ckks/owner/boot_keys.h"
#include "ckks/owner/key_share.h"
#include "ckks/owner/open_share.h"
#include "support/memcheck.h"
#include "train/owner/secure_sum.h"

#include <sodium.h>

/* Without optimisation the ring asserts ranges, which branches. */
#if defined(HAVE_MEMCHECK) && defined(__OPTIMIZE__)

/* Above BF_NTT_ROW residues, transforms have passes over columns. */
#define LOG_N 13
#define N ((size_t)1 << LOG_N)

static uint32_t secret_draws; /* bit i: draw number i from now */
static uint64_t draw_state = 1;

void randombytes_buf(void *const out, const size_t size)
{
    uint8_t *o = out;
    for (size_t i = 0; i < size; i++)
        o[i] = (uint8_t)ckks_test_u64(&draw_state);
    if (secret_draws & 1) (void)VALGRIND_MAKE_MEM_UNDEFINED(out, size);
    secret_draws >>= 1;
}

static unsigned errors_before;

static void taint(uint32_t draws)
{
    secret_draws = draws;
    errors_before = VALGRIND_COUNT_ERRORS;
}

static void assert_reports(unsigned expected)
{
    assert_int_equal(VALGRIND_COUNT_ERRORS - errors_before, expected);
    assert_int_equal(secret_draws, 0); /* every draw that we count took place */
}

/* The result is marked secret, so that the test is not vacuous. The check
 * itself counts as a report. */
static void assert_tainted(const void *data, size_t bytes)
{
    assert_true(VALGRIND_CHECK_MEM_IS_DEFINED(data, bytes) != 0);
}

static volatile int sink;

static void a_leak_is_seen(void **state)
{
    (void)state;
    uint8_t bit;
    taint(1);
    randombytes_buf(&bit, 1);
    if (bit & 1) sink++;
    assert_reports(1);
}

static void samplers(void **state)
{
    (void)state;
    int8_t x[1000];
    taint(1);
    bf_sample_noise(x, sizeof x);
    assert_reports(0);
    assert_tainted(x, sizeof x);
    taint(1);
    bf_sample_ternary(x, sizeof x);
    assert_reports(0);
    /* The one branch asks whether to discard the draw and take another. */
    taint(1);
    bf_status status = bf_sample_sparse_ternary(x, sizeof x, 32);
    assert_reports(1);
    assert_ok(status);
    assert_tainted(x, sizeof x);
}

/* Every pass of the transforms: 2^10 residues have rows alone, 2^11, 2^13 and
 * 2^15 passes of radix 2, 8, and 8 and 4 over columns. */
static void transforms(bf_backend backend)
{
    for (unsigned log_n = 10; log_n <= 15; log_n++) {
        const unsigned bits = 45;
        bf_params params;
        bf_ring *ring;
        size_t n = (size_t)1 << log_n;
        assert_ok(bf_params_make(&params, log_n, &bits, 1, &bits, 1, 1));
        assert_ok(bf_ring_create(&ring, log_n, params.q, 1, backend));
        int8_t *small = bf_secret_alloc(n);
        double *x = bf_secret_alloc(n * sizeof *x);
        taint(1);
        bf_sample_ternary(small, n);
        bf_limb_from_i8(ring, 0, x, small);
        bf_ntt_forward(ring, 0, x);
        bf_ntt_inverse(ring, 0, x);
        assert_reports(0);
        assert_tainted(x, n * sizeof *x);
        bf_secret_free(small);
        bf_secret_free(x);
        bf_ring_destroy(ring);
    }
}

/* A key that is read: only whether it is one is told. */
static void import(const bf_context *ctx, const bf_secret_key *sk)
{
    bf_secret_key *back;
    taint(0);
    bf_status status = bf_secret_key_import(&back, ctx,
                                            bf_secret_key_coeffs(sk), 0,
                                            bf_secret_key_id(sk));
    assert_reports(1);
    assert_ok(status);
    assert_tainted(bf_secret_key_coeffs(back), N);
    bf_secret_key_destroy(back);
}

/* Draws in order: the sparse secret (with the verdict whether to draw again,
 * see samplers), its id; a seed for the empty set of automorphism keys; seed
 * and noise of each key, one more with a smaller ring. */
static void refresh_keys_of(bf_boot_secrets secrets,
                            const bf_context *encapsulation)
{
    bf_eval_keys keys = {0}, keys_there = {0};
    const bf_key_need in = {{BF_KEY_ENCAPSULATE, 0, secrets.small ? 2 : 1}, 1},
                      back[] = {{{BF_KEY_DECAPSULATE, 0, 1}, 2},
                                {{BF_KEY_RING_DOWN, 0, 2}, 1}};
    taint(1 << 0 | 1 << 4 | 1 << 6 | (secrets.small ? 1 << 8 : 0));
    bf_status status = bf_boot_keys_generate(
        &keys, &keys_there, encapsulation, secrets, back, secrets.small ? 2 : 1,
        &in, 1, NULL);
    assert_reports(1);
    assert_ok(status);
    bf_eval_keys_clear(&keys);
    bf_eval_keys_clear(&keys_there);
}

/* The larger ring's secret follows from that of the smaller ring. */
static void derived_refresh_keys(const bf_context *ctx,
                                 const bf_context *encapsulation,
                                 const bf_secret_key *small)
{
    bf_secret_key *made;
    taint(0);
    assert_ok(bf_secret_key_derive(&made, ctx, small));
    assert_reports(0);
    assert_tainted(bf_secret_key_coeffs(made), N);
    refresh_keys_of((bf_boot_secrets){made, small}, encapsulation);
    bf_secret_key_destroy(made);
}

/* Encapsulation from the ring itself, and straight from one of half the degree.
 */
static void refresh_keys(const bf_secret_key *sk)
{
    bf_params there = {.log_n = LOG_N,
                       .n_q = 1,
                       .n_p = 1,
                       .digit_limbs = 1,
                       .insecure = true};
    bf_context *encapsulation, *half;
    bf_secret_key *small;
    there.q[0] = bf_context_params(bf_secret_key_context(sk))->q[0];
    there.p[0] = bf_prime_near(47, LOG_N, there.q, 1);
    assert_ok(bf_context_create(&encapsulation, &there, BF_BACKEND_SCALAR));
    there.log_n--;
    assert_ok(bf_context_create(&half, &there, BF_BACKEND_SCALAR));
    taint(1);
    assert_ok(bf_secret_key_generate(&small, half, 0));
    assert_reports(0);
    refresh_keys_of((bf_boot_secrets){sk, NULL}, encapsulation);
    derived_refresh_keys(bf_secret_key_context(sk), encapsulation, small);
    bf_secret_key_destroy(small);
    bf_context_destroy(half);
    bf_context_destroy(encapsulation);
}

/* Of opened shares one verdict: whether they are residues. */
static void opening_share(const bf_secret_key *sk)
{
    const uint32_t at[] = {0, 5, 4096};
    uint64_t values[3];
    bf_pt pt = {0};
    bf_ct ct = {0};
    double one = 1;
    assert_ok(bf_encode_real(&pt, bf_secret_key_context(sk), &one, 1, 0x1p30,
                             1));
    assert_ok(bf_encrypt_symmetric(&ct, sk, &pt));
    taint(1);
    assert_ok(bf_open_share(values, sk, &ct, (bf_places){at, 3}, 100));
    assert_reports(0);
    assert_tainted(values, sizeof values);
    taint(0);
    bf_status status = bf_open_combine(
        &pt, &ct, (bf_places){at, 3}, (const uint64_t *const[]){values}, 1);
    assert_reports(1);
    assert_ok(status);
    assert_tainted(pt.data, N * sizeof *pt.data);
    bf_ct_clear(&ct);
    bf_pt_clear(&pt);
}

/* The seed of a halves is the caller's; noise of h0 and h1, of each b. */
static void key_shares(const bf_secret_key *sk)
{
    static const uint8_t seed[BF_SEED_BYTES];
    const bf_key_need linear[] = {{bf_key_galois(5), 3},
                                  {{BF_KEY_IMPORT, 0, 0}, 3},
                                  {{BF_KEY_IMPORT, 0, 1}, 3}},
                      square = {bf_key_from_square(5), 2};
    bf_eval_keys share = {0}, first = {0};
    bf_secret_key *u;
    taint(1); /* secret, then id */
    assert_ok(bf_secret_key_generate(&u, bf_secret_key_context(sk), 0));
    bf_share_secrets own = {sk, u, 0};
    taint(7);
    assert_ok(bf_share_linear(&share, own, linear, 3, seed, NULL));
    taint(3);
    assert_ok(bf_share_squares(&first, own, &square, 1, seed, NULL));
    assert_reports(0);
    assert_tainted(first.keys[0].data, 2 * N * sizeof(double));
    taint(1);
    assert_ok(bf_share_squares_second(&share, own, &first, NULL));
    assert_reports(0);
    assert_tainted(share.keys[0].data, N * sizeof(double));
    bf_eval_keys_clear(&share);
    bf_eval_keys_clear(&first);
    bf_secret_key_destroy(u);
    opening_share(sk);
}

static void keys_and_ciphertexts(bf_backend backend)
{
    static const unsigned q[] = {45, 36, 36}, p[] = {45, 40};
    bf_params params;
    bf_context *ctx;
    bf_secret_key *sk;
    bf_pt pt = {0}, opened = {0};
    bf_ct ct = {0};
    bf_public_key pk = {0};
    bf_switch_key key = {0};
    double x[4] = {1, 2, 3, 4};
    static double coeffs[N];
    static double complex slots[N / 2];
    assert_ok(bf_params_make(&params, LOG_N, q, 3, p, 2, 2));
    params.insecure = true;
    assert_ok(bf_context_create(&ctx, &params, backend));
    assert_ok(bf_encode_real(&pt, ctx, x, 4, 0x1p30, 3));

    taint(1); /* secret, then id */
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    assert_reports(0);
    assert_tainted(bf_secret_key_coeffs(sk), N);
    import(ctx, sk);
    taint(1); /* noise, then seed of a */
    assert_ok(bf_encrypt_symmetric(&ct, sk, &pt));
    assert_reports(0);
    assert_tainted(ct.data, ct.bytes);
    taint(1);
    assert_ok(bf_public_key_generate(&pk, sk));
    assert_reports(0);
    taint(7); /* u, e0, e1 */
    assert_ok(bf_encrypt_public(&ct, &pk, &pt));
    assert_reports(0);
    taint(2); /* seed of a, then noise */
    assert_ok(bf_galois_key_generate(&key, sk, bf_key_from_square(1), 3));
    assert_reports(0);
    taint(2);
    assert_ok(bf_galois_key_generate(&key, sk, bf_key_galois(5), 3));
    assert_reports(0);
    taint(2);
    assert_ok(bf_switch_key_generate(&key, sk, sk, 2));
    assert_reports(0);
    taint(0);
    assert_ok(bf_decrypt(&opened, sk, &ct));
    assert_ok(bf_decode_coeffs(coeffs, &opened));
    assert_ok(bf_decode_slots(slots, &opened));
    assert_reports(0);
    assert_tainted(slots, sizeof slots);
    refresh_keys(sk);
    key_shares(sk);

    bf_pt_clear(&pt);
    bf_pt_clear(&opened);
    bf_ct_clear(&ct);
    bf_public_key_clear(&pk);
    bf_switch_key_clear(&key);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
}

static void keys_and_ciphertexts_scalar(void **state)
{
    (void)state;
    transforms(BF_BACKEND_SCALAR);
    keys_and_ciphertexts(BF_BACKEND_SCALAR);
}

static void keys_and_ciphertexts_simd(void **state)
{
    (void)state;
    bf_backend found; /* valgrind shows AVX2 at most */
    if (bf_backend_resolve(BF_BACKEND_AVX2, &found) != BF_OK) skip();
    transforms(BF_BACKEND_AVX2);
    keys_and_ciphertexts(BF_BACKEND_AVX2);
}

/* Branches tell whether the secret belongs to the public key, and whether a
 * pair's product is zero. */
static void masked_sums(void **state)
{
    (void)state;
    enum { OWNERS = 3 };
    uint8_t public[OWNERS][BF_X25519_BYTES], session[BF_HASH_BYTES] = {0};
    uint8_t *secret = bf_secret_alloc(BF_X25519_BYTES), sum[100 * 16] = {0};
    for (unsigned i = 0; i < OWNERS; i++) {
        randombytes_buf(secret, BF_X25519_BYTES);
        crypto_scalarmult_base(public[i], secret);
    }
    taint(0);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(secret, BF_X25519_BYTES);
    bf_sum_owner own = {.secret = secret,
                        .publics = {public[0], public[1], public[2]},
                        .owners = OWNERS,
                        .number = 2,
                        .session = session};
    bf_status status = bf_sum_mask(sum, 100, 16, &own, "S1");
    assert_reports(OWNERS);
    assert_ok(status);
    assert_tainted(sum, sizeof sum);
    bf_secret_free(secret);
}

int main(int argc, char **argv)
{
    (void)argc;
    if (!RUNNING_ON_VALGRIND) return run_under_valgrind(argv[0]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leak_is_seen),
        cmocka_unit_test(samplers),
        cmocka_unit_test(masked_sums),
        cmocka_unit_test(keys_and_ciphertexts_scalar),
        cmocka_unit_test(keys_and_ciphertexts_simd),
    };
    env_threads(1);
    if (bf_random_init() != BF_OK) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    puts("skipped: needs memcheck.h, optimisation and no sanitizer");
    return 77;
}

#endif
