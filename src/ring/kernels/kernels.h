/* The contract every backend meets. One table per backend; the ring holds a
 * pointer to the table in use, so one process can compare backends.
 *
 * All pointers are 64-byte aligned, all lengths multiples of 32 (16 for
 * tensor_sum). The scalar backend is the reference: plain loops, written to be
 * checked by eye. SIMD backends share one source (kernels/simd/), compiled once
 * per width, and give bit-identical results: they perform the same operation
 * sequence on each residue, or one whose result is exactly centred and so
 * unique. Inputs are reduced unless said otherwise; "centred" outputs satisfy
 * |x| <= (p-1)/2, all others are reduced. Outputs may be an input, elementwise
 * in place.
 */
#ifndef BF_RING_KERNELS_KERNELS_H
#define BF_RING_KERNELS_KERNELS_H

#include "ring/lazy.h"
#include "ring/ntt.h"
#include "ring/ring.h"

/* d[c] = sum_k a[k] (x) b[k*count + c] for c < count, k < terms. The product of
 * two pairs is (a0*b0, a0*b1 + a1*b0, a1*b1). What d held before is ignored. */
typedef struct bf_tensor_sum {
    double *const *d0, *const *d1, *const *d2; /* [count] */
    const double *const *a0, *const *a1;       /* [terms] */
    const double *const *b0, *const *b1;       /* [terms*count] */
    unsigned terms, count;
} bf_tensor_sum;

struct bf_kernels {
    const char *name;
    /* In place. Forward: coefficients to values, centred. Inverse: values to
     * coefficients times `scale`, folded into the last pass with 1/N. */
    void (*ntt_forward)(double *a, const bf_ntt *t);
    void (*ntt_inverse)(double *a, const bf_ntt *t, uint64_t scale);
    /* Their phases: ring.h, "the transforms in two phases". */
    void (*ntt_forward_block)(double *o, double *b, size_t block,
                              const bf_ntt *t);
    void (*ntt_forward_row)(double *o, size_t row, const bf_ntt *t);
    /* o[row] = the row levels of a[row]; o may be a. */
    void (*ntt_inverse_row)(double *o, const double *a, size_t row,
                            const bf_ntt *t, const bf_ntt_top *top);
    /* b = block of the limb a after its rows. */
    void (*ntt_inverse_block)(double *b, const double *a, size_t block,
                              const bf_ntt *t, const bf_ntt_top *top);
    /* The contracts of the bf_limb_ functions of ring.h on n residues. All but
     * mul and mul_const give centred results. */
    void (*add)(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *m);
    void (*sub)(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *m);
    void (*butterfly)(double *a, double *b, size_t n, const bf_modulus *m);
    void (*mul)(double *o, const double *a, const double *b, size_t n,
                const bf_modulus *m);
    void (*mul_add)(double *o, const double *a, const double *b, size_t n,
                    const bf_modulus *m);
    void (*mul_const)(double *o, const double *a, bf_mulc c, size_t n,
                      const bf_modulus *m);
    void (*mul_const_add)(double *o, const double *a, bf_mulc c, size_t n,
                          const bf_modulus *m);
    void (*sub_mul_const)(double *o, const double *a, const double *b,
                          bf_mulc c, size_t n, const bf_modulus *m);
    void (*reduce)(double *o, const double *a, size_t n, const bf_modulus *m);
    void (*dot2)(double *o0, double *o1, const double *const *x,
                 const double *const *y0, const double *const *y1,
                 unsigned terms, size_t n, const bf_modulus *m);
    void (*tensor_sum)(const bf_tensor_sum *s, size_t n, const bf_modulus *m);
    /* o[i] = a[perm[i] mod n], n a power of two; o and a disjoint;
     * perm[16g..16g+15] lie in one group of sixteen. */
    void (*permute)(double *o, const double *a, const uint32_t *perm, size_t n);
    /* o = sum_{j<k} x[j] c[j] + v c[k]; `lazy` for |x[j] c[j]|. Centred. */
    void (*convert)(double *o, const double *const *x, const double *v,
                    const double *c, unsigned k, size_t n, bf_lazy lazy,
                    const bf_modulus *m);
    /* v = nearest integer to sum_{j<k} x[j] qinv[j]. */
    void (*overflow)(double *v, const double *const *x, const double *qinv,
                     unsigned k, size_t n);
};

extern const bf_kernels bf_kernels_scalar;
extern const bf_kernels bf_kernels_neon;   /* arm64 */
extern const bf_kernels bf_kernels_avx2;   /* needs AVX2 and FMA */
extern const bf_kernels bf_kernels_avx512; /* needs AVX-512 F, DQ, VL */

#endif
