/* Four lanes: AVX2 with FMA. */
#ifndef BF_RING_VECTOR_AVX2_H
#define BF_RING_VECTOR_AVX2_H

#include <immintrin.h>

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
/* After v_stream: other threads see what was written. */
BF_INLINE void v_stream_end(void)
{
    _mm_sfence();
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

#endif
