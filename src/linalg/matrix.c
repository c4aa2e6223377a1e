#include "base/memory.h"
#include "blindfit/train.h"

bf_status bf_matrix_init(bf_matrix *m, size_t rows, size_t cols)
{
    size_t count, bytes;
    if (rows == 0 || cols == 0)
        return bf_fail(BF_ERR_ARGUMENT, "a matrix of %zu x %zu is empty", rows,
                       cols);
    if (!bf_mul_size(rows, cols, &count) ||
        !bf_mul_size(count, sizeof(double), &bytes))
        return bf_fail(BF_ERR_MEMORY, "a matrix of %zu x %zu is too large",
                       rows, cols);
    double *data = bf_alloc_zero(bytes);
    if (!data) return BF_ERR_MEMORY;
    *m = (bf_matrix){.rows = rows, .cols = cols, .data = data};
    return BF_OK;
}

void bf_matrix_clear(bf_matrix *m)
{
    bf_free(m->data);
    *m = (bf_matrix){0};
}
