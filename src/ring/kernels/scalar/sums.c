/* Sums of products, reduced once per flush interval (ring/lazy.h). */
#include "ring/kernels/scalar/scalar.h"

void bf_scalar_dot2(double *o0, double *o1, const double *const *x,
                    const double *const *y0, const double *const *y1,
                    unsigned terms, size_t n, const bf_modulus *m)
{
    const bf_lazy lazy = m->lazy;
    for (size_t i = 0; i < n; i++) {
        bf_acc s0 = {lazy.offset, 0}, s1 = s0;
        for (unsigned k = 0; k < terms; k++) {
            if (k && k % lazy.interval == 0) {
                bf_acc_flush(&s0, lazy.offset, m);
                bf_acc_flush(&s1, lazy.offset, m);
            }
            bf_acc_add(&s0, x[k][i], y0[k][i]);
            bf_acc_add(&s1, x[k][i], y1[k][i]);
        }
        o0[i] = bf_acc_red(&s0, lazy.offset, m);
        o1[i] = bf_acc_red(&s1, lazy.offset, m);
    }
}

/* One output triple at residue i. d1 takes two products a term, so its
 * interval is half of what the bound allows. */
static void tensor_one(const bf_tensor_sum *s, unsigned c, size_t i,
                       const bf_modulus *m)
{
    const bf_lazy lazy = m->lazy;
    bf_acc t[3] = {{lazy.offset, 0}, {lazy.offset, 0}, {lazy.offset, 0}};
    for (unsigned k = 0; k < s->terms; k++) {
        if (k && k % (lazy.interval / 2) == 0)
            for (int d = 0; d < 3; d++) bf_acc_flush(&t[d], lazy.offset, m);
        const double a0 = s->a0[k][i], a1 = s->a1[k][i];
        const double b0 = s->b0[k * s->count + c][i];
        const double b1 = s->b1[k * s->count + c][i];
        bf_acc_add(&t[0], a0, b0);
        bf_acc_add(&t[1], a0, b1);
        bf_acc_add(&t[1], a1, b0);
        bf_acc_add(&t[2], a1, b1);
    }
    s->d0[c][i] = bf_acc_red(&t[0], lazy.offset, m);
    s->d1[c][i] = bf_acc_red(&t[1], lazy.offset, m);
    s->d2[c][i] = bf_acc_red(&t[2], lazy.offset, m);
}

void bf_scalar_tensor_sum(const bf_tensor_sum *s, size_t n, const bf_modulus *m)
{
    for (unsigned c = 0; c < s->count; c++)
        for (size_t i = 0; i < n; i++) tensor_one(s, c, i, m);
}

void bf_scalar_convert(double *o, const double *const *x, const double *v,
                       const double *c, unsigned k, size_t n, bf_lazy lazy,
                       const bf_modulus *m)
{
    for (size_t i = 0; i < n; i++) {
        bf_acc s = {lazy.offset, 0};
        bf_acc_add(&s, v[i], c[k]);
        for (unsigned j = 0; j < k; j++) {
            if ((j + 1) % lazy.interval == 0) bf_acc_flush(&s, lazy.offset, m);
            bf_acc_add(&s, x[j][i], c[j]);
        }
        o[i] = bf_acc_red(&s, lazy.offset, m);
    }
}

void bf_scalar_overflow(double *v, const double *const *x, const double *qinv,
                        unsigned k, size_t n)
{
    const double magic = 0x1.8p52;
    for (size_t i = 0; i < n; i++) {
        double s = 0;
        for (unsigned j = 0; j < k; j++) s = fma(x[j][i], qinv[j], s);
        v[i] = (s + magic) - magic;
    }
}
