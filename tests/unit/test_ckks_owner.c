/* Oracles: keys' equations in GMP, the known range and variance of the noise,
 * and plaintext arithmetic on slots. */
#include "key_testing.h"

#include "support/env.h"

static bf_context *open_context(unsigned log_n)
{
    static const unsigned q[] = {45, 36, 36, 36, 36}, p[] = {45, 40};
    return ckks_test_context(log_n, q, 5, p, 2, 2, true);
}

/* The noise is centred binomial, 21 + 21 bits, of variance 10.5; the sample's
 * own relative deviation is sqrt(2/n). */
static void check_switch_key(const bf_switch_key *key, const int32_t *from,
                             const int32_t *to)
{
    double n = (double)bf_context_ring(key->ctx)->n * key->digits;
    double square = switch_key_error(key, from, to, 21);
    assert_true(fabs(square / 10.5 - 1) < 6 * sqrt(2.0 / n));
}

static void switching_keys_hold_their_equation(void **state)
{
    (void)state;
    ckks_test_seed(21);
    enum { N = 1 << 10 };
    static int32_t s[N], other[N];
    bf_context *ctx = open_context(10);
    bf_secret_key *sk, *sparse;
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    assert_ok(bf_secret_key_generate(&sparse, ctx, 32));
    widen(s, bf_secret_key_coeffs(sk), N);
    bf_switch_key key = {0};

    square(other, bf_secret_key_coeffs(sk), N);
    assert_ok(bf_galois_key_generate(&key, sk, bf_key_from_square(1), 5));
    assert_true(bf_key_same(key.name, bf_key_from_square(1)));
    check_switch_key(&key, other, s);

    uint32_t elements[] = {5, bf_galois_conjugation(ctx),
                           bf_galois_rotation(ctx, -3)};
    for (unsigned i = 0; i < 3; i++) {
        uint32_t g = elements[i], inverse = 1;
        while ((uint64_t)g * inverse % (2 * N) != 1) inverse += 2;
        automorphism(other, bf_secret_key_coeffs(sk), inverse, N);
        unsigned limbs = 5 - 2 * i; /* full, cut in a digit, one limb */
        assert_ok(bf_galois_key_generate(&key, sk, bf_key_galois(g), limbs));
        assert_true(bf_key_same(key.name, bf_key_galois(g)));
        assert_int_equal(key.limbs, limbs);
        check_switch_key(&key, s, other);
        int32_t squared[N];
        square(squared, bf_secret_key_coeffs(sk), N);
        bf_key_name name = bf_key_from_square(g);
        assert_ok(bf_galois_key_generate(&key, sk, name, limbs));
        assert_true(bf_key_same(key.name, name));
        check_switch_key(&key, squared, other);
    }
    assert_fails(bf_galois_key_generate(&key, sk, bf_key_galois(1), 2),
                 BF_ERR_ARGUMENT, "not 1");
    bf_key_name import = {BF_KEY_IMPORT, 0, 3};
    assert_fails(bf_galois_key_generate(&key, sk, import, 2), BF_ERR_ARGUMENT,
                 "the import key of owner 3");

    widen(other, bf_secret_key_coeffs(sparse), N);
    assert_ok(bf_switch_key_generate(&key, sk, sparse, 2));
    assert_int_equal(key.name.use, BF_KEY_OTHER);
    check_switch_key(&key, s, other);
    assert_ok(bf_switch_key_generate(&key, sparse, sk, 4));
    check_switch_key(&key, other, s);
    bf_switch_key_clear(&key);
    bf_secret_key_destroy(sk);
    bf_secret_key_destroy(sparse);
    bf_context_destroy(ctx);
}

static void expands_from_its_seed(const bf_switch_key *key)
{
    const bf_params *p = bf_context_params(key->ctx);
    size_t n = bf_context_ring(key->ctx)->n;
    double *a = bf_alloc(n * sizeof *a);
    for (unsigned d = 0; d < key->digits; d++) {
        for (unsigned i = 0; i < key->limbs + p->n_p; i++) {
            unsigned m = i < key->limbs ? i : p->n_q + i - key->limbs;
            bf_expand_a(key->ctx, key->seed, key->seed_index, d, m, a);
            assert_memory_equal(
                a, bf_switch_key_limb(key, d, i, 1, n, p->n_p),
                n * sizeof *a);
        }
    }
    bf_free(a);
}

/* Distinct names of a ring have distinct labels, which decode to their names;
 * other labels are refused. */
static void names_have_labels(void **state)
{
    (void)state;
    const bf_key_name names[] = {
        {BF_KEY_OTHER, 0, 0},       {BF_KEY_GALOIS, 0, 3},
        {BF_KEY_GALOIS, 0, 2047},   {BF_KEY_FROM_SQUARE, 0, 1},
        {BF_KEY_FROM_SQUARE, 0, 3}, {BF_KEY_ENCAPSULATE, 0, 1},
        {BF_KEY_ENCAPSULATE, 0, 2}, {BF_KEY_DECAPSULATE, 0, 1},
        {BF_KEY_RING_DOWN, 0, 2},   {BF_KEY_RING_UP, 0, 2},
        {BF_KEY_IMPORT, 0, 0},      {BF_KEY_IMPORT, 0, 3}};
    const uint32_t none[] = {
        2, 2049, BF_KEY_LABEL_SQUARE | 1, BF_KEY_LABEL_SQUARE | 2,
        BF_KEY_GALOIS << 24 | 3, BF_KEY_FROM_SQUARE << 24 | 3,
        BF_KEY_ENCAPSULATE << 24 | 3, BF_KEY_ENCAPSULATE << 24 | 1024,
        BF_KEY_DECAPSULATE << 24 | 2, BF_KEY_RING_DOWN << 24 | 1,
        (BF_KEY_IMPORT + 1) << 24 | 1, BF_KEY_IMPORT << 24 | UINT32_C(1) << 31};
    const size_t count = sizeof names / sizeof *names;
    bf_key_name got;
    for (size_t i = 0; i < count; i++) {
        assert_true(bf_key_is_name(names[i], 10));
        assert_true(bf_key_from_label(&got, bf_key_label(names[i]), 10));
        assert_true(bf_key_same(got, names[i]));
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(bf_key_label(names[i]),
                                 bf_key_label(names[j]));
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(bf_key_from_label(&got, none[i], 10));
}

static int count_progress(void *user, const char *phase, double done,
                           double total)
{
    double *last = user;
    assert_string_equal(phase, "keys");
    assert_true(done > *last && done <= total);
    *last = done;
    return 0;
}

static void key_sets_hold_what_was_asked(void **state)
{
    (void)state;
    ckks_test_seed(22);
    bf_context *ctx = open_context(10);
    bf_secret_key *sk;
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    bf_key_need needs[] = {{bf_key_galois(5), 5},
                           {bf_key_from_square(1), 3},
                           {bf_key_galois(2047), 4},
                           {bf_key_from_square(25), 1}};
    bf_eval_keys keys = {0};
    double done = 0;
    bf_env env = {.progress = count_progress, .user = &done};
    assert_ok(bf_eval_keys_generate(&keys, sk, needs, 4, &env));
    assert_float_equal(done, 4, 0);
    assert_int_equal(keys.count, 4);
    assert_memory_equal(keys.key_id, bf_secret_key_id(sk), BF_KEY_ID_BYTES);
    for (unsigned i = 0; i < 4; i++) {
        const bf_switch_key *k = bf_eval_keys_find(&keys, needs[i].name);
        assert_non_null(k);
        assert_true(bf_key_same(k->name, needs[i].name));
        assert_int_equal(k->limbs, needs[i].limbs);
        assert_int_equal(k->seed_index, bf_key_label(needs[i].name));
        assert_memory_equal(k->seed, keys.keys[0].seed, BF_SEED_BYTES);
        expands_from_its_seed(k);
    }
    assert_null(bf_eval_keys_find(&keys, bf_key_galois(25)));

    bf_switch_key *before = keys.keys;
    bf_key_name five = bf_key_galois(5);
    bf_key_need twice[] = {{five, 5}, {five, 3}}, low[] = {{five, 0}};
    bf_key_need even[] = {{bf_key_galois(4), 2}};
    bf_key_need big[] = {{bf_key_galois(2049), 2}};
    bf_key_need tall[] = {{five, 2}, {bf_key_galois(25), 6}};
    assert_fails(bf_eval_keys_generate(&keys, sk, twice, 2, NULL),
                 BF_ERR_ARGUMENT, "twice");
    assert_fails(bf_eval_keys_generate(&keys, sk, even, 1, NULL),
                 BF_ERR_ARGUMENT, "odd");
    assert_fails(bf_eval_keys_generate(&keys, sk, big, 1, NULL),
                 BF_ERR_ARGUMENT, "below 2048");
    assert_fails(bf_eval_keys_generate(&keys, sk, tall, 2, NULL),
                 BF_ERR_ARGUMENT, "6 limbs");
    assert_fails(bf_eval_keys_generate(&keys, sk, low, 1, NULL),
                 BF_ERR_ARGUMENT, "0 limbs");
    env_interrupt(1);
    assert_int_equal(bf_eval_keys_generate(&keys, sk, needs, 4, NULL),
                     BF_ERR_INTERRUPTED);
    env_interrupt(0);
    assert_ptr_equal(keys.keys, before);
    assert_ok(bf_eval_keys_generate(&keys, sk, NULL, 0, NULL));
    assert_int_equal(keys.count, 0);
    assert_null(bf_eval_keys_find(&keys, bf_key_galois(5)));
    bf_eval_keys_clear(&keys);
    bf_eval_keys_clear(&keys);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
}

typedef struct trial_result {
    double sum, largest; /* squared errors of coefficients; largest error */
    unsigned within;     /* trials with every slot inside the bound */
} trial_result;

/* Encrypts and decrypts random slots `trials` times. A slot's error has
 * variance N*noise^2/scale^2. Limits, in standard deviations:
 * - symmetric: a sum of N independent terms, near-normal in two dimensions,
 *   passes t sd with probability exp(-t^2): exp(-50) at 7.07.
 * - public: e u + e1 s has in each slot products of two such normals, where e
 *   and s are the key's. Given those, the variance is G = (|e|^2 + |s|^2)/2
 *   relative, with density 4g exp(-2g), so the probability is the mean of
 *   exp(-t^2/G), 4 t^2 K_2(sqrt(8) t): 1e-15 at 14, but 1e-7 at 7.07. */
static trial_result run_trials(const bf_context *ctx, const bf_secret_key *sk,
                               const bf_public_key *pk, unsigned limbs,
                               unsigned trials, uint64_t *rng)
{
    const double scale = 0x1p32;
    size_t n = bf_context_ring(ctx)->n, half = n / 2;
    double complex *z = malloc(half * sizeof *z);
    double complex *back = malloc(half * sizeof *z);
    double *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
    bf_pt pt = {0}, opened = {0};
    bf_ct ct = {0};
    trial_result r = {0};
    for (unsigned t = 0; t < trials; t++) {
        ckks_test_slots(z, half, rng);
        assert_ok(bf_encode_slots(&pt, ctx, z, half, scale, limbs));
        if (pk)
            assert_ok(bf_encrypt_public(&ct, pk, &pt));
        else
            assert_ok(bf_encrypt_symmetric(&ct, sk, &pt));
        assert_ok(bf_decrypt(&opened, sk, &ct));
        assert_float_equal(opened.scale, scale, 0);
        assert_float_equal(opened.bound, pt.bound, 0);
        assert_ok(bf_decode_slots(back, &opened));
        double reach = pk ? 14 : 7.07;
        double bound = reach * sqrt((double)n) * ct.noise / scale;
        bool inside = true;
        for (size_t j = 0; j < half; j++)
            inside = inside && cabs(back[j] - z[j]) < bound;
        r.within += inside;
        if (t % 10 != 0) continue;
        assert_ok(bf_decode_coeffs(a, &pt));
        assert_ok(bf_decode_coeffs(b, &opened));
        for (size_t k = 0; k < n; k++) {
            double e = (b[k] - a[k]) * scale;
            assert_true(e == rint(e));
            r.sum += e * e / (double)n / ((trials + 9) / 10);
            r.largest = fmax(r.largest, fabs(e));
        }
    }
    bf_pt_clear(&pt);
    bf_pt_clear(&opened);
    bf_ct_clear(&ct);
    free(z);
    free(back);
    free(a);
    free(b);
    return r;
}

static void symmetric_noise_is_as_derived(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(23);
    static const struct {
        unsigned log_n, trials;
    } cases[] = {{13, 1000}, {14, 60}, {15, 30}, {16, 10}};
    for (unsigned c = 0; c < 4; c++) {
        bf_context *ctx = open_context(cases[c].log_n);
        bf_secret_key *sk;
        assert_ok(bf_secret_key_generate(&sk, ctx, 0));
        trial_result r =
            run_trials(ctx, sk, NULL, c == 0 ? 1 : 5, cases[c].trials, &rng);
        assert_int_equal(r.within, cases[c].trials);
        assert_true(r.largest <= 21);
        assert_true(fabs(r.sum / 10.5 - 1) < 0.02);
        bf_secret_key_destroy(sk);
        bf_context_destroy(ctx);
    }
}

static void public_noise_is_as_derived(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(24);
    bf_context *ctx = open_context(13);
    bf_secret_key *sk;
    bf_public_key pk = {0};
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    assert_ok(bf_public_key_generate(&pk, sk));
    assert_memory_equal(pk.key_id, bf_secret_key_id(sk), BF_KEY_ID_BYTES);
    trial_result r = run_trials(ctx, sk, &pk, 2, 200, &rng);
    assert_int_equal(r.within, 200);
    assert_true(fabs(r.sum / (10.5 * (1 + 4.0 / 3 * 8192)) - 1) < 0.03);
    bf_public_key_clear(&pk);
    bf_public_key_clear(&pk);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
}

static void fresh_ciphertexts_carry_their_facts(void **state)
{
    (void)state;
    ckks_test_seed(25);
    bf_context *ctx = open_context(11);
    size_t n = 1 << 11;
    bf_secret_key *sk;
    bf_public_key pk = {0};
    bf_pt pt = {0};
    bf_ct one = {0}, two = {0};
    double x[4] = {1, -2, 0.5, 0}, *a = bf_alloc(n * sizeof *a);
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    assert_ok(bf_public_key_generate(&pk, sk));
    assert_ok(bf_encode_real(&pt, ctx, x, 4, 0x1p25, 3));
    assert_ok(bf_encrypt_symmetric(&one, sk, &pt));
    assert_ok(bf_encrypt_symmetric(&two, sk, &pt));
    assert_int_equal(one.limbs, 3);
    assert_int_equal(one.polys, 2);
    assert_float_equal(one.scale, 0x1p25, 0);
    assert_float_equal(one.bound, 2, 0);
    assert_float_equal(one.noise, sqrt(10.5 + 1.0 / 12), 1e-12);
    assert_true(one.seeded);
    assert_memory_not_equal(one.seed, two.seed, BF_SEED_BYTES);
    for (unsigned i = 0; i < 3; i++) {
        bf_expand_a(ctx, one.seed, one.seed_index, 0, i, a);
        assert_memory_equal(a, bf_ct_limb(&one, 1, i, n), n * sizeof *a);
    }
    double *kept = one.data;
    assert_ok(bf_encrypt_public(&one, &pk, &pt));
    assert_ptr_equal(one.data, kept);
    assert_false(one.seeded);
    bf_free(a);
    bf_pt_clear(&pt);
    bf_ct_clear(&one);
    bf_ct_clear(&two);
    bf_public_key_clear(&pk);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
}

/* The tensor product of two ciphertexts, by limb operations. */
static void three_polynomials_decrypt(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(26);
    enum { N = 1 << 12, HALF = N / 2 };
    static double complex x[HALF], y[HALF], back[HALF];
    bf_context *ctx = open_context(12);
    const bf_ring *ring = bf_context_ring(ctx);
    bf_secret_key *sk;
    bf_pt pt = {0};
    bf_ct a = {0}, b = {0}, c = {0};
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    ckks_test_slots(x, HALF, &rng);
    ckks_test_slots(y, HALF, &rng);
    assert_ok(bf_encode_slots(&pt, ctx, x, HALF, 0x1p32, 3));
    assert_ok(bf_encrypt_symmetric(&a, sk, &pt));
    assert_ok(bf_encode_slots(&pt, ctx, y, HALF, 0x1p32, 3));
    assert_ok(bf_encrypt_symmetric(&b, sk, &pt));
    assert_ok(bf_ct_init(&c, ctx, 3, 3));
    c.scale = 0x1p64;
    c.bound = 2;
    for (unsigned i = 0; i < 3; i++) {
        const double *a0 = bf_ct_limb(&a, 0, i, N),
                     *a1 = bf_ct_limb(&a, 1, i, N);
        const double *b0 = bf_ct_limb(&b, 0, i, N),
                     *b1 = bf_ct_limb(&b, 1, i, N);
        bf_limb_mul(ring, i, bf_ct_limb(&c, 0, i, N), a0, b0);
        bf_limb_mul(ring, i, bf_ct_limb(&c, 1, i, N), a0, b1);
        bf_limb_mul_add(ring, i, bf_ct_limb(&c, 1, i, N), a1, b0);
        bf_limb_mul(ring, i, bf_ct_limb(&c, 2, i, N), a1, b1);
    }
    assert_ok(bf_decrypt(&pt, sk, &c));
    assert_ok(bf_decode_slots(back, &pt));
    /* The error is about |x| e_y + |y| e_x: 8 sd for slots of size up to
     * sqrt(2). */
    double bound = 8 * 2 * sqrt(N * 10.6) / 0x1p32;
    for (size_t j = 0; j < HALF; j++)
        assert_true(cabs(back[j] - x[j] * y[j]) < bound);
    bf_pt_clear(&pt);
    bf_ct_clear(&a);
    bf_ct_clear(&b);
    bf_ct_clear(&c);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
}

static void secret_keys_import(void **state)
{
    (void)state;
    ckks_test_seed(27);
    enum { N = 1 << 12 };
    bf_context *ctx = open_context(12);
    bf_secret_key *dense, *sparse, *copy, *bad = NULL;
    assert_ok(bf_secret_key_generate(&dense, ctx, 0));
    assert_ok(bf_secret_key_generate(&sparse, ctx, 32));
    assert_ptr_equal(bf_secret_key_context(dense), ctx);
    assert_memory_not_equal(bf_secret_key_id(dense), bf_secret_key_id(sparse),
                            BF_KEY_ID_BYTES);
    int8_t coeffs[N], zero[N] = {0}, ones[N];
    memset(ones, 1, N);
    memcpy(coeffs, bf_secret_key_coeffs(dense), N);
    assert_ok(bf_secret_key_import(&copy, ctx, coeffs, 0,
                                   bf_secret_key_id(dense)));
    assert_memory_equal(bf_secret_key_id(copy), bf_secret_key_id(dense),
                        BF_KEY_ID_BYTES);

    double x = 0.75, back[N];
    bf_pt pt = {0};
    bf_ct ct = {0};
    assert_ok(bf_encode_coeffs(&pt, ctx, &x, 1, 0x1p30, 5));
    assert_ok(bf_encrypt_symmetric(&ct, dense, &pt));
    assert_ok(bf_decrypt(&pt, copy, &ct));
    assert_ok(bf_decode_coeffs(back, &pt));
    assert_true(fabs(back[0] - x) <= 21 / 0x1p30);
    assert_ok(bf_decrypt(&pt, sparse, &ct)); /* another key: noise */
    assert_ok(bf_decode_coeffs(back, &pt));
    assert_true(fabs(back[0] - x) > 1);

    static const int8_t wrong[] = {2, -2, 3, 127, -127, -128};
    for (unsigned i = 0; i < sizeof wrong; i++) {
        coeffs[N - 1] = wrong[i];
        assert_fails(bf_secret_key_import(&bad, ctx, coeffs, 0,
                                          bf_secret_key_id(dense)),
                     BF_ERR_FORMAT, "ternary");
    }
    const uint8_t *id = bf_secret_key_id(sparse);
    const int8_t *few = bf_secret_key_coeffs(sparse);
    assert_fails(bf_secret_key_import(&bad, ctx, few, 33, id), BF_ERR_FORMAT,
                 "weight");
    assert_fails(bf_secret_key_import(&bad, ctx, few, 0, id), BF_ERR_FORMAT,
                 "weight");
    assert_fails(bf_secret_key_import(&bad, ctx, zero, 0, id), BF_ERR_FORMAT,
                 "weight");
    assert_fails(bf_secret_key_import(&bad, ctx, ones, 0, id), BF_ERR_FORMAT,
                 "weight");
    assert_null(bad);
    assert_ok(bf_secret_key_import(&bad, ctx, few, 32, id));
    bf_secret_key_destroy(bad);
    bf_pt_clear(&pt);
    bf_ct_clear(&ct);
    bf_secret_key_destroy(copy);
    bf_secret_key_destroy(dense);
    bf_secret_key_destroy(sparse);
    bf_secret_key_destroy(NULL);
    bf_context_destroy(ctx);
}

static void mixed_or_empty_objects_are_refused(void **state)
{
    (void)state;
    ckks_test_seed(28);
    bf_context *ctx = open_context(10), *other = open_context(11);
    bf_secret_key *sk, *foreign;
    bf_public_key pk = {0}, none = {0};
    bf_pt pt = {0}, empty = {0};
    bf_ct ct = {0}, out = {0}, symbolic = {0};
    bf_switch_key key = {0};
    double x = 1;
    assert_ok(bf_secret_key_generate(&sk, ctx, 0));
    assert_ok(bf_secret_key_generate(&foreign, other, 0));
    assert_ok(bf_public_key_generate(&pk, sk));
    assert_ok(bf_encode_real(&pt, other, &x, 1, 0x1p20, 2));
    assert_fails(bf_encrypt_symmetric(&out, sk, &pt), BF_ERR_MISMATCH,
                 "parameters");
    assert_fails(bf_encrypt_public(&out, &pk, &pt), BF_ERR_MISMATCH,
                 "parameters");
    assert_fails(bf_encrypt_public(&out, &none, &pt), BF_ERR_ARGUMENT,
                 "empty");
    assert_fails(bf_encrypt_public(&out, &pk, &empty), BF_ERR_ARGUMENT,
                 "empty");
    assert_fails(bf_encrypt_symmetric(&out, sk, &empty), BF_ERR_ARGUMENT,
                 "empty");
    assert_ok(bf_encrypt_symmetric(&ct, foreign, &pt));
    assert_fails(bf_decrypt(&pt, sk, &ct), BF_ERR_MISMATCH, "parameters");
    assert_fails(bf_decrypt(&pt, sk, &symbolic), BF_ERR_ARGUMENT, "empty");
    assert_fails(bf_switch_key_generate(&key, sk, foreign, 1),
                 BF_ERR_MISMATCH, "parameters");
    assert_null(out.data);
    assert_null(key.data);
    bf_pt_clear(&pt);
    bf_ct_clear(&ct);
    bf_public_key_clear(&pk);
    bf_secret_key_destroy(sk);
    bf_secret_key_destroy(foreign);
    bf_context_destroy(ctx);
    bf_context_destroy(other);
}

/* One pass through everything that allocates. */
static bf_status use_everything(const bf_params *params)
{
    bf_context *ctx = NULL;
    bf_secret_key *sk = NULL, *sparse = NULL;
    bf_public_key pk = {0};
    bf_eval_keys keys = {0};
    bf_switch_key key = {0};
    bf_pt pt = {0};
    bf_ct ct = {0};
    bf_key_need needs[] = {{bf_key_from_square(1), 2},
                           {bf_key_galois(5), 1}};
    static double complex z[512];
    static double c[1024];
    bf_status status;
    BF_GOTO(bf_context_create(&ctx, params, BF_BACKEND_SCALAR), done);
    BF_GOTO(bf_secret_key_generate(&sk, ctx, 0), done);
    BF_GOTO(bf_secret_key_generate(&sparse, ctx, 32), done);
    BF_GOTO(bf_public_key_generate(&pk, sk), done);
    BF_GOTO(bf_eval_keys_generate(&keys, sk, needs, 2, NULL), done);
    BF_GOTO(bf_switch_key_generate(&key, sk, sparse, 1), done);
    BF_GOTO(bf_galois_key_generate(&key, sk, bf_key_galois(25), 1), done);
    BF_GOTO(bf_encode_slots(&pt, ctx, z, 512, 0x1p20, 2), done);
    BF_GOTO(bf_encrypt_symmetric(&ct, sk, &pt), done);
    BF_GOTO(bf_encode_coeffs(&pt, ctx, c, 1024, 0x1p20, 1), done);
    BF_GOTO(bf_encrypt_public(&ct, &pk, &pt), done);
    BF_GOTO(bf_encode_real(&pt, ctx, c, 16, 0x1p20, 2), done);
    BF_GOTO(bf_decrypt(&pt, sk, &ct), done);
    BF_GOTO(bf_decode_slots(z, &pt), done);
done:
    bf_pt_clear(&pt);
    bf_ct_clear(&ct);
    bf_switch_key_clear(&key);
    bf_eval_keys_clear(&keys);
    bf_public_key_clear(&pk);
    bf_secret_key_destroy(sparse);
    bf_secret_key_destroy(sk);
    bf_context_destroy(ctx);
    return status;
}

static void every_lost_allocation_is_reported(void **state)
{
    (void)state;
    ckks_test_seed(29);
    unsigned q[] = {40, 30, 30}, p[] = {40};
    bf_params params;
    assert_ok(bf_params_make(&params, 10, q, 3, p, 1, 1));
    params.insecure = true;
    long left = 0;
    bf_status status;
    do {
        bf_alloc_fail_for_tests(left++);
        status = use_everything(&params);
        bf_alloc_fail_for_tests(-1);
        assert_true(status == BF_OK || status == BF_ERR_MEMORY);
    } while (status != BF_OK && left < 1000);
    assert_ok(status);
    assert_true(left > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(switching_keys_hold_their_equation),
        cmocka_unit_test(names_have_labels),
        cmocka_unit_test(key_sets_hold_what_was_asked),
        cmocka_unit_test(symmetric_noise_is_as_derived),
        cmocka_unit_test(public_noise_is_as_derived),
        cmocka_unit_test(fresh_ciphertexts_carry_their_facts),
        cmocka_unit_test(three_polynomials_decrypt),
        cmocka_unit_test(secret_keys_import),
        cmocka_unit_test(mixed_or_empty_objects_are_refused),
        cmocka_unit_test(every_lost_allocation_is_reported),
    };
    /* Pieces this small spend a busy machine's time waiting for each other;
     * the known answers are computed by several threads. */
    env_threads(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
