#include "support/ckks_fixture.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/owner/internal.h"

static void require(bf_status s)
{
    if (s != BF_OK) fail_msg("%s: %s", bf_status_name(s), bf_last_error());
}

void bf_fixture_open(bf_fixture *f, unsigned log_n, unsigned n_q,
                     unsigned q_bits, unsigned alpha)
{
    unsigned q[BF_MAX_Q];
    for (unsigned i = 0; i < n_q; i++) q[i] = q_bits;
    bf_fixture_open_chain(f, log_n, q, n_q, alpha);
}

/* As plans have them (train/chain.c): as many primes as limbs of a digit, of
 * equal length, their product half a bit above the widest digit. */
static void special_primes(bf_params *params)
{
    unsigned alpha = params->digit_limbs, count = params->n_q;
    uint64_t used[BF_MAX_Q + BF_MAX_P];
    double widest = 0;
    memcpy(used, params->q, count * sizeof *used);
    for (unsigned i = 0; i < params->n_q; i += alpha) {
        double digit = 0;
        for (unsigned k = i; k < i + alpha && k < params->n_q; k++)
            digit += log2((double)params->q[k]);
        widest = fmax(widest, digit);
    }
    for (unsigned i = 0; i < alpha; i++) {
        uint64_t from = (uint64_t)exp2((widest + 0.5) / alpha);
        params->p[i] = bf_prime_above(from, params->log_n, used, count);
        assert_true(params->p[i] != 0);
        used[count++] = params->p[i];
    }
}

void bf_fixture_open_chain(bf_fixture *f, unsigned log_n, const unsigned *q,
                           unsigned n_q, unsigned alpha)
{
    unsigned p[BF_MAX_P];
    bf_params params;
    for (unsigned i = 0; i < alpha; i++) p[i] = BF_PRIME_BITS_MAX;
    require(bf_params_make(&params, log_n, q, n_q, p, alpha, alpha));
    special_primes(&params);
    bf_fixture_open_params(f, &params);
}

void bf_fixture_open_params(bf_fixture *f, const bf_params *params)
{
    bf_params own = *params;
    double log2_qp = bf_params_log2_q(&own, own.n_q) + bf_params_log2_p(&own);
    memset(f, 0, sizeof *f);
    own.insecure = log2_qp > bf_security_log2_qp_limit(own.log_n, 128);
    require(bf_context_create(&f->ctx, &own, BF_BACKEND_AUTO));
    require(bf_secret_key_generate(&f->sk, f->ctx, 0));
    f->slots = (size_t)1 << (own.log_n - 1);
}

void bf_fixture_keys(bf_fixture *f, const int *rotations, size_t count)
{
    bf_key_need need[128];
    unsigned limbs = bf_context_params(f->ctx)->n_q;
    assert_true(2 * count + 2 <= 128);
    need[0] = (bf_key_need){bf_key_from_square(1), limbs};
    need[1] =
        (bf_key_need){bf_key_galois(bf_galois_conjugation(f->ctx)), limbs};
    for (size_t i = 0; i < count; i++) {
        uint32_t g = bf_galois_rotation(f->ctx, rotations[i]);
        need[2 + 2 * i] = (bf_key_need){bf_key_galois(g), limbs};
        need[3 + 2 * i] = (bf_key_need){bf_key_from_square(g), limbs};
    }
    require(bf_eval_keys_generate(&f->keys, f->sk, need, 2 * count + 2,
                                  NULL));
    require(bf_eval_create(&f->ev, f->ctx, &f->keys));
}

void bf_fixture_close(bf_fixture *f)
{
    bf_eval_destroy(f->ev);
    bf_eval_keys_clear(&f->keys);
    bf_secret_key_destroy(f->sk);
    bf_context_destroy(f->ctx);
    memset(f, 0, sizeof *f);
}

static double uniform(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (double)(*state >> 11) * 0x1p-52 - 1;
}

void bf_fixture_random(double complex *v, size_t n, double bound,
                       uint64_t *state)
{
    for (size_t i = 0; i < n; i++) {
        double re = uniform(state), im = uniform(state);
        v[i] = CMPLX(re * bound * M_SQRT1_2, im * bound * M_SQRT1_2);
    }
}

void bf_fixture_encrypt(bf_fixture *f, bf_ct *out, const double complex *v,
                        double scale, unsigned limbs, double bound)
{
    bf_pt pt = {0};
    require(bf_encode_slots(&pt, f->ctx, v, f->slots, scale, limbs));
    require(bf_encrypt_symmetric(out, f->sk, &pt));
    out->bound = bound;
    bf_pt_clear(&pt);
}

/* c0 = m - c1 s - c2 s^2 with uniform c1, c2. */
bf_status bf_fixture_encrypt_exact(const bf_fixture *f, bf_ct *out,
                                   const bf_pt *pt, unsigned polys)
{
    const bf_ring *ring = bf_context_ring(f->ctx);
    uint8_t seed[BF_SEED_BYTES];
    size_t n = ring->n;
    bf_random_bytes(seed, sizeof seed);
    BF_TRY(bf_ct_init(out, f->ctx, pt->limbs, polys));
    for (unsigned m = 0; m < pt->limbs; m++) {
        const double *neg = bf_secret_neg(f->sk, m);
        double *c0 = bf_ct_limb(out, 0, m, n);
        memset(c0, 0, n * sizeof *c0);
        for (unsigned k = polys; k-- > 1;) { /* Horner in -s */
            double *c = bf_ct_limb(out, k, m, n);
            bf_expand_a(f->ctx, seed, 0, k, m, c);
            if (k % 2 == 1)
                bf_limb_add(ring, m, c0, c0, c);
            else
                bf_limb_sub(ring, m, c0, c0, c);
            bf_limb_mul(ring, m, c0, c0, neg);
        }
        bf_limb_add(ring, m, c0, c0, pt->data + m * n);
    }
    out->scale = pt->scale;
    out->bound = pt->bound;
    out->noise = pt->noise;
    return BF_OK;
}

double bf_fixture_distance(const double complex *x, const double complex *y,
                           size_t n)
{
    double most = 0, sum = 0;
    for (size_t i = 0; i < n; i++) {
        double re = creal(x[i]) - creal(y[i]), im = cimag(x[i]) - cimag(y[i]);
        double square = re * re + im * im;
        most = square > most ? square : most;
        sum += square; /* not a number where one term is none */
    }
    return isfinite(sum) ? sqrt(most) : INFINITY;
}

double bf_fixture_error(bf_fixture *f, const bf_ct *ct,
                        const double complex *expected)
{
    bf_pt pt = {0};
    double complex *got = bf_alloc(f->slots * sizeof *got);
    assert_non_null(got);
    require(bf_decrypt(&pt, f->sk, ct));
    require(bf_decode_slots(got, &pt));
    double worst = bf_fixture_distance(got, expected, f->slots);
    bf_pt_clear(&pt);
    bf_free(got);
    return worst;
}

double bf_fixture_tolerance(const bf_fixture *f, const bf_ct *ct)
{
    return 20 * sqrt(2.0 * (double)f->slots) * ct->noise / ct->scale;
}
