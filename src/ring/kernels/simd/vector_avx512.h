/* Eight lanes: AVX-512 F, DQ and VL. */
#ifndef BF_RING_VECTOR_AVX512_H
#define BF_RING_VECTOR_AVX512_H

#include <immintrin.h>

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
/* After v_stream: other threads see what was written. */
BF_INLINE void v_stream_end(void)
{
    _mm_sfence();
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

#endif
