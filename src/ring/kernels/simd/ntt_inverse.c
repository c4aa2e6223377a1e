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
static void top8(rows src, rows dst, size_t eighth, size_t cols,
                 const bf_mulc *head, const top_factors *top, const bf_vmod *m)
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

static void top2(double *a, size_t n, const top_factors *top, const bf_vmod *m)
{
    for (size_t i = 0; i < n / 2; i += BF_LANES) {
        bf_v x = v_load(a + i), y = v_load(a + n / 2 + i);
        top_butterfly(&x, &y, top, m);
        v_store(a + i, x);
        v_store(a + n / 2 + i, y);
    }
}

static void row_inverse(double *a, size_t row, const bf_ntt *t,
                        const top_factors *top, const bf_vmod *m)
{
    const bf_mulc *head = t->inverse.head;
    const size_t k = ((size_t)1 << (t->log_n - LOG_ROW)) + row;
    const rows x = {a, 256}, y = {a, 64}, z = {a, 16};
    const bf_ntt_tail *tail = t->inverse.tail + row * (ROW / 16);
    for (size_t g = 0; g < ROW / 16; g += BF_LANES / 4) {
        bf_v v[4];
        const twiddles w = last_twiddles(tail + g, m);
        for (size_t r = 0; r < 4; r++) v[r] = v_load_row(a + 16 * g + 4 * r);
        radix4(v, &w, m);
        v_store_columns(a + 16 * g, v);
    }
    for (size_t g = 0; g < ROW / 16; g += BF_LANES / 4) {
        bf_v v[4];
        const twiddles w = first_twiddles(tail + g, m);
        for (size_t r = 0; r < 4; r++) v[r] = v_load_row(a + 16 * g + 4 * r);
        radix4(v, &w, m);
        for (size_t r = 0; r < 4; r++) v_store_row(a + 16 * g + 4 * r, v[r]);
    }
    for (size_t j = 0; j < 16; j++)
        pass4(rows_at(z, 4 * j), rows_at(z, 4 * j), 1, 16, head, 16 * k + j, m);
    for (size_t j = 0; j < 4; j++)
        pass4(rows_at(y, 4 * j), rows_at(y, 4 * j), 1, 64, head, 4 * k + j, m);
    if (t->log_n == LOG_ROW)
        top4(x, x, 1, 256, head, top, m);
    else
        pass4(x, x, 1, 256, head, k, m);
}

static void block_inverse(rows x, size_t cols, unsigned levels, const bf_ntt *t,
                          const top_factors *top, const bf_vmod *m)
{
    double buffer[BUFFER] __attribute__((aligned(64)));
    const rows b = {buffer, cols};
    const bf_mulc *head = t->inverse.head;
    const size_t count = (size_t)1 << levels;
    const unsigned first = levels % 2 ? 3 : 2;
    rows src = x;
    for (unsigned l = levels; l > first; l -= 2, src = b) {
        const size_t block = (size_t)1 << (levels - l + 2);
        for (size_t j = 0; j < count / block; j++)
            pass4(rows_at(src, j * block), rows_at(b, j * block), block / 4,
                  cols, head, count / block + j, m);
    }
    if (levels % 2)
        top8(src, x, count / 8, cols, head, top, m);
    else
        top4(src, x, count / 4, cols, head, top, m);
}

static void columns_inverse(double *a, const bf_ntt *t, const top_factors *top,
                            const bf_vmod *m)
{
    const unsigned levels = t->log_n - LOG_ROW;
    if (levels == 0) return;
    if (levels == 1) {
        top2(a, 2 * ROW, top, m);
        return;
    }
    const size_t cols = BUFFER >> levels;
    for (size_t c = 0; c < ROW; c += cols)
        block_inverse((rows){a + c, ROW}, cols, levels, t, top, m);
}

void BF_SIMD(ntt_inverse)(double *a, const bf_ntt *t, uint64_t scale)
{
    const bf_vmod m = v_mod(&t->mod);
    const bf_ntt_top c = bf_ntt_inverse_top(t, scale);
    const top_factors top = {v_mulc(c.sum), v_mulc(c.diff)};
    for (size_t row = 0; row < (size_t)1 << (t->log_n - LOG_ROW); row++)
        row_inverse(a + row * ROW, row, t, &top, &m);
    columns_inverse(a, t, &top, &m);
}
