/* Exact centred basis conversion.
 *
 * With x_j = a (Q/q_j)^-1 mod q_j, a = sum_j x_j (Q/q_j) - v Q for the integer
 * v = round(sum_j x_j / q_j) that makes |a| <= Q/2. Modulo a target prime this
 * is one sum of k + 1 products. Bounds: RANGES.md. */
#include "ring/kernels/kernels.h"
#include "ring/ring.h"

typedef struct target {
    unsigned m;      /* modulus index */
    bf_lazy lazy;    /* flush rule of its sums */
    const double *c; /* [k+1] Q/q_j and last -Q, centred mod its prime */
} target;

struct bf_convert {
    const bf_ring *ring;
    unsigned k, targets;
    uint64_t *factor; /* [k] (Q/q_j)^-1 mod q_j */
    double *qinv;     /* [k] 1/q_j */
    double *c;        /* [targets][k+1] */
    target *target;   /* [targets] */
};

/* Product of all sources but number `skip` (none when skip = k), mod p. */
static uint64_t product_but(const bf_ring *ring, const unsigned *src,
                            unsigned k, unsigned skip, uint64_t p)
{
    uint64_t x = 1;
    for (unsigned j = 0; j < k; j++)
        if (j != skip) x = bf_mod_mul(x, ring->mod[src[j]].value % p, p);
    return x;
}

static void fill_target(bf_convert *c, unsigned t, const unsigned *src,
                        unsigned m)
{
    const bf_modulus *mod = &c->ring->mod[m];
    const uint64_t p = mod->value;
    double *row = c->c + (size_t)t * (c->k + 1), q_max = 0;
    for (unsigned j = 0; j < c->k; j++) {
        const double q = c->ring->mod[src[j]].p;
        row[j] = bf_centre(product_but(c->ring, src, c->k, j, p), p);
        q_max = q > q_max ? q : q_max;
    }
    row[c->k] = bf_centre(p - product_but(c->ring, src, c->k, c->k, p), p);
    c->target[t] = (target){
        m, bf_lazy_make(bf_reduced_bound(q_max) * mod->p / 2, mod->p), row};
}

static bf_status check_sets(const bf_ring *ring, const unsigned *src,
                            unsigned k, const unsigned *dst, unsigned dsts)
{
    bool used[BF_MODULI_MAX] = {false};
    if (k < 1 || k > BF_CONVERT_SOURCES_MAX || dsts < 1)
        return bf_fail(BF_ERR_ARGUMENT, "conversion from %u to %u primes", k,
                       dsts);
    for (unsigned i = 0; i < k + dsts; i++) {
        const unsigned m = i < k ? src[i] : dst[i - k];
        if (m >= ring->count || used[m])
            return bf_fail(BF_ERR_ARGUMENT,
                           "conversion: prime number %u is absent or repeated",
                           m);
        used[m] = true;
    }
    return BF_OK;
}

bf_status bf_convert_create(bf_convert **out, const bf_ring *ring,
                            const unsigned *src, unsigned k,
                            const unsigned *dst, unsigned dsts)
{
    BF_TRY(check_sets(ring, src, k, dst, dsts));
    bf_convert *c = bf_alloc_zero(sizeof *c);
    if (!c) return BF_ERR_MEMORY;
    *c = (bf_convert){.ring = ring, .k = k, .targets = dsts};
    c->factor = bf_alloc(k * sizeof *c->factor);
    c->qinv = bf_alloc(k * sizeof *c->qinv);
    c->c = bf_alloc((size_t)dsts * (k + 1) * sizeof *c->c);
    c->target = bf_alloc(dsts * sizeof *c->target);
    if (!c->factor || !c->qinv || !c->c || !c->target) {
        bf_convert_destroy(c);
        return BF_ERR_MEMORY;
    }
    for (unsigned j = 0; j < k; j++) {
        const uint64_t q = ring->mod[src[j]].value;
        c->factor[j] = bf_mod_inv(product_but(ring, src, k, j, q), q);
        c->qinv[j] = ring->mod[src[j]].pinv;
    }
    for (unsigned t = 0; t < dsts; t++) fill_target(c, t, src, dst[t]);
    *out = c;
    return BF_OK;
}

void bf_convert_destroy(bf_convert *c)
{
    if (!c) return;
    bf_free(c->factor);
    bf_free(c->qinv);
    bf_free(c->c);
    bf_free(c->target);
    bf_free(c);
}

uint64_t bf_convert_factor(const bf_convert *c, unsigned j)
{
    return c->factor[j];
}

void bf_span_overflow(const bf_convert *c, double *v, const double *const *x,
                      size_t len)
{
    c->ring->k->overflow(v, x, c->qinv, c->k, len);
}

void bf_convert_overflow(const bf_convert *c, double *v, const double *const *x)
{
    bf_span_overflow(c, v, x, c->ring->n);
}

void bf_span_convert(const bf_convert *c, unsigned t, double *o,
                     const double *const *x, const double *v, size_t len)
{
    const target *to = &c->target[t];
    c->ring->k->convert(o, x, v, to->c, c->k, len, to->lazy,
                        &c->ring->mod[to->m]);
}
