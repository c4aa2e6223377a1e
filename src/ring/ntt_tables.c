/* Roots of unity and twiddle tables. */
#include "ring/ntt.h"

#include "ring/lazy.h"

static uint32_t reverse_bits(uint32_t x, unsigned bits)
{
    uint32_t r = 0;
    for (unsigned i = 0; i < bits; i++) r |= (x >> i & 1) << (bits - 1 - i);
    return r;
}

/* The root of the least base whose power has full order: the same for every
 * machine and run. */
static uint64_t primitive_root(uint64_t p, uint64_t order)
{
    for (uint64_t g = 2;; g++) {
        uint64_t r = bf_mod_pow(g, (p - 1) / order, p);
        if (bf_mod_pow(r, order / 2, p) == p - 1) return r;
    }
}

static void fill_tail(bf_ntt_tail *tail, const double *w, size_t groups)
{
    for (size_t g = 0; g < groups; g++) {
        const size_t k = groups + g;
        for (size_t r = 0; r < 4; r++) {
            tail[g].last[0][r] = w[4 * k + r];
            tail[g].last[1][r] = w[2 * (4 * k + r)];
            tail[g].last[2][r] = w[2 * (4 * k + r) + 1];
        }
        tail[g].first[0] = w[k];
        tail[g].first[1] = w[2 * k];
        tail[g].first[2] = w[2 * k + 1];
        tail[g].first[3] = 0;
    }
}

/* w is scratch of 2^log_n doubles. */
static bf_status fill_table(bf_ntt_table *t, double *w, unsigned log_n,
                            uint64_t root, uint64_t p)
{
    const size_t n = (size_t)1 << log_n, groups = n / 16;
    uint64_t x = 1;
    for (size_t i = 0; i < n; i++, x = bf_mod_mul(x, root, p))
        w[reverse_bits((uint32_t)i, log_n)] = bf_centre(x, p);
    t->head = bf_alloc(groups * sizeof *t->head);
    t->tail = bf_alloc(groups * sizeof *t->tail);
    if (!t->head || !t->tail) return BF_ERR_MEMORY;
    for (size_t k = 0; k < groups; k++)
        t->head[k] = (bf_mulc){w[k], w[k] / (double)p};
    fill_tail(t->tail, w, groups);
    return BF_OK;
}

bf_status bf_ntt_create(bf_ntt **out, unsigned log_n, uint64_t p)
{
    const uint64_t n = 1ULL << log_n;
    bf_status status = BF_ERR_MEMORY;
    bf_ntt *t = bf_alloc_zero(sizeof *t);
    double *w = bf_alloc(n * sizeof *w);
    if (!t || !w) goto fail;
    t->log_n = log_n;
    t->mod = bf_modulus_make(p);
    t->psi = primitive_root(p, 2 * n);
    t->n_inv = bf_mod_inv(n, p);
    BF_GOTO(fill_table(&t->forward, w, log_n, t->psi, p), fail);
    BF_GOTO(fill_table(&t->inverse, w, log_n, bf_mod_inv(t->psi, p), p), fail);
    bf_free(w);
    *out = t;
    return BF_OK;
fail:
    bf_free(w);
    bf_ntt_destroy(t);
    return status;
}

void bf_ntt_destroy(bf_ntt *t)
{
    if (!t) return;
    bf_free(t->forward.head);
    bf_free(t->forward.tail);
    bf_free(t->inverse.head);
    bf_free(t->inverse.tail);
    bf_free(t);
}

bf_ntt_top bf_ntt_inverse_top(const bf_ntt *t, uint64_t scale)
{
    const uint64_t p = t->mod.value;
    const uint64_t sum = bf_mod_mul(t->n_inv, scale % p, p);
    const uint64_t w = bf_uncentre(t->inverse.head[1].w, p);
    return (bf_ntt_top){bf_mulc_make(sum, p),
                        bf_mulc_make(bf_mod_mul(sum, w, p), p)};
}
