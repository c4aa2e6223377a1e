#include "ckks/dft.h"

#include <string.h>

#include "base/memory.h"
#include "ckks/internal.h"

/* ---- sums of diagonals, indices modulo n --------------------------------- */

/* The shape of a group: `width` values of each diagonal, dim or 0. */
typedef struct shape {
    size_t dim, width;
} shape;

static bf_status reserve(bf_dft_group *g, shape of, size_t count)
{
    size_t bytes;
    *g = (bf_dft_group){.dim = of.dim};
    g->diagonals = bf_alloc(count * sizeof *g->diagonals);
    if (of.width && bf_mul_size(count * of.width, sizeof *g->values, &bytes))
        g->values = bf_alloc_zero(bytes);
    if (g->diagonals && !g->values == !of.width) return BF_OK;
    bf_dft_clear(g);
    return BF_ERR_MEMORY;
}

void bf_dft_clear(bf_dft_group *g)
{
    bf_free(g->diagonals);
    bf_free(g->values);
    *g = (bf_dft_group){0};
}

/* The values of a diagonal; the values of a new diagonal are zero. The caller
 * makes sure that there is room. */
static double complex *at(bf_dft_group *g, size_t index)
{
    size_t i = 0;
    while (i < g->count && g->diagonals[i].index != index) i++;
    double complex *v = g->values ? g->values + i * g->dim : NULL;
    if (i == g->count) g->diagonals[g->count++] = (bf_diagonal){index, v};
    return v;
}

/* Butterflies of length len = 2^s, or twice their inverses. */
static bf_status butterfly(bf_dft_group *g, shape of, size_t n, unsigned s,
                           bool backwards)
{
    size_t len = (size_t)1 << s, h = len / 2;
    const double *w = bf_embed_stage(s);
    if (!w) return BF_ERR_MEMORY;
    BF_TRY(reserve(g, of, 3));
    double complex *same = at(g, 0), *up = at(g, h);
    double complex *down = at(g, n - h); /* `up` when len = n */
    for (size_t i = 0; i < of.width; i++) {
        size_t j = i % len, k = j % h;
        double complex root = CMPLX(w[k], w[h + k]);
        if (backwards) {
            same[i] = j < h ? 1 : -conj(root);
            if (j < h)
                up[i] = 1;
            else
                down[i] = conj(root);
        } else {
            same[i] = j < h ? 1 : -root;
            if (j < h)
                up[i] = root;
            else
                down[i] = 1;
        }
    }
    return BF_OK;
}

/* b := a after b; consumes a. The indices of the product of neighbouring
 * butterflies are all multiples of a stride between two bounds: one more
 * butterfly doubles the number of diagonals, and adds at most one. */
static bf_status compose(bf_dft_group *b, bf_dft_group *a, shape of, size_t n)
{
    bf_dft_group c;
    bf_status status = reserve(&c, of, 2 * b->count + 1);
    for (size_t i = 0; i < a->count && status == BF_OK; i++)
        for (size_t k = 0; k < b->count; k++) {
            const bf_diagonal *x = &a->diagonals[i], *y = &b->diagonals[k];
            double complex *o = at(&c, (x->index + y->index) % n);
            for (size_t j = 0; j < of.width; j++)
                o[j] += x->values[j] * y->values[(j + x->index) % a->dim];
        }
    bf_dft_clear(a);
    if (status != BF_OK) return status;
    bf_dft_clear(b);
    *b = c;
    return BF_OK;
}

/* M := rot_s M rot_-t. */
static bf_status between_rotations(bf_dft_group *m, size_t n, size_t s,
                                   size_t t)
{
    for (size_t i = 0; i < m->count; i++)
        m->diagonals[i].index = (m->diagonals[i].index + s + n - t) % n;
    if (!m->values) return BF_OK;
    double complex *w = bf_alloc(m->dim * sizeof *w);
    if (!w) return BF_ERR_MEMORY;
    for (size_t i = 0; i < m->count; i++) {
        double complex *v = m->values + i * m->dim;
        for (size_t j = 0; j < m->dim; j++) w[j] = v[(j + s) % m->dim];
        memcpy(v, w, m->dim * sizeof *w);
    }
    bf_free(w);
    return BF_OK;
}

/* Rows (CoeffToSlot) or columns of imaginary parts. The index of a column is
 * the slot before the rotation, which may be n or more. */
static void part(bf_dft_group *m, size_t n, bool to_slots)
{
    for (size_t i = 0; i < m->count; i++) {
        double complex *v = m->values + i * m->dim;
        for (size_t j = 0; j < m->dim; j++) {
            size_t column = (j + m->diagonals[i].index) % m->dim;
            if (to_slots && j >= n) v[j] *= -I;
            if (!to_slots && column >= n) v[j] *= I;
        }
    }
}

/* ---- groups -------------------------------------------------------------- */

static bf_status check(const bf_dft *d)
{
    unsigned sum = 0;
    if (d->groups < 1 || d->groups > BF_DFT_GROUPS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "a transform in %u groups: must be 1 "
                       "to %d", d->groups, BF_DFT_GROUPS_MAX);
    for (unsigned g = 0; g < d->groups; g++) {
        if (d->radix[g] < 1 || d->radix[g] > BF_LOG_N_MAX)
            return bf_fail(BF_ERR_ARGUMENT, "a group of %u butterflies",
                           d->radix[g]);
        sum += d->radix[g];
    }
    if (sum != d->log_slots || sum > BF_LOG_N_MAX - 1)
        return bf_fail(BF_ERR_ARGUMENT, "groups of %u butterflies for 2^%u "
                       "slots", sum, d->log_slots);
    return BF_OK;
}

/* If the longest butterfly of a group has length l, the group's diagonals are
 * the multiples of the stride from -(l - stride) to l - stride. After a
 * rotation by l to the right the diagonals begin at the stride. The group of
 * the longest butterfly of all needs no rotation, as its indices are modulo n.
 */
static size_t rotation_of(const bf_dft *d, unsigned first, unsigned last)
{
    unsigned longest = d->to_slots ? d->log_slots - first : last + 1;
    return longest == d->log_slots ? 0 : (size_t)1 << longest;
}

/* Butterflies first..last in order of application. */
static bf_status product(bf_dft_group *out, const bf_dft *d, shape of,
                         unsigned first, unsigned last)
{
    size_t n = (size_t)1 << d->log_slots;
    for (unsigned i = first; i <= last; i++) {
        unsigned s = d->to_slots ? d->log_slots - i : i + 1;
        bf_dft_group b;
        bf_status status =
            butterfly(i == first ? out : &b, of, n, s, d->to_slots);
        if (status == BF_OK && i > first) status = compose(out, &b, of, n);
        if (status != BF_OK) {
            bf_dft_clear(out);
            return status;
        }
    }
    return BF_OK;
}

/* CoeffToSlot needs M_g rot_own, applied after rot_-own. The group before
 * includes that rotation, so each group is rot_-next M_g rot_own. In
 * SlotToCoeff every group but the last returns a rotated result: rot_own M_g
 * rot_-previous. */
static bf_status make_group(bf_dft_group *out, const bf_dft *d, unsigned g,
                            const unsigned *begin, bool indices)
{
    size_t n = (size_t)1 << d->log_slots;
    bool parts = d->wide && (d->to_slots ? g + 1 == d->groups : g == 0);
    size_t own = rotation_of(d, begin[g], begin[g + 1] - 1), other = 0;
    size_t dim = parts ? 2 * n : n;
    BF_TRY(product(out, d, (shape){dim, indices ? 0 : dim}, begin[g],
                   begin[g + 1] - 1));
    if (d->to_slots && g + 1 < d->groups)
        other = rotation_of(d, begin[g + 1], begin[g + 2] - 1);
    if (!d->to_slots && g > 0)
        other = rotation_of(d, begin[g - 1], begin[g] - 1);
    bf_status status =
        d->to_slots ? between_rotations(out, n, (n - other) % n, (n - own) % n)
                    : between_rotations(out, n, own, other);
    if (status != BF_OK)
        bf_dft_clear(out);
    else if (parts && !indices)
        part(out, n, d->to_slots);
    return status;
}

bf_status bf_dft_make(bf_dft_group *out, const bf_dft *d, bool indices)
{
    unsigned begin[BF_DFT_GROUPS_MAX + 1] = {0};
    BF_TRY(check(d));
    for (unsigned g = 0; g < d->groups; g++)
        begin[g + 1] = begin[g] + d->radix[g];
    for (unsigned g = 0; g < d->groups; g++) {
        bf_status status = make_group(&out[g], d, g, begin, indices);
        if (status == BF_OK) continue;
        while (g-- > 0) bf_dft_clear(&out[g]);
        return status;
    }
    return BF_OK;
}
