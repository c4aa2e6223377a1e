#include "train/owner/block.h"

#include <math.h>
#include <string.h>

#include "base/status.h"

bf_status bf_block_fit(bf_transform **out, const bf_recipe *r,
                       const bf_column_block *b, const bf_view *x,
                       bf_env *env)
{
    if (x->cols != b->features)
        return bf_fail(BF_ERR_MISMATCH, "owner %u has %zu columns, not %zu",
                       b->number, x->cols, b->features);
    BF_TRY(bf_transform_fit_view(out, r, x, env));
    bf_transform_scale(*out, 1 / sqrt(b->blocks));
    return BF_OK;
}

/* The columns of block and transform are the same, except for the constant
 * column, which every transform has. */
static size_t constant(const bf_column_block *b)
{
    return b->number == 0 ? 0 : 1;
}

bf_status bf_block_apply(bf_matrix *u, const bf_transform *t,
                         const bf_column_block *b, const bf_view *x,
                         bool training, bf_env *env)
{
    bf_matrix own, all;
    BF_TRY(bf_transform_apply_view(&own, t, x, training, env));
    bf_status status;
    if (own.cols != b->count + constant(b)) {
        status = bf_fail(BF_ERR_MISMATCH,
                         "a transform to %zu columns, not owner %u's", own.cols,
                         b->number);
        goto done;
    }
    BF_GOTO(bf_matrix_init(&all, x->rows, b->cols), done);
    for (size_t i = 0; i < x->rows; i++)
        memcpy(all.data + i * b->cols + b->first,
               own.data + i * own.cols + constant(b),
               b->count * sizeof(double));
    *u = all;
done:
    bf_matrix_clear(&own);
    return status;
}

bf_status bf_block_weights(bf_matrix *own, const bf_column_block *b,
                           const bf_matrix *weights)
{
    bf_matrix w;
    if (weights->cols != b->cols)
        return bf_fail(BF_ERR_MISMATCH, "weights of %zu columns, not of %zu",
                       weights->cols, b->cols);
    BF_TRY(bf_matrix_init(&w, weights->rows, b->count + constant(b)));
    for (size_t c = 0; c < w.rows; c++)
        memcpy(w.data + c * w.cols + constant(b),
               weights->data + c * b->cols + b->first,
               b->count * sizeof(double));
    *own = w;
    return BF_OK;
}
