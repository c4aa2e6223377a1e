/* The equation of a switching key, by schoolbook in 128-bit integers. */
#ifndef BF_TESTS_UNIT_KEY_TESTING_H
#define BF_TESTS_UNIT_KEY_TESTING_H

#include "ckks_testing.h"

#include "base/memory.h"

__extension__ typedef __int128 i128;

static uint64_t prime_of(const bf_context *ctx, unsigned m)
{
    return bf_context_ring(ctx)->mod[m].value;
}

/* A limb in coefficient form, 0..p-1. */
static uint64_t *coefficients(const bf_context *ctx, unsigned m,
                              const double *limb)
{
    const bf_ring *ring = bf_context_ring(ctx);
    double *x = bf_alloc(ring->n * sizeof *x);
    uint64_t *out = malloc(ring->n * sizeof *out);
    memcpy(x, limb, ring->n * sizeof *x);
    bf_ntt_inverse(ring, m, x);
    for (size_t k = 0; k < ring->n; k++)
        out[k] = bf_uncentre(x[k], ring->mod[m].value);
    bf_free(x);
    return out;
}

/* o += a * s in Z[X]/(X^n+1, p) by schoolbook; s small. */
static void add_product(uint64_t *o, const uint64_t *a, const int32_t *s,
                        size_t n, uint64_t p)
{
    for (size_t k = 0; k < n; k++) {
        i128 sum = (i128)o[k];
        for (size_t i = 0; i < n; i++) {
            size_t j = (k + n - i) % n;
            i128 term = (i128)a[i] * s[j];
            sum += i <= k ? term : -term;
        }
        o[k] = (uint64_t)((sum % (i128)p + (i128)p) % (i128)p);
    }
}

static void square(int32_t *o, const int8_t *s, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        int32_t sum = 0;
        for (size_t i = 0; i < n; i++) {
            int32_t term = s[i] * s[(k + n - i) % n];
            sum += i <= k ? term : -term;
        }
        o[k] = sum;
    }
}

/* s(X^g). */
static void automorphism(int32_t *o, const int8_t *s, uint32_t g, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        size_t e = (size_t)g * k % (2 * n);
        o[e % n] = e < n ? s[k] : -s[k];
    }
}

static void widen(int32_t *o, const int8_t *s, size_t n)
{
    for (size_t k = 0; k < n; k++) o[k] = s[k];
}

/* Checks that b + a*to - P*[modulus in digit]*from is the same integer
 * polynomial, with coefficients up to `most`, for every modulus of a digit;
 * returns the polynomial's mean square. */
static double switch_key_error(const bf_switch_key *key, const int32_t *from,
                               const int32_t *to, int most)
{
    const bf_context *ctx = key->ctx;
    const bf_params *p = bf_context_params(ctx);
    size_t n = bf_context_ring(ctx)->n;
    int *error = malloc(n * sizeof *error);
    double sum = 0;
    assert_int_equal(key->digits,
                     (key->limbs + p->digit_limbs - 1) / p->digit_limbs);
    for (unsigned d = 0; d < key->digits; d++) {
        for (unsigned i = 0; i < key->limbs + p->n_p; i++) {
            unsigned m = i < key->limbs ? i : p->n_q + i - key->limbs;
            uint64_t q = prime_of(ctx, m);
            uint64_t *b = coefficients(
                ctx, m, bf_switch_key_limb(key, d, i, 0, n, p->n_p));
            uint64_t *a = coefficients(
                ctx, m, bf_switch_key_limb(key, d, i, 1, n, p->n_p));
            add_product(b, a, to, n, q);
            i128 special = 0;
            if (i < key->limbs && i / p->digit_limbs == d) {
                special = 1;
                for (unsigned k = 0; k < p->n_p; k++)
                    special = special * (i128)p->p[k] % (i128)q;
            }
            for (size_t k = 0; k < n; k++) {
                i128 e = ((i128)b[k] - special * from[k]) % (i128)q;
                if (e > (i128)q / 2) e -= (i128)q;
                if (e < -(i128)q / 2) e += (i128)q;
                assert_true(e >= -most && e <= most);
                if (i == 0) error[k] = (int)e;
                assert_int_equal(error[k], (int)e);
            }
            free(a);
            free(b);
        }
        for (size_t k = 0; k < n; k++) sum += (double)error[k] * error[k];
    }
    free(error);
    return sum / (double)(n * key->digits);
}

#endif
