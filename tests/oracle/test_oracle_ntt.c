/* The transforms against their definition: values at powers of psi by Horner's
 * rule, products against the schoolbook negacyclic product, and the bits of all
 * backends against each other. */
#include <math.h>

#include "kernels/testing.h"

#define POINTS 6
#define SPARSE 24

static const unsigned bit_sizes[] = {20, 30, 36, 40, 46, 49};
#define SIZES (sizeof bit_sizes / sizeof *bit_sizes)

/* A prime for every size that has one 1 mod 2N. */
static bf_ring *ring_of(unsigned log_n, bf_backend backend)
{
    uint64_t primes[SIZES];
    unsigned count = 0;
    bf_ring *r = NULL;
    for (size_t i = 0; i < SIZES; i++) {
        const uint64_t p = prime_of_bits(bit_sizes[i], log_n);
        if (p) primes[count++] = p;
    }
    assert_true(count >= 4);
    assert_int_equal(bf_ring_create(&r, log_n, primes, count, backend), BF_OK);
    return r;
}

static uint64_t horner(const double *a, size_t n, uint64_t x, uint64_t p)
{
    uint64_t v = 0;
    for (size_t i = n; i-- > 0;)
        v = (bf_mod_mul(v, x, p) + bf_uncentre(a[i], p)) % p;
    return v;
}

/* psi as the value of X at the index of exponent 1, checked to be a primitive
 * root; then values of random polynomials at random odd powers. */
static void check_values(rng *r, const bf_ring *ring, unsigned m, double *a,
                         double *v)
{
    const uint64_t p = ring->mod[m].value;
    const uint32_t mask = (uint32_t)(2 * ring->n - 1);
    memset(v, 0, ring->n * sizeof *v);
    v[1] = 1;
    bf_ntt_forward(ring, m, v);
    const uint64_t psi = bf_uncentre(v[bf_ring_position(ring->log_n, 1)], p);
    assert_true(bf_mod_pow(psi, ring->n, p) == p - 1);
    memcpy(v, a, ring->n * sizeof *v);
    bf_ntt_forward(ring, m, v);
    for (int i = 0; i < POINTS; i++) {
        const uint32_t e = i == 0   ? 1
                           : i == 1 ? mask
                                    : ((uint32_t)rng_next(r) & mask) | 1;
        const uint64_t x = horner(a, ring->n, bf_mod_pow(psi, e, p), p);
        assert_true(v[bf_ring_position(ring->log_n, e)] == bf_centre(x, p));
    }
}

static void test_values(void **state)
{
    (void)state;
    rng r = rng_start("values at powers of psi");
    for (unsigned log_n = BF_LOG_N_MIN; log_n <= BF_LOG_N_MAX; log_n++) {
        bf_ring *ring = ring_of(log_n, BF_BACKEND_AUTO);
        double *a = new_array(ring->n), *v = new_array(ring->n);
        for (unsigned m = 0; m < ring->count; m++) {
            fill_reduced(&r, a, ring->n, ring->mod[m].value);
            FOR_BACKENDS(k)
            {
                ring->k = k;
                check_values(&r, ring, m, a, v);
            }
        }
        bf_free(a);
        bf_free(v);
        bf_ring_destroy(ring);
    }
}

/* a dense times b with SPARSE terms, coefficient by coefficient. */
static void schoolbook(const double *a, const uint32_t *at, const double *b,
                       double *o, size_t n, uint64_t p)
{
    uint64_t *s = calloc(n, sizeof *s);
    assert_non_null(s);
    for (int t = 0; t < SPARSE; t++)
        for (size_t i = 0; i < n; i++) {
            const size_t j = i + at[t];
            const uint64_t x =
                wide_mod(as_integer(a[i]) * as_integer(b[at[t]]), p);
            s[j % n] = (s[j % n] + (j < n ? x : p - x)) % p;
        }
    for (size_t i = 0; i < n; i++) o[i] = bf_centre(s[i], p);
    free(s);
}

static void check_product(rng *r, const bf_ring *ring, unsigned m, double *x[4])
{
    double *a = x[0], *b = x[1], *o = x[2], *expected = x[3];
    const size_t n = ring->n;
    const uint64_t p = ring->mod[m].value;
    uint32_t at[SPARSE];
    fill_reduced(r, a, n, p);
    memset(b, 0, n * sizeof *b);
    for (uint32_t t = 0; t < SPARSE; t++) {
        /* Distinct positions, the first and last among them. */
        at[t] = t == 0 ? 0 : (uint32_t)(n - 1) - (t - 1) * (uint32_t)(n / 32);
        b[at[t]] = rng_within(r, reduced_max(p));
    }
    schoolbook(a, at, b, expected, n, p);
    bf_ntt_forward(ring, m, a);
    bf_ntt_forward(ring, m, b);
    bf_limb_mul(ring, m, o, a, b);
    bf_ntt_inverse(ring, m, o);
    bf_limb_reduce(ring, m, o, o);
    assert_same_bits(o, expected, n);
}

static void test_products(void **state)
{
    (void)state;
    rng r = rng_start("negacyclic products");
    for (unsigned log_n = BF_LOG_N_MIN; log_n <= BF_LOG_N_MAX; log_n++) {
        bf_ring *ring = ring_of(log_n, BF_BACKEND_AUTO);
        double *x[4];
        for (int i = 0; i < 4; i++) x[i] = new_array(ring->n);
        FOR_BACKENDS(k)
        {
            ring->k = k;
            check_product(&r, ring, ring->count - 1, x);
            check_product(&r, ring, (unsigned)(rng_next(&r) % ring->count), x);
        }
        for (int i = 0; i < 4; i++) bf_free(x[i]);
        bf_ring_destroy(ring);
    }
}

/* Both factors dense, in 128-bit integers: a sum of n <= 2^12 products stays
 * below 2^12 (2p/3)^2 < 2^109. */
static void schoolbook_dense(const double *a, const double *b, double *o,
                             size_t n, uint64_t p)
{
    for (size_t k = 0; k < n; k++) {
        wide sum = 0;
        for (size_t i = 0; i <= k; i++) sum += (wide)a[i] * (wide)b[k - i];
        for (size_t i = k + 1; i < n; i++)
            sum -= (wide)a[i] * (wide)b[n + k - i];
        o[k] = bf_centre(wide_mod(sum, p), p);
    }
}

static void check_dense_product(rng *r, bf_ring *ring, unsigned m, bool top)
{
    const size_t n = ring->n, bytes = n * sizeof(double);
    const uint64_t p = ring->mod[m].value, max = reduced_max(p);
    double *a = new_array(n), *b = new_array(n), *expected = new_array(n);
    double *x = new_array(n), *y = new_array(n);
    for (size_t i = 0; i < n; i++) {
        a[i] = top ? (double)max : rng_within(r, max);
        b[i] = top ? -(double)max : rng_within(r, max);
    }
    schoolbook_dense(a, b, expected, n, p);
    FOR_BACKENDS(k)
    {
        ring->k = k;
        memcpy(x, a, bytes);
        memcpy(y, b, bytes);
        bf_ntt_forward(ring, m, x);
        bf_ntt_forward(ring, m, y);
        bf_limb_mul(ring, m, x, x, y);
        bf_ntt_inverse(ring, m, x);
        bf_limb_reduce(ring, m, x, x);
        assert_same_bits(x, expected, n);
    }
    bf_free(a);
    bf_free(b);
    bf_free(expected);
    bf_free(x);
    bf_free(y);
}

static void test_dense_products(void **state)
{
    (void)state;
    rng r = rng_start("dense negacyclic products");
    for (unsigned log_n = BF_LOG_N_MIN; log_n <= 12; log_n++) {
        bf_ring *ring = ring_of(log_n, BF_BACKEND_AUTO);
        for (unsigned m = 0; m < ring->count; m++) {
            check_dense_product(&r, ring, m, false);
            check_dense_product(&r, ring, m, true);
        }
        bf_ring_destroy(ring);
    }
}

/* Inputs that drive the lazy ranges to where they get: random, at the bound,
 * and images of single values, whose butterflies all add up. */
static void fill_case(rng *r, double *a, const bf_ring *ring, unsigned m, int c)
{
    const double max = (double)reduced_max(ring->mod[m].value);
    if (c == 0) fill_reduced(r, a, ring->n, ring->mod[m].value);
    for (size_t i = 0; i < ring->n && c; i++) {
        const double sign = c == 1 ? 1 : rng_next(r) & 1 ? 1 : -1;
        a[i] = c == 3 && i != 5 ? 0 : sign * max;
    }
}

static void check_round_trip(const bf_ring *ring, unsigned m, const double *a,
                             double *first, double *x, uint64_t scale)
{
    const uint64_t p = ring->mod[m].value;
    const double half = (double)(p / 2), max = (double)reduced_max(p);
    FOR_BACKENDS(k)
    {
        const bool reference = k == &bf_kernels_scalar;
        memcpy(x, a, ring->n * sizeof *x);
        k->ntt_forward(x, ring->ntt[m]);
        for (size_t i = 0; i < ring->n; i++)
            assert_true(x[i] >= -half && x[i] <= half);
        if (reference) memcpy(first, x, ring->n * sizeof *x);
        assert_same_bits(x, first, ring->n);
        k->ntt_inverse(x, ring->ntt[m], scale);
        if (reference) memcpy(first + ring->n, x, ring->n * sizeof *x);
        assert_same_bits(x, first + ring->n, ring->n);
    }
    for (size_t i = 0; i < ring->n; i++) {
        assert_true(x[i] >= -max && x[i] <= max);
        const wide y = as_integer(a[i]) * (wide)scale;
        assert_true(bf_uncentre(x[i], p) == wide_mod(y, p));
    }
    /* The inverse of unstructured values, at the bound. */
    FOR_BACKENDS(k)
    {
        memcpy(x, a, ring->n * sizeof *x);
        k->ntt_inverse(x, ring->ntt[m], scale);
        if (k == &bf_kernels_scalar) memcpy(first, x, ring->n * sizeof *x);
        assert_same_bits(x, first, ring->n);
    }
    for (size_t i = 0; i < ring->n; i++)
        assert_true(x[i] >= -max && x[i] <= max);
}

static void test_round_trip(void **state)
{
    (void)state;
    rng r = rng_start("round trips");
    for (unsigned log_n = BF_LOG_N_MIN; log_n <= BF_LOG_N_MAX; log_n++) {
        bf_ring *ring = ring_of(log_n, BF_BACKEND_SCALAR);
        double *a = new_array(ring->n), *x = new_array(ring->n),
               *first = new_array(2 * ring->n);
        for (unsigned m = 0; m < ring->count; m++) {
            if (log_n > 14 && m + 2 < ring->count) continue;
            for (int c = 0; c < 4; c++) {
                const uint64_t scale =
                    c ? rng_next(&r) % ring->mod[m].value : 1;
                fill_case(&r, a, ring, m, c);
                check_round_trip(ring, m, a, first, x, scale);
            }
        }
        bf_free(a);
        bf_free(x);
        bf_free(first);
        bf_ring_destroy(ring);
    }
}

/* The phases give the bits of the whole transforms; block form is a fixed
 * permutation of the coefficients, and blocks and rows may come in any order.
 */
static void check_phases(const bf_ring *ring, unsigned m, const double *a,
                         double *x[4])
{
    const size_t n = ring->n, len = bf_ring_block_len(ring);
    const size_t rows = n / BF_ROW_LEN, cols = len / rows;
    const uint64_t scale = ring->mod[m].value / 3;
    double *whole = x[0], *blocked = x[1], *w = x[2], *o = x[3];
    memcpy(whole, a, n * sizeof *whole);
    bf_ntt_inverse_scaled(ring, m, whole, scale);
    bf_ntt_inverse_blocked(ring, m, blocked, a, w, scale);
    for (size_t i = 0; i < n; i++) {
        const size_t row = i / BF_ROW_LEN, col = i % BF_ROW_LEN;
        assert_true(blocked[col / cols * len + row * cols + col % cols] ==
                    whole[i]);
    }
    /* The scratch may be the input. */
    memcpy(w, a, n * sizeof *w);
    bf_ntt_inverse_blocked(ring, m, o, w, w, scale);
    assert_same_bits(o, blocked, n);
    bf_ntt_forward(ring, m, whole);
    for (size_t block = n / len; block-- > 0;)
        bf_ntt_forward_block(ring, m, o, blocked + block * len, block);
    for (size_t row = rows; row-- > 0;) bf_ntt_forward_row(ring, m, o, row);
    assert_same_bits(o, whole, n);
}

static void test_phases(void **state)
{
    (void)state;
    rng r = rng_start("transforms in phases");
    for (unsigned log_n = BF_LOG_N_MIN; log_n <= BF_LOG_N_MAX; log_n++) {
        bf_ring *ring = ring_of(log_n, BF_BACKEND_AUTO);
        const unsigned m = ring->count - 1;
        double *a = new_array(ring->n), *x[4];
        for (int i = 0; i < 4; i++) x[i] = new_array(ring->n);
        FOR_BACKENDS(k)
        {
            ring->k = k;
            fill_reduced(&r, a, ring->n, ring->mod[m].value);
            check_phases(ring, m, a, x);
        }
        bf_free(a);
        for (int i = 0; i < 4; i++) bf_free(x[i]);
        bf_ring_destroy(ring);
    }
}

/* An input that makes residue 1 grow by 0.48 p in every level but the last,
 * which then multiplies it by psi, to a negative number. Without the reduction
 * inside, its quotient would fall where halves count as integers, and every
 * other such input would come out wrong. */
static void fill_growing(double *a, const bf_ntt *t, unsigned variant)
{
    const uint64_t p = t->mod.value;
    const size_t n = (size_t)1 << t->log_n;
    const double sign = bf_centre(t->psi, p) < 0 ? 1 : -1;
    memset(a, 0, n * sizeof *a);
    a[1] = sign * (double)(reduced_max(p) - variant);
    for (size_t half = n / 2; half > 1; half /= 2) {
        /* Level 0, 1, ... multiplies residue 1 + half by psi^half. */
        const uint64_t w = bf_mod_pow(t->psi, half, p);
        const uint64_t x = bf_mod_mul(p / 25 * 12, bf_mod_inv(w, p), p);
        a[1 + half] = sign * bf_centre(x, p);
    }
}

/* The library's root: of the least base that has one. */
static uint64_t least_root(uint64_t p, uint64_t n)
{
    for (uint64_t g = 2;; g++) {
        const uint64_t x = bf_mod_pow(g, (p - 1) / (2 * n), p);
        if (bf_mod_pow(x, n, p) == p - 1) return x;
    }
}

static void test_growth(void **state)
{
    (void)state;
    const uint64_t n = 1ULL << BF_LOG_N_MAX;
    uint64_t p = 1ULL << BF_PRIME_BITS_MAX;
    bf_ring *ring = NULL;
    /* A root close to p/2, where the quotient is largest. */
    do {
        p = bf_prime_below(p, BF_LOG_N_MAX, NULL, 0);
    } while (fabs(bf_centre(least_root(p, n), p)) < 0.495 * (double)p);
    assert_int_equal(
        bf_ring_create(&ring, BF_LOG_N_MAX, &p, 1, BF_BACKEND_AUTO), BF_OK);
    assert_true(ring->ntt[0]->psi == least_root(p, n));
    double *a = new_array(n), *x = new_array(n), *first = new_array(2 * n);
    for (unsigned variant = 0; variant < 8; variant++) {
        fill_growing(a, ring->ntt[0], variant);
        check_round_trip(ring, 0, a, first, x, 1);
    }
    bf_free(a);
    bf_free(x);
    bf_free(first);
    bf_ring_destroy(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),     cmocka_unit_test(test_products),
        cmocka_unit_test(test_dense_products),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_growth),
        cmocka_unit_test(test_phases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
