#include "ring/kernels/simd/simd.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

void BF_SIMD(dot2)(double *o0, double *o1, const double *const *x,
                   const double *const *y0, const double *const *y1,
                   unsigned terms, size_t n, const bf_modulus *mod)
{
    const bf_lazy lazy = mod->lazy;
    const bf_vmod m = v_mod(mod);
    const bf_v offset = v_set(lazy.offset), zero = v_set(0);
    for (size_t i = 0; i < n; i += 2 * BF_LANES) {
        bf_vacc s[4];
        for (unsigned u = 0; u < 4; u++) s[u] = (bf_vacc){offset, zero};
        for (unsigned k = 0; k < terms;) {
            const unsigned end = MIN(k + lazy.interval, terms);
            for (; k < end; k++)
                for (unsigned u = 0; u < 2; u++) {
                    const size_t j = i + u * BF_LANES;
                    const bf_v a = v_load(x[k] + j);
                    v_acc_add(&s[u], a, v_load(y0[k] + j));
                    v_acc_add(&s[u + 2], a, v_load(y1[k] + j));
                }
            if (k == terms) break;
            for (unsigned u = 0; u < 4; u++) v_acc_flush(&s[u], offset, &m);
        }
        for (unsigned u = 0; u < 2; u++) {
            v_store(o0 + i + u * BF_LANES, v_acc_red(&s[u], offset, &m));
            v_store(o1 + i + u * BF_LANES, v_acc_red(&s[u + 2], offset, &m));
        }
    }
}

#define UNROLL (16 / BF_LANES)

void BF_SIMD(convert)(double *o, const double *const *x, const double *v,
                      const double *c, unsigned k, size_t n, bf_lazy lazy,
                      const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    const bf_v offset = v_set(lazy.offset), zero = v_set(0);
    for (size_t i = 0; i < n; i += 16) {
        bf_vacc s[UNROLL];
        for (unsigned u = 0; u < UNROLL; u++) {
            s[u] = (bf_vacc){offset, zero};
            v_acc_add(&s[u], v_load(v + i + u * BF_LANES), v_set(c[k]));
        }
        for (unsigned j = 0, left = lazy.interval - 1;;) {
            const unsigned end = MIN(j + left, k);
            for (; j < end; j++) {
                const bf_v w = v_set(c[j]);
                for (unsigned u = 0; u < UNROLL; u++)
                    v_acc_add(&s[u], v_load(x[j] + i + u * BF_LANES), w);
            }
            if (j == k) break;
            for (unsigned u = 0; u < UNROLL; u++)
                v_acc_flush(&s[u], offset, &m);
            left = lazy.interval;
        }
        for (unsigned u = 0; u < UNROLL; u++)
            v_store(o + i + u * BF_LANES, v_acc_red(&s[u], offset, &m));
    }
}

void BF_SIMD(overflow)(double *v, const double *const *x, const double *qinv,
                       unsigned k, size_t n)
{
    const bf_v magic = v_set(0x1.8p52);
    for (size_t i = 0; i < n; i += 16) {
        bf_v s[UNROLL];
        for (unsigned u = 0; u < UNROLL; u++) s[u] = v_set(0);
        for (unsigned j = 0; j < k; j++)
            for (unsigned u = 0; u < UNROLL; u++)
                s[u] = v_fma(v_load(x[j] + i + u * BF_LANES), v_set(qinv[j]),
                             s[u]);
        for (unsigned u = 0; u < UNROLL; u++)
            v_store(v + i + u * BF_LANES, v_sub(v_add(s[u], magic), magic));
    }
}
