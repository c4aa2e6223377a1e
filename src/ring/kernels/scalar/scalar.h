/* Arithmetic on single residues; kernels/simd/vector.h has the same on
 * vectors. Bounds in RANGES.md, asserted in builds without optimisation. */
#ifndef BF_RING_SCALAR_H
#define BF_RING_SCALAR_H

#include <assert.h>
#include <math.h>

#include "ring/kernels/kernels.h"
#include "ring/lazy.h"
#include "ring/ntt.h"

#ifdef __OPTIMIZE__
#define BF_ASSERT_RANGE(x, bound) ((void)0)
#else
#define BF_ASSERT_RANGE(x, bound) assert(fabs(x) <= (bound))
#endif

/* Nearest integer to x*y, |x*y| < 2^51, ties to even: the addend's unit in the
 * last place is 1. */
static inline double bf_round_mul(double x, double y)
{
    const double magic = 0x1.8p52;
    return fma(x, y, magic) - magic;
}

/* |a| < 2^52 -> exactly centred. */
static inline double bf_red(double a, const bf_modulus *m)
{
    BF_ASSERT_RANGE(a, 0x1p52);
    return fma(-bf_round_mul(a, m->pinv), m->p, a);
}

/* a*c, |a| < 2^52 -> at most (1/2 + |a|/2^54) p. */
static inline double bf_mul_c(double a, bf_mulc c, const bf_modulus *m)
{
    BF_ASSERT_RANGE(a, 0x1p52);
    const double q = bf_round_mul(a, c.wp);
    const double h = a * c.w;
    const double l = fma(a, c.w, -h);
    return fma(-q, m->p, h) + l;
}

/* a*b -> at most (1/2 + |ab|/(2^52 p)) p. */
static inline double bf_mul_r(double a, double b, const bf_modulus *m)
{
    const double h = a * b;
    const double l = fma(a, b, -h);
    return fma(-bf_round_mul(h, m->pinv), m->p, h) + l;
}

typedef struct bf_acc {
    double h, l;
} bf_acc;

static inline void bf_acc_add(bf_acc *s, double x, double y)
{
    const double h = fma(x, y, s->h);
    s->l += fma(x, y, -(h - s->h));
    s->h = h;
}

/* The sum less a multiple of p: at most p. */
static inline double bf_acc_fold(const bf_acc *s, double offset,
                                 const bf_modulus *m)
{
    const double h = s->h - offset;
    BF_ASSERT_RANGE(s->l, 0x1p52 + 0x1p50);
    BF_ASSERT_RANGE((h + s->l) * m->pinv, 0x1p51);
    return fma(-bf_round_mul(h + s->l, m->pinv), m->p, h) + s->l;
}

/* The sum, centred. */
static inline double bf_acc_red(const bf_acc *s, double offset,
                                const bf_modulus *m)
{
    return bf_red(bf_acc_fold(s, offset, m), m);
}

static inline void bf_acc_flush(bf_acc *s, double offset, const bf_modulus *m)
{
    s->l = bf_acc_fold(s, offset, m);
    s->h = offset;
}

void bf_scalar_ntt_forward(double *a, const bf_ntt *t);
void bf_scalar_ntt_inverse(double *a, const bf_ntt *t, uint64_t scale);
void bf_scalar_ntt_forward_block(double *o, double *b, size_t block,
                                 const bf_ntt *t);
void bf_scalar_ntt_forward_row(double *o, size_t row, const bf_ntt *t);
void bf_scalar_ntt_inverse_row(double *o, const double *a, size_t row,
                               const bf_ntt *t, const bf_ntt_top *top);
void bf_scalar_ntt_inverse_block(double *b, const double *a, size_t block,
                                 const bf_ntt *t, const bf_ntt_top *top);
void bf_scalar_dot2(double *o0, double *o1, const double *const *x,
                    const double *const *y0, const double *const *y1,
                    unsigned terms, size_t n, const bf_modulus *m);
void bf_scalar_tensor_sum(const bf_tensor_sum *s, size_t n,
                          const bf_modulus *m);
void bf_scalar_convert(double *o, const double *const *x, const double *v,
                       const double *c, unsigned k, size_t n, bf_lazy lazy,
                       const bf_modulus *m);
void bf_scalar_overflow(double *v, const double *const *x, const double *qinv,
                        unsigned k, size_t n);

#endif
