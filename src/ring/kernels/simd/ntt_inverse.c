#include <string.h>

#include "ring/kernels/simd/ntt_pass.h"
#include "ring/kernels/simd/simd.h"

/* Factors of level 0, with 1/N and the caller's scale. */
typedef struct top_factors {
    bf_vmulc sum, diff;
} top_factors;

BF_INLINE void butterfly(bf_v *a, bf_v *b, bf_vmulc w, const bf_vmod *m)
{
    const bf_v t = v_sub(*a, *b);
    *a = v_add(*a, *b);
    *b = v_mul_c(t, w, m);
}

BF_INLINE void top_butterfly(bf_v *a, bf_v *b, const top_factors *top,
                             const bf_vmod *m)
{
    const bf_v t = v_sub(*a, *b);
    *a = v_mul_c(v_add(*a, *b), top->sum, m);
    *b = v_mul_c(t, top->diff, m);
}

BF_INLINE void radix4(bf_v a[4], const twiddles *t, const bf_vmod *m)
{
    butterfly(&a[0], &a[1], t->w[1], m);
    butterfly(&a[2], &a[3], t->w[2], m);
    butterfly(&a[0], &a[2], t->w[0], m);
    butterfly(&a[1], &a[3], t->w[0], m);
    a[0] = v_red(a[0], m);
}

BF_INLINE void pass4(rows src, rows dst, size_t quarter, size_t cols,
                     const bf_mulc *head, size_t k, const bf_vmod *m)
{
    const twiddles t = head_twiddles(head, k);
    for (size_t r = 0; r < quarter; r++)
        for (size_t i = 0; i < cols; i += BF_LANES) {
            bf_v a[4];
            load4(a, rows_at(src, r), quarter, i);
            radix4(a, &t, m);
            store4(rows_at(dst, r), quarter, i, a);
        }
}

/* Levels 1 and 0. */
BF_INLINE void top4(rows src, rows dst, size_t quarter, size_t cols,
                    const bf_mulc *head, const top_factors *top,
                    const bf_vmod *m)
{
    for (size_t r = 0; r < quarter; r++)
        for (size_t i = 0; i < cols; i += BF_LANES) {
            bf_v a[4];
            load4(a, rows_at(src, r), quarter, i);
            butterfly(&a[0], &a[1], v_mulc(head[2]), m);
            butterfly(&a[2], &a[3], v_mulc(head[3]), m);
            top_butterfly(&a[0], &a[2], top, m);
            top_butterfly(&a[1], &a[3], top, m);
            store4(rows_at(dst, r), quarter, i, a);
        }
}

/* Levels 2 to 0. */
BF_INLINE void top8(rows src, rows dst, size_t eighth, size_t cols,
                    const bf_mulc *head, const top_factors *top,
                    const bf_vmod *m)
{
    for (size_t r = 0; r < eighth; r++)
        for (size_t i = 0; i < cols; i += BF_LANES) {
            bf_v a[8];
            for (size_t s = 0; s < 8; s++)
                a[s] = v_load(src.data + (r + s * eighth) * src.stride + i);
            for (size_t s = 0; s < 4; s++)
                butterfly(&a[2 * s], &a[2 * s + 1], v_mulc(head[4 + s]), m);
            for (size_t s = 0; s < 2; s++) {
                butterfly(&a[s], &a[s + 2], v_mulc(head[2]), m);
                butterfly(&a[s + 4], &a[s + 6], v_mulc(head[3]), m);
            }
            a[0] = v_red(a[0], m);
            a[4] = v_red(a[4], m);
            for (size_t s = 0; s < 4; s++)
                top_butterfly(&a[s], &a[s + 4], top, m);
            for (size_t s = 0; s < 8; s++)
                v_store(dst.data + (r + s * eighth) * dst.stride + i, a[s]);
        }
}

/* Level 0. */
BF_INLINE void top2(rows src, rows dst, size_t half, size_t cols,
                    const top_factors *top, const bf_vmod *m)
{
    for (size_t r = 0; r < half; r++)
        for (size_t i = 0; i < cols; i += BF_LANES) {
            bf_v x = v_load(rows_at(src, r).data + i);
            bf_v y = v_load(rows_at(src, r + half).data + i);
            top_butterfly(&x, &y, top, m);
            v_store(rows_at(dst, r).data + i, x);
            v_store(rows_at(dst, r + half).data + i, y);
        }
}

/* From row number `row` at src to its place a. */
static void row_inverse(double *a, const double *src, size_t row,
                        const bf_ntt *t, const top_factors *top)
{
    const bf_vmod m = v_mod(&t->mod);
    const bf_mulc *head = t->inverse.head;
    const size_t k = ((size_t)1 << bf_ntt_column_levels(t)) + row;
    const rows x = {a, 256}, y = {a, 64}, z = {a, 16};
    const bf_ntt_tail *tail = t->inverse.tail + row * (ROW / 16);
    for (size_t g = 0; g < ROW / 16; g += BF_LANES / 4) {
        bf_v v[4];
        const twiddles w = last_twiddles(tail + g, &m);
        for (size_t r = 0; r < 4; r++) v[r] = v_load_row(src + 16 * g + 4 * r);
        radix4(v, &w, &m);
        v_store_columns(a + 16 * g, v);
    }
    for (size_t g = 0; g < ROW / 16; g += BF_LANES / 4) {
        bf_v v[4];
        const twiddles w = first_twiddles(tail + g, &m);
        for (size_t r = 0; r < 4; r++) v[r] = v_load_row(a + 16 * g + 4 * r);
        radix4(v, &w, &m);
        for (size_t r = 0; r < 4; r++) v_store_row(a + 16 * g + 4 * r, v[r]);
    }
    for (size_t j = 0; j < 16; j++)
        pass4(rows_at(z, 4 * j), rows_at(z, 4 * j), 1, 16, head, 16 * k + j,
              &m);
    for (size_t j = 0; j < 4; j++)
        pass4(rows_at(y, 4 * j), rows_at(y, 4 * j), 1, 64, head, 4 * k + j, &m);
    if (bf_ntt_column_levels(t) == 0)
        top4(x, x, 1, 256, head, top, &m);
    else
        pass4(x, x, 1, 256, head, k, &m);
}

/* All column levels of one block, from src through work to dst; any two of
 * them may be the same. */
static void block_inverse(rows src, rows work, rows dst, const bf_ntt *t,
                          const top_factors *top)
{
    const bf_vmod m = v_mod(&t->mod);
    const unsigned levels = bf_ntt_column_levels(t);
    const size_t cols = bf_ntt_block_columns(t), count = (size_t)1 << levels;
    const bf_mulc *head = t->inverse.head;
    const unsigned first = levels == 1 ? 1 : levels % 2 ? 3 : 2;
    for (unsigned l = levels; l > first; l -= 2, src = work) {
        const size_t block = (size_t)1 << (levels - l + 2);
        for (size_t j = 0; j < count / block; j++)
            pass4(rows_at(src, j * block), rows_at(work, j * block), block / 4,
                  cols, head, count / block + j, &m);
    }
    if (first == 1)
        top2(src, dst, count / 2, cols, top, &m);
    else if (first == 3)
        top8(src, dst, count / 8, cols, head, top, &m);
    else
        top4(src, dst, count / 4, cols, head, top, &m);
}

BF_INLINE top_factors load_top(const bf_ntt_top *top)
{
    return (top_factors){v_mulc(top->sum), v_mulc(top->diff)};
}

void BF_SIMD(ntt_inverse)(double *a, const bf_ntt *t, uint64_t scale)
{
    const bf_ntt_top c = bf_ntt_inverse_top(t, scale);
    const top_factors top = load_top(&c);
    const size_t cols = bf_ntt_block_columns(t);
    double buffer[BF_NTT_BLOCK] __attribute__((aligned(64)));
    for (size_t row = 0; row < (size_t)1 << bf_ntt_column_levels(t); row++)
        row_inverse(a + row * ROW, a + row * ROW, row, t, &top);
    if (bf_ntt_column_levels(t) == 0) return;
    for (size_t i = 0; i < ROW; i += cols) {
        const rows x = {a + i, ROW};
        block_inverse(x, (rows){buffer, cols}, x, t, &top);
    }
}

void BF_SIMD(ntt_inverse_row)(double *o, const double *a, size_t row,
                              const bf_ntt *t, const bf_ntt_top *top)
{
    const top_factors factors = load_top(top);
    row_inverse(o + row * ROW, a + row * ROW, row, t, &factors);
}

void BF_SIMD(ntt_inverse_block)(double *b, const double *a, size_t block,
                                const bf_ntt *t, const bf_ntt_top *top)
{
    const top_factors factors = load_top(top);
    const size_t cols = bf_ntt_block_columns(t);
    const rows src = {(double *)a + block * cols, ROW}, dst = {b, cols};
    if (bf_ntt_column_levels(t) == 0)
        memcpy(b, a, ROW * sizeof *b);
    else
        block_inverse(src, dst, dst, t, &factors);
}
