#include "train/column_blocks.h"

#include "base/status.h"

static bf_status check(const bf_recipe *r, size_t n, size_t d, unsigned owners)
{
    BF_TRY(bf_recipe_check(r));
    if (owners < 2 || owners > BF_OWNERS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u owners of columns; 2 to %d", owners,
                       BF_OWNERS_MAX);
    if (r->kind != BF_RECIPE_WHITENED)
        return bf_fail(BF_ERR_ARGUMENT,
                       "columns of several owners: the recipe `paper` scales "
                       "them by sums of whole rows, which no owner has (plan "
                       "with --recipe whitened)");
    if (r->expand.count || r->components)
        return bf_fail(BF_ERR_ARGUMENT, "columns of several owners: %s",
                       r->expand.count ? "no random features"
                                       : "all components are kept");
    if (n <= d)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%zu rows of %zu columns of several owners; more rows "
                       "than columns",
                       n, d);
    return BF_OK;
}

bf_status bf_column_blocks(bf_column_block *out, const bf_recipe *r, size_t n,
                           const size_t *features, unsigned owners)
{
    size_t d = 0;
    for (unsigned b = 0; b < owners && b < BF_OWNERS_MAX; b++) {
        if (features[b] == 0 || features[b] > n)
            return bf_fail(BF_ERR_ARGUMENT,
                           "owner %u has %zu columns of %zu rows", b,
                           features[b], n);
        d += features[b];
    }
    BF_TRY(check(r, n, d, owners));
    size_t next = 0;
    for (unsigned b = 0; b < owners; b++) {
        out[b] = (bf_column_block){.blocks = owners,
                                   .number = b,
                                   .features = features[b],
                                   .first = next,
                                   .count = features[b] + (b == 0),
                                   .cols = bf_recipe_outputs(r, n, d)};
        next += out[b].count;
    }
    return BF_OK;
}

void bf_column_block_pairs(const bf_column_block *b, const bf_layout *l,
                           size_t *first, size_t *last)
{
    *first = b->first / (2 * l->f);
    *last = (b->first + b->count - 1) / (2 * l->f) + 1;
}
