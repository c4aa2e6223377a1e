/* An owner's block of columns (train/column_blocks.h): fitted without the
 * others.
 *
 * Each block's features contribute at most n to its own A'A (train/bounds.c);
 * with the factor 1/sqrt(B),
 *   |sum_b A_b x_b|^2 <= (sum_b sqrt(n/B) |x_b|)^2 <= n |x|^2,
 * so that U'U <= 2n holds for any correlation between blocks, and rows stay
 * below sqrt(1 + clip^2 (k - 1)). */
#ifndef BF_TRAIN_OWNER_BLOCK_H
#define BF_TRAIN_OWNER_BLOCK_H

#include "train/column_blocks.h"
#include "train/owner/transform.h"

/* bf_transform_fit_view on the owner's columns with that factor; x is n x
 * b->features. BF_ERR_MISMATCH for other columns. */
BF_MUST_CHECK bf_status bf_block_fit(bf_transform **out, const bf_recipe *r,
                                     const bf_column_block *b,
                                     const bf_view *x, bf_env *env);
/* u (n x k): bf_transform_apply_view in the block's columns, zeros in others.
 */
BF_MUST_CHECK bf_status bf_block_apply(bf_matrix *u, const bf_transform *t,
                                       const bf_column_block *b,
                                       const bf_view *x, bool training,
                                       bf_env *env);
/* Selects from weights C x k those for bf_transform_unmap of the block's
 * transform. The scores of all blocks' models add up to the model's scores. */
BF_MUST_CHECK bf_status bf_block_weights(bf_matrix *own,
                                         const bf_column_block *b,
                                         const bf_matrix *weights);

#endif
