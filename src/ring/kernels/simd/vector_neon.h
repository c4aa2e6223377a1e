/* Four lanes: two registers of NEON on arm64 side by side. */
#ifndef BF_RING_VECTOR_NEON_H
#define BF_RING_VECTOR_NEON_H

#include <arm_neon.h>

#define BF_SIMD(name) bf_neon_##name
#define BF_SIMD_TABLE bf_kernels_neon
#define BF_SIMD_NAME "neon"
#define BF_LANES 4
typedef struct bf_v {
    float64x2_t lo, hi;
} bf_v;

BF_INLINE bf_v v_load(const double *x)
{
    return (bf_v){vld1q_f64(x), vld1q_f64(x + 2)};
}
BF_INLINE void v_store(double *x, bf_v a)
{
    vst1q_f64(x, a.lo);
    vst1q_f64(x + 2, a.hi);
}
BF_INLINE void v_stream(double *x, bf_v a)
{
    v_store(x, a);
}
/* After v_stream: other threads see what was written. */
BF_INLINE void v_stream_end(void)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
}
BF_INLINE bf_v v_set(double x)
{
    return (bf_v){vdupq_n_f64(x), vdupq_n_f64(x)};
}
BF_INLINE bf_v v_add(bf_v a, bf_v b)
{
    return (bf_v){vaddq_f64(a.lo, b.lo), vaddq_f64(a.hi, b.hi)};
}
BF_INLINE bf_v v_sub(bf_v a, bf_v b)
{
    return (bf_v){vsubq_f64(a.lo, b.lo), vsubq_f64(a.hi, b.hi)};
}
BF_INLINE bf_v v_mul(bf_v a, bf_v b)
{
    return (bf_v){vmulq_f64(a.lo, b.lo), vmulq_f64(a.hi, b.hi)};
}
BF_INLINE bf_v v_fma(bf_v a, bf_v b, bf_v c)
{
    return (bf_v){vfmaq_f64(c.lo, a.lo, b.lo), vfmaq_f64(c.hi, a.hi, b.hi)};
}
/* c - a b, rounded once. */
BF_INLINE bf_v v_fnma(bf_v a, bf_v b, bf_v c)
{
    return (bf_v){vfmsq_f64(c.lo, a.lo, b.lo), vfmsq_f64(c.hi, a.hi, b.hi)};
}
/* a b - c: rounding to nearest is symmetric. */
BF_INLINE bf_v v_fms(bf_v a, bf_v b, bf_v c)
{
    return (bf_v){vfmaq_f64(vnegq_f64(c.lo), a.lo, b.lo),
                  vfmaq_f64(vnegq_f64(c.hi), a.hi, b.hi)};
}
BF_INLINE void v_load_columns(bf_v a[4], const double *g)
{
    for (int h = 0; h < 2; h++) {
        const float64x2_t r0 = vld1q_f64(g + 2 * h);
        const float64x2_t r1 = vld1q_f64(g + 4 + 2 * h);
        const float64x2_t r2 = vld1q_f64(g + 8 + 2 * h);
        const float64x2_t r3 = vld1q_f64(g + 12 + 2 * h);
        a[2 * h] = (bf_v){vtrn1q_f64(r0, r1), vtrn1q_f64(r2, r3)};
        a[2 * h + 1] = (bf_v){vtrn2q_f64(r0, r1), vtrn2q_f64(r2, r3)};
    }
}
BF_INLINE void v_store_columns(double *g, const bf_v a[4])
{
    for (int h = 0; h < 2; h++) {
        const bf_v p = a[2 * h], q = a[2 * h + 1];
        vst1q_f64(g + 2 * h, vtrn1q_f64(p.lo, q.lo));
        vst1q_f64(g + 4 + 2 * h, vtrn2q_f64(p.lo, q.lo));
        vst1q_f64(g + 8 + 2 * h, vtrn1q_f64(p.hi, q.hi));
        vst1q_f64(g + 12 + 2 * h, vtrn2q_f64(p.hi, q.hi));
    }
}

#endif
