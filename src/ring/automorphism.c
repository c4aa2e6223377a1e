/* Automorphisms X -> X^g, monomials, polynomials in X^gap. */
#include "ring/ring.h"

#include <string.h>

/* From bit-reversed order to that of a limb, and back: the forward transform
 * leaves groups of sixteen transposed. */
static uint32_t transposed(uint32_t k)
{
    return (k & ~15u) | (k & 3) << 2 | (k >> 2 & 3);
}

uint32_t bf_ring_position(unsigned log_n, uint32_t e)
{
    uint32_t k = 0;
    for (unsigned i = 0; i < log_n; i++)
        k |= (e >> (i + 1) & 1) << (log_n - 1 - i);
    return transposed(k);
}

void bf_ring_automorphism(unsigned log_n, uint32_t g, uint32_t *perm)
{
    /* (X -> X^g a)(psi^e) = a(psi^(ge)). */
    const uint32_t mask = (2u << log_n) - 1;
    for (uint32_t e = 1; e <= mask; e += 2)
        perm[bf_ring_position(log_n, e)] =
            bf_ring_position(log_n, e * g & mask);
}

void bf_limb_automorphism_coeff(const bf_ring *r, double *o, const double *a,
                                uint32_t g)
{
    const uint32_t n = (uint32_t)r->n;
    for (uint32_t i = 0, j = 0; i < n; i++, j = (j + g) & (2 * n - 1))
        o[j & (n - 1)] = j < n ? a[i] : 0 - a[i];
}

void bf_limb_monomial(const bf_ring *r, unsigned m, double *o, uint32_t e)
{
    const uint32_t n = (uint32_t)r->n;
    memset(o, 0, n * sizeof *o);
    o[e & (n - 1)] = e & n ? -1 : 1;
    bf_ntt_forward(r, m, o);
}

/* Roots psi^e whose e agree modulo 2N/gap give a polynomial in X^gap the same
 * value, and stand side by side in bit-reversed order: runs of gap. */
void bf_limb_compact(const bf_ring *r, double *o, const double *a, size_t gap)
{
    for (uint32_t i = 0; i < r->n; i++) o[transposed(i) / gap] = a[i];
}

void bf_span_expand(double *o, const double *compact, size_t gap, size_t first,
                    size_t len)
{
    size_t place[16]; /* of a group, in units of gap */
    for (uint32_t k = 0; k < 16; k++) place[k] = transposed(k) / gap;
    for (size_t i = 0; i < len; i += 16) {
        const double *group = compact + (first + i) / gap;
        for (size_t k = 0; k < 16; k++) o[i + k] = group[place[k]];
    }
}
