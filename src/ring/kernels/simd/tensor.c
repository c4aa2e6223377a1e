/* Sums of tensor products: the inner kernel of the encrypted matrix products.
 * Each step holds the sums of one vector of residues for WIDTH right-hand sides
 * in registers and runs over all terms. */
#include "ring/kernels/simd/simd.h"

#define MIN(a, b) ((a) < (b) ? (a) : (b))
/* Right-hand sides a step: six registers each, out of 16 or 32. */
#define WIDTH (BF_LANES / 4 * 2)

typedef struct triple {
    bf_vacc d[3];
} triple;

BF_INLINE void step(const bf_tensor_sum *s, unsigned c, unsigned width,
                    size_t i, bf_lazy lazy, const bf_vmod *m)
{
    const bf_v offset = v_set(lazy.offset);
    triple t[WIDTH];
    for (unsigned w = 0; w < width; w++)
        t[w] = (triple){{{offset, v_load(s->d0[c + w] + i)},
                         {offset, v_load(s->d1[c + w] + i)},
                         {offset, v_load(s->d2[c + w] + i)}}};
    for (unsigned k = 0; k < s->terms;) {
        const unsigned end = MIN(k + lazy.interval / 2, s->terms);
        for (; k < end; k++) {
            const bf_v a0 = v_load(s->a0[k] + i), a1 = v_load(s->a1[k] + i);
            const double *const *b0 = s->b0 + (size_t)k * s->count + c;
            const double *const *b1 = s->b1 + (size_t)k * s->count + c;
            for (unsigned w = 0; w < width; w++) {
                const bf_v x0 = v_load(b0[w] + i), x1 = v_load(b1[w] + i);
                v_acc_add(&t[w].d[0], a0, x0);
                v_acc_add(&t[w].d[1], a0, x1);
                v_acc_add(&t[w].d[1], a1, x0);
                v_acc_add(&t[w].d[2], a1, x1);
            }
        }
        if (k == s->terms) break;
        for (unsigned w = 0; w < width; w++)
            for (unsigned d = 0; d < 3; d++) v_acc_flush(&t[w].d[d], offset, m);
    }
    for (unsigned w = 0; w < width; w++) {
        v_store(s->d0[c + w] + i, v_acc_red(&t[w].d[0], offset, m));
        v_store(s->d1[c + w] + i, v_acc_red(&t[w].d[1], offset, m));
        v_store(s->d2[c + w] + i, v_acc_red(&t[w].d[2], offset, m));
    }
}

void BF_SIMD(tensor_sum)(const bf_tensor_sum *s, size_t n,
                         const bf_modulus *mod)
{
    const bf_lazy lazy = mod->lazy;
    const bf_vmod m = v_mod(mod);
    for (size_t i = 0; i < n; i += BF_LANES) {
        unsigned c = 0;
        for (; c + WIDTH <= s->count; c += WIDTH)
            step(s, c, WIDTH, i, lazy, &m);
        for (; c < s->count; c++) step(s, c, 1, i, lazy, &m);
    }
}
