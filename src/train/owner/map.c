#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/owner/mapped.h"

bf_status bf_map_resolve(bf_feature_map *out, bf_feature_map map,
                         const bf_view *x)
{
    bool negative = false;
    for (size_t i = 0; i < x->rows; i++) {
        for (size_t j = 0; j < x->cols; j++) {
            double v = bf_view_at(x, i, j);
            if (!isfinite(v))
                return bf_fail(BF_ERR_RANGE,
                               "features: row %zu, column %zu is %s", i + 1,
                               j + 1, isnan(v) ? "not a number" : "infinite");
            if (v < 0 && map == BF_MAP_SQRT)
                return bf_fail(BF_ERR_RANGE,
                               "features: row %zu, column %zu is %g, and the "
                               "map takes square roots; train with --map none",
                               i + 1, j + 1, v);
            negative |= v < 0;
        }
    }
    if (map == BF_MAP_AUTO) map = negative ? BF_MAP_NONE : BF_MAP_SQRT;
    *out = map;
    return BF_OK;
}

void bf_map_rows(double *out, bf_feature_map map, const bf_view *x,
                 size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++, out += x->cols) {
        bf_view_row(out, x, i);
        if (map != BF_MAP_SQRT) continue;
        for (size_t j = 0; j < x->cols; j++) out[j] = sqrt(out[j]);
    }
}

/* Adds the column sums of v, or of (v - mean)^2 when mean is given. */
static void add_columns(double *sum, const double *v, const double *mean,
                        size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i++, v += cols) {
        if (!mean) {
            for (size_t j = 0; j < cols; j++) sum[j] += v[j];
            continue;
        }
        for (size_t j = 0; j < cols; j++) {
            double e = v[j] - mean[j];
            sum[j] += e * e;
        }
    }
}

bf_status bf_column_moments(double *mean, double *sd, const bf_mapped *x)
{
    size_t n = x->x.rows, d = x->cols;
    double *block = bf_alloc(bf_block_rows(n, 0) * d * sizeof(double));
    if (!block) return BF_ERR_MEMORY;
    double *moments[2] = {mean, sd};
    for (int pass = 0; pass < 2; pass++) {
        memset(moments[pass], 0, d * sizeof(double));
        for (size_t i = 0; i < n; i += BF_ROW_BLOCK) {
            size_t rows = bf_block_rows(n, i);
            bf_mapped_rows(block, x, i, rows);
            add_columns(moments[pass], block, pass ? mean : NULL, rows, d);
        }
        for (size_t j = 0; j < d; j++) moments[pass][j] /= (double)n;
    }
    bf_free(block);
    for (size_t j = 0; j < d; j++)
        if (!isfinite(sd[j]) || !isfinite(mean[j]))
            return bf_fail(BF_ERR_RANGE,
                           "features: column %zu holds values so large that "
                           "their spread leaves double precision",
                           j + 1);
    for (size_t j = 0; j < d; j++) {
        /* The computed deviation of n equal values is rounding only: the mean
         * has a relative error of at most n roundings of 2^-53. */
        double noise = fabs(mean[j]) * (double)n * 0x1p-52;
        sd[j] = sqrt(sd[j]);
        if (sd[j] <= noise || sd[j] < 1e-150) sd[j] = 0;
    }
    return BF_OK;
}
