/* Rows as input of the linear part of a transform or a model. */
#ifndef BF_TRAIN_OWNER_MAPPED_H
#define BF_TRAIN_OWNER_MAPPED_H

#include "train/expansion.h"

/* Number of rows processed at a time, so that a fit needs no second copy of its
 * data. */
#define BF_ROW_BLOCK 1024

static inline size_t bf_block_rows(size_t rows, size_t first)
{
    return rows - first < BF_ROW_BLOCK ? rows - first : BF_ROW_BLOCK;
}
static inline double bf_view_at(const bf_view *v, size_t i, size_t j)
{
    size_t at = i * v->stride + j;
    return v->type == BF_FLOAT64 ? ((const double *)v->data)[at]
                                 : (double)((const float *)v->data)[at];
}

/* Input rows of a linear model: mapped, and expanded if there is an expansion.
 */
typedef struct bf_mapped {
    bf_feature_map map;
    bf_view x;
    size_t cols;
    const bf_expansion *expansion; /* or NULL */
    double *random;                /* [cols][x.cols], r */
    double *offset; /* [cols], b */
    double *block;  /* rows of a block, standardised */
} bf_mapped;
BF_MUST_CHECK bf_status bf_mapped_init(bf_mapped *m, bf_feature_map map,
                                       const bf_view *x,
                                       const bf_expansion *expansion);
void bf_mapped_clear(bf_mapped *m);
/* out[count][cols] = rows first.. of x; at most BF_ROW_BLOCK of them. */
void bf_mapped_rows(double *out, const bf_mapped *m, size_t first,
                    size_t count);

/* Differs, but for a chance of 2^-64, for other numbers and for the same rows
 * in another order; never 0. Fast, and not made against adversaries. */
uint64_t bf_fingerprint(const bf_view *x);

/* Resolves AUTO to NONE or SQRT: SQRT if no value is negative. Checks every
 * value: BF_ERR_RANGE names row and column. */
BF_MUST_CHECK bf_status bf_map_resolve(bf_feature_map *out, bf_feature_map map,
                                       const bf_view *x);
/* out[count][d] = map(rows first.. of x). */
void bf_map_rows(double *out, bf_feature_map map, const bf_view *x,
                 size_t first, size_t count);
/* mean[cols], and sd[cols] (1/n inside), 0 for features that do not vary by
 * more than rounding. BF_ERR_RANGE names a column whose spread leaves double
 * precision. */
BF_MUST_CHECK bf_status bf_column_moments(double *mean, double *sd,
                                          const bf_mapped *x);

/* Computes mean and scale from these training rows. */
BF_MUST_CHECK bf_status bf_expansion_fit(bf_expansion *e, bf_feature_map map,
                                         const bf_view *x);

#endif
