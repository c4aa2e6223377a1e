#include "blindfit/matrix.h"

#include <string.h>

#include "base/memory.h"
#include "base/status.h"

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

bf_status bf_view_check(const bf_view *v, const char *what)
{
    size_t count, bytes;
    if (v->rows == 0 || v->cols == 0 || !v->data)
        return bf_fail(BF_ERR_ARGUMENT, "%s: a view of %zu x %zu%s is empty",
                       what, v->rows, v->cols, v->data ? "" : " at NULL");
    if (v->stride < v->cols)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: rows %zu elements apart have %zu columns", what,
                       v->stride, v->cols);
    if (v->type != BF_FLOAT64 && v->type != BF_FLOAT32)
        return bf_fail(BF_ERR_ARGUMENT, "%s: numbers of type %d", what,
                       (int)v->type);
    if (!bf_mul_size(v->rows, v->stride, &count) ||
        !bf_mul_size(count, sizeof(double), &bytes))
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: %zu rows, %zu elements apart, are "
                       "more than memory",
                       what, v->rows, v->stride);
    return BF_OK;
}

void bf_view_row(double *out, const bf_view *v, size_t i)
{
    if (v->type == BF_FLOAT64) {
        memcpy(out, (const double *)v->data + i * v->stride,
               v->cols * sizeof *out);
        return;
    }
    const float *row = (const float *)v->data + i * v->stride;
    for (size_t j = 0; j < v->cols; j++) out[j] = row[j];
}

bf_status bf_matrix_from(bf_matrix *out, const bf_view *v)
{
    bf_matrix made;
    BF_TRY(bf_view_check(v, "matrix"));
    BF_TRY(bf_matrix_init(&made, v->rows, v->cols));
    for (size_t i = 0; i < v->rows; i++)
        bf_view_row(made.data + i * v->cols, v, i);
    bf_matrix_clear(out);
    *out = made;
    return BF_OK;
}
