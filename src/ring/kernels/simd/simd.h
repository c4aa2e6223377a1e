/* Kernels of one vector width, by file. */
#ifndef BF_RING_SIMD_H
#define BF_RING_SIMD_H

#include "ring/kernels/simd/residue.h"

void BF_SIMD(ntt_forward)(double *a, const bf_ntt *t);
void BF_SIMD(ntt_inverse)(double *a, const bf_ntt *t, uint64_t scale);
void BF_SIMD(ntt_forward_block)(double *o, double *b, size_t block,
                                const bf_ntt *t);
void BF_SIMD(ntt_forward_row)(double *o, size_t row, const bf_ntt *t);
void BF_SIMD(ntt_inverse_row)(double *o, const double *a, size_t row,
                              const bf_ntt *t, const bf_ntt_top *top);
void BF_SIMD(ntt_inverse_block)(double *b, const double *a, size_t block,
                                const bf_ntt *t, const bf_ntt_top *top);
void BF_SIMD(dot2)(double *o0, double *o1, const double *const *x,
                   const double *const *y0, const double *const *y1,
                   unsigned terms, size_t n, const bf_modulus *mod);
void BF_SIMD(tensor_sum)(const bf_tensor_sum *s, size_t n,
                         const bf_modulus *mod);
void BF_SIMD(convert)(double *o, const double *const *x, const double *v,
                      const double *c, unsigned k, size_t n, bf_lazy lazy,
                      const bf_modulus *mod);
void BF_SIMD(overflow)(double *v, const double *const *x, const double *qinv,
                       unsigned k, size_t n);

#endif
