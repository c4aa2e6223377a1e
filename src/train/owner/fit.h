/* Steps of a fit that one owner's rows and the totals of several owners
 * (pooled.h) share. */
#ifndef BF_TRAIN_OWNER_FIT_H
#define BF_TRAIN_OWNER_FIT_H

#include "train/owner/transform.h"

/* Directions below this part of the largest eigenvalue are rounding: eigenvalues
 * are computed to about d * 2^-53 of the largest. */
#define BF_WHITEN_NEGLIGIBLE 1e-10

/* Adds weight * sum of z z^T over the rows, z = (f - t->mean) * inv, to the upper
 * triangle of sum[width][width]. */
BF_MUST_CHECK bf_status bf_whiten_products(double *sum, const bf_transform *t,
                                           const double *inv, double weight,
                                           const bf_mapped *x);
/* Fills t->linear from the features' correlations, upper triangle, which are
 * overwritten; inv as above. */
BF_MUST_CHECK bf_status bf_whiten_root(bf_transform *t, double *corr,
                                       const double *inv, double lambda);
/* a (m x m, upper triangle) becomes its eigenvectors, a row each; e ascends. */
BF_MUST_CHECK bf_status bf_whiten_eigen(double *a, double *e, size_t m);
/* clip times the typical norm of a row without its constant, which is public. */
double bf_whiten_clip_norm(const bf_transform *t, double clip);
/* BF_ERR_RANGE unless any column is worth keeping; t->dropped says how many vary
 * by too little. */
BF_MUST_CHECK bf_status bf_whiten_check_varies(const bf_transform *t,
                                               bool any);

/* Adds the rows' |x_k| sum_j |x_j| to sum[d + 1], the leading 1 among the x. */
BF_MUST_CHECK bf_status bf_paper_add_rows(double *sum, bf_feature_map map,
                                          const bf_view *x);
/* t->scale, those sums over n rows, becomes the scale. */
void bf_paper_scale(bf_transform *t, size_t n);

#endif
