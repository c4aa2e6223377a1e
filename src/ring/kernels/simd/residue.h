/* Arithmetic on vectors of residues: the operation sequences of
 * kernels/scalar/scalar.h, lane by lane. */
#ifndef BF_RING_RESIDUE_H
#define BF_RING_RESIDUE_H

#include "ring/kernels/simd/vector.h"

/* A modulus in registers. */
typedef struct bf_vmod {
    bf_v p, pinv, magic;
} bf_vmod;

/* A constant with its quotient by p. */
typedef struct bf_vmulc {
    bf_v w, wp;
} bf_vmulc;

BF_INLINE bf_vmod v_mod(const bf_modulus *m)
{
    return (bf_vmod){v_set(m->p), v_set(m->pinv), v_set(0x1.8p52)};
}

BF_INLINE bf_vmulc v_mulc(bf_mulc c)
{
    return (bf_vmulc){v_set(c.w), v_set(c.wp)};
}

BF_INLINE bf_v v_round_mul(bf_v x, bf_v y, const bf_vmod *m)
{
    return v_sub(v_fma(x, y, m->magic), m->magic);
}

BF_INLINE bf_v v_red(bf_v a, const bf_vmod *m)
{
    return v_fnma(v_round_mul(a, m->pinv, m), m->p, a);
}

BF_INLINE bf_v v_mul_c(bf_v a, bf_vmulc c, const bf_vmod *m)
{
    const bf_v q = v_round_mul(a, c.wp, m);
    const bf_v h = v_mul(a, c.w);
    const bf_v l = v_fms(a, c.w, h);
    return v_add(v_fnma(q, m->p, h), l);
}

BF_INLINE bf_v v_mul_r(bf_v a, bf_v b, const bf_vmod *m)
{
    const bf_v h = v_mul(a, b);
    const bf_v l = v_fms(a, b, h);
    return v_add(v_fnma(v_round_mul(h, m->pinv, m), m->p, h), l);
}

typedef struct bf_vacc {
    bf_v h, l;
} bf_vacc;

BF_INLINE void v_acc_add(bf_vacc *s, bf_v x, bf_v y)
{
    const bf_v h = v_fma(x, y, s->h);
    s->l = v_add(s->l, v_fms(x, y, v_sub(h, s->h)));
    s->h = h;
}

BF_INLINE bf_v v_acc_fold(const bf_vacc *s, bf_v offset, const bf_vmod *m)
{
    const bf_v h = v_sub(s->h, offset);
    const bf_v q = v_round_mul(v_add(h, s->l), m->pinv, m);
    return v_add(v_fnma(q, m->p, h), s->l);
}

BF_INLINE bf_v v_acc_red(const bf_vacc *s, bf_v offset, const bf_vmod *m)
{
    return v_red(v_acc_fold(s, offset, m), m);
}

BF_INLINE void v_acc_flush(bf_vacc *s, bf_v offset, const bf_vmod *m)
{
    s->l = v_acc_fold(s, offset, m);
    s->h = offset;
}

#endif
