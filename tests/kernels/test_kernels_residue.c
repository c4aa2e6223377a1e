/* Pointwise kernels against 128-bit integers: half a million random inputs and
 * all boundary values for a prime of each size from 20 to 49 bits. Every
 * backend must give the bits of the scalar one. */
#include "kernels/testing.h"

#define RANDOM ((size_t)500000)
#define EDGES ((size_t)1024) /* more than pairs of boundary values */
#define LOG_N 10

typedef enum kind { REDUCED, WIDE } kind;

typedef struct op {
    const char *name;
    kind left, right; /* range of the inputs */
    bool centred;     /* else reduced */
    void (*run)(const bf_kernels *k, double *o, const double *a,
                const double *b, bf_mulc c, size_t n, const bf_modulus *m);
    wide (*expect)(wide o, wide a, wide b, wide c);
} op;

static void run_add(const bf_kernels *k, double *o, const double *a,
                    const double *b, bf_mulc c, size_t n, const bf_modulus *m)
{
    (void)c;
    k->add(o, a, b, n, m);
}

static void run_sub(const bf_kernels *k, double *o, const double *a,
                    const double *b, bf_mulc c, size_t n, const bf_modulus *m)
{
    (void)c;
    k->sub(o, a, b, n, m);
}

/* Both halves in place, of which one is looked at. */
static void run_butterfly(const bf_kernels *k, double *keep, double *rest,
                          const double *a, const double *b, size_t n,
                          const bf_modulus *m, bool sum)
{
    double *x = sum ? keep : rest, *y = sum ? rest : keep;
    memcpy(x, a, n * sizeof *x);
    memcpy(y, b, n * sizeof *y);
    k->butterfly(x, y, n, m);
}

static void run_butterfly_sum(const bf_kernels *k, double *o, const double *a,
                              const double *b, bf_mulc c, size_t n,
                              const bf_modulus *m)
{
    double *rest = new_array(n);
    (void)c;
    run_butterfly(k, o, rest, a, b, n, m, true);
    bf_free(rest);
}

static void run_butterfly_difference(const bf_kernels *k, double *o,
                                     const double *a, const double *b,
                                     bf_mulc c, size_t n, const bf_modulus *m)
{
    double *rest = new_array(n);
    (void)c;
    run_butterfly(k, o, rest, a, b, n, m, false);
    bf_free(rest);
}

static void run_mul(const bf_kernels *k, double *o, const double *a,
                    const double *b, bf_mulc c, size_t n, const bf_modulus *m)
{
    (void)c;
    k->mul(o, a, b, n, m);
}

static void run_mul_add(const bf_kernels *k, double *o, const double *a,
                        const double *b, bf_mulc c, size_t n,
                        const bf_modulus *m)
{
    (void)c;
    k->mul_add(o, a, b, n, m);
}

static void run_mul_const(const bf_kernels *k, double *o, const double *a,
                          const double *b, bf_mulc c, size_t n,
                          const bf_modulus *m)
{
    (void)b;
    k->mul_const(o, a, c, n, m);
}

static void run_mul_const_add(const bf_kernels *k, double *o, const double *a,
                              const double *b, bf_mulc c, size_t n,
                              const bf_modulus *m)
{
    (void)b;
    k->mul_const_add(o, a, c, n, m);
}

static void run_sub_mul_const(const bf_kernels *k, double *o, const double *a,
                              const double *b, bf_mulc c, size_t n,
                              const bf_modulus *m)
{
    k->sub_mul_const(o, a, b, c, n, m);
}

static void run_reduce(const bf_kernels *k, double *o, const double *a,
                       const double *b, bf_mulc c, size_t n,
                       const bf_modulus *m)
{
    (void)b, (void)c;
    k->reduce(o, a, n, m);
}

static wide expect_add(wide o, wide a, wide b, wide c)
{
    (void)o, (void)c;
    return a + b;
}

static wide expect_sub(wide o, wide a, wide b, wide c)
{
    (void)o, (void)c;
    return a - b;
}

static wide expect_mul(wide o, wide a, wide b, wide c)
{
    (void)o, (void)c;
    return a * b;
}

static wide expect_mul_add(wide o, wide a, wide b, wide c)
{
    (void)c;
    return o + a * b;
}

static wide expect_mul_const(wide o, wide a, wide b, wide c)
{
    (void)o, (void)b;
    return a * c;
}

static wide expect_mul_const_add(wide o, wide a, wide b, wide c)
{
    (void)b;
    return o + a * c;
}

static wide expect_sub_mul_const(wide o, wide a, wide b, wide c)
{
    (void)o;
    return (a - b) * c;
}

static wide expect_reduce(wide o, wide a, wide b, wide c)
{
    (void)o, (void)b, (void)c;
    return a;
}

static const op ops[] = {
    {"add", REDUCED, REDUCED, true, run_add, expect_add},
    {"sub", REDUCED, REDUCED, true, run_sub, expect_sub},
    {"butterfly, sum", REDUCED, REDUCED, true, run_butterfly_sum, expect_add},
    {"butterfly, difference", REDUCED, REDUCED, true, run_butterfly_difference,
     expect_sub},
    {"mul", REDUCED, REDUCED, false, run_mul, expect_mul},
    {"mul_add", REDUCED, REDUCED, true, run_mul_add, expect_mul_add},
    {"mul_const", REDUCED, REDUCED, false, run_mul_const, expect_mul_const},
    {"mul_const_add", REDUCED, REDUCED, true, run_mul_const_add,
     expect_mul_const_add},
    {"sub_mul_const", WIDE, REDUCED, true, run_sub_mul_const,
     expect_sub_mul_const},
    {"reduce", WIDE, REDUCED, true, run_reduce, expect_reduce},
};

/* Critical magnitudes, up to the largest that the kind of operand allows. */
static size_t boundary_values(kind range, uint64_t p, double out[64])
{
    const uint64_t max = reduced_max(p);
    /* sub_mul_const takes a - b below 2^52 with a reduced b. */
    const uint64_t widest = (1ULL << 52) - 1 - max, half = p / 2;
    const uint64_t k = widest / p - 1;
    const uint64_t values[] = {0,      1,        2,          half - 1,
                               half,   half + 1, max - 1,    max,
                               widest, k * p,    k * p + 1,  k * p + half,
                               p,      p + half, 7 * p + 1,  k * p + half + 1,
                               p - 1,  p + 1,    widest - 1, k * p - 1};
    const size_t count = range == REDUCED ? 8 : sizeof values / sizeof *values;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (values[i] > widest) continue;
        out[n++] = (double)values[i];
        out[n++] = 0 - (double)values[i];
    }
    return n;
}

/* All pairs of boundary values, then random ones; n is a multiple of 32. */
static size_t fill_inputs(rng *r, const op *f, uint64_t p, double *a, double *b)
{
    double left[64], right[64];
    const size_t lefts = boundary_values(f->left, p, left);
    const size_t rights = boundary_values(f->right, p, right);
    assert_true(lefts * rights <= EDGES);
    const uint64_t max = reduced_max(p);
    const uint64_t bound = f->left == REDUCED ? max : (1ULL << 52) - 1 - max;
    const size_t n = (lefts * rights + RANDOM + 31) / 32 * 32;
    for (size_t i = 0; i < n; i++) {
        const bool edge = i < lefts * rights;
        a[i] = edge ? left[i / rights] : rng_within(r, bound);
        b[i] = edge ? right[i % rights] : rng_within(r, max);
    }
    return n;
}

/* The addend: every boundary value with every pair of boundary values, then
 * random values. `turn` is below the number of boundary values. */
static void fill_accumulators(rng *r, double *before, size_t n, uint64_t p,
                              size_t turn)
{
    double edge[64];
    const size_t edges = boundary_values(REDUCED, p, edge);
    for (size_t i = 0; i < n; i++)
        before[i] = i < EDGES ? edge[(i + i / edges + turn) % edges]
                              : rng_within(r, reduced_max(p));
}

static void check_outputs(const op *f, const bf_modulus *m, const double *o,
                          const double *before, const double *a,
                          const double *b, double c, size_t n)
{
    const wide p = (wide)m->value, w = as_integer(c);
    const int64_t limit =
        (int64_t)(f->centred ? m->value / 2 : reduced_max(m->value));
    for (size_t i = 0; i < n; i++) {
        const wide x = as_integer(o[i]);
        const wide y = f->expect(as_integer(before[i]), as_integer(a[i]),
                                 as_integer(b[i]), w);
        if ((x - y) % p == 0 && x >= -limit && x <= limit) continue;
        fail_msg("%s mod %llu: o=%.0f a=%.0f b=%.0f c=%.0f gave %.0f", f->name,
                 (unsigned long long)m->value, before[i], a[i], b[i], c, o[i]);
    }
}

/* The first len inputs on every backend, accumulators as they are. */
static void check_constant(const op *f, const bf_modulus *m, double *x[5],
                           uint64_t constant, size_t len)
{
    double *a = x[0], *b = x[1], *before = x[2], *expected = x[3], *o = x[4];
    const bf_mulc c = bf_mulc_make(constant, m->value);
    FOR_BACKENDS(k)
    {
        double *out = k == &bf_kernels_scalar ? expected : o;
        memcpy(out, before, len * sizeof *out);
        f->run(k, out, a, b, c, len, m);
        if (out == o) assert_same_bits(o, expected, len);
    }
    check_outputs(f, m, expected, before, a, b, c.w, len);
}

static void check_op(rng *r, const op *f, const bf_modulus *m, double *x[5])
{
    const size_t n = fill_inputs(r, f, m->value, x[0], x[1]);
    const uint64_t edges[] = {0, 1, m->value / 2, m->value / 2 + 1,
                              rng_next(r) % m->value};
    /* The constant's and the accumulator's edge values on the boundary part
     * only, each with each; the accumulator's are 16. */
    for (size_t turn = 0; turn < 16; turn++) {
        fill_accumulators(r, x[2], EDGES, m->value, turn);
        for (size_t e = 0; e < 5; e++)
            check_constant(f, m, x, edges[e], EDGES);
    }
    fill_accumulators(r, x[2], n, m->value, 0);
    check_constant(f, m, x, edges[4], n);
}

static void test_residue_operations(void **state)
{
    (void)state;
    rng r = rng_start("residue operations");
    double *x[5];
    for (size_t i = 0; i < 5; i++) x[i] = new_array(RANDOM + 4096);
    for (unsigned bits = BF_PRIME_BITS_MIN; bits <= BF_PRIME_BITS_MAX; bits++) {
        const uint64_t p = prime_of_bits(bits, LOG_N);
        assert_true(p != 0);
        const bf_modulus m = bf_modulus_make(p);
        for (size_t f = 0; f < sizeof ops / sizeof *ops; f++)
            check_op(&r, &ops[f], &m, x);
    }
    for (size_t i = 0; i < 5; i++) bf_free(x[i]);
}

/* Outputs may be an input. */
static void test_in_place(void **state)
{
    (void)state;
    rng r = rng_start("in place");
    const bf_modulus m = bf_modulus_make(prime_of_bits(49, LOG_N));
    const bf_mulc c = bf_mulc_make(m.value / 3, m.value);
    double *a = new_array(256), *b = new_array(256), *o = new_array(256),
           *x = new_array(256);
    fill_reduced(&r, a, 256, m.value);
    fill_reduced(&r, b, 256, m.value);
    FOR_BACKENDS(k)
    {
        for (size_t f = 0; f < sizeof ops / sizeof *ops; f++) {
            memcpy(o, a, 256 * sizeof *o);
            memcpy(x, a, 256 * sizeof *x);
            ops[f].run(k, o, a, b, c, 256, &m);
            ops[f].run(k, x, x, b, c, 256, &m);
            assert_same_bits(x, o, 256);
        }
    }
    bf_free(a);
    bf_free(b);
    bf_free(o);
    bf_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_residue_operations),
        cmocka_unit_test(test_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
