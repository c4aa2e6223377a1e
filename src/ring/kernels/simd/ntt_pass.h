/* What both directions of the transform share.
 *
 * Two levels make one pass of radix 4; an odd number of column levels starts
 * with radix 8, or radix 2 if there is only one. A block of columns goes
 * through a contiguous buffer, half of a first-level cache of 32 KiB: the
 * first pass reads it from its place and the last pass writes it back. */
#ifndef BF_RING_NTT_PASS_H
#define BF_RING_NTT_PASS_H

#include "ring/kernels/simd/residue.h"

#define ROW BF_NTT_ROW

/* Factors of two levels: W[k], W[2k], W[2k+1]. */
typedef struct twiddles {
    bf_vmulc w[3];
} twiddles;

BF_INLINE twiddles head_twiddles(const bf_mulc *head, size_t k)
{
    return (twiddles){
        {v_mulc(head[k]), v_mulc(head[2 * k]), v_mulc(head[2 * k + 1])}};
}

BF_INLINE bf_vmulc with_quotient(bf_v w, const bf_vmod *m)
{
    return (bf_vmulc){w, v_mul(w, m->pinv)};
}

/* Levels log_n-4 and log_n-3 of LANES/4 groups. */
BF_INLINE twiddles first_twiddles(const bf_ntt_tail *t, const bf_vmod *m)
{
    return (twiddles){{with_quotient(v_set_row(t->first), m),
                       with_quotient(v_set_row(t->first + 1), m),
                       with_quotient(v_set_row(t->first + 2), m)}};
}

/* Levels log_n-2 and log_n-1. */
BF_INLINE twiddles last_twiddles(const bf_ntt_tail *t, const bf_vmod *m)
{
    return (twiddles){{with_quotient(v_load_row(t->last[0]), m),
                       with_quotient(v_load_row(t->last[1]), m),
                       with_quotient(v_load_row(t->last[2]), m)}};
}

/* Rows of a matrix: row r starts at data + r * stride. */
typedef struct rows {
    double *data;
    size_t stride;
} rows;

BF_INLINE rows rows_at(rows x, size_t r)
{
    return (rows){x.data + r * x.stride, x.stride};
}

BF_INLINE void load4(bf_v a[4], rows x, size_t quarter, size_t i)
{
    for (size_t r = 0; r < 4; r++)
        a[r] = v_load(x.data + r * quarter * x.stride + i);
}

BF_INLINE void store4(rows x, size_t quarter, size_t i, const bf_v a[4])
{
    for (size_t r = 0; r < 4; r++)
        v_store(x.data + r * quarter * x.stride + i, a[r]);
}

#endif
