/* Sums of tensor products: the inner kernel of the encrypted matrix products.
 *
 * A step takes one cache line of eight residues through all terms, its sums in
 * registers: the slices usually lie a power of two apart, so a line that is
 * left half used is gone from the first-level cache at the next visit. The
 * middle sum is Karatsuba's, sum (a0+a1)(b0+b1) less the outer two, where the
 * prime leaves room for the larger products. Results go past the caches, which
 * the factors fill. */
#include "ring/kernels/simd/simd.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define LINE 8
/* With fewer terms between flushes four plain products are faster. */
#define KARATSUBA_INTERVAL_MIN 8

typedef struct triple {
    bf_vacc d0, d1, d2;
} triple;

BF_INLINE triple triple_start(bf_v offset)
{
    const bf_vacc zero = {offset, v_set(0)};
    return (triple){zero, zero, zero};
}

BF_INLINE void triple_add(triple *t, const double *a0, const double *a1,
                          const double *b0, const double *b1, bool karatsuba)
{
    const bf_v x0 = v_load(a0), x1 = v_load(a1);
    const bf_v y0 = v_load(b0), y1 = v_load(b1);
    v_acc_add(&t->d0, x0, y0);
    v_acc_add(&t->d2, x1, y1);
    if (karatsuba) {
        v_acc_add(&t->d1, v_add(x0, x1), v_add(y0, y1));
    } else {
        v_acc_add(&t->d1, x0, y1);
        v_acc_add(&t->d1, x1, y0);
    }
}

BF_INLINE void triple_flush(triple *t, bf_v offset, const bf_vmod *m)
{
    v_acc_flush(&t->d0, offset, m);
    v_acc_flush(&t->d1, offset, m);
    v_acc_flush(&t->d2, offset, m);
}

/* Where a sum belongs: right-hand side c, residues from i on. */
typedef struct place {
    unsigned c;
    size_t i;
} place;

BF_INLINE void triple_end(const bf_tensor_sum *s, place at, const triple *t,
                          bf_v offset, bool karatsuba, const bf_vmod *m)
{
    const bf_v d0 = v_acc_red(&t->d0, offset, m);
    const bf_v d2 = v_acc_red(&t->d2, offset, m);
    bf_v d1 = v_acc_red(&t->d1, offset, m);
    if (karatsuba) d1 = v_red(v_sub(d1, v_add(d0, d2)), m);
    v_stream(s->d0[at.c] + at.i, d0);
    v_stream(s->d1[at.c] + at.i, d1);
    v_stream(s->d2[at.c] + at.i, d2);
}

BF_INLINE void term_add(triple *t, const bf_tensor_sum *s, unsigned k, place at,
                        bool karatsuba)
{
    const size_t b = (size_t)k * s->count + at.c;
    triple_add(t, s->a0[k] + at.i, s->a1[k] + at.i, s->b0[b] + at.i,
               s->b1[b] + at.i, karatsuba);
}

/* One vector, or two side by side: a sum alone waits for its own additions. */
BF_INLINE void step(const bf_tensor_sum *s, place p, place q, bool two,
                    bf_lazy lazy, bool karatsuba, const bf_vmod *m)
{
    const bf_v offset = v_set(lazy.offset);
    triple t = triple_start(offset), u = t;
    for (unsigned k = 0;;) {
        const unsigned end = MIN(k + lazy.interval, s->terms);
        for (; k < end; k++) {
            term_add(&t, s, k, p, karatsuba);
            if (two) term_add(&u, s, k, q, karatsuba);
        }
        if (k == s->terms) break;
        triple_flush(&t, offset, m);
        if (two) triple_flush(&u, offset, m);
    }
    triple_end(s, p, &t, offset, karatsuba, m);
    if (two) triple_end(s, q, &u, offset, karatsuba, m);
}

/* A line's residues i to i+7 for all right-hand sides: two halves of each in
 * turn, or two of them. */
BF_INLINE void line(const bf_tensor_sum *s, size_t i, bf_lazy lazy,
                    bool karatsuba, const bf_vmod *m)
{
    const bool halves = BF_LANES < LINE;
    for (unsigned c = 0; c < s->count; c += halves ? 1 : 2) {
        const place p = {c, i};
        const place q = halves ? (place){c, i + BF_LANES} : (place){c + 1, i};
        if (q.c < s->count)
            step(s, p, q, true, lazy, karatsuba, m);
        else
            step(s, p, p, false, lazy, karatsuba, m);
    }
}

void BF_SIMD(tensor_sum)(const bf_tensor_sum *s, size_t n,
                         const bf_modulus *mod)
{
    const bf_vmod m = v_mod(mod);
    /* The middle sum takes two plain products a term. */
    const bf_lazy plain = {mod->lazy.offset, mod->lazy.interval / 2};
    const bool karatsuba = mod->lazy_pairs.interval >= KARATSUBA_INTERVAL_MIN;
    for (size_t i = 0; i < n; i += LINE) {
        if (karatsuba)
            line(s, i, mod->lazy_pairs, true, &m);
        else
            line(s, i, plain, false, &m);
    }
    v_stream_end();
}
