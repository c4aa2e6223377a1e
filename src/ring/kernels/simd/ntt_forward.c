#include <string.h>

#include "ring/kernels/simd/ntt_pass.h"
#include "ring/kernels/simd/simd.h"

BF_INLINE void butterfly(bf_v *a, bf_v *b, bf_vmulc w, const bf_vmod *m)
{
    const bf_v t = v_mul_c(*b, w, m);
    *b = v_sub(*a, t);
    *a = v_add(*a, t);
}

BF_INLINE void radix4(bf_v a[4], const twiddles *t, const bf_vmod *m)
{
    butterfly(&a[0], &a[2], t->w[0], m);
    butterfly(&a[1], &a[3], t->w[0], m);
    butterfly(&a[0], &a[1], t->w[1], m);
    butterfly(&a[2], &a[3], t->w[2], m);
}

/* Two levels on 4*quarter rows of `cols` columns, for each offset below
 * quarter, with node k. */
BF_INLINE void pass4(rows src, rows dst, size_t quarter, size_t cols,
                     const bf_mulc *head, size_t k, bool reduce,
                     const bf_vmod *m)
{
    const twiddles t = head_twiddles(head, k);
    for (size_t r = 0; r < quarter; r++)
        for (size_t i = 0; i < cols; i += BF_LANES) {
            bf_v a[4];
            load4(a, rows_at(src, r), quarter, i);
            if (reduce) a[0] = v_red(a[0], m);
            radix4(a, &t, m);
            store4(rows_at(dst, r), quarter, i, a);
        }
}

/* Levels 0 to 2. */
BF_INLINE void top8(rows src, rows dst, size_t eighth, size_t cols,
                    const bf_mulc *head, const bf_vmod *m)
{
    for (size_t r = 0; r < eighth; r++)
        for (size_t i = 0; i < cols; i += BF_LANES) {
            bf_v a[8];
            for (size_t s = 0; s < 8; s++)
                a[s] = v_load(src.data + (r + s * eighth) * src.stride + i);
            for (size_t s = 0; s < 4; s++)
                butterfly(&a[s], &a[s + 4], v_mulc(head[1]), m);
            for (size_t s = 0; s < 2; s++) {
                butterfly(&a[s], &a[s + 2], v_mulc(head[2]), m);
                butterfly(&a[s + 4], &a[s + 6], v_mulc(head[3]), m);
            }
            for (size_t s = 0; s < 4; s++)
                butterfly(&a[2 * s], &a[2 * s + 1], v_mulc(head[4 + s]), m);
            for (size_t s = 0; s < 8; s++)
                v_store(dst.data + (r + s * eighth) * dst.stride + i, a[s]);
        }
}

/* Level 0. */
BF_INLINE void top2(rows src, rows dst, size_t half, size_t cols,
                    const bf_mulc *head, const bf_vmod *m)
{
    for (size_t r = 0; r < half; r++)
        for (size_t i = 0; i < cols; i += BF_LANES) {
            bf_v x = v_load(rows_at(src, r).data + i);
            bf_v y = v_load(rows_at(src, r + half).data + i);
            butterfly(&x, &y, v_mulc(head[1]), m);
            v_store(rows_at(dst, r).data + i, x);
            v_store(rows_at(dst, r + half).data + i, y);
        }
}

/* All column levels of one block, from src through work to dst; any two of
 * them may be the same. */
static void block_forward(rows src, rows work, rows dst, const bf_ntt *t)
{
    const bf_vmod m = v_mod(&t->mod);
    const unsigned levels = bf_ntt_column_levels(t);
    const size_t cols = bf_ntt_block_columns(t), count = (size_t)1 << levels;
    const bf_mulc *head = t->forward.head;
    unsigned l = 0;
    if (levels == 1) {
        top2(src, dst, 1, cols, head, &m);
        return;
    }
    if (levels % 2) {
        l = 3;
        const rows to = l == levels ? dst : work;
        top8(src, to, count / 8, cols, head, &m);
        src = to;
    }
    for (; l < levels; l += 2) {
        const rows to = l + 2 == levels ? dst : work;
        const size_t block = count >> l;
        for (size_t j = 0; j < (size_t)1 << l; j++)
            pass4(rows_at(src, j * block), rows_at(to, j * block), block / 4,
                  cols, head, ((size_t)1 << l) + j, false, &m);
        src = to;
    }
}

static void row_forward(double *a, size_t row, const bf_ntt *t)
{
    const bf_vmod m = v_mod(&t->mod);
    const bf_mulc *head = t->forward.head;
    const size_t k = ((size_t)1 << bf_ntt_column_levels(t)) + row;
    const rows x = {a, 256}, y = {a, 64}, z = {a, 16};
    pass4(x, x, 1, 256, head, k, false, &m);
    for (size_t j = 0; j < 4; j++)
        pass4(rows_at(y, 4 * j), rows_at(y, 4 * j), 1, 64, head, 4 * k + j,
              true, &m);
    for (size_t j = 0; j < 16; j++)
        pass4(rows_at(z, 4 * j), rows_at(z, 4 * j), 1, 16, head, 16 * k + j,
              false, &m);
    const bf_ntt_tail *tail = t->forward.tail + row * (ROW / 16);
    for (size_t g = 0; g < ROW / 16; g += BF_LANES / 4) {
        bf_v v[4];
        const twiddles w = first_twiddles(tail + g, &m);
        for (size_t r = 0; r < 4; r++) v[r] = v_load_row(a + 16 * g + 4 * r);
        radix4(v, &w, &m);
        for (size_t r = 0; r < 4; r++) v_store_row(a + 16 * g + 4 * r, v[r]);
    }
    for (size_t g = 0; g < ROW / 16; g += BF_LANES / 4) {
        bf_v v[4];
        const twiddles w = last_twiddles(tail + g, &m);
        v_load_columns(v, a + 16 * g);
        radix4(v, &w, &m);
        for (size_t r = 0; r < 4; r++)
            v_store_row(a + 16 * g + 4 * r, v_red(v[r], &m));
    }
}

void BF_SIMD(ntt_forward)(double *a, const bf_ntt *t)
{
    const size_t cols = bf_ntt_block_columns(t);
    double buffer[BF_NTT_BLOCK] __attribute__((aligned(64)));
    for (size_t c = 0; c < ROW && bf_ntt_column_levels(t); c += cols) {
        const rows x = {a + c, ROW};
        block_forward(x, (rows){buffer, cols}, x, t);
    }
    for (size_t row = 0; row < (size_t)1 << bf_ntt_column_levels(t); row++)
        row_forward(a + row * ROW, row, t);
}

void BF_SIMD(ntt_forward_block)(double *o, double *b, size_t block,
                                const bf_ntt *t)
{
    const size_t cols = bf_ntt_block_columns(t);
    const rows src = {b, cols};
    if (bf_ntt_column_levels(t) == 0)
        memcpy(o, b, ROW * sizeof *o);
    else
        block_forward(src, src, (rows){o + block * cols, ROW}, t);
}

void BF_SIMD(ntt_forward_row)(double *o, size_t row, const bf_ntt *t)
{
    row_forward(o + row * ROW, row, t);
}
