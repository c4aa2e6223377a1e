/* The contract every backend meets. One table per backend; the ring holds a
 * pointer to the table in use, so one process can compare backends.
 *
 * All pointers are 64-byte aligned, all lengths multiples of 16. The scalar
 * backend is the reference: plain loops, written to be checked by eye. SIMD
 * backends share one source (kernels/simd/), compiled once per width, and give
 * bit-identical results: they perform the same operation sequence on each
 * residue. Inputs are reduced unless said otherwise. */
#ifndef BF_RING_KERNELS_KERNELS_H
#define BF_RING_KERNELS_KERNELS_H

#include "ring/ring.h"

struct bf_kernels {
    const char *name;
    /* NTT: in place; output reduced. `scale` multiplies the result and is
     * folded into the last pass together with 1/N. */
    void (*ntt_forward)(double *a, const bf_ntt *t);
    void (*ntt_inverse)(double *a, const bf_ntt *t, uint64_t scale);
    /* The contracts of the bf_limb_ functions of ring.h, per n residues. */
    void (*add)(double *o, const double *a, const double *b, size_t n,
                double p, double pinv);
    void (*sub)(double *o, const double *a, const double *b, size_t n,
                double p, double pinv);
    void (*mul)(double *o, const double *a, const double *b, size_t n,
                double p, double pinv);
    void (*mul_add)(double *o, const double *a, const double *b, size_t n,
                    double p, double pinv);
    void (*mul_const)(double *o, const double *a, bf_mulc c, size_t n,
                      double p);
    void (*mul_const_add)(double *o, const double *a, bf_mulc c, size_t n,
                          double p, double pinv);
    void (*sub_mul_const)(double *o, const double *a, const double *b,
                          bf_mulc c, size_t n, double p);
    void (*reduce)(double *o, const double *a, size_t n, double p,
                   double pinv);
    void (*dot2)(double *o0, double *o1, const double *const *x,
                 const double *const *y0, const double *const *y1,
                 unsigned terms, size_t n, double p, double pinv);
    void (*tensor_sum)(double *d0, double *d1, double *d2,
                       const double *const *a0, const double *const *a1,
                       const double *const *b0, const double *const *b1,
                       unsigned terms, size_t n, double p, double pinv);
    void (*permute)(double *o, const double *a, const uint32_t *perm, size_t n);
    /* c[0..k) with x, c[k] = -Q mod p with v (basis conversion). */
    void (*convert)(double *o, const double *const *x, const double *v,
                    const double *c, unsigned k, size_t n, double p,
                    double pinv);
    void (*overflow)(double *v, const double *const *x, const double *qinv,
                     unsigned k, size_t n);
};

extern const bf_kernels bf_kernels_scalar;
extern const bf_kernels bf_kernels_avx2;   /* needs AVX2 and FMA */
extern const bf_kernels bf_kernels_avx512; /* needs AVX-512 F, DQ, VL */

#endif
