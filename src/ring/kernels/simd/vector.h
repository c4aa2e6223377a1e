/* Vectors of doubles: the one place that knows their width. Compiled once with
 * BF_SIMD_AVX2 (4 lanes) and once with BF_SIMD_AVX512 (8 lanes).
 *
 * A group is sixteen consecutive residues g[0..15], seen as a 4 x 4 matrix. A
 * vector holds a row or a column of LANES/4 consecutive groups, one after the
 * other. */
#ifndef BF_RING_VECTOR_H
#define BF_RING_VECTOR_H

#include <immintrin.h>

#include "ring/kernels/kernels.h"
#include "ring/ntt.h"

#define BF_INLINE static inline __attribute__((always_inline))

/* After v_stream: other threads see what was written. */
BF_INLINE void v_stream_end(void)
{
    _mm_sfence();
}

#if defined(BF_SIMD_AVX512)

#define BF_SIMD(name) bf_avx512_##name
#define BF_SIMD_TABLE bf_kernels_avx512
#define BF_SIMD_NAME "avx512"
#define BF_LANES 8
typedef __m512d bf_v;

BF_INLINE bf_v v_load(const double *x)
{
    return _mm512_load_pd(x);
}
BF_INLINE void v_store(double *x, bf_v a)
{
    _mm512_store_pd(x, a);
}
BF_INLINE void v_stream(double *x, bf_v a)
{
    _mm512_stream_pd(x, a);
}
BF_INLINE bf_v v_set(double x)
{
    return _mm512_set1_pd(x);
}
BF_INLINE bf_v v_add(bf_v a, bf_v b)
{
    return _mm512_add_pd(a, b);
}
BF_INLINE bf_v v_sub(bf_v a, bf_v b)
{
    return _mm512_sub_pd(a, b);
}
BF_INLINE bf_v v_mul(bf_v a, bf_v b)
{
    return _mm512_mul_pd(a, b);
}
BF_INLINE bf_v v_fma(bf_v a, bf_v b, bf_v c)
{
    return _mm512_fmadd_pd(a, b, c);
}
BF_INLINE bf_v v_fms(bf_v a, bf_v b, bf_v c)
{
    return _mm512_fmsub_pd(a, b, c);
}
BF_INLINE bf_v v_fnma(bf_v a, bf_v b, bf_v c)
{
    return _mm512_fnmadd_pd(a, b, c);
}

/* Four doubles at x for the first group and at x + 16 for the second. */
BF_INLINE bf_v v_load_row(const double *x)
{
    const __m512d a = _mm512_castpd256_pd512(_mm256_load_pd(x));
    return _mm512_insertf64x4(a, _mm256_load_pd(x + 16), 1);
}

BF_INLINE void v_store_row(double *x, bf_v a)
{
    _mm256_store_pd(x, _mm512_castpd512_pd256(a));
    _mm256_store_pd(x + 16, _mm512_extractf64x4_pd(a, 1));
}

/* x[0] in the lanes of the first group, x[16] in those of the second. */
BF_INLINE bf_v v_set_row(const double *x)
{
    return _mm512_mask_broadcastsd_pd(_mm512_set1_pd(x[0]), 0xf0,
                                      _mm_load_sd(x + 16));
}

BF_INLINE void v_load_columns(bf_v a[4], const double *g)
{
    const bf_v x0 = v_load(g), x1 = v_load(g + 8);
    const bf_v y0 = v_load(g + 16), y1 = v_load(g + 24);
    const bf_v s = _mm512_shuffle_f64x2(x0, x1, 0x88);
    const bf_v t = _mm512_shuffle_f64x2(y0, y1, 0x88);
    const bf_v u = _mm512_shuffle_f64x2(x0, x1, 0xdd);
    const bf_v v = _mm512_shuffle_f64x2(y0, y1, 0xdd);
    const bf_v s0 = _mm512_shuffle_f64x2(s, t, 0x88);
    const bf_v s1 = _mm512_shuffle_f64x2(s, t, 0xdd);
    const bf_v u0 = _mm512_shuffle_f64x2(u, v, 0x88);
    const bf_v u1 = _mm512_shuffle_f64x2(u, v, 0xdd);
    a[0] = _mm512_unpacklo_pd(s0, s1);
    a[1] = _mm512_unpackhi_pd(s0, s1);
    a[2] = _mm512_unpacklo_pd(u0, u1);
    a[3] = _mm512_unpackhi_pd(u0, u1);
}

BF_INLINE void v_store_columns(double *g, const bf_v a[4])
{
    /* Pairs 0 and 8, 4 and 12, 2 and 10, 6 and 14 of both groups. */
    const bf_v s0 = _mm512_unpacklo_pd(a[0], a[1]);
    const bf_v s1 = _mm512_unpackhi_pd(a[0], a[1]);
    const bf_v u0 = _mm512_unpacklo_pd(a[2], a[3]);
    const bf_v u1 = _mm512_unpackhi_pd(a[2], a[3]);
    const bf_v x = _mm512_shuffle_f64x2(s0, u0, 0x88);
    const bf_v y = _mm512_shuffle_f64x2(s1, u1, 0x88);
    const bf_v z = _mm512_shuffle_f64x2(s0, u0, 0xdd);
    const bf_v w = _mm512_shuffle_f64x2(s1, u1, 0xdd);
    v_store(g, _mm512_shuffle_f64x2(x, y, 0x88));
    v_store(g + 8, _mm512_shuffle_f64x2(z, w, 0x88));
    v_store(g + 16, _mm512_shuffle_f64x2(x, y, 0xdd));
    v_store(g + 24, _mm512_shuffle_f64x2(z, w, 0xdd));
}

/* o[i] = g[perm[i] mod 16], i < 16. */
BF_INLINE void v_permute_group(double *o, const double *g, const uint32_t *perm)
{
    const bf_v x = v_load(g), y = v_load(g + 8);
    const __m512i index = _mm512_loadu_si512(perm);
    const __m512i lo = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(index));
    const __m512i hi =
        _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(index, 1));
    v_store(o, _mm512_permutex2var_pd(x, lo, y));
    v_store(o + 8, _mm512_permutex2var_pd(x, hi, y));
}

#elif defined(BF_SIMD_AVX2)

#define BF_SIMD(name) bf_avx2_##name
#define BF_SIMD_TABLE bf_kernels_avx2
#define BF_SIMD_NAME "avx2"
#define BF_LANES 4
typedef __m256d bf_v;

BF_INLINE bf_v v_load(const double *x)
{
    return _mm256_load_pd(x);
}
BF_INLINE void v_store(double *x, bf_v a)
{
    _mm256_store_pd(x, a);
}
BF_INLINE void v_stream(double *x, bf_v a)
{
    _mm256_stream_pd(x, a);
}
BF_INLINE bf_v v_set(double x)
{
    return _mm256_set1_pd(x);
}
BF_INLINE bf_v v_add(bf_v a, bf_v b)
{
    return _mm256_add_pd(a, b);
}
BF_INLINE bf_v v_sub(bf_v a, bf_v b)
{
    return _mm256_sub_pd(a, b);
}
BF_INLINE bf_v v_mul(bf_v a, bf_v b)
{
    return _mm256_mul_pd(a, b);
}
BF_INLINE bf_v v_fma(bf_v a, bf_v b, bf_v c)
{
    return _mm256_fmadd_pd(a, b, c);
}
BF_INLINE bf_v v_fms(bf_v a, bf_v b, bf_v c)
{
    return _mm256_fmsub_pd(a, b, c);
}
BF_INLINE bf_v v_fnma(bf_v a, bf_v b, bf_v c)
{
    return _mm256_fnmadd_pd(a, b, c);
}

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

/* Two pairs of neighbours. Loads and inserts from memory, which need no
 * shuffle port. */
BF_INLINE bf_v v_load_pairs(const double *lo, const double *hi)
{
    return _mm256_insertf128_pd(_mm256_castpd128_pd256(_mm_load_pd(lo)),
                                _mm_load_pd(hi), 1);
}

BF_INLINE void v_store_pairs(double *lo, double *hi, bf_v a)
{
    _mm_store_pd(lo, _mm256_castpd256_pd128(a));
    _mm_store_pd(hi, _mm256_extractf128_pd(a, 1));
}

BF_INLINE void v_load_columns(bf_v a[4], const double *g)
{
    const bf_v s0 = v_load_pairs(g, g + 8), s1 = v_load_pairs(g + 4, g + 12);
    const bf_v u0 = v_load_pairs(g + 2, g + 10);
    const bf_v u1 = v_load_pairs(g + 6, g + 14);
    a[0] = _mm256_unpacklo_pd(s0, s1);
    a[1] = _mm256_unpackhi_pd(s0, s1);
    a[2] = _mm256_unpacklo_pd(u0, u1);
    a[3] = _mm256_unpackhi_pd(u0, u1);
}

BF_INLINE void v_store_columns(double *g, const bf_v a[4])
{
    v_store_pairs(g, g + 8, _mm256_unpacklo_pd(a[0], a[1]));
    v_store_pairs(g + 4, g + 12, _mm256_unpackhi_pd(a[0], a[1]));
    v_store_pairs(g + 2, g + 10, _mm256_unpacklo_pd(a[2], a[3]));
    v_store_pairs(g + 6, g + 14, _mm256_unpackhi_pd(a[2], a[3]));
}

BF_INLINE void v_permute_group(double *o, const double *g, const uint32_t *perm)
{
    for (size_t i = 0; i < 16; i++) o[i] = g[perm[i] & 15];
}

#else
#error "compile with BF_SIMD_AVX2 or BF_SIMD_AVX512"
#endif

#endif
