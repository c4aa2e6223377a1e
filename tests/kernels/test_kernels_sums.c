/* Sums of products against 128-bit integers, with term counts on both sides of
 * every flush and inputs at the bounds, where a wrong flush interval loses
 * bits. Every backend must give the bits of the scalar one. */
#include <math.h>

#include "kernels/testing.h"

#define N ((size_t)128)
#define TERMS_MAX 70
#define COUNT_MAX 3

static const unsigned bit_sizes[] = {20, 25, 30, 36, 40, 44,
                                     45, 46, 47, 48, 49};
static const unsigned term_counts[] = {1,  2,  3,  4,  5,  8,  9,        10,
                                       13, 16, 18, 19, 33, 64, TERMS_MAX};

/* How inputs are drawn: at random, all at the bound with one sign, at the bound
 * with signs that make every product negative, or such that every product
 * loses as much as it can. */
typedef enum pattern { RANDOM, TOP, NEGATIVE, LOSSY, PATTERNS } pattern;

static void fill(rng *r, double *x, pattern how, uint64_t bound, bool left)
{
    for (size_t i = 0; i < N; i++) {
        if (how == RANDOM)
            x[i] = rng_within(r, bound);
        else
            x[i] = how == NEGATIVE && left ? -(double)bound : (double)bound;
    }
}

typedef struct arrays {
    double *a[2 * TERMS_MAX], *b[2 * TERMS_MAX * COUNT_MAX];
    double *in[3 * COUNT_MAX], *out[3 * COUNT_MAX], *ref[3 * COUNT_MAX];
} arrays;

static void each(double **list, size_t n, bool create)
{
    for (size_t i = 0; i < n; i++) {
        if (create)
            list[i] = new_array(N);
        else
            bf_free(list[i]);
    }
}

static void arrays_do(arrays *x, bool create)
{
    each(x->a, 2 * TERMS_MAX, create);
    each(x->b, 2 * TERMS_MAX * COUNT_MAX, create);
    each(x->in, 3 * COUNT_MAX, create);
    each(x->out, 3 * COUNT_MAX, create);
    each(x->ref, 3 * COUNT_MAX, create);
}

/* Two large factors within their bounds whose product is 2^(e-1) - 1 mod 2^e.
 * An accumulator with grid 2^e rounds this remainder off, always with the same
 * sign. */
static void lossy_factors(rng *r, unsigned e, uint64_t x_bound,
                          uint64_t y_bound, double *x, double *y)
{
    const uint64_t grid = 1ULL << e;
    for (;;) {
        const uint64_t v = (y_bound - rng_next(r) % (y_bound / 8)) | 1;
        uint64_t inverse = v; /* to 3 bits; Newton doubles them */
        for (int i = 0; i < 5; i++) inverse *= 2 - v * inverse;
        uint64_t u = (grid / 2 - 1) * inverse & (grid - 1);
        if (v > y_bound || u > x_bound) continue;
        u += (x_bound - u) / grid * grid;
        if (u < x_bound / 2) continue;
        *x = (double)u;
        *y = (double)v;
        return;
    }
}

static unsigned grid_of(bf_lazy lazy)
{
    return (unsigned)ilogb(lazy.offset) - 52;
}

/* For the grid that belongs to products of reduced residues. */
static void fill_lossy(rng *r, arrays *x, const bf_modulus *m)
{
    const uint64_t bound = reduced_max(m->value);
    for (size_t i = 0; i < N; i++) {
        double u, v;
        lossy_factors(r, grid_of(m->lazy), bound, bound, &u, &v);
        for (size_t k = 0; k < 2 * TERMS_MAX; k++) x->a[k][i] = u;
        for (size_t k = 0; k < 2 * TERMS_MAX * COUNT_MAX; k++) x->b[k][i] = v;
    }
}

static void arrays_fill(rng *r, arrays *x, pattern how, const bf_modulus *m)
{
    const uint64_t p = m->value;
    if (how == LOSSY) {
        fill_lossy(r, x, m);
        return;
    }
    for (size_t i = 0; i < 2 * TERMS_MAX; i++)
        fill(r, x->a[i], how, reduced_max(p), true);
    for (size_t i = 0; i < 2 * TERMS_MAX * COUNT_MAX; i++)
        fill(r, x->b[i], how, reduced_max(p), false);
    for (size_t i = 0; i < 3 * COUNT_MAX; i++)
        fill(r, x->in[i], how, reduced_max(p), false);
}

static void assert_centred_equal(double got, uint64_t expected, uint64_t p)
{
    assert_true(got == bf_centre(expected, p));
}

static uint64_t product(double x, double y, uint64_t p)
{
    return wide_mod(as_integer(x) * as_integer(y), p);
}

static void check_dot2(arrays *x, unsigned terms, const bf_modulus *m)
{
    double *const *y0 = x->b, *const *y1 = x->b + TERMS_MAX;
    FOR_BACKENDS(k)
    {
        double **o = k == &bf_kernels_scalar ? x->ref : x->out;
        k->dot2(o[0], o[1], (const double *const *)x->a,
                (const double *const *)y0, (const double *const *)y1, terms, N,
                m);
        assert_same_bits(o[0], x->ref[0], N);
        assert_same_bits(o[1], x->ref[1], N);
    }
    for (size_t i = 0; i < N; i++) {
        uint64_t s0 = 0, s1 = 0;
        for (unsigned k = 0; k < terms; k++) {
            s0 = (s0 + product(x->a[k][i], y0[k][i], m->value)) % m->value;
            s1 = (s1 + product(x->a[k][i], y1[k][i], m->value)) % m->value;
        }
        assert_centred_equal(x->ref[0][i], s0, m->value);
        assert_centred_equal(x->ref[1][i], s1, m->value);
    }
}

static void expect_tensor(const bf_tensor_sum *s, unsigned c, size_t i,
                          uint64_t p, uint64_t out[3])
{
    out[0] = out[1] = out[2] = 0;
    for (unsigned k = 0; k < s->terms; k++) {
        const double a0 = s->a0[k][i], a1 = s->a1[k][i];
        const double b0 = s->b0[k * s->count + c][i];
        const double b1 = s->b1[k * s->count + c][i];
        out[0] = (out[0] + product(a0, b0, p)) % p;
        out[1] = (out[1] + product(a0, b1, p) + product(a1, b0, p)) % p;
        out[2] = (out[2] + product(a1, b1, p)) % p;
    }
}

static void check_tensor(arrays *x, unsigned terms, unsigned count,
                         const bf_modulus *m)
{
    bf_tensor_sum s = {.a0 = (const double *const *)x->a,
                       .a1 = (const double *const *)x->a + TERMS_MAX,
                       .b0 = (const double *const *)x->b,
                       .b1 =
                           (const double *const *)x->b + TERMS_MAX * COUNT_MAX,
                       .terms = terms,
                       .count = count};
    FOR_BACKENDS(k)
    {
        double **o = k == &bf_kernels_scalar ? x->ref : x->out;
        for (size_t d = 0; d < 3 * COUNT_MAX; d++)
            memcpy(o[d], x->in[d], N * sizeof *o[d]);
        s.d0 = o;
        s.d1 = o + COUNT_MAX;
        s.d2 = o + 2 * COUNT_MAX;
        k->tensor_sum(&s, N, m);
        for (size_t d = 0; d < 3 * COUNT_MAX; d++)
            assert_same_bits(o[d], x->ref[d], N);
    }
    for (unsigned c = 0; c < count; c++)
        for (size_t i = 0; i < N; i++) {
            uint64_t e[3];
            expect_tensor(&s, c, i, m->value, e);
            for (unsigned d = 0; d < 3; d++)
                assert_centred_equal(x->ref[d * COUNT_MAX + c][i], e[d],
                                     m->value);
        }
}

static void test_sums(void **state)
{
    (void)state;
    rng r = rng_start("sums of products");
    arrays x;
    arrays_do(&x, true);
    for (size_t b = 0; b < sizeof bit_sizes / sizeof *bit_sizes; b++) {
        const bf_modulus m = bf_modulus_make(prime_of_bits(bit_sizes[b], 10));
        for (pattern how = RANDOM; how < PATTERNS; how++) {
            arrays_fill(&r, &x, how, &m);
            for (size_t t = 0; t < sizeof term_counts / sizeof *term_counts;
                 t++) {
                check_dot2(&x, term_counts[t], &m);
                check_tensor(&x, term_counts[t], 1 + t % COUNT_MAX, &m);
            }
        }
    }
    arrays_do(&x, false);
}

/* Sources of 49 bits into targets of every size: quotients at their largest.
 * Constants are at most p/2; the last source is the overflow, at most k. */
static void fill_convert(rng *r, arrays *x, double *c, unsigned k, pattern how,
                         bf_lazy lazy, const bf_modulus *m)
{
    const uint64_t max = reduced_max(prime_of_bits(49, 10));
    const uint64_t half = m->value / 2;
    for (unsigned j = 0; j <= k; j++) {
        fill(r, x->a[j], how, j < k ? max : k, true);
        c[j] = how == RANDOM ? rng_within(r, half) : (double)half;
        if (how != LOSSY || j == k) continue;
        double u;
        lossy_factors(r, grid_of(lazy), max, half, &u, &c[j]);
        for (size_t i = 0; i < N; i++) x->a[j][i] = u;
    }
}

static void check_convert(rng *r, arrays *x, unsigned k, pattern how,
                          const bf_modulus *m)
{
    const uint64_t q = prime_of_bits(49, 10);
    double c[BF_CONVERT_SOURCES_MAX + 1];
    const bf_lazy lazy =
        bf_lazy_make(bf_reduced_bound((double)q) * m->p / 2, m->p);
    fill_convert(r, x, c, k, how, lazy, m);
    FOR_BACKENDS(kernels)
    {
        double *o = kernels == &bf_kernels_scalar ? x->ref[0] : x->out[0];
        kernels->convert(o, (const double *const *)x->a, x->a[k], c, k, N, lazy,
                         m);
        assert_same_bits(o, x->ref[0], N);
    }
    for (size_t i = 0; i < N; i++) {
        uint64_t s = 0;
        for (unsigned j = 0; j <= k; j++)
            s = (s + product(x->a[j][i], c[j], m->value)) % m->value;
        assert_centred_equal(x->ref[0][i], s, m->value);
    }
}

static void test_convert(void **state)
{
    (void)state;
    rng r = rng_start("conversion kernel");
    arrays x;
    arrays_do(&x, true);
    for (size_t b = 0; b < sizeof bit_sizes / sizeof *bit_sizes; b++) {
        const bf_modulus m = bf_modulus_make(prime_of_bits(bit_sizes[b], 10));
        for (pattern how = RANDOM; how < PATTERNS; how++)
            for (unsigned k = 1; k <= BF_CONVERT_SOURCES_MAX; k++)
                check_convert(&r, &x, k, how, &m);
    }
    arrays_do(&x, false);
}

static void test_overflow(void **state)
{
    (void)state;
    rng r = rng_start("overflow kernel");
    arrays x;
    arrays_do(&x, true);
    for (unsigned k = 1; k <= BF_CONVERT_SOURCES_MAX; k++) {
        const uint64_t q = prime_of_bits(49 - k % 20, 10);
        double qinv[BF_CONVERT_SOURCES_MAX];
        for (unsigned j = 0; j < k; j++) {
            fill(&r, x.a[j], RANDOM, reduced_max(q), true);
            qinv[j] = 1 / (double)q;
        }
        FOR_BACKENDS(kernels)
        {
            double *o = kernels == &bf_kernels_scalar ? x.ref[0] : x.out[0];
            kernels->overflow(o, (const double *const *)x.a, qinv, k, N);
            assert_same_bits(o, x.ref[0], N);
        }
        for (size_t i = 0; i < N; i++) {
            wide s = 0;
            for (unsigned j = 0; j < k; j++) s += as_integer(x.a[j][i]);
            /* |s - v q| <= q/2, but for the rounding of the sum. */
            const wide rest = s - as_integer(x.ref[0][i]) * (wide)q;
            const wide limit = (wide)(q / 2) + (wide)(q >> 42) + 1;
            assert_true(rest <= limit && rest >= -limit);
        }
    }
    arrays_do(&x, false);
}

static void test_permute(void **state)
{
    (void)state;
    rng r = rng_start("permute kernel");
    enum { LOG = 12, SIZE = 1 << LOG };
    double *a = new_array(SIZE), *o = new_array(SIZE);
    uint32_t *perm = bf_alloc(SIZE * sizeof *perm);
    assert_non_null(perm);
    fill_reduced(&r, a, SIZE, prime_of_bits(49, LOG));
    for (int t = 0; t < 20; t++) {
        bf_ring_automorphism(LOG, (uint32_t)rng_next(&r) | 1, perm);
        FOR_BACKENDS(k)
        {
            memset(o, 0, SIZE * sizeof *o);
            k->permute(o, a, perm, SIZE);
            for (size_t i = 0; i < SIZE; i++) assert_true(o[i] == a[perm[i]]);
            /* The same in runs of any length, each of which comes from one. */
            size_t len = (size_t)16 << t % 7;
            memset(o, 0, SIZE * sizeof *o);
            for (size_t to = 0; to < SIZE; to += len)
                k->permute(o + to, a + perm[to] / len * len, perm + to, len);
            for (size_t i = 0; i < SIZE; i++) assert_true(o[i] == a[perm[i]]);
        }
    }
    bf_free(a);
    bf_free(o);
    bf_free(perm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_permute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
