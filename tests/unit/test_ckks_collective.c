/* Keys that owners make together: the equations of sums of shares under the sum
 * of secrets, which the library never forms. */
#include "key_testing.h"

#include "ckks/owner/internal.h"
#include "ckks/owner/key_share.h"
#include "ckks/owner/open_share.h"
#include "support/env.h"

enum { N = 1 << 10, OWNERS_MAX = 5 };

static const uint8_t seed[BF_SEED_BYTES] = {1, 2, 3};

typedef struct owners {
    bf_context *ctx;
    unsigned count;
    bf_secret_key *s[OWNERS_MAX], *u[OWNERS_MAX];
    int8_t sum_s[N], sum_u[N];
} owners;

static void open_owners(owners *o, unsigned count)
{
    static const unsigned q[] = {45, 36, 36, 36, 36}, p[] = {45, 40};
    *o = (owners){.ctx = ckks_test_context(10, q, 5, p, 2, 2, true),
                  .count = count};
    for (unsigned i = 0; i < count; i++) {
        assert_ok(bf_secret_key_generate(&o->s[i], o->ctx, 0));
        assert_ok(bf_secret_key_generate(&o->u[i], o->ctx, 0));
        for (size_t k = 0; k < N; k++) {
            o->sum_s[k] += bf_secret_key_coeffs(o->s[i])[k];
            o->sum_u[k] += bf_secret_key_coeffs(o->u[i])[k];
        }
    }
}

static void close_owners(owners *o)
{
    for (unsigned i = 0; i < o->count; i++) {
        bf_secret_key_destroy(o->s[i]);
        bf_secret_key_destroy(o->u[i]);
    }
    bf_context_destroy(o->ctx);
}

static bf_share_secrets secrets_of(const owners *o, unsigned i)
{
    return (bf_share_secrets){o->s[i], o->u[i], i};
}

static double square_norm(const int8_t *s)
{
    double sum = 0;
    for (size_t k = 0; k < N; k++) sum += (double)s[k] * s[k];
    return sum;
}

/* phi_{1/g}(s). */
static void moved_back(int32_t *out, const int8_t *s, uint32_t g)
{
    uint32_t inverse = 1;
    while ((uint64_t)g * inverse % (2 * N) != 1) inverse += 2;
    automorphism(out, s, inverse, N);
}

static void sum_linear(bf_eval_keys *sum, const owners *o,
                       const bf_key_need *needs, size_t count)
{
    bf_eval_keys share = {0};
    for (unsigned i = 0; i < o->count; i++) {
        assert_ok(bf_share_linear(&share, secrets_of(o, i), needs, count, seed,
                                  NULL));
        assert_ok(bf_shares_add(sum, &share));
    }
    bf_eval_keys_clear(&share);
}

static void sum_squares(bf_eval_keys *keys, const owners *o,
                        const bf_key_need *needs, size_t count)
{
    bf_eval_keys share = {0}, first = {0};
    for (unsigned i = 0; i < o->count; i++) {
        assert_ok(bf_share_squares(&share, secrets_of(o, i), needs, count, seed,
                                   NULL));
        assert_ok(bf_shares_add(&first, &share));
    }
    for (unsigned i = 0; i < o->count; i++) {
        assert_ok(
            bf_share_squares_second(&share, secrets_of(o, i), &first, NULL));
        assert_ok(bf_shares_add(keys, &share));
    }
    assert_ok(bf_shares_finish_squares(keys, &first));
    bf_eval_keys_clear(&share);
    bf_eval_keys_clear(&first);
}

static double error_of(const bf_switch_key *key, const int32_t *from,
                       const int32_t *to, double variance)
{
    return switch_key_error(key, from, to, (int)(12 * sqrt(variance)));
}

/* A residue modulo the last prime that is off by one, and a gadget factor that
 * is wrong modulo the first, make no key. */
static void check_faults(const bf_switch_key *key, const int32_t *from,
                         const int32_t *to, double variance)
{
    const bf_context *ctx = key->ctx;
    unsigned d = key->digits - 1, n_p = bf_context_params(ctx)->n_p;
    static _Alignas(64) double term[N];
    double *b = bf_switch_key_limb(key, d, key->limbs + n_p - 1, 0, N, n_p);
    double was = b[7];
    b[7] += was > 0 ? -1 : 1;
    assert_true(error_of(key, from, to, variance) < 0);
    b[7] = was;

    b = bf_switch_key_limb(key, d, 0, 0, N, n_p);
    for (size_t k = 0; k < N; k++) term[k] = from[k];
    bf_ntt_forward(bf_context_ring(ctx), 0, term);
    bf_limb_add(bf_context_ring(ctx), 0, b, b, term);
    assert_true(error_of(key, from, to, variance) < 0);
    bf_limb_sub(bf_context_ring(ctx), 0, b, b, term);
}

/* The mean square of error polynomials against that of their parts. Products
 * with a fixed secret have a spectrum of their own, of exponential spread: the
 * sample's relative deviation is up to sqrt(4/n). */
static void check_error(const bf_switch_key *key, const int32_t *from,
                        const int32_t *to, double variance)
{
    double square = error_of(key, from, to, variance);
    double deviation = sqrt(4.0 / (N * key->digits));
    if (fabs(square / variance - 1) >= 6 * deviation)
        fail_msg("%s: variance %.1f, expected %.1f", bf_key_text(key->name),
                 square, variance);
    check_faults(key, from, to, variance);
}

static void sums_of_shares_are_keys(void **state)
{
    (void)state;
    ckks_test_seed(31);
    static owners o;
    static int32_t s[N], to[N], from[N];
    for (unsigned count = 1; count <= OWNERS_MAX; count += 2) {
        open_owners(&o, count);
        uint32_t g = bf_galois_rotation(o.ctx, -3);
        bf_key_need linear[OWNERS_MAX + 2] = {{bf_key_galois(5), 5},
                                              {bf_key_galois(g), 3}};
        for (unsigned i = 0; i < count; i++)
            linear[2 + i] = (bf_key_need){{BF_KEY_IMPORT, 0, i}, 4};
        bf_key_need squares[] = {{bf_key_from_square(1), 5},
                                 {bf_key_from_square(g), 3},
                                 {bf_key_from_square(5), 1}};
        widen(s, o.sum_s, N);

        bf_eval_keys keys = {0};
        sum_linear(&keys, &o, linear, 2 + count);
        for (unsigned i = 0; i < 2; i++) {
            moved_back(to, o.sum_s, linear[i].name.element);
            check_error(&keys.keys[i], s, to, 10.5 * count);
        }
        for (unsigned i = 0; i < count; i++) {
            widen(from, bf_secret_key_coeffs(o.s[i]), N);
            check_error(&keys.keys[2 + i], from, s, 10.5 * count);
        }
        bf_eval_keys_clear(&keys);

        sum_squares(&keys, &o, squares, 3);
        square(from, o.sum_s, N);
        double norm = square_norm(o.sum_s) + square_norm(o.sum_u);
        for (unsigned i = 0; i < 3; i++) {
            moved_back(to, o.sum_s, squares[i].name.element);
            assert_int_equal(keys.keys[i].a, BF_KEY_A_WHOLE);
            check_error(&keys.keys[i], from, to, 10.5 * (count * norm + count));
        }
        bf_eval_keys_clear(&keys);
        close_owners(&o);
    }
}

static void one_owners_shares_are_its_keys(void **state)
{
    (void)state;
    static owners o;
    ckks_test_seed(32);
    open_owners(&o, 1);
    bf_key_need needs[] = {{bf_key_galois(5), 5}, {bf_key_galois(25), 2}};
    bf_eval_keys keys = {0}, share = {0};
    bf_random_fix_for_tests(77);
    assert_ok(bf_eval_keys_generate(&keys, o.s[0], needs, 2, NULL));
    bf_random_fix_for_tests(77);
    uint8_t drawn[BF_SEED_BYTES];
    bf_random_bytes(drawn, sizeof drawn);
    assert_memory_equal(drawn, keys.keys[0].seed, sizeof drawn);
    assert_ok(
        bf_share_linear(&share, secrets_of(&o, 0), needs, 2, drawn, NULL));
    for (unsigned i = 0; i < 2; i++) {
        const bf_switch_key *a = &keys.keys[i], *b = &share.keys[i];
        assert_memory_equal(a->data, b->data,
                            (size_t)a->digits * (a->limbs + 2) * 2 * N *
                                sizeof(double));
        assert_int_equal(a->seed_index, b->seed_index);
    }
    bf_eval_keys_clear(&keys);
    bf_eval_keys_clear(&share);
    close_owners(&o);
}

static void other_shares_are_refused(void **state)
{
    (void)state;
    static owners o;
    ckks_test_seed(33);
    open_owners(&o, 1);
    bf_share_secrets own = secrets_of(&o, 0);
    bf_key_need galois[] = {{bf_key_galois(5), 2}, {bf_key_galois(25), 2}};
    bf_key_need square[] = {{bf_key_from_square(5), 2}};
    bf_eval_keys sum = {0}, share = {0}, first = {0};
    assert_ok(bf_share_linear(&sum, own, galois, 2, seed, NULL));

    assert_ok(bf_share_linear(&share, own, galois, 1, seed, NULL));
    assert_fails(bf_shares_add(&sum, &share), BF_ERR_MISMATCH, "2 keys");
    bf_key_need turned[] = {galois[1], galois[0]};
    assert_ok(bf_share_linear(&share, own, turned, 2, seed, NULL));
    assert_fails(bf_shares_add(&sum, &share), BF_ERR_MISMATCH, "another key");
    bf_key_need longer[] = {galois[0], {bf_key_galois(25), 3}};
    assert_ok(bf_share_linear(&share, own, longer, 2, seed, NULL));
    assert_fails(bf_shares_add(&sum, &share), BF_ERR_MISMATCH, "3 limbs");
    uint8_t other[BF_SEED_BYTES] = {4};
    assert_ok(bf_share_linear(&share, own, galois, 2, other, NULL));
    assert_fails(bf_shares_add(&sum, &share), BF_ERR_MISMATCH, "a halves");

    assert_ok(bf_share_squares(&first, own, square, 1, seed, NULL));
    assert_ok(bf_share_squares_second(&share, own, &first, NULL));
    assert_fails(bf_shares_add(&first, &share), BF_ERR_MISMATCH, "a halves");
    assert_fails(bf_share_squares_second(&first, own, &share, NULL),
                 BF_ERR_ARGUMENT, "no sum of first shares");
    assert_fails(bf_shares_finish_squares(&share, &sum), BF_ERR_MISMATCH, "");
    assert_fails(bf_shares_finish_squares(&first, &first), BF_ERR_MISMATCH,
                 "other rounds");
    /* Half a key is none: its first round's name is that of a relinearisation.
     */
    bf_key_need relin[] = {{bf_key_from_square(1), 2}};
    assert_ok(bf_share_squares(&first, own, relin, 1, seed, NULL));
    assert_ok(bf_share_squares_second(&share, own, &first, NULL));
    bf_eval *ev;
    bf_ct ct = {0}, out = {0};
    bf_pt pt = {0};
    double one = 1;
    assert_ok(bf_encode_real(&pt, o.ctx, &one, 1, 0x1p30, 2));
    assert_ok(bf_encrypt_symmetric(&ct, o.s[0], &pt));
    assert_ok(bf_eval_create(&ev, o.ctx, &share));
    assert_fails(bf_mul(ev, &out, &ct, &ct), BF_ERR_MISMATCH, "a share of");
    bf_eval_destroy(ev);
    bf_ct_clear(&ct);
    bf_pt_clear(&pt);

    assert_fails(bf_share_linear(&share, own, square, 1, seed, NULL),
                 BF_ERR_ARGUMENT, "no linear share");
    assert_fails(bf_share_squares(&share, own, galois, 1, seed, NULL),
                 BF_ERR_ARGUMENT, "no square share");
    bf_key_need twice[] = {square[0], square[0]};
    assert_fails(bf_share_squares(&share, own, twice, 2, seed, NULL),
                 BF_ERR_ARGUMENT, "twice");
    bf_eval_keys_clear(&sum);
    bf_eval_keys_clear(&share);
    bf_eval_keys_clear(&first);
    close_owners(&o);
}

/* Two owners' numbers, each under a key of its own, are imported, added,
 * squared and rotated; shares at some coefficients open those. */
static void what_owners_send_is_computed_on_and_opened(void **state)
{
    (void)state;
    enum { OWNERS = 3, SLOTS = 4, PLACES = 2 * SLOTS };
    static owners o;
    const double tolerance = 1e-4;
    ckks_test_seed(34);
    open_owners(&o, OWNERS);
    bf_context_set_owners(o.ctx, OWNERS);
    uint32_t g = bf_galois_rotation(o.ctx, 1), at[PLACES];
    bf_key_need linear[1 + OWNERS] = {{bf_key_galois(g), 4}},
                           square[] = {{bf_key_from_square(1), 5}};
    for (unsigned i = 0; i < OWNERS; i++)
        linear[1 + i] = (bf_key_need){{BF_KEY_IMPORT, 0, i}, 5};
    bf_eval_keys keys = {0}, squares = {0};
    sum_linear(&keys, &o, linear, 1 + OWNERS);
    sum_squares(&squares, &o, square, 1);
    assert_ok(bf_eval_keys_add(&keys, &squares.keys[0]));

    bf_eval *ev;
    bf_pt pt = {0};
    bf_ct ct = {0}, sum = {0};
    double complex want[SLOTS] = {0}, got[N / 2];
    assert_ok(bf_eval_create(&ev, o.ctx, &keys));
    for (unsigned i = 0; i < OWNERS; i++) {
        double x[SLOTS] = {0.5 + i, -1, 0.25 * i, 1};
        for (unsigned k = 0; k < SLOTS; k++) want[k] += x[k];
        assert_ok(bf_encode_real(&pt, o.ctx, x, SLOTS, 0x1p36, 5));
        assert_ok(bf_encrypt_symmetric(&ct, o.s[i], &pt));
        assert_ok(bf_import(ev, &ct, &ct, i));
        if (i == 0)
            bf_move(ev, &sum, &ct);
        else
            assert_ok(bf_add(ev, &sum, &sum, &ct));
    }
    assert_ok(bf_mul(ev, &sum, &sum, &sum));
    assert_ok(bf_rescale(ev, &sum, &sum));
    assert_ok(bf_rotate(ev, &sum, &sum, 1));
    assert_ok(bf_mod_drop(ev, &sum, 2));

    /* A vector of SLOTS values repeated lies in the powers of X^{N/2/SLOTS}. */
    for (unsigned k = 0; k < PLACES; k++) at[k] = k * (N / PLACES);
    uint64_t values[OWNERS][2 * PLACES];
    const uint64_t *shares[OWNERS];
    for (unsigned i = 0; i < OWNERS; i++) {
        shares[i] = values[i];
        assert_ok(bf_open_share(values[i], o.s[i], &sum,
                                (bf_places){at, PLACES}, 4 * sum.noise));
    }
    assert_ok(
        bf_open_combine(&pt, &sum, (bf_places){at, PLACES}, shares, OWNERS));
    assert_ok(bf_decode_slots(got, &pt));
    for (unsigned k = 0; k < SLOTS; k++) {
        double complex w = want[(k + 1) % SLOTS] * want[(k + 1) % SLOTS];
        assert_true(cabs(got[k] - w) < tolerance);
    }
    /* Without one share there is nothing. */
    assert_ok(bf_open_combine(&pt, &sum, (bf_places){at, PLACES}, shares,
                              OWNERS - 1));
    assert_ok(bf_decode_slots(got, &pt));
    assert_true(cabs(got[0]) > 1e3);

    values[1][3] = bf_context_params(o.ctx)->q[0];
    assert_fails(
        bf_open_combine(&pt, &sum, (bf_places){at, PLACES}, shares, OWNERS),
        BF_ERR_FORMAT, "share of owner 1");
    assert_fails(
        bf_open_share(values[0], o.s[0], &sum, (bf_places){at, PLACES}, 0.5),
        BF_ERR_ARGUMENT, "error of 0.5");
    at[1] = N;
    assert_fails(
        bf_open_share(values[0], o.s[0], &sum, (bf_places){at, PLACES}, 1),
        BF_ERR_ARGUMENT, "coefficient 1024");
    bf_eval_release(ev, &sum);
    bf_eval_release(ev, &ct);
    bf_eval_destroy(ev);
    bf_pt_clear(&pt);
    bf_eval_keys_clear(&keys);
    bf_eval_keys_clear(&squares);
    close_owners(&o);
}

/* A ciphertext under s_0 as one under the sum of secrets: c0 - c1 (s_1 + ..) */
static void move_to_sum(bf_ct *ct, const owners *o)
{
    const bf_ring *ring = bf_context_ring(o->ctx);
    static _Alignas(64) double product[N];
    double *c0 = bf_ct_limb(ct, 0, 0, N), *c1 = bf_ct_limb(ct, 1, 0, N);
    for (unsigned i = 1; i < o->count; i++) {
        bf_limb_mul(ring, 0, product, bf_secret_neg(o->s[i], 0), c1);
        bf_limb_add(ring, 0, c0, c0, product);
    }
}

/* An opening is the decryption, and the requested errors of all shares. */
static void openings_are_decryptions(unsigned count)
{
    static owners o;
    static uint32_t at[N];
    static uint64_t values[OWNERS_MAX][N];
    static double coeffs[N], want[N];
    const uint64_t *shares[OWNERS_MAX];
    open_owners(&o, count);
    for (unsigned k = 0; k < N; k++) at[k] = k;
    for (unsigned i = 0; i < count; i++) shares[i] = values[i];
    bf_pt pt = {0};
    bf_ct ct = {0};
    for (double sd = 1; sd < 0x1p30; sd *= 0x1p13) {
        double x[2] = {0.5, -1}, sum = 0;
        assert_ok(bf_encode_real(&pt, o.ctx, x, 2, 0x1p36, 1));
        assert_ok(bf_encrypt_symmetric(&ct, o.s[0], &pt));
        assert_ok(bf_decrypt(&pt, o.s[0], &ct));
        assert_ok(bf_decode_coeffs(want, &pt));
        move_to_sum(&ct, &o);
        for (unsigned i = 0; i < count; i++)
            assert_ok(
                bf_open_share(values[i], o.s[i], &ct, (bf_places){at, N}, sd));
        assert_ok(bf_open_combine(&pt, &ct, (bf_places){at, N}, shares, count));
        assert_ok(bf_decode_coeffs(coeffs, &pt));
        for (unsigned k = 0; k < N; k++) {
            double e = rint((coeffs[k] - want[k]) * 0x1p36);
            sum += e * e;
        }
        assert_true(fabs(sum / N / (count * sd * sd) - 1) < 6 * sqrt(2.0 / N));
    }
    bf_ct_clear(&ct);
    bf_pt_clear(&pt);
    close_owners(&o);
}

static void shares_open_what_the_sum_decrypts(void **state)
{
    (void)state;
    ckks_test_seed(36);
    openings_are_decryptions(1);
    openings_are_decryptions(3);
}

/* The error of an opening is the requested one. */
static void shares_are_flooded(void **state)
{
    (void)state;
    static owners o;
    static uint32_t at[N];
    static uint64_t values[N];
    static double coeffs[N];
    const uint64_t *shares[] = {values};
    ckks_test_seed(35);
    open_owners(&o, 1);
    for (unsigned k = 0; k < N; k++) at[k] = k;
    bf_pt pt = {0};
    bf_ct ct = {0};
    for (double sd = 1; sd < 0x1p40; sd *= 0x1p13) {
        double zero = 0, sum = 0;
        assert_ok(bf_encode_real(&pt, o.ctx, &zero, 1, 0x1p36, 1));
        assert_ok(bf_encrypt_symmetric(&ct, o.s[0], &pt));
        assert_ok(bf_open_share(values, o.s[0], &ct, (bf_places){at, N}, sd));
        assert_ok(bf_open_combine(&pt, &ct, (bf_places){at, N}, shares, 1));
        assert_ok(bf_decode_coeffs(coeffs, &pt));
        for (unsigned k = 0; k < N; k++)
            sum += coeffs[k] * 0x1p36 * coeffs[k] * 0x1p36;
        double want = sd * sd + 10.5;
        assert_true(fabs(sum / N / want - 1) < 6 * sqrt(2.0 / N));
    }
    bf_ct_clear(&ct);
    bf_pt_clear(&pt);
    close_owners(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_of_shares_are_keys),
        cmocka_unit_test(one_owners_shares_are_its_keys),
        cmocka_unit_test(other_shares_are_refused),
        cmocka_unit_test(what_owners_send_is_computed_on_and_opened),
        cmocka_unit_test(shares_open_what_the_sum_decrypts),
        cmocka_unit_test(shares_are_flooded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
