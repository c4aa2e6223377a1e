/* Which columns of a job's rows are whose, where owners know other features of
 * the same rows: one block of columns an owner, in their order, each whitened by
 * itself and times 1/sqrt(B) for B blocks (owner/block.h). The constant column
 * is the first of block 0. */
#ifndef BF_TRAIN_COLUMN_BLOCKS_H
#define BF_TRAIN_COLUMN_BLOCKS_H

#include "blindfit/session.h"
#include "linalg/layout.h"

typedef struct bf_column_block {
    unsigned blocks, number; /* B, and which of them this is, from 0 */
    size_t features;         /* of the owner's rows */
    size_t first, count;     /* columns of transformed rows; the constant is
                              * block 0's */
    size_t cols;             /* k, of all blocks */
} bf_column_block;

/* out[owners], for n rows; k is bf_recipe_outputs of all features together.
 * BF_ERR_ARGUMENT for fewer than 2 or more than BF_OWNERS_MAX owners, one without
 * features, no more rows than features in all, and recipes that have no blocks:
 * `paper`, whose scale needs products of one owner's columns with another's,
 * random features, which mix all columns, and a choice of components, which are
 * those of all columns together. */
BF_MUST_CHECK bf_status bf_column_blocks(bf_column_block *out,
                                         const bf_recipe *r, size_t n,
                                         const size_t *features,
                                         unsigned owners);
/* Pairs of feature chunks [*first, *last) of the layout that hold columns of the
 * block; one at a border holds others' too, and inputs are sums of parts. */
void bf_column_block_pairs(const bf_column_block *b, const bf_layout *l,
                           size_t *first, size_t *last);

#endif
