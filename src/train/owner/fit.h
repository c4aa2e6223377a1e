/* Steps of a fit, shared by fits on one owner's rows and on the totals of
 * several owners (pooled.h). */
#ifndef BF_TRAIN_OWNER_FIT_H
#define BF_TRAIN_OWNER_FIT_H

#include "train/owner/transform.h"

/* Directions with an eigenvalue below this part of the largest are rounding
 * errors: computed eigenvalues are accurate to about d * 2^-53 of the largest.
 */
#define BF_WHITEN_NEGLIGIBLE 1e-10

/* Adds weight * sum of z z^T over the rows, z = (f - t->mean) * inv, to the
 * upper triangle of sum[width][width]. */
BF_MUST_CHECK bf_status bf_whiten_products(double *sum, const bf_transform *t,
                                           const double *inv, double weight,
                                           const bf_mapped *x);
/* Fills t->linear from the features' correlations, upper triangle, which are
 * overwritten; inv as above. */
BF_MUST_CHECK bf_status bf_whiten_root(bf_transform *t, double *corr,
                                       const double *inv, double lambda);
/* Replaces a (m x m, upper triangle) by its eigenvectors, one a row;
 * eigenvalues e ascend. */
BF_MUST_CHECK bf_status bf_whiten_eigen(double *a, double *e, size_t m);
/* The public limit of row norms: clip times the typical norm of a row without
 * its constant. */
double bf_whiten_clip_norm(const bf_transform *t, double clip);
/* BF_ERR_RANGE if no column varies enough; t->dropped counts columns that vary
 * by too little. */
BF_MUST_CHECK bf_status bf_whiten_check_varies(const bf_transform *t,
                                               bool any);

/* Adds the rows' |x_k| sum_j |x_j| to sum[d + 1], the leading 1 among the x. */
BF_MUST_CHECK bf_status bf_paper_add_rows(double *sum, bf_feature_map map,
                                          const bf_view *x);
/* Turns t->scale, which holds these sums over n rows, into the scale. */
void bf_paper_scale(bf_transform *t, size_t n);

#endif
