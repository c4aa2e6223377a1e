/* Known answers: hashes of results from fixed seeds, the same for every
 * backend, compiler, optimisation and number of threads. Known answers protect
 * formats and reproducibility; other tests check that the values are correct.
 * After an intended change, run with BLINDFIT_KAT_PRINT=1 and give the reason
 * in the commit. */
#include "../unit/ckks_testing.h"

#include "base/random.h"
#include "ckks/lintrans.h"
#include "support/env.h"

typedef struct answer {
    const char *name, *hash; /* the first 16 bytes in hexadecimal */
} answer;

static const answer answers[] = {
    {"parameters", "7153a1ab657c31bf7c7509da18d8e3ba"},
    {"noise", "2052ec0f6e1d09a7387e650935a2eb2a"},
    {"ternary", "55ebe6422ba17f4c9c37019bc9632c03"},
    {"sparse ternary", "fa3dfbcf61954565511e1a2232e1a660"},
    {"secret key", "e47b214fdb6922d7058e0f1b465fe637"},
    {"encoded slots", "33ad5e64434d0695be5055e5f5fce9cc"},
    {"encoded real, repeated", "71e937d47b34f333301561a03a168705"},
    {"encoded coefficients", "ff658056101847111ff43a89aedd5a91"},
    {"symmetric encryption", "6a3874909c643801f88229d5d7b5ba53"},
    {"public key", "ab01be239e727caec91536660566b7b7"},
    {"public encryption", "53b0242a95cbd3f366d5cefd1c325f3c"},
    {"relinearisation key", "bc54fc8274faff0a335583625b3fb113"},
    {"rotation key, cut", "734881ecb1c823f87894b4b63b51e057"},
    {"switch key", "e53ac295cc9535bb7630620e2b24736f"},
    {"decryption", "1253ad5d432f026f215decea8e2910ce"},
    {"tensor product", "d52ac85080e630f26d682a1e2fe352c0"},
    {"relinearisation", "bee29e2a7ea5ee785bb8c8b5c4f4c61f"},
    {"rescale", "f497a151fc93bd9ce5ad41a835c800e7"},
    {"both at once", "f497a151fc93bd9ce5ad41a835c800e7"},
    {"tensor sum", "29890f4ab4f66bc763020bfbb49e0b2b"},
    {"tensor matrix", "2080a0a7dc2d786a910f6cb61f73a44d"},
    {"tensor matrix", "21a287499270fb16d8fa6b9b112cf2cd"},
    {"tensor matrix", "da4fb500918428ef2ac7e62b9acfe098"},
    {"tensor matrix", "c4935d2812a76ba0102e0a00c52d62b2"},
    {"rotation", "8e87fe982c2ffc3f22e488024ef0b9cd"},
    {"rotations of one", "8e87fe982c2ffc3f22e488024ef0b9cd"},
    {"rotations of one", "d74257c15663d577af58b1b991dadf3e"},
    {"rotations of one", "7198bdad16691f11c531b92823df91f9"},
    {"sum of rotations", "e3485a9bb368e9bef7af97681bed5188"},
    {"packing", "d4196deb1e0dded67f694884c7ba2c33"},
    {"expansion", "afc4f81be9df51c7d2f39ac730edaad6"},
    {"expansion", "2326989131b0ec2d7d9efe2c5f3272ca"},
    {"expansion", "32d766a1004b7457800b399ee010f132"},
    {"expansion", "3987fa02acd6742f1339db1172affe06"},
    {"linear map", "3736be3bcf742fe813474452400fee85"},
};
#define ANSWERS (sizeof answers / sizeof *answers)

static unsigned next; /* answer to come */

static void check(const char *name, const uint8_t hash[BF_HASH_BYTES])
{
    char text[33];
    for (unsigned i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_true(next < ANSWERS);
    if (getenv("BLINDFIT_KAT_PRINT"))
        print_message("    {\"%s\", \"%s\"},\n", name, text);
    else if (strcmp(text, answers[next].hash) != 0)
        fail_msg("%s: %s, not %s", name, text, answers[next].hash);
    assert_string_equal(name, answers[next].name);
    next++;
}

static void check_bytes(const char *name, const void *data, size_t bytes)
{
    uint8_t h[BF_HASH_BYTES];
    bf_hash(data, bytes, h);
    check(name, h);
}

/* Residues as integers 0..p-1, so that -0 and the byte order of doubles do
 * not matter. modulus[i] is the ring's index for limb i. */
static void check_limbs(const char *name, const bf_context *ctx,
                        const double *data, const unsigned *modulus,
                        unsigned limbs, unsigned polys)
{
    const bf_ring *ring = bf_context_ring(ctx);
    uint8_t bytes[8], h[BF_HASH_BYTES];
    bf_hasher hasher;
    bf_hasher_init(&hasher);
    for (unsigned i = 0; i < limbs * polys; i++) {
        uint64_t p = ring->mod[modulus[i / polys]].value;
        for (size_t k = 0; k < ring->n; k++) {
            uint64_t v = bf_uncentre(data[i * ring->n + k], p);
            for (unsigned b = 0; b < 8; b++) bytes[b] = (uint8_t)(v >> 8 * b);
            bf_hasher_update(&hasher, bytes, 8);
        }
    }
    bf_hasher_final(&hasher, h);
    check(name, h);
}

static void check_samples(void)
{
    int8_t x[1000];
    bf_sample_noise(x, sizeof x);
    check_bytes("noise", x, sizeof x);
    bf_sample_ternary(x, sizeof x);
    check_bytes("ternary", x, sizeof x);
    assert_ok(bf_sample_sparse_ternary(x, sizeof x, 100));
    check_bytes("sparse ternary", x, sizeof x);
}

static void check_switch_key(const char *name, const bf_switch_key *key)
{
    const bf_params *p = bf_context_params(key->ctx);
    unsigned order[2 * BF_MODULI_MAX], count = 0;
    for (unsigned d = 0; d < key->digits; d++) {
        for (unsigned i = 0; i < key->limbs; i++) order[count++] = i;
        for (unsigned k = 0; k < p->n_p; k++) order[count++] = p->n_q + k;
    }
    check_limbs(name, key->ctx, key->data, order, count, 2);
}

static void check_ct(const char *name, const bf_ct *ct)
{
    static const unsigned identity[] = {0, 1, 2, 3, 4};
    check_limbs(name, ct->ctx, ct->data, identity, ct->limbs, ct->polys);
}

/* Checks and releases results of one operation. */
static void check_results(const char *name, bf_eval *ev, bf_ct *ct,
                          unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        check_ct(name, &ct[i]);
        bf_eval_release(ev, &ct[i]);
    }
}

static void check_products(bf_eval *ev, const bf_ct *a, const bf_ct *b)
{
    const bf_ct *x[4] = {a, b, b, b}, *y[4] = {a, a, b, a};
    bf_ct product = {0}, out[4] = {{0}};
    assert_ok(bf_tensor(ev, &product, a, b));
    check_ct("tensor product", &product);
    assert_ok(bf_relinearize(ev, out, &product));
    check_ct("relinearisation", out);
    assert_ok(bf_rescale(ev, out, out));
    check_results("rescale", ev, out, 1);
    assert_ok(bf_relinearize_rescale(ev, out, &product));
    check_results("both at once", ev, out, 1);
    assert_ok(bf_tensor_sum(ev, out, x, y, 4));
    check_results("tensor sum", ev, out, 1);
    assert_ok(bf_tensor_matrix(ev, out, 2, 2, x, y, 2));
    check_results("tensor matrix", ev, out, 4);
    bf_eval_release(ev, &product);
}

static void check_rotations(bf_eval *ev, const bf_ct *a, const bf_ct *b)
{
    static const int r[3] = {128, 0, 256};
    const bf_ct *x[3] = {a, b, b};
    bf_ct out[3] = {{0}};
    assert_ok(bf_rotate(ev, out, a, 128));
    check_results("rotation", ev, out, 1);
    assert_ok(bf_rotate_many(ev, out, a, r, 3));
    check_results("rotations of one", ev, out, 3);
    assert_ok(bf_rotate_sum(ev, out, x, r, 3));
    check_results("sum of rotations", ev, out, 1);
}

/* Four products in one step of radix 4, and back. */
static void check_tree(bf_eval *ev, const bf_ct *a, const bf_ct *b)
{
    bf_ct g[4] = {{0}}, packed = {0};
    for (unsigned i = 0; i < 4; i++)
        assert_ok(bf_tensor(ev, &g[i], i % 2 ? a : b, i / 2 ? a : b));
    assert_ok(bf_pack(ev, &packed, g, 4, 2, 128, 16));
    check_ct("packing", &packed);
    assert_ok(bf_expand(ev, g, &packed, 4, 2, 128, 1));
    check_results("expansion", ev, g, 4);
    bf_eval_release(ev, &packed);
}

/* Diagonals 0 and 128: a baby and a giant step. */
static void check_linear_map(bf_eval *ev, const bf_ct *a,
                             const double complex *z)
{
    const bf_diagonal d[2] = {{0, z}, {128, z}};
    bf_lintrans map;
    bf_ct out = {0};
    const bf_lintrans_form form = {.scale = 0x1p30, .limbs = 3, .baby = 64};
    assert_ok(bf_lintrans_make(&map, bf_eval_context(ev), d, 2, 512, &form));
    assert_ok(bf_lintrans_apply(ev, &out, a, &map));
    check_results("linear map", ev, &out, 1);
    bf_lintrans_clear(&map);
}

/* Three limbs: a digit of two and one of one. */
static void check_evaluation(const bf_secret_key *sk, const double complex *z)
{
    const bf_context *ctx = bf_secret_key_context(sk);
    bf_key_need need[7] = {{bf_key_from_square(1), 3}};
    bf_eval_keys keys = {0};
    bf_eval *ev;
    bf_pt pt = {0};
    bf_ct a = {0}, b = {0};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t g = bf_galois_rotation(ctx, 128 * ((int)i + 1));
        need[1 + 2 * i] = (bf_key_need){bf_key_galois(g), 3};
        need[2 + 2 * i] = (bf_key_need){bf_key_from_square(g), 3};
    }
    assert_ok(bf_eval_keys_generate(&keys, sk, need, 7, NULL));
    assert_ok(bf_eval_create(&ev, ctx, &keys));
    assert_ok(bf_encode_slots(&pt, ctx, z, 512, 0x1p36, 3));
    assert_ok(bf_encrypt_symmetric(&a, sk, &pt));
    assert_ok(bf_encode_slots(&pt, ctx, z, 256, 0x1p36, 3));
    assert_ok(bf_encrypt_symmetric(&b, sk, &pt));
    check_products(ev, &a, &b);
    check_rotations(ev, &a, &b);
    check_tree(ev, &a, &b);
    check_linear_map(ev, &a, z);
    bf_pt_clear(&pt);
    bf_ct_clear(&a);
    bf_ct_clear(&b);
    bf_eval_destroy(ev);
    bf_eval_keys_clear(&keys);
}

/* All results in a fixed order, as the fixed randomness is one stream. */
static void run(bf_backend backend, unsigned threads)
{
    static const unsigned q[] = {45, 36, 36, 36, 36}, p[] = {45, 40};
    static const unsigned identity[] = {0, 1, 2, 3, 4};
    static double complex z[512];
    static double x[1024];
    uint64_t rng = 77;
    bf_params params;
    bf_context *ctx;
    bf_secret_key *sk, *sparse;
    bf_public_key pk = {0};
    bf_switch_key key = {0};
    bf_pt pt = {0};
    bf_ct ct = {0};
    next = 0;
    env_threads(threads);
    bf_random_fix_for_tests(12345);
    assert_ok(bf_params_make(&params, 10, q, 5, p, 2, 2));
    params.insecure = true;
    assert_ok(bf_context_create(&ctx, &params, backend));
    check("parameters", bf_context_hash(ctx));
    check_samples();

    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    assert_ok(bf_secret_key_generate(&sparse, ctx, 32));
    check_bytes("secret key", bf_secret_key_coeffs(sk), 1024);
    ckks_test_slots(z, 512, &rng);
    for (unsigned i = 0; i < 1024; i++) x[i] = ckks_test_unit(&rng);
    assert_ok(bf_encode_slots(&pt, ctx, z, 512, 0x1p30, 4));
    check_limbs("encoded slots", ctx, pt.data, identity, 4, 1);
    assert_ok(bf_encode_real(&pt, ctx, x, 32, 0x1p33, 2));
    check_limbs("encoded real, repeated", ctx, pt.data, identity, 2, 1);
    assert_ok(bf_encode_coeffs(&pt, ctx, x, 1024, 0x1p60, 5));
    check_limbs("encoded coefficients", ctx, pt.data, identity, 5, 1);
    assert_ok(bf_encrypt_symmetric(&ct, sk, &pt));
    check_limbs("symmetric encryption", ctx, ct.data, identity, 5, 2);
    assert_ok(bf_public_key_generate(&pk, sk));
    check_limbs("public key", ctx, pk.data, identity, 5, 2);
    assert_ok(bf_encrypt_public(&ct, &pk, &pt));
    check_limbs("public encryption", ctx, ct.data, identity, 5, 2);
    assert_ok(bf_galois_key_generate(&key, sk, bf_key_from_square(1), 5));
    check_switch_key("relinearisation key", &key);
    assert_ok(bf_galois_key_generate(&key, sk, bf_key_galois(25), 3));
    check_switch_key("rotation key, cut", &key);
    assert_ok(bf_switch_key_generate(&key, sk, sparse, 2));
    check_switch_key("switch key", &key);
    assert_ok(bf_decrypt(&pt, sk, &ct));
    check_limbs("decryption", ctx, pt.data, identity, 5, 1);
    check_evaluation(sk, z);
    assert_int_equal(next, ANSWERS);

    bf_pt_clear(&pt);
    bf_ct_clear(&ct);
    bf_switch_key_clear(&key);
    bf_public_key_clear(&pk);
    bf_secret_key_destroy(sparse);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
}

static void scalar_gives_the_known_answers(void **state)
{
    (void)state;
    run(BF_BACKEND_SCALAR, 1);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    run(BF_BACKEND_SCALAR, 3);
}

static void run_if_available(bf_backend backend)
{
    bf_backend found;
    if (bf_backend_resolve(backend, &found) != BF_OK) skip();
    run(backend, 2);
}

static void neon_gives_the_same(void **state)
{
    (void)state;
    run_if_available(BF_BACKEND_NEON);
}

static void avx2_gives_the_same(void **state)
{
    (void)state;
    run_if_available(BF_BACKEND_AVX2);
}

static void avx512_gives_the_same(void **state)
{
    (void)state;
    run_if_available(BF_BACKEND_AVX512);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalar_gives_the_known_answers),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(neon_gives_the_same),
        cmocka_unit_test(avx2_gives_the_same),
        cmocka_unit_test(avx512_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
