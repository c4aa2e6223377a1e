/* The columns of a job's rows that each owner has, if owners have different
 * features of the same rows: one block of columns for each owner, in the order
 * of owners. Each block is whitened by itself and multiplied by 1/sqrt(B) for B
 * blocks (owner/block.h). The constant column is the first of block 0. */
#ifndef BF_TRAIN_COLUMN_BLOCKS_H
#define BF_TRAIN_COLUMN_BLOCKS_H

#include "blindfit/session.h"
#include "linalg/layout.h"

typedef struct bf_column_block {
    unsigned blocks, number; /* B, and the number of this block, from 0 */
    size_t features;         /* of the owner's rows */
    size_t first, count;     /* columns of transformed rows; the constant is
                              * block 0's */
    size_t cols;             /* k, of all blocks */
} bf_column_block;

/* out[owners], for n rows; k is bf_recipe_outputs of all features together.
 * BF_ERR_ARGUMENT for fewer than 2 or more than BF_OWNERS_MAX owners, an owner
 * without features, no more rows than features in all, and recipes without
 * blocks: `paper`, whose scale needs sums of whole rows;
 * random features, which mix all columns; and a number of components, which
 * depend on all columns together. */
BF_MUST_CHECK bf_status bf_column_blocks(bf_column_block *out,
                                         const bf_recipe *r, size_t n,
                                         const size_t *features,
                                         unsigned owners);
/* The pairs of feature chunks [*first, *last) of the layout that hold columns
 * of the block. A pair at a border also holds columns of a neighbouring block;
 * then the input is the sum of the owners' parts. */
void bf_column_block_pairs(const bf_column_block *b, const bf_layout *l,
                           size_t *first, size_t *last);

#endif
