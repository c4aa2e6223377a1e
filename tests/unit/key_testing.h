/* The equation of a switching key over the integers, in GMP. */
#ifndef BF_TESTS_UNIT_KEY_TESTING_H
#define BF_TESTS_UNIT_KEY_TESTING_H

#include "ckks_testing.h"

#include <gmp.h>

#include "base/memory.h"

/* ---- Z[X]/(X^n+1, m), as n residues in 0..m-1 ---------------------------- */

static mpz_t *poly_new(size_t n)
{
    mpz_t *x = malloc(n * sizeof *x);
    assert_non_null(x);
    for (size_t k = 0; k < n; k++) mpz_init(x[k]);
    return x;
}

static void poly_free(mpz_t *x, size_t n)
{
    for (size_t k = 0; k < n; k++) mpz_clear(x[k]);
    free(x);
}

static mpz_t *poly_small(const int32_t *s, size_t n, const mpz_t m)
{
    mpz_t *x = poly_new(n);
    for (size_t k = 0; k < n; k++) {
        mpz_set_si(x[k], s[k]);
        mpz_mod(x[k], x[k], m);
    }
    return x;
}

/* x(2^{64 words}). */
static void poly_join(mpz_t out, uint64_t *space, mpz_t *x, size_t n,
                      size_t words)
{
    memset(space, 0, n * words * sizeof *space);
    for (size_t k = 0; k < n; k++)
        mpz_export(space + k * words, NULL, -1, sizeof *space, 0, 0, x[k]);
    mpz_import(out, n * words, -1, sizeof *space, 0, 0, space);
}

/* o + a * b, centred: one product of integers, whose digits are coefficients.
 */
static void poly_add_product(mpz_t *o, mpz_t *a, mpz_t *b, size_t n,
                             const mpz_t m)
{
    size_t words = (2 * mpz_sizeinbase(m, 2) + 32) / 64 + 1;
    uint64_t *space = calloc(2 * n * words, sizeof *space);
    mpz_t x, y;
    assert_non_null(space);
    mpz_inits(x, y, NULL);
    poly_join(x, space, a, n, words);
    poly_join(y, space, b, n, words);
    mpz_mul(x, x, y);
    memset(space, 0, n * words * sizeof *space);
    mpz_export(space, NULL, -1, sizeof *space, 0, 0, x);
    for (size_t k = 0; k < n; k++) {
        mpz_import(x, words, -1, sizeof *space, 0, 0, space + k * words);
        mpz_import(y, words, -1, sizeof *space, 0, 0, space + (n + k) * words);
        mpz_add(o[k], o[k], x);
        mpz_sub(o[k], o[k], y);
        mpz_mod(o[k], o[k], m);
        mpz_sub(x, m, o[k]);
        if (mpz_cmp(x, o[k]) < 0) mpz_neg(o[k], x);
    }
    mpz_clears(x, y, NULL);
    free(space);
}

/* ---- polynomials from secrets -------------------------------------------- */

static void widen(int32_t *o, const int8_t *s, size_t n)
{
    for (size_t k = 0; k < n; k++) o[k] = s[k];
}

static void square(int32_t *o, const int8_t *s, size_t n)
{
    mpz_t m, *out = poly_new(n);
    widen(o, s, n);
    mpz_init_set_ui(m, UINT32_MAX);
    mpz_t *x = poly_small(o, n, m);
    poly_add_product(out, x, x, n, m);
    for (size_t k = 0; k < n; k++) o[k] = (int32_t)mpz_get_si(out[k]);
    poly_free(out, n);
    poly_free(x, n);
    mpz_clear(m);
}

/* s(X^g). */
static void automorphism(int32_t *o, const int8_t *s, uint32_t g, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        size_t e = (size_t)g * k % (2 * n);
        o[e % n] = e < n ? s[k] : -s[k];
    }
}

/* ---- the equation -------------------------------------------------------- */

/* Modulus i of a key's rows, as the ring counts them. */
static unsigned key_modulus(const bf_switch_key *key, unsigned i)
{
    unsigned n_q = bf_context_params(key->ctx)->n_q;
    return i < key->limbs ? i : n_q + i - key->limbs;
}

/* The product of the key's moduli first..end-1. */
static void key_moduli(mpz_t out, const bf_switch_key *key, unsigned first,
                       unsigned end)
{
    const bf_ring *ring = bf_context_ring(key->ctx);
    mpz_set_ui(out, 1);
    for (unsigned i = first; i < end; i++)
        mpz_mul_ui(out, out, ring->mod[key_modulus(key, i)].value);
}

/* What is 1 modulo the factor `part` of m and 0 modulo the rest. */
static void idempotent(mpz_t out, const mpz_t m, const mpz_t part)
{
    mpz_t rest;
    mpz_init(rest);
    mpz_divexact(rest, m, part);
    assert_true(mpz_invert(out, rest, part));
    mpz_mul(out, out, rest);
    mpz_clear(rest);
}

/* Half 0 (b) or 1 (a) of a digit, from its residues. */
static mpz_t *key_half(const bf_switch_key *key, unsigned digit, unsigned half,
                       const mpz_t m)
{
    const bf_ring *ring = bf_context_ring(key->ctx);
    unsigned n_p = bf_context_params(key->ctx)->n_p;
    size_t n = ring->n;
    mpz_t *out = poly_new(n), one, p;
    double *x = bf_alloc(n * sizeof *x);
    mpz_inits(one, p, NULL);
    for (unsigned i = 0; i < key->limbs + n_p; i++) {
        unsigned at = key_modulus(key, i);
        memcpy(x, bf_switch_key_limb(key, digit, i, half, n, n_p),
               n * sizeof *x);
        bf_ntt_inverse(ring, at, x);
        key_moduli(p, key, i, i + 1);
        idempotent(one, m, p);
        for (size_t k = 0; k < n; k++)
            mpz_addmul_ui(out[k], one, bf_uncentre(x[k], mpz_get_ui(p)));
    }
    for (size_t k = 0; k < n; k++) mpz_mod(out[k], out[k], m);
    bf_free(x);
    mpz_clears(one, p, NULL);
    return out;
}

/* The mean square of b + a*to - P g*from modulo Q_l P, where g is 1 modulo a
 * digit's primes and 0 modulo the others; -1 if a coefficient exceeds `most`.
 */
static double switch_key_error(const bf_switch_key *key, const int32_t *from,
                               const int32_t *to, int most)
{
    const bf_params *p = bf_context_params(key->ctx);
    size_t n = bf_context_ring(key->ctx)->n;
    double sum = 0;
    bool small = true;
    mpz_t m, part, factor;
    mpz_inits(m, part, factor, NULL);
    key_moduli(m, key, 0, key->limbs + p->n_p);
    mpz_t *s = poly_small(to, n, m);
    assert_int_equal(key->digits,
                     (key->limbs + p->digit_limbs - 1) / p->digit_limbs);
    for (unsigned d = 0; d < key->digits; d++) {
        unsigned first = d * p->digit_limbs, end = first + p->digit_limbs;
        key_moduli(part, key, first, end < key->limbs ? end : key->limbs);
        idempotent(factor, m, part);
        key_moduli(part, key, key->limbs, key->limbs + p->n_p);
        mpz_mul(factor, factor, part);
        mpz_t *e = key_half(key, d, 0, m), *a = key_half(key, d, 1, m);
        for (size_t k = 0; k < n; k++) {
            mpz_mul_si(part, factor, from[k]);
            mpz_sub(e[k], e[k], part);
        }
        poly_add_product(e, a, s, n, m);
        for (size_t k = 0; k < n; k++) {
            small = small && mpz_cmpabs_ui(e[k], (unsigned)most) <= 0;
            sum += pow(mpz_get_d(e[k]), 2);
        }
        poly_free(e, n);
        poly_free(a, n);
    }
    poly_free(s, n);
    mpz_clears(m, part, factor, NULL);
    return small ? sum / (double)(n * key->digits) : -1;
}

#endif
