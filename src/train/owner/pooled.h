/* One transform for the rows of several owners, from sums over all of them. What
 * the owners learn are these sums: mean and covariance of all rows (`paper`: d + 1
 * sums of products); two owners each other's, exactly.
 *
 * Moments are sums over rows, mapped, of m_j and of m_j^2, numbers of 16 bytes
 * (secure_sum.h); for `paper` of |x_k| sum_j |x_j| instead, k = 0..d, and there
 * is no second sum. Products are, of rows standardised by the pooled moments, the
 * upper triangle of sum z z^T by rows, numbers of 8 bytes.
 *
 *   bf_pooled_moments   each owner's, then masked, added
 *   bf_pooled_products  each owner's, from the total of moments
 *   bf_pooled_fit       owner 0's transform, from both totals
 *   bf_pooled_check     what all others do with it before they use it: its
 *                       eigenvectors depend on the machine that computed them,
 *                       what they have to satisfy does not */
#ifndef BF_TRAIN_OWNER_POOLED_H
#define BF_TRAIN_OWNER_POOLED_H

#include "train/owner/secure_sum.h"
#include "train/owner/transform.h"

/* With both, sums of squares stay below 2^126 units of 2^-64, products below 2^62
 * of 2^-40. */
#define BF_POOLED_VALUE_MAX 0x1p20
#define BF_POOLED_ROWS_MAX ((size_t)1 << 22)
/* Computed eigenvalues of correlations are off by about 2^-53 of the largest,
 * which is at most d: for d = 4,096 by 5e-13, and with such a ridge the check's
 * 1e-6 is a hundred times that, relative to the smallest e + lambda. */
#define BF_POOLED_RIDGE_MIN 1e-4

typedef struct bf_pooling {
    const bf_recipe *recipe; /* map NONE or SQRT */
    size_t features;         /* d */
    unsigned owners;
    size_t rows[BF_OWNERS_MAX];
} bf_pooling;

typedef enum bf_pooled_sum {
    BF_POOLED_MOMENTS,
    BF_POOLED_PRODUCTS
} bf_pooled_sum;
/* Numbers of a sum's vector; 0: the recipe has no such sum. */
size_t bf_pooled_count(const bf_pooling *p, bf_pooled_sum sum);
unsigned bf_pooled_width(bf_pooled_sum sum);

/* BF_ERR_ARGUMENT for what cannot be pooled, before anything is: 2 to
 * BF_OWNERS_MAX owners, at most BF_POOLED_ROWS_MAX rows, a map that is chosen, no
 * random features (the products of these would need a third sum, of their own
 * moments), a ridge of BF_POOLED_RIDGE_MIN. An owner with fewer than 2 d rows is
 * refused: d (d + 3)/2 numbers would tell more than a quarter of those that its
 * rows are (`paper`: d + 1, with fewer than five rows). */
BF_MUST_CHECK bf_status bf_pooling_check(const bf_pooling *p);

/* Vectors of one owner, of bf_pooled_count numbers; x is read in place.
 * BF_ERR_MISMATCH for rows of other shapes than the pooling says; BF_ERR_RANGE
 * names row and column of a value that is not finite, negative under sqrt or,
 * mapped, above BF_POOLED_VALUE_MAX, and for totals that cannot be of such
 * rows. */
BF_MUST_CHECK bf_status bf_pooled_moments(uint8_t *out, const bf_pooling *p,
                                          unsigned owner, const bf_view *x,
                                          bf_env *env);
BF_MUST_CHECK bf_status bf_pooled_products(uint8_t *out, const bf_pooling *p,
                                           unsigned owner, const bf_view *x,
                                           const uint8_t *moments,
                                           bf_env *env);

/* From totals (products NULL for `paper`). Rows are clipped to clip sqrt(k - 1),
 * however few they are. BF_ERR_RANGE for totals that are of no such rows. */
BF_MUST_CHECK bf_status bf_pooled_fit(bf_transform **out, const bf_pooling *p,
                                      const uint8_t *moments,
                                      const uint8_t *products, bf_env *env);
/* BF_ERR_MISMATCH, with what differs, unless t is as these totals make it: all but
 * the linear map to the bit, and with R the correlations, E the k - 1 largest of
 * their eigenvalues and A the map of standardised rows,
 *   A^T R A = E/(E + lambda),  A^T A = 1/(E + lambda)
 * to 1e-6, the second relative to its diagonal. */
BF_MUST_CHECK bf_status bf_pooled_check(const bf_transform *t,
                                        const bf_pooling *p,
                                        const uint8_t *moments,
                                        const uint8_t *products, bf_env *env);

#endif
