/* Sums of products, four accumulators at a time: enough independent chains to
 * hide the latency of an addition. Members of a struct rather than an array,
 * which GCC 12 would leave in memory. */
#include "ring/kernels/simd/simd.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))

typedef struct quad {
    bf_vacc a, b, c, d;
} quad;

BF_INLINE quad quad_start(bf_v offset)
{
    const bf_vacc s = {offset, v_set(0)};
    return (quad){s, s, s, s};
}

BF_INLINE void quad_flush(quad *s, bf_v offset, const bf_vmod *m)
{
    v_acc_flush(&s->a, offset, m);
    v_acc_flush(&s->b, offset, m);
    v_acc_flush(&s->c, offset, m);
    v_acc_flush(&s->d, offset, m);
}

void BF_SIMD(dot2)(double *o0, double *o1, const double *const *x,
                   const double *const *y0, const double *const *y1,
                   unsigned terms, size_t n, const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    const bf_v offset = v_set(mod->lazy.offset);
    for (size_t i = 0; i < n; i += 2 * BF_LANES) {
        const size_t j = i + BF_LANES;
        quad s = quad_start(offset);
        for (unsigned k = 0;;) {
            const unsigned end = MIN(k + mod->lazy.interval, terms);
            for (; k < end; k++) {
                const bf_v u = v_load(x[k] + i), v = v_load(x[k] + j);
                v_acc_add(&s.a, u, v_load(y0[k] + i));
                v_acc_add(&s.b, v, v_load(y0[k] + j));
                v_acc_add(&s.c, u, v_load(y1[k] + i));
                v_acc_add(&s.d, v, v_load(y1[k] + j));
            }
            if (k == terms) break;
            quad_flush(&s, offset, &m);
        }
        v_store(o0 + i, v_acc_red(&s.a, offset, &m));
        v_store(o0 + j, v_acc_red(&s.b, offset, &m));
        v_store(o1 + i, v_acc_red(&s.c, offset, &m));
        v_store(o1 + j, v_acc_red(&s.d, offset, &m));
    }
}

/* s += x * w for 4*LANES residues. */
BF_INLINE void quad_add(quad *s, const double *x, bf_v w)
{
    v_acc_add(&s->a, v_load(x), w);
    v_acc_add(&s->b, v_load(x + BF_LANES), w);
    v_acc_add(&s->c, v_load(x + 2 * BF_LANES), w);
    v_acc_add(&s->d, v_load(x + 3 * BF_LANES), w);
}

void BF_SIMD(convert)(double *o, const double *const *x, const double *v,
                      const double *c, unsigned k, size_t n, bf_lazy lazy,
                      const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    const bf_v offset = v_set(lazy.offset);
    for (size_t i = 0; i < n; i += 4 * BF_LANES) {
        quad s = quad_start(offset);
        quad_add(&s, v + i, v_set(c[k]));
        unsigned j = 0, end = MIN(lazy.interval - 1, k);
        for (;;) {
            for (; j < end; j++) quad_add(&s, x[j] + i, v_set(c[j]));
            if (j == k) break;
            quad_flush(&s, offset, &m);
            end = MIN(j + lazy.interval, k);
        }
        v_store(o + i, v_acc_red(&s.a, offset, &m));
        v_store(o + i + BF_LANES, v_acc_red(&s.b, offset, &m));
        v_store(o + i + 2 * BF_LANES, v_acc_red(&s.c, offset, &m));
        v_store(o + i + 3 * BF_LANES, v_acc_red(&s.d, offset, &m));
    }
}

void BF_SIMD(overflow)(double *v, const double *const *x, const double *qinv,
                       unsigned k, size_t n)
{
    const bf_v magic = v_set(0x1.8p52);
    for (size_t i = 0; i < n; i += 2 * BF_LANES) {
        bf_v s = v_set(0), t = s;
        for (unsigned j = 0; j < k; j++) {
            s = v_fma(v_load(x[j] + i), v_set(qinv[j]), s);
            t = v_fma(v_load(x[j] + i + BF_LANES), v_set(qinv[j]), t);
        }
        v_store(v + i, v_sub(v_add(s, magic), magic));
        v_store(v + i + BF_LANES, v_sub(v_add(t, magic), magic));
    }
}
