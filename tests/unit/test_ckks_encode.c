/* Oracles: the embedding evaluated term by term in long double, integers
 * reduced by __int128, and the derived distribution of rounding errors. */
#include "ckks_testing.h"

__extension__ typedef __int128 i128;

static const unsigned chain[] = {49, 30, 45, 36, 36, 36, 36, 36,
                                 36, 36, 36, 36};
#define CHAIN (sizeof chain / sizeof *chain)

static bf_context *open_context(unsigned log_n)
{
    static const unsigned special[] = {49};
    return ckks_test_context(log_n, chain, CHAIN, special, 1, 1, true);
}

/* Powers of zeta = exp(i pi/N), exponents modulo 2N. */
static long double *root_table(size_t n)
{
    long double *t = malloc(4 * n * sizeof *t);
    for (size_t k = 0; k < 2 * n; k++) {
        t[2 * k] = cosl(M_PIl * (long double)k / (long double)n);
        t[2 * k + 1] = sinl(M_PIl * (long double)k / (long double)n);
    }
    return t;
}

/* sum_k a_k zeta^{5^j k} for every j. */
static void direct_forward(double complex *slots, const double *a, size_t n)
{
    long double *root = root_table(n);
    size_t e = 1;
    for (size_t j = 0; j < n / 2; j++, e = 5 * e % (2 * n)) {
        long double re = 0, im = 0;
        for (size_t k = 0; k < n; k++) {
            re += (long double)a[k] * root[2 * (e * k % (2 * n))];
            im += (long double)a[k] * root[2 * (e * k % (2 * n)) + 1];
        }
        slots[j] = (double)re + (double)im * I;
    }
    free(root);
}

/* a_k = (2/N) Re sum_j z_j zeta^{-5^j k}. */
static void direct_inverse(long double *a, const double complex *z, size_t n)
{
    long double *root = root_table(n);
    for (size_t k = 0; k < n; k++) {
        long double sum = 0;
        size_t e = 1;
        for (size_t j = 0; j < n / 2; j++, e = 5 * e % (2 * n)) {
            const long double *w = &root[2 * (e * k % (2 * n))];
            sum += (long double)creal(z[j]) * w[0] +
                   (long double)cimag(z[j]) * w[1];
        }
        a[k] = 2 * sum / (long double)n;
    }
    free(root);
}

static void embedding_equals_direct_sum(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(1);
    for (unsigned log_n = 1; log_n <= 10; log_n++) {
        size_t n = (size_t)1 << log_n;
        double *a = malloc(n * sizeof *a), *back = malloc(n * sizeof *a);
        double complex *fast = malloc(n / 2 * sizeof *fast);
        double complex *slow = malloc(n / 2 * sizeof *slow);
        for (size_t k = 0; k < n; k++) a[k] = ckks_test_unit(&rng);
        direct_forward(slow, a, n);
        assert_ok(bf_embed_forward(fast, a, log_n));
        assert_ok(bf_embed_inverse(back, slow, log_n));
        double bound = 0x1p-52 * log_n * sqrt((double)n);
        for (size_t j = 0; j < n / 2; j++)
            assert_true(cabs(fast[j] - slow[j]) <= bound);
        for (size_t k = 0; k < n; k++)
            assert_true(fabs(back[k] - a[k]) <= 0x1p-52 * log_n);
        free(a);
        free(back);
        free(fast);
        free(slow);
    }
}

static void embedding_inverts_at_every_size(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(2);
    for (unsigned log_n = 1; log_n <= BF_LOG_N_MAX; log_n++) {
        size_t half = (size_t)1 << (log_n - 1);
        double *a = malloc(2 * half * sizeof *a);
        double complex *z = malloc(half * sizeof *z);
        double complex *back = malloc(half * sizeof *z);
        ckks_test_slots(z, half, &rng);
        assert_ok(bf_embed_inverse(a, z, log_n));
        assert_ok(bf_embed_forward(back, a, log_n));
        for (size_t j = 0; j < half; j++)
            assert_true(cabs(z[j] - back[j]) <= 0x1p-50 * log_n);
        free(a);
        free(z);
        free(back);
    }
    double complex one = 1;
    double two[2];
    assert_fails(bf_embed_inverse(two, &one, 0), BF_ERR_ARGUMENT, "2^0");
    assert_fails(bf_embed_forward(&one, two, BF_LOG_N_MAX + 1),
                 BF_ERR_ARGUMENT, "2^18");
}

/* X -> X^5 moves slot j+1 to slot j; X -> X^{-1} conjugates. */
static void automorphisms_move_slots(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(3);
    enum { LOG_N = 10, N = 1 << LOG_N };
    static double a[N], b[N];
    static double complex za[N / 2], zb[N / 2];
    for (size_t k = 0; k < N; k++) a[k] = ckks_test_unit(&rng);
    assert_ok(bf_embed_forward(za, a, LOG_N));
    for (size_t k = 0; k < N; k++) {
        size_t e = 5 * k % (2 * N);
        b[e % N] = e < N ? a[k] : -a[k];
    }
    assert_ok(bf_embed_forward(zb, b, LOG_N));
    for (size_t j = 0; j < N / 2; j++)
        assert_true(cabs(zb[j] - za[(j + 1) % (N / 2)]) < 1e-12);
    for (size_t k = 0; k < N; k++) b[(N - k) % N] = k == 0 ? a[k] : -a[k];
    assert_ok(bf_embed_forward(zb, b, LOG_N));
    for (size_t j = 0; j < N / 2; j++)
        assert_true(cabs(zb[j] - conj(za[j])) < 1e-12);
}

/* Residues of a plaintext in coefficient form, 0..q-1. */
static uint64_t *residues(const bf_pt *pt, unsigned limb)
{
    const bf_ring *ring = bf_context_ring(pt->ctx);
    size_t n = ring->n;
    double *x = bf_alloc(n * sizeof *x);
    uint64_t *out = malloc(n * sizeof *out);
    memcpy(x, pt->data + limb * n, n * sizeof *x);
    bf_ntt_inverse(ring, limb, x);
    for (size_t k = 0; k < n; k++)
        out[k] = bf_uncentre(x[k], ring->mod[limb].value);
    bf_free(x);
    return out;
}

static void encoding_equals_direct_sum(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(4);
    enum { LOG_N = 10, N = 1 << LOG_N };
    static double complex z[N / 2];
    static long double a[N];
    const double scale = 0x1.3p28;
    bf_context *ctx = open_context(LOG_N);
    ckks_test_slots(z, N / 2, &rng);
    direct_inverse(a, z, N);
    bf_pt pt = {0};
    assert_ok(bf_encode_slots(&pt, ctx, z, N / 2, scale, CHAIN));
    for (unsigned m = 0; m < CHAIN; m++) {
        uint64_t q = bf_context_params(ctx)->q[m];
        uint64_t *r = residues(&pt, m);
        for (size_t k = 0; k < N; k++) {
            long double scaled = a[k] * (long double)scale;
            /* within a rounding tie of the exact value */
            i128 low = (i128)floorl(scaled), match = -1;
            for (i128 v = low; v <= low + 1; v++) {
                if ((uint64_t)((v % (i128)q + q) % q) == r[k]) match = v - low;
            }
            assert_true(match >= 0);
            assert_true(fabsl((long double)(low + match) - scaled) <
                        0.5L + 1e-6L);
        }
        free(r);
    }
    bf_pt_clear(&pt);
    bf_context_destroy(ctx);
}

/* Rounding gives a slot an error of variance N/12/scale^2, near-normal in two
 * dimensions: the error exceeds r times its sd with probability exp(-r^2), so
 * that 2^16 slots stay below sqrt(40) sd, except with probability 1e-12. */
static void slots_return_within_rounding(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(5);
    const double scale = 0x1p30;
    for (unsigned log_n = 12; log_n <= 16; log_n++) {
        bf_context *ctx = open_context(log_n);
        size_t half = (size_t)1 << (log_n - 1);
        double complex *z = malloc(half * sizeof *z);
        double complex *back = malloc(half * sizeof *z);
        for (unsigned limbs = 1; limbs <= CHAIN; limbs += 11) {
            bf_pt pt = {0};
            ckks_test_slots(z, half, &rng);
            assert_ok(bf_encode_slots(&pt, ctx, z, half, scale, limbs));
            assert_ok(bf_decode_slots(back, &pt));
            double sd = sqrt((double)half / 6) / scale, sum = 0;
            double largest = 0;
            for (size_t j = 0; j < half; j++) {
                double err = cabs(back[j] - z[j]);
                assert_true(err < sqrt(40) * sd + 1e-14);
                sum += err * err;
                largest = fmax(largest, cabs(z[j]));
            }
            double ratio = sqrt(sum / (double)half) / sd;
            assert_true(fabs(ratio - 1) < 5 / sqrt((double)half));
            assert_float_equal(pt.bound, largest, 1e-15);
            assert_float_equal(pt.scale, scale, 0);
            assert_int_equal(pt.limbs, limbs);
            bf_pt_clear(&pt);
        }
        free(z);
        free(back);
        bf_context_destroy(ctx);
    }
}

/* A repeated vector lies in the subring of X^{N/(2 count)}. */
static void short_vectors_repeat(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(6);
    enum { LOG_N = 12, N = 1 << LOG_N };
    static double complex z[N / 2], back[N / 2];
    bf_context *ctx = open_context(LOG_N);
    for (size_t count = 1; count <= N / 2; count *= 2) {
        ckks_test_slots(z, count, &rng);
        for (size_t j = count; j < N / 2; j++) z[j] = z[j % count];
        bf_pt few = {0}, all = {0};
        assert_ok(bf_encode_slots(&few, ctx, z, count, 0x1p20, 2));
        assert_ok(bf_encode_slots(&all, ctx, z, N / 2, 0x1p20, 2));
        assert_float_equal(few.bound, all.bound, 0);
        uint64_t *r = residues(&few, 1), *s = residues(&all, 1);
        for (size_t k = 0; k < N; k++) {
            if (k % (N / 2 / count) != 0) assert_int_equal(r[k], 0);
            assert_int_equal(r[k], s[k]);
        }
        assert_ok(bf_decode_slots(back, &few));
        for (size_t j = 0; j < N / 2; j++)
            assert_true(cabs(back[j] - z[j]) <
                        sqrt(40 * (double)count / 6) / 0x1p20);
        free(r);
        free(s);
        bf_pt_clear(&few);
        bf_pt_clear(&all);
    }
    bf_context_destroy(ctx);
}

static void real_vectors_are_complex_ones(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(7);
    enum { LOG_N = 11, N = 1 << LOG_N };
    static double x[N / 2];
    static double complex z[N / 2];
    bf_context *ctx = open_context(LOG_N);
    for (size_t j = 0; j < N / 2; j++) z[j] = x[j] = ckks_test_unit(&rng);
    for (size_t count = 1; count <= N / 2; count *= 8) {
        bf_pt a = {0}, b = {0};
        assert_ok(bf_encode_real(&a, ctx, x, count, 0x1p33, 3));
        assert_ok(bf_encode_slots(&b, ctx, z, count, 0x1p33, 3));
        assert_memory_equal(a.data, b.data, 3 * N * sizeof(double));
        bf_pt_clear(&a);
        bf_pt_clear(&b);
    }
    bf_context_destroy(ctx);
}

/* Integers that a double holds are recovered exactly, for any number of limbs.
 */
static void coefficients_return_exactly(void **state)
{
    (void)state;
    uint64_t rng = ckks_test_seed(8);
    enum { LOG_N = 10, N = 1 << LOG_N };
    static double a[N], back[N];
    bf_context *ctx = open_context(LOG_N);
    for (unsigned limbs = 1; limbs <= CHAIN; limbs++) {
        double log2_q = bf_params_log2_q(bf_context_params(ctx), limbs);
        for (size_t k = 0; k < N; k++) {
            int shift = (int)(ckks_test_u64(&rng) % (uint64_t)(log2_q - 21));
            double mantissa = rint(ckks_test_unit(&rng) * 0x1p19);
            a[k] = k % 7 == 0 ? 0 : ldexp(mantissa, shift);
        }
        bf_pt pt = {0};
        assert_ok(bf_encode_coeffs(&pt, ctx, a, N, 1, limbs));
        assert_ok(bf_decode_coeffs(back, &pt));
        for (size_t k = 0; k < N; k++)
            assert_float_equal(back[k], a[k], 0);
        bf_pt_clear(&pt);
    }
    double few[3] = {0.5, -0.25, 3};
    bf_pt pt = {0};
    assert_ok(bf_encode_coeffs(&pt, ctx, few, 3, 4, 2));
    assert_ok(bf_decode_coeffs(back, &pt));
    for (size_t k = 0; k < N; k++)
        assert_float_equal(back[k], k < 3 ? few[k] : 0, 0);
    assert_true(pt.bound > 3.2 && pt.bound <= 3.75); /* largest |slot| */
    bf_pt_clear(&pt);
    bf_context_destroy(ctx);
}

static void half_the_modulus_is_the_limit(void **state)
{
    (void)state;
    bf_context *ctx = open_context(10);
    uint64_t q = bf_context_params(ctx)->q[0];
    double most = (double)((q - 1) / 2), over = (double)((q + 1) / 2);
    double back[1 << 10];
    bf_pt pt = {0};
    for (int sign = -1; sign <= 1; sign += 2) {
        double x = sign * most, y = sign * over;
        assert_ok(bf_encode_coeffs(&pt, ctx, &x, 1, 1, 1));
        assert_ok(bf_decode_coeffs(back, &pt));
        assert_float_equal(back[0], x, 0);
        assert_fails(bf_encode_coeffs(&pt, ctx, &y, 1, 1, 1), BF_ERR_RANGE,
                     "half the modulus");
        assert_ok(bf_encode_coeffs(&pt, ctx, &y, 1, 1, 2));
    }
    /* The upper third of the range, in every coefficient. */
    uint64_t rng = ckks_test_seed(9);
    double many[1 << 10];
    for (size_t k = 0; k < 1 << 10; k++) {
        double x = rint(most * (5 + ckks_test_unit(&rng)) / 6);
        many[k] = k % 2 ? x : -x;
    }
    assert_ok(bf_encode_coeffs(&pt, ctx, many, 1 << 10, 1, 1));
    assert_ok(bf_decode_coeffs(back, &pt));
    assert_memory_equal(back, many, sizeof many);
    double one = 1;
    assert_fails(bf_encode_real(&pt, ctx, &one, 1, 0x1p48, 1), BF_ERR_RANGE,
                 "half the modulus");
    assert_ok(bf_encode_real(&pt, ctx, &one, 1, 0x1p47, 1));
    assert_fails(bf_encode_real(&pt, ctx, &one, 1, 0x1p800, CHAIN),
                 BF_ERR_RANGE, "half the modulus");
    bf_pt_clear(&pt);
    bf_context_destroy(ctx);
}

static void wrong_inputs_are_refused(void **state)
{
    (void)state;
    enum { N = 1 << 10 };
    bf_context *ctx = open_context(10);
    static double x[N + 1];
    static double complex z[N];
    double complex out[N / 2];
    double bad[] = {NAN, INFINITY, -INFINITY};
    bf_pt pt = {0}, empty = {.ctx = ctx, .limbs = 1, .scale = 1};
    assert_ok(bf_encode_real(&pt, ctx, x, 4, 0x1p20, 2));
    bf_pt before = pt;
    for (unsigned i = 0; i < 3; i++) {
        x[3] = bad[i];
        assert_fails(bf_encode_real(&pt, ctx, x, N / 2, 0x1p20, 2),
                     BF_ERR_RANGE, "not a number");
        assert_fails(bf_encode_coeffs(&pt, ctx, x, N, 0x1p20, 2), BF_ERR_RANGE,
                     "not a number");
        ((double *)z)[9] = bad[i];
        assert_fails(bf_encode_slots(&pt, ctx, z, N / 2, 0x1p20, 2),
                     BF_ERR_RANGE, "not a number");
        x[3] = 0;
        ((double *)z)[9] = 0;
        assert_fails(bf_encode_real(&pt, ctx, x, 4, bad[i], 2),
                     BF_ERR_ARGUMENT, "scale");
    }
    assert_fails(bf_encode_real(&pt, ctx, x, 4, 0, 2), BF_ERR_ARGUMENT,
                 "scale");
    assert_fails(bf_encode_slots(&pt, ctx, z, 4, -1, 2), BF_ERR_ARGUMENT,
                 "scale");
    assert_fails(bf_encode_coeffs(&pt, ctx, x, 4, 0, 2), BF_ERR_ARGUMENT,
                 "scale");
    static const size_t counts[] = {0, 3, 12, N, N / 2 + 1};
    for (unsigned i = 0; i < 5; i++) {
        assert_fails(bf_encode_real(&pt, ctx, x, counts[i], 1, 2),
                     BF_ERR_ARGUMENT, "power of two");
        assert_fails(bf_encode_slots(&pt, ctx, z, counts[i], 1, 2),
                     BF_ERR_ARGUMENT, "power of two");
    }
    assert_fails(bf_encode_coeffs(&pt, ctx, x, N + 1, 1, 2), BF_ERR_ARGUMENT,
                 "coefficients");
    assert_fails(bf_encode_real(&pt, ctx, x, 4, 1, 0), BF_ERR_ARGUMENT,
                 "limbs");
    assert_fails(bf_encode_slots(&pt, ctx, z, 4, 1, CHAIN + 1),
                 BF_ERR_ARGUMENT, "limbs");
    assert_fails(bf_encode_coeffs(&pt, ctx, x, 4, 1, CHAIN + 1),
                 BF_ERR_ARGUMENT, "limbs");
    assert_fails(bf_decode_slots(out, &empty), BF_ERR_ARGUMENT, "without");
    assert_fails(bf_decode_coeffs(x, &empty), BF_ERR_ARGUMENT, "without");
    assert_memory_equal(&pt, &before, sizeof pt);
    assert_ok(bf_encode_real(&pt, ctx, x, 8, 0x1p21, 2));
    assert_ptr_equal(pt.data, before.data); /* memory reused */
    bf_pt_clear(&pt);
    assert_null(pt.data);
    bf_context_destroy(ctx);
}

static void objects_have_their_shape(void **state)
{
    (void)state;
    bf_context *ctx = open_context(10);
    bf_ct ct;
    bf_pt pt;
    assert_fails(bf_pt_init(&pt, ctx, 0), BF_ERR_ARGUMENT, "0 limbs");
    assert_fails(bf_pt_init(&pt, ctx, CHAIN + 1), BF_ERR_ARGUMENT, "13 limbs");
    assert_fails(bf_ct_init(&ct, ctx, 2, 1), BF_ERR_ARGUMENT, "polynomials");
    assert_fails(bf_ct_init(&ct, ctx, 2, 4), BF_ERR_ARGUMENT, "polynomials");
    assert_ok(bf_ct_init(&ct, ctx, 5, 3));
    assert_int_equal(ct.bytes, 5 * 3 * 1024 * sizeof(double));
    assert_ptr_equal(bf_ct_limb(&ct, 2, 4, 1024), ct.data + 14 * 1024);
    memset(ct.data, 1, ct.bytes);
    bf_ct_clear(&ct);
    bf_ct_clear(&ct);
    bf_context_destroy(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedding_equals_direct_sum),
        cmocka_unit_test(embedding_inverts_at_every_size),
        cmocka_unit_test(automorphisms_move_slots),
        cmocka_unit_test(encoding_equals_direct_sum),
        cmocka_unit_test(slots_return_within_rounding),
        cmocka_unit_test(short_vectors_repeat),
        cmocka_unit_test(real_vectors_are_complex_ones),
        cmocka_unit_test(coefficients_return_exactly),
        cmocka_unit_test(half_the_modulus_is_the_limit),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(objects_have_their_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
