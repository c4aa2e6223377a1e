/* The diagonal bound of the fixed Hessian in arXiv 2304.03807: B_k =
 * 1 / (1e-10 + 1/4 sum_i |x_ik| sum_j |x_ij|), with the leading 1 among the
 * x. Scaling columns by sqrt(B) and weights by 1/sqrt(B) turns the paper's
 * G * B into G and leaves the algorithm the same, without a product by B
 * under encryption. A further factor sqrt(n)/2, which the step 4/n takes back,
 * makes sizes independent of n, as whitening does. Rows then have norm at most
 * sqrt(n):
 *   n/4 sum_k x_k^2 B_k <= n/4 sum_k 4 x_k^2 / (|x_k| sum_j |x_j|) = n. */
#include <math.h>

#include "base/memory.h"
#include "base/status.h"
#include "train/owner/transform.h"

static void add_row(double *sum, const double *row, size_t d)
{
    double norm = 1;
    for (size_t j = 0; j < d; j++) norm += fabs(row[j]);
    sum[0] += norm;
    for (size_t j = 0; j < d; j++) sum[j + 1] += fabs(row[j]) * norm;
}

/* Which one holds the largest value: products with it are what overflows. */
static size_t largest_column(const bf_matrix *x)
{
    size_t at = 0;
    for (size_t i = 1; i < x->rows * x->cols; i++)
        if (fabs(x->data[i]) > fabs(x->data[at])) at = i;
    return at % x->cols;
}

static bf_status check_sums(const double *sum, const bf_matrix *x)
{
    for (size_t k = 0; k <= x->cols; k++)
        if (!isfinite(sum[k]))
            return bf_fail(BF_ERR_RANGE,
                           "features: column %zu holds values so large that "
                           "products with it leave double precision",
                           largest_column(x) + 1);
    return BF_OK;
}

bf_status bf_paper_fit(bf_transform *t, const bf_matrix *x)
{
    size_t d = x->cols;
    double *row = bf_alloc(d * sizeof(double));
    if (!row) return BF_ERR_MEMORY;
    for (size_t i = 0; i < x->rows; i++) {
        bf_map_rows(row, t->map, x, i, 1);
        add_row(t->scale, row, d);
    }
    bf_free(row);
    BF_TRY(check_sums(t->scale, x));
    double common = sqrt((double)x->rows) / 2;
    for (size_t k = 0; k <= d; k++)
        if (t->scale[k] > 0)
            t->scale[k] = common / sqrt(1e-10 + t->scale[k] / 4);
    return BF_OK;
}
