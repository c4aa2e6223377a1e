/* Matrices of real numbers, row-major: owned matrices, and views of the
 * caller's memory. */
#ifndef BLINDFIT_MATRIX_H
#define BLINDFIT_MATRIX_H

#include "blindfit/blindfit.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bf_matrix {
    size_t rows, cols;
    double *data; /* owned; bf_matrix_clear frees */
} bf_matrix;
/* Zero-filled; both dimensions at least 1. BF_ERR_ARGUMENT, BF_ERR_MEMORY. */
BF_API BF_MUST_CHECK bf_status bf_matrix_init(bf_matrix *m, size_t rows,
                                              size_t cols);
BF_API void bf_matrix_clear(bf_matrix *m); /* safe on zeroed matrices */

typedef enum bf_number { BF_FLOAT64, BF_FLOAT32 } bf_number;

/* A matrix in memory of the caller, which must stay valid while a function uses
 * the view; a view copies and frees nothing. Entry (i, j) is element i*stride +
 * j of data, aligned as its type. A vector is one row. */
typedef struct bf_view {
    const void *data; /* may be NULL only without entries */
    size_t rows, cols;
    size_t stride; /* elements from one row to the next, at least cols */
    bf_number type;
} bf_view;

static inline bf_view bf_view_of(const bf_matrix *m)
{
    bf_view v = {m->data, m->rows, m->cols, m->cols, BF_FLOAT64};
    return v;
}
static inline bf_view bf_view_vector(const double *values, size_t count)
{
    bf_view v = {values, 1, count, count, BF_FLOAT64};
    return v;
}
/* out[cols] becomes row i < rows, which is not checked. */
BF_API void bf_view_row(double *out, const bf_view *v, size_t i);
/* BF_ERR_ARGUMENT, with `what` in front of the message, for a view without
 * entries or data, with a stride below its columns, or of an unknown type. */
BF_API BF_MUST_CHECK bf_status bf_view_check(const bf_view *v,
                                             const char *what);
/* A copy. *out is zeroed or an owned matrix, which is freed; unchanged on
 * failure: as bf_view_check, or BF_ERR_MEMORY. */
BF_API BF_MUST_CHECK bf_status bf_matrix_from(bf_matrix *out, const bf_view *v);

#ifdef __cplusplus
}
#endif

#endif
