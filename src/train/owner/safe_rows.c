/* Checks that rows u = (1, x) satisfy the conditions of the proof for a safe
 * recipe (bounds.c). Rows to which the transform was fitted satisfy both
 * conditions; other rows, which the transform of other data maps, may not. */
#include <cblas.h>
#include <lapacke.h>
#include <math.h>

#include "base/memory.h"
#include "base/status.h"
#include "train/owner/blas.h"
#include "train/owner/product.h"
#include "train/owner/transform.h"

/* Slack for rounding errors; the modulus's spare bits cover such an excess. */
#define SLACK 1e-6

static bf_status check_norms(const bf_matrix *u, double bound)
{
    for (size_t i = 0; i < u->rows; i++) {
        double norm =
            cblas_dnrm2((blasint)u->cols, u->data + i * u->cols, 1);
        if (!(norm <= bound * (1 + SLACK)))
            return bf_fail(BF_ERR_RANGE,
                           "row %zu is %.4g long by this transform, the proof "
                           "that scores stay in range wants %.4g at most",
                           i + 1, norm, bound);
    }
    return BF_OK;
}

/* OK if most n - X^T X has a Cholesky root, and so no negative eigenvalue. */
static bf_status check_products(const bf_matrix *u, double most, double *m)
{
    size_t k = u->cols - 1;
    const double *x = u->data + 1;
    bf_multiply(&(bf_product){.rows = k,
                              .cols = k,
                              .depth = u->rows,
                              .alpha = -1 / (double)u->rows,
                              .a = {x, u->cols, true},
                              .b = {x, u->cols, false},
                              .c = m,
                              .stride = k,
                              .upper = true});
    for (size_t j = 0; j < k; j++) m[j * k + j] += most * (1 + SLACK);
    /* Column-major lower is row-major upper. */
    lapack_int info = LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', (lapack_int)k, m,
                                     (lapack_int)k);
    if (info == 0) return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "the transform does not whiten these rows, so nothing is "
                   "proved of the range of their scores");
}

bf_status bf_rows_check_safe(const bf_matrix *u, double row, double most)
{
    size_t k = u->cols - 1;
    BF_BLAS_ALONE();
    BF_TRY(check_norms(u, row));
    double *m = bf_alloc(k * k * sizeof *m);
    if (!m) return BF_ERR_MEMORY;
    bf_status s = check_products(u, most, m);
    bf_free(m);
    return s;
}
