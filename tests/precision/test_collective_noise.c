/* Errors of key switches with keys of several owners against the estimate:
 * exact errors under the sum of secrets, which only this test forms. */
#include "../unit/ckks_testing.h"

#include "base/memory.h"
#include "ckks/collective.h"
#include "ckks/eval_internal.h"
#include "ckks/owner/internal.h"
#include "ckks/owner/key_share.h"

enum { OWNERS_MAX = 8, LIMBS = 4 };

typedef struct session {
    bf_context *ctx;
    const bf_ring *ring;
    unsigned owners;
    bf_secret_key *s[OWNERS_MAX], *u[OWNERS_MAX];
    double *sum; /* sum of secrets modulo q_0, evaluation form */
    bf_eval_keys keys;
    bf_eval *ev;
} session;

/* A digit of two limbs and 4.5 bits more than it in P, as plans have it. */
static void open_session(session *t, unsigned log_n, unsigned owners)
{
    static const unsigned q[LIMBS] = {40, 40, 40, 40};
    static const uint8_t seed[BF_SEED_BYTES] = {5};
    bf_params p;
    assert_ok(bf_params_make(&p, log_n, q, LIMBS, q, 1, 2));
    double wide = (bf_params_log2_q(&p, 2) + 4.5) / 2;
    p.n_p = 2;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t used[LIMBS + 2];
        memcpy(used, p.q, sizeof p.q[0] * LIMBS);
        memcpy(used + LIMBS, p.p, sizeof p.p[0] * i);
        p.p[i] = bf_prime_near(wide, log_n, used, LIMBS + i);
    }
    p.insecure = true;
    *t = (session){.owners = owners};
    assert_ok(bf_context_create(&t->ctx, &p, BF_BACKEND_AUTO));
    bf_context_set_owners(t->ctx, owners);
    t->ring = bf_context_ring(t->ctx);
    t->sum = bf_alloc_zero(t->ring->n * sizeof *t->sum);
    for (unsigned i = 0; i < owners; i++) {
        assert_ok(bf_secret_key_generate(&t->s[i], t->ctx, 0));
        assert_ok(bf_secret_key_generate(&t->u[i], t->ctx, 0));
        bf_limb_sub(t->ring, 0, t->sum, t->sum, bf_secret_neg(t->s[i], 0));
    }
    const bf_key_need linear[] = {{bf_key_galois(5), LIMBS},
                                  {{BF_KEY_IMPORT, 0, 0}, LIMBS}},
                      square = {bf_key_from_square(1), LIMBS};
    bf_eval_keys share = {0}, first = {0}, squares = {0};
    for (unsigned i = 0; i < owners; i++) {
        bf_share_secrets own = {t->s[i], t->u[i], i};
        assert_ok(bf_share_linear(&share, own, linear, 2, seed, NULL));
        assert_ok(bf_shares_add(&t->keys, &share));
        assert_ok(bf_share_squares(&share, own, &square, 1, seed, NULL));
        assert_ok(bf_shares_add(&first, &share));
    }
    for (unsigned i = 0; i < owners; i++) {
        bf_share_secrets own = {t->s[i], t->u[i], i};
        assert_ok(bf_share_squares_second(&share, own, &first, NULL));
        assert_ok(bf_shares_add(&squares, &share));
    }
    assert_ok(bf_shares_finish_squares(&squares, &first));
    assert_ok(bf_eval_keys_add(&t->keys, &squares.keys[0]));
    bf_eval_keys_clear(&squares);
    bf_eval_keys_clear(&first);
    bf_eval_keys_clear(&share);
    assert_ok(bf_eval_create(&t->ev, t->ctx, &t->keys));
}

static void close_session(session *t)
{
    bf_eval_destroy(t->ev);
    bf_eval_keys_clear(&t->keys);
    for (unsigned i = 0; i < t->owners; i++) {
        bf_secret_key_destroy(t->s[i]);
        bf_secret_key_destroy(t->u[i]);
    }
    bf_free(t->sum);
    bf_context_destroy(t->ctx);
}

/* Uniform residues. */
static void random_ct(const session *t, bf_ct *ct, unsigned polys)
{
    uint8_t seed[BF_SEED_BYTES];
    assert_ok(bf_ct_reserve(ct, t->ctx, LIMBS, polys));
    ct->scale = 0x1p40;
    ct->noise = 0;
    bf_random_bytes(seed, sizeof seed);
    for (unsigned i = 0; i < LIMBS * polys; i++)
        bf_expand_a(t->ctx, seed, 0, i % polys, i / polys,
                    bf_ct_limb(ct, i % polys, i / polys, t->ring->n));
}

/* c0 + c1 s + c2 s^2 modulo q_0, in coefficients. */
static void phase(const session *t, double *out, const bf_ct *ct,
                  const double *s)
{
    size_t n = t->ring->n;
    memset(out, 0, n * sizeof *out);
    for (unsigned k = ct->polys; k-- > 0;) {
        bf_limb_mul(t->ring, 0, out, out, s);
        bf_limb_add(t->ring, 0, out, out, bf_ct_limb(ct, k, 0, n));
    }
    bf_ntt_inverse(t->ring, 0, out);
    bf_limb_reduce(t->ring, 0, out, out);
}

/* The root mean square of a - b agrees with the result's noise, and none of its
 * coefficients is beyond what a normal one is once in 2^38. */
static void check(const session *t, const char *what, double *a,
                  const double *b, const bf_ct *result)
{
    size_t n = t->ring->n;
    double sum = 0, worst = 0;
    bf_limb_sub(t->ring, 0, a, a, b);
    bf_limb_reduce(t->ring, 0, a, a);
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * a[i];
        worst = fmax(worst, fabs(a[i]));
    }
    double ratio = sqrt(sum / (double)n) / result->noise;
    print_message("N = %zu, %u owners, %s: %.3f of the estimate 2^%.2f\n", n,
                  t->owners, what, ratio, log2(result->noise));
    assert_true(fabs(ratio - 1) < 0.05);
    assert_true(worst < 7 * result->noise);
}

static void noise_case(unsigned log_n, unsigned owners)
{
    session t;
    open_session(&t, log_n, owners);
    size_t n = t.ring->n;
    double *before = bf_alloc(n * sizeof *before);
    double *after = bf_alloc(n * sizeof *after);
    double *s0 = bf_alloc(n * sizeof *s0);
    bf_ct ct = {0}, out = {0};

    random_ct(&t, &ct, 2);
    phase(&t, before, &ct, t.sum);
    assert_ok(bf_automorphism(t.ev, &out, &ct, 5));
    bf_limb_automorphism_coeff(t.ring, s0, before, 5);
    phase(&t, after, &out, t.sum);
    check(&t, "automorphism", after, s0, &out);

    bf_limb_neg(t.ring, 0, s0, bf_secret_neg(t.s[0], 0));
    phase(&t, before, &ct, s0);
    assert_ok(bf_import(t.ev, &out, &ct, 0));
    phase(&t, after, &out, t.sum);
    check(&t, "import", after, before, &out);

    random_ct(&t, &ct, 3);
    phase(&t, before, &ct, t.sum);
    assert_ok(bf_relinearize(t.ev, &out, &ct));
    phase(&t, after, &out, t.sum);
    check(&t, "relinearisation", after, before, &out);

    bf_eval_release(t.ev, &out);
    bf_ct_clear(&ct);
    bf_free(before);
    bf_free(after);
    bf_free(s0);
    close_session(&t);
}

static void noise_is_as_estimated(void **state)
{
    (void)state;
    ckks_test_seed(41);
    for (unsigned log_n = 13; log_n <= 16; log_n++)
        for (unsigned owners = 2; owners <= 8; owners += 6)
            noise_case(log_n, owners);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(noise_is_as_estimated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
