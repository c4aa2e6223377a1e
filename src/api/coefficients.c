/* Maps between slots and coefficients. */
#include "api/api.h"
#include "base/bits.h"
#include "ckks/dft.h"

static const char what[] = "transform";

static bf_status check_shape(const bf_ckks *c, size_t n, unsigned groups,
                             unsigned level)
{
    if (n < 2 || !bf_is_power_of_two(n) || n > bf_ckks_slots(c))
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: %zu slots: must be a power of two from 2 to %zu",
                       what, n, bf_ckks_slots(c));
    unsigned most = bf_log2_ceil(n);
    if (most > BF_DFT_GROUPS_MAX) most = BF_DFT_GROUPS_MAX;
    if (groups < 1 || groups > most)
        return bf_fail(BF_ERR_ARGUMENT, "%s: %u maps for %zu slots: 1 to %u",
                       what, groups, n, most);
    BF_TRY(bf_api_check_level(c, level, what));
    if (groups <= level) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: takes %u levels, and is for level %u",
                   what, groups, level);
}

/* Butterflies are shared evenly; the first groups have one more. */
static bf_dft split(size_t n, bool to_slots, unsigned groups)
{
    bf_dft d = {
        .log_slots = bf_log2_ceil(n), .to_slots = to_slots, .groups = groups};
    for (unsigned g = 0; g < groups; g++)
        d.radix[g] = (d.log_slots + groups - 1 - g) / groups;
    return d;
}

/* One group as a map; scale undoes the factors of its butterflies. */
static bf_status make_map(bf_linear **out, const bf_ckks *c,
                          const bf_dft_group *g, double scale, unsigned level)
{
    size_t *index = bf_alloc(g->count * sizeof *index);
    if (!index) return BF_ERR_MEMORY;
    for (size_t i = 0; i < g->count; i++) index[i] = g->diagonals[i].index;
    for (size_t i = 0; i < g->count * g->dim; i++) g->values[i] *= scale;
    bf_status status = bf_linear_create_diagonals(out, c, g->dim, index,
                                                  g->values, g->count, level);
    bf_free(index);
    return status;
}

bf_status bf_linear_create_transform(bf_linear **maps, const bf_ckks *c,
                                     size_t n, bool to_slots, unsigned groups,
                                     unsigned level)
{
    bf_dft_group g[BF_DFT_GROUPS_MAX] = {{0}};
    bf_linear *made[BF_DFT_GROUPS_MAX] = {NULL};
    BF_TRY(check_shape(c, n, groups, level));
    bf_dft d = split(n, to_slots, groups);
    bf_status status = bf_dft_make(g, &d, false);
    for (unsigned i = 0; i < groups && status == BF_OK; i++) {
        /* An inverse butterfly of bf_dft is twice the inverse. */
        double scale = to_slots ? 1 / (double)((size_t)1 << d.radix[i]) : 1;
        status = make_map(&made[i], c, &g[i], scale, level - i);
    }
    for (unsigned i = 0; i < groups; i++) {
        bf_dft_clear(&g[i]);
        bf_linear *old = status == BF_OK ? maps[i] : made[i];
        bf_linear_destroy(old);
        if (status == BF_OK) maps[i] = made[i];
    }
    return status;
}
