/* Oracles: the binomial distribution, and chi-square tests at 1e-4 with
 * Wilson and Hilferty's approximation. Seeds are fixed, so a pass stays one. */
#include "ckks_testing.h"

#define DRAWS 10000000
#define BATCH 50000

/* Chi-square with `df` degrees of freedom passes this with probability 1e-4. */
static double chi_limit(double df)
{
    double h = 2 / (9 * df);
    return df * pow(1 - h + 3.719 * sqrt(h), 3);
}

/* Of 10^7 draws: counts of each value, and of sums over neighbours. */
typedef struct tally {
    double count[256]; /* by value + 128 */
    double neighbours; /* sum of x_i x_{i+1} */
} tally;

static void draw(tally *t, void (*sampler)(int8_t *, size_t))
{
    static int8_t x[BATCH];
    *t = (tally){0};
    for (size_t done = 0; done < DRAWS; done += BATCH) {
        sampler(x, BATCH);
        for (size_t i = 0; i < BATCH; i++) t->count[x[i] + 128]++;
        for (size_t i = 0; i + 1 < BATCH; i++) t->neighbours += x[i] * x[i + 1];
    }
}

static double moment(const tally *t, int power)
{
    double sum = 0;
    for (int v = -128; v < 128; v++) sum += t->count[v + 128] * pow(v, power);
    return sum / DRAWS;
}

static void noise_is_centred_binomial(void **state)
{
    (void)state;
    ckks_test_seed(31);
    tally t;
    draw(&t, bf_sample_noise);
    double sd = sqrt(moment(&t, 2));
    assert_true(fabs(sd / BF_NOISE_SD - 1) < 0.005);
    assert_true(fabs(moment(&t, 1)) < 5 * BF_NOISE_SD / sqrt(DRAWS));
    assert_true(fabs(t.neighbours / DRAWS) < 5 * 10.5 / sqrt(DRAWS));
    double chi = 0, p = 0x1p-42, tail = 0, tail_seen = 0;
    unsigned cells = 0;
    for (int k = 0; k <= 42; k++) { /* p = C(42, k)/2^42, value k - 21 */
        double seen = t.count[k - 21 + 128], expect = p * DRAWS;
        if (expect < 20) {
            tail += expect;
            tail_seen += seen;
        } else {
            chi += (seen - expect) * (seen - expect) / expect;
            cells++;
        }
        p = p * (42 - k) / (k + 1);
    }
    chi += (tail_seen - tail) * (tail_seen - tail) / tail;
    assert_true(chi < chi_limit(cells));
    double outside = 0;
    for (int v = -128; v < 128; v++)
        if (abs(v) > 21) outside += t.count[v + 128];
    assert_float_equal(outside, 0, 0);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Largest distance from the distribution function of the rounded normal: beyond
 * 2.2/sqrt(n) with a chance of 1e-4. */
static void normal_is_normal(void **state)
{
    (void)state;
    enum { SAMPLES = 1 << 16 };
    static double x[SAMPLES];
    ckks_test_seed(33);
    for (double sd = 3.5; sd < 0x1p46; sd *= 0x1p20) {
        double far = 0, sum = 0, squares = 0;
        bf_sample_normal(x, SAMPLES, sd);
        qsort(x, SAMPLES, sizeof *x, ascending);
        for (unsigned i = 0; i < SAMPLES; i++) {
            assert_true(x[i] == floor(x[i]));
            sum += x[i] / sd;
            squares += x[i] / sd * x[i] / sd;
            if (i + 1 < SAMPLES && x[i + 1] == x[i]) continue;
            double below = erfc(-(x[i] + 0.5) / sd / sqrt(2)) / 2;
            far = fmax(far, fabs((i + 1.0) / SAMPLES - below));
        }
        assert_true(far < 2.2 / sqrt(SAMPLES));
        assert_true(fabs(sum / SAMPLES) < 5 / sqrt(SAMPLES));
        double variance = 1 + 1 / (12 * sd * sd);
        assert_true(fabs(squares / SAMPLES / variance - 1) <
                    6 * sqrt(2.0 / SAMPLES));
    }
}

static void ternary_is_uniform(void **state)
{
    (void)state;
    ckks_test_seed(32);
    tally t;
    draw(&t, bf_sample_ternary);
    double chi = 0, seen = 0;
    for (int v = -1; v <= 1; v++) {
        double d = t.count[v + 128] - DRAWS / 3.0;
        chi += d * d / (DRAWS / 3.0);
        seen += t.count[v + 128];
    }
    assert_float_equal(seen, DRAWS, 0);
    assert_true(chi < chi_limit(2));
    double sd = sqrt(moment(&t, 2));
    assert_true(fabs(sd / sqrt(2.0 / 3) - 1) < 0.005);
    assert_true(fabs(t.neighbours / DRAWS) < 5 * 2.0 / 3 / sqrt(DRAWS));
}

/* Each of the sixteen digits of a fraction, not only their sum. */
static void ternary_is_uniform_at_each_place(void **state)
{
    (void)state;
    ckks_test_seed(33);
    enum { ROUNDS = 30000 };
    static int8_t x[16 * ROUNDS];
    double count[16][3] = {{0}};
    bf_sample_ternary(x, sizeof x);
    for (size_t i = 0; i < sizeof x; i++) count[i % 16][x[i] + 1]++;
    double chi = 0;
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned v = 0; v < 3; v++) {
            double d = count[i][v] - ROUNDS / 3.0;
            chi += d * d / (ROUNDS / 3.0);
        }
    }
    assert_true(chi < chi_limit(32));
}

/* Lengths that are no multiple of the samplers' chunks leave the rest alone. */
static void lengths_are_kept(void **state)
{
    (void)state;
    ckks_test_seed(34);
    int8_t x[1100];
    for (size_t n = 0; n < 1090; n += 1 + n / 3) {
        memset(x, 99, sizeof x);
        bf_sample_noise(x, n);
        for (size_t i = 0; i < n; i++) assert_true(abs(x[i]) <= 21);
        for (size_t i = n; i < sizeof x; i++) assert_int_equal(x[i], 99);
        memset(x, 99, sizeof x);
        bf_sample_ternary(x, n);
        for (size_t i = 0; i < n; i++) assert_true(abs(x[i]) <= 1);
        for (size_t i = n; i < sizeof x; i++) assert_int_equal(x[i], 99);
        memset(x, 99, sizeof x);
        assert_ok(bf_sample_sparse_ternary(x, n, (unsigned)n / 3));
        for (size_t i = 0; i < n; i++) assert_true(abs(x[i]) <= 1);
        for (size_t i = n; i < sizeof x; i++) assert_int_equal(x[i], 99);
    }
}

static unsigned weight_of(const int8_t *x, size_t n)
{
    unsigned w = 0;
    for (size_t i = 0; i < n; i++) w += x[i] == 1 || x[i] == -1;
    return w;
}

/* A fixed weight w among n makes the places' counts over T draws correlated:
 * sum (count - T w/n)^2 / (T p (1-p)) * (n-1)/n is chi-square, n-1 degrees. */
static void sparse_is_exact_and_uniform(void **state)
{
    (void)state;
    ckks_test_seed(35);
    enum { N = 96, W = 32, T = 10000 };
    double places[N] = {0}, plus = 0, adjacent = 0;
    for (unsigned t = 0; t < T; t++) {
        int8_t x[N];
        assert_ok(bf_sample_sparse_ternary(x, N, W));
        assert_int_equal(weight_of(x, N), W);
        for (unsigned i = 0; i < N; i++) {
            places[i] += x[i] != 0;
            plus += x[i] == 1;
            adjacent += i + 1 < N && x[i] && x[i + 1];
        }
    }
    double p = (double)W / N, chi = 0;
    for (unsigned i = 0; i < N; i++)
        chi += pow(places[i] - T * p, 2) / (T * p * (1 - p)) * (N - 1) / N;
    assert_true(chi < chi_limit(N - 1));
    assert_true(fabs(plus - T * W / 2.0) < 4 * sqrt(T * W / 4.0));
    /* Neighbouring pairs: each is nonzero with chance w(w-1)/(n(n-1)). */
    double pairs = T * (N - 1) * p * (W - 1) / (N - 1);
    assert_true(fabs(adjacent - pairs) < 5 * sqrt(pairs));
}

/* Small enough that all 4 choose 2 patterns of places are seen. */
static void sparse_patterns_are_equally_likely(void **state)
{
    (void)state;
    ckks_test_seed(36);
    double count[16] = {0}, chi = 0;
    enum { T = 12000 };
    for (unsigned t = 0; t < T; t++) {
        int8_t x[4];
        unsigned pattern = 0;
        assert_ok(bf_sample_sparse_ternary(x, 4, 2));
        for (unsigned i = 0; i < 4; i++) pattern |= (unsigned)(x[i] != 0) << i;
        count[pattern]++;
    }
    for (unsigned i = 0; i < 16; i++) {
        if (__builtin_popcount(i) == 2)
            chi += pow(count[i] - T / 6.0, 2) / (T / 6.0);
        else
            assert_float_equal(count[i], 0, 0);
    }
    assert_true(chi < chi_limit(5));
}

static void sparse_takes_any_shape(void **state)
{
    (void)state;
    ckks_test_seed(37);
    static int8_t x[1 << 15];
    static const struct {
        size_t n;
        unsigned weight;
    } shapes[] = {{1, 0}, {1, 1}, {2, 1}, {7, 7}, {33, 5}, {1000, 32},
                  {1 << 15, 32}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        assert_ok(bf_sample_sparse_ternary(x, shapes[i].n, shapes[i].weight));
        assert_int_equal(weight_of(x, shapes[i].n), shapes[i].weight);
    }
    assert_fails(bf_sample_sparse_ternary(x, 7, 8), BF_ERR_ARGUMENT,
                 "8 nonzero of 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_is_centred_binomial),
        cmocka_unit_test(normal_is_normal),
        cmocka_unit_test(ternary_is_uniform),
        cmocka_unit_test(ternary_is_uniform_at_each_place),
        cmocka_unit_test(lengths_are_kept),
        cmocka_unit_test(sparse_is_exact_and_uniform),
        cmocka_unit_test(sparse_patterns_are_equally_likely),
        cmocka_unit_test(sparse_takes_any_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
