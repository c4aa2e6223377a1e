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
#include "train/owner/fit.h"

/* Starting value of every weight. */
#define START 0.0128

static bool is_shaped(const bf_transform *t)
{
    return !t->expansion && t->outputs == t->inputs + 1;
}

static unsigned arrays(bf_transform *t,
                       bf_transform_array out[BF_TRANSFORM_ARRAYS])
{
    out[0] = (bf_transform_array){&t->scale, t->outputs};
    return 1;
}

static void add_row(double *sum, const double *row, size_t d)
{
    double norm = 1;
    for (size_t j = 0; j < d; j++) norm += fabs(row[j]);
    sum[0] += norm;
    for (size_t j = 0; j < d; j++) sum[j + 1] += fabs(row[j]) * norm;
}

/* The column with the largest value, whose products overflow first. */
static size_t largest_column(const bf_view *x)
{
    size_t at = 0;
    double most = 0;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) {
            double v = fabs(bf_view_at(x, i, j));
            if (v <= most) continue;
            most = v;
            at = j;
        }
    return at;
}

static bf_status check_sums(const double *sum, const bf_view *x)
{
    for (size_t k = 0; k <= x->cols; k++)
        if (!isfinite(sum[k]))
            return bf_fail(BF_ERR_RANGE,
                           "features: column %zu holds values so large that "
                           "products with it leave double precision",
                           largest_column(x) + 1);
    return BF_OK;
}

bf_status bf_paper_add_rows(double *sum, bf_feature_map map, const bf_view *x)
{
    double *row = bf_alloc(x->cols * sizeof(double));
    if (!row) return BF_ERR_MEMORY;
    for (size_t i = 0; i < x->rows; i++) {
        bf_map_rows(row, map, x, i, 1);
        add_row(sum, row, x->cols);
    }
    bf_free(row);
    return check_sums(sum, x);
}

void bf_paper_scale(bf_transform *t, size_t n)
{
    double common = sqrt((double)n) / 2;
    for (size_t k = 0; k < t->outputs; k++)
        if (t->scale[k] > 0)
            t->scale[k] = common / sqrt(1e-10 + t->scale[k] / 4);
}

static bf_status fit(bf_transform *t, const bf_recipe *recipe, const bf_view *x)
{
    (void)recipe;
    BF_TRY(bf_paper_add_rows(t->scale, t->map, x));
    bf_paper_scale(t, x->rows);
    return BF_OK;
}

static void rows(double *u, const bf_transform *t, const bf_mapped *x,
                 size_t first, size_t count, double *scratch)
{
    bf_mapped_rows(scratch, x, first, count);
    for (size_t i = 0; i < count; i++) {
        const double *row = scratch + i * t->inputs;
        double *to = u + i * t->outputs;
        to[0] = t->scale[0];
        for (size_t j = 1; j < t->outputs; j++)
            to[j] = row[j - 1] * t->scale[j];
    }
}

/* All initial weights are equal, and each iteration combines V and W with
 * factors that sum to 1, so that a weight without gradient does not change. */
static void unmap(double *to, const bf_transform *t, const double *v)
{
    for (size_t j = 0; j < t->outputs; j++)
        to[j] = t->scale[j] > 0 ? v[j] * t->scale[j] : START;
}

static double start(const bf_transform *t, size_t column)
{
    return t->scale[column] > 0 ? START / t->scale[column] : 0;
}

const bf_transform_ops bf_transform_paper = {is_shaped, arrays, fit,
                                             rows,      unmap,  start};
