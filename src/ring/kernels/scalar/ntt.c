/* The transform as its definition: one level at a time, radix 2. The SIMD
 * kernels merge levels, which changes no rounding: sums are exact. */
#include <string.h>

#include "ring/kernels/scalar/scalar.h"

/* Residues that some consecutive levels couple among themselves: block j of
 * level l, rows of cols residues. Rows are what the levels pair up. */
typedef struct part {
    double *x;
    size_t rows, cols;
    unsigned l;
    size_t j;
} part;

static part whole(double *a, const bf_ntt *t)
{
    return (part){a, (size_t)1 << t->log_n, 1, 0, 0};
}

static part one_row(double *a, size_t row, const bf_ntt *t)
{
    return (part){a + row * BF_NTT_ROW, BF_NTT_ROW, 1, bf_ntt_column_levels(t),
                  row};
}

static part one_block(double *b, const bf_ntt *t)
{
    return (part){b, (size_t)1 << bf_ntt_column_levels(t),
                  bf_ntt_block_columns(t), 0, 0};
}

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

/* Reduces the first quarter of each of `blocks` equal blocks. */
static void reduce_quarters(part s, size_t blocks, const bf_modulus *m)
{
    const size_t len = s.rows * s.cols / blocks;
    for (size_t b = 0; b < blocks; b++)
        for (size_t i = b * len; i < b * len + len / 4; i++)
            s.x[i] = bf_red(s.x[i], m);
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

static void forward_levels(part s, const bf_ntt *t)
{
    unsigned l = s.l;
    for (size_t blocks = 1; blocks < s.rows; blocks *= 2, l++) {
        const size_t half = s.rows * s.cols / blocks / 2;
        if (l == bf_ntt_reduce_level(t)) reduce_quarters(s, blocks, &t->mod);
        for (size_t j = 0; j < blocks; j++) {
            const bf_mulc w = twiddle(t, &t->forward, l, s.j * blocks + j);
            double *x = s.x + 2 * half * j, *y = x + half;
            for (size_t i = 0; i < half; i++) {
                const double u = bf_mul_c(y[i], w, &t->mod);
                y[i] = x[i] - u;
                x[i] = x[i] + u;
            }
        }
    }
}

static void finish_forward(double *a, size_t n, const bf_ntt *t)
{
    for (size_t i = 0; i < n; i++) a[i] = bf_red(a[i], &t->mod);
    transpose_groups(a, n);
}

void bf_scalar_ntt_forward(double *a, const bf_ntt *t)
{
    forward_levels(whole(a, t), t);
    finish_forward(a, (size_t)1 << t->log_n, t);
}

void bf_scalar_ntt_forward_block(double *o, double *b, size_t block,
                                 const bf_ntt *t)
{
    const part s = one_block(b, t);
    forward_levels(s, t);
    for (size_t r = 0; r < s.rows; r++)
        memcpy(o + r * BF_NTT_ROW + block * s.cols, b + r * s.cols,
               s.cols * sizeof *o);
}

void bf_scalar_ntt_forward_row(double *o, size_t row, const bf_ntt *t)
{
    const part s = one_row(o, row, t);
    forward_levels(s, t);
    finish_forward(s.x, s.rows, t);
}

static void inverse_top(part s, const bf_ntt_top *top, const bf_modulus *m)
{
    const size_t half = s.rows * s.cols / 2;
    for (size_t i = 0; i < half; i++) {
        const double u = s.x[i] - s.x[i + half];
        s.x[i] = bf_mul_c(s.x[i] + s.x[i + half], top->sum, m);
        s.x[i + half] = bf_mul_c(u, top->diff, m);
    }
}

static void inverse_level(part s, size_t blocks, unsigned l, const bf_ntt *t)
{
    const size_t half = s.rows * s.cols / blocks / 2;
    for (size_t j = 0; j < blocks; j++) {
        const bf_mulc w = twiddle(t, &t->inverse, l, s.j * blocks + j);
        double *x = s.x + 2 * half * j, *y = x + half;
        for (size_t i = 0; i < half; i++) {
            const double u = x[i] - y[i];
            x[i] = x[i] + y[i];
            y[i] = bf_mul_c(u, w, &t->mod);
        }
    }
    /* After every second level, the sums of sums. */
    if ((t->log_n - l) % 2 == 0) reduce_quarters(s, blocks, &t->mod);
}

static void inverse_levels(part s, const bf_ntt *t, const bf_ntt_top *top)
{
    unsigned l = s.l;
    for (size_t r = s.rows; r > 1; r /= 2) l++;
    for (size_t blocks = s.rows / 2; blocks > 0; blocks /= 2) {
        if (--l == 0)
            inverse_top(s, top, &t->mod);
        else
            inverse_level(s, blocks, l, t);
    }
}

void bf_scalar_ntt_inverse(double *a, const bf_ntt *t, uint64_t scale)
{
    const bf_ntt_top top = bf_ntt_inverse_top(t, scale);
    transpose_groups(a, (size_t)1 << t->log_n);
    inverse_levels(whole(a, t), t, &top);
}

void bf_scalar_ntt_inverse_row(double *o, const double *a, size_t row,
                               const bf_ntt *t, const bf_ntt_top *top)
{
    const part s = one_row(o, row, t);
    if (o != a) memcpy(s.x, a + row * BF_NTT_ROW, s.rows * sizeof *o);
    transpose_groups(s.x, s.rows);
    inverse_levels(s, t, top);
}

void bf_scalar_ntt_inverse_block(double *b, const double *a, size_t block,
                                 const bf_ntt *t, const bf_ntt_top *top)
{
    const part s = one_block(b, t);
    for (size_t r = 0; r < s.rows; r++)
        memcpy(b + r * s.cols, a + r * BF_NTT_ROW + block * s.cols,
               s.cols * sizeof *b);
    inverse_levels(s, t, top);
}
