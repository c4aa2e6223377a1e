/* The transform as its definition: one level at a time, radix 2. The SIMD
 * kernels merge levels, which changes no rounding: sums are exact. */
#include "ring/kernels/scalar/scalar.h"

/* Factor of block j of level l. */
static bf_mulc twiddle(const bf_ntt *t, const bf_ntt_table *table, unsigned l,
                       size_t j)
{
    const size_t k = ((size_t)1 << l) + j;
    if (l + 4 < t->log_n) return table->head[k];
    double w;
    switch (t->log_n - l) {
    case 4:
        w = table->tail[j].first[0];
        break;
    case 3:
        w = table->tail[j / 2].first[1 + j % 2];
        break;
    case 2:
        w = table->tail[j / 4].last[0][j % 4];
        break;
    default:
        w = table->tail[j / 8].last[1 + j % 2][j / 2 % 4];
        break;
    }
    return (bf_mulc){w, w * t->mod.pinv};
}

/* Reduces the first quarter of every block of 2^log_block. */
static void reduce_quarters(double *a, const bf_ntt *t, unsigned log_block)
{
    const size_t n = (size_t)1 << t->log_n, block = (size_t)1 << log_block;
    for (size_t b = 0; b < n; b += block)
        for (size_t i = b; i < b + block / 4; i++) a[i] = bf_red(a[i], &t->mod);
}

/* Groups of sixteen are stored transposed; the map is its own inverse. */
static void transpose_groups(double *a, size_t n)
{
    for (double *g = a; g < a + n; g += 16)
        for (size_t i = 0; i < 4; i++)
            for (size_t j = i + 1; j < 4; j++) {
                const double x = g[4 * i + j];
                g[4 * i + j] = g[4 * j + i];
                g[4 * j + i] = x;
            }
}

void bf_scalar_ntt_forward(double *a, const bf_ntt *t)
{
    const size_t n = (size_t)1 << t->log_n;
    for (unsigned l = 0; l < t->log_n; l++) {
        const size_t half = n >> (l + 1);
        if (l == bf_ntt_reduce_level(t)) reduce_quarters(a, t, t->log_n - l);
        for (size_t j = 0; j < (size_t)1 << l; j++) {
            const bf_mulc w = twiddle(t, &t->forward, l, j);
            double *x = a + 2 * half * j, *y = x + half;
            for (size_t i = 0; i < half; i++) {
                const double u = bf_mul_c(y[i], w, &t->mod);
                y[i] = x[i] - u;
                x[i] = x[i] + u;
            }
        }
    }
    for (size_t i = 0; i < n; i++) a[i] = bf_red(a[i], &t->mod);
    transpose_groups(a, n);
}

static void inverse_top(double *a, const bf_ntt *t, uint64_t scale)
{
    const size_t half = (size_t)1 << (t->log_n - 1);
    const bf_ntt_top top = bf_ntt_inverse_top(t, scale);
    for (size_t i = 0; i < half; i++) {
        const double u = a[i] - a[i + half];
        a[i] = bf_mul_c(a[i] + a[i + half], top.sum, &t->mod);
        a[i + half] = bf_mul_c(u, top.diff, &t->mod);
    }
}

void bf_scalar_ntt_inverse(double *a, const bf_ntt *t, uint64_t scale)
{
    const size_t n = (size_t)1 << t->log_n;
    transpose_groups(a, n);
    for (unsigned l = t->log_n - 1; l > 0; l--) {
        const size_t half = n >> (l + 1);
        for (size_t j = 0; j < (size_t)1 << l; j++) {
            const bf_mulc w = twiddle(t, &t->inverse, l, j);
            double *x = a + 2 * half * j, *y = x + half;
            for (size_t i = 0; i < half; i++) {
                const double u = x[i] - y[i];
                x[i] = x[i] + y[i];
                y[i] = bf_mul_c(u, w, &t->mod);
            }
        }
        /* After every second level, the sums of sums. */
        if ((t->log_n - l) % 2 == 0) reduce_quarters(a, t, t->log_n - l);
    }
    inverse_top(a, t, scale);
}
