/* Vectors of doubles: this and the headers it includes alone know their width.
 * Kernels are compiled once with each of BF_SIMD_AVX2, BF_SIMD_AVX512 and
 * BF_SIMD_NEON that the processor's kind has.
 *
 * A group is sixteen consecutive residues g[0..15], seen as a 4 x 4 matrix. A
 * vector holds a row or a column of LANES/4 consecutive groups, one after the
 * other. */
#ifndef BF_RING_VECTOR_H
#define BF_RING_VECTOR_H

#include "ring/kernels/kernels.h"
#include "ring/ntt.h"

#define BF_INLINE static inline __attribute__((always_inline))

#if defined(BF_SIMD_AVX512)
#include "ring/kernels/simd/vector_avx512.h"
#elif defined(BF_SIMD_AVX2)
#include "ring/kernels/simd/vector_avx2.h"
#elif defined(BF_SIMD_NEON)
#include "ring/kernels/simd/vector_neon.h"
#else
#error "compile with BF_SIMD_AVX2, BF_SIMD_AVX512 or BF_SIMD_NEON"
#endif

#if BF_LANES == 4
/* A vector of four lanes is a row or a column of one group. */
BF_INLINE bf_v v_load_row(const double *x)
{
    return v_load(x);
}
BF_INLINE void v_store_row(double *x, bf_v a)
{
    v_store(x, a);
}
BF_INLINE bf_v v_set_row(const double *x)
{
    return v_set(*x);
}

BF_INLINE void v_permute_group(double *o, const double *g, const uint32_t *perm)
{
    for (size_t i = 0; i < 16; i++) o[i] = g[perm[i] & 15];
}
#endif

#endif
