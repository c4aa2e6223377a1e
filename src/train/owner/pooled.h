/* One transform for the rows of several owners, from sums over all rows. The
 * owners learn these sums: mean and covariance of all rows (`paper`: d + 1 sums
 * of products). Two owners therefore learn each other's sums exactly.
 *
 * Moments are the sums over mapped rows of m_j and of m_j^2, in numbers of 16
 * bytes (secure_sum.h). For `paper` they are the sums of |x_k| sum_j |x_j|, k =
 * 0..d, and there is no second sum. Products are the upper triangle, by rows,
 * of sum z z^T over rows z that the pooled moments standardise, in numbers of 8
 * bytes.
 *
 *   bf_pooled_moments   each owner's moments, which are then masked and added
 *   bf_pooled_products  each owner's products, from the total of moments
 *   bf_pooled_fit       the transform, which owner 0 makes from both totals
 *   bf_pooled_check     checks the transform, for all other owners.
 *                       Eigenvectors depend on the machine that computed them;
 *                       the equations that they satisfy do not */
#ifndef BF_TRAIN_OWNER_POOLED_H
#define BF_TRAIN_OWNER_POOLED_H

#include "train/owner/secure_sum.h"
#include "train/owner/transform.h"

/* With both limits, sums of squares stay below 2^126 units of 2^-64, and
 * products below 2^62 units of 2^-40. */
#define BF_POOLED_VALUE_MAX 0x1p20
#define BF_POOLED_ROWS_MAX ((size_t)1 << 22)
/* Computed eigenvalues of correlations have errors of about 2^-53 of the
 * largest eigenvalue, which is at most d: 5e-13 for d = 4,096. With this least
 * ridge, the check's tolerance of 1e-6 is a hundred times that error, relative
 * to the smallest e + lambda. */
#define BF_POOLED_RIDGE_MIN 1e-4

typedef struct bf_pooling {
    const bf_recipe *recipe; /* map NONE or SQRT */
    size_t features;         /* d */
    unsigned owners;
    const char *name[BF_OWNERS_MAX]; /* for messages */
    size_t rows[BF_OWNERS_MAX];
    /* If other rows than these are transformed: by how much their U^T U can
     * exceed n. Transformed rows are divided by sqrt(1 + excess). */
    double excess;
} bf_pooling;

typedef enum bf_pooled_sum {
    BF_POOLED_MOMENTS,
    BF_POOLED_PRODUCTS
} bf_pooled_sum;
/* Count of numbers in a sum's vector; 0 if the recipe has no such sum. */
size_t bf_pooled_count(const bf_pooling *p, bf_pooled_sum sum);
unsigned bf_pooled_width(bf_pooled_sum sum);

/* BF_ERR_ARGUMENT for rows that cannot be pooled. Allowed are 1 to
 * BF_OWNERS_MAX owners, at most BF_POOLED_ROWS_MAX rows, a map that the recipe
 * fixes, and a ridge of at least BF_POOLED_RIDGE_MIN. Random features are not:
 * their products would need a third sum, of their moments. Every owner needs 2
 * d rows: with fewer rows, the d (d + 3)/2 numbers would be more than a quarter
 * of the numbers in the rows (`paper`: d + 1 numbers, and five rows). */
BF_MUST_CHECK bf_status bf_pooling_check(const bf_pooling *p);

/* One owner's vectors, of bf_pooled_count numbers; x is read in place.
 * BF_ERR_MISMATCH for rows of another shape than the pooling's. BF_ERR_RANGE,
 * with row and column, for a value that is not finite, negative under sqrt or,
 * mapped, above BF_POOLED_VALUE_MAX; and for totals that no such rows have. */
BF_MUST_CHECK bf_status bf_pooled_moments(uint8_t *out, const bf_pooling *p,
                                          unsigned owner, const bf_view *x,
                                          bf_env *env);
BF_MUST_CHECK bf_status bf_pooled_products(uint8_t *out, const bf_pooling *p,
                                           unsigned owner, const bf_view *x,
                                           const uint8_t *moments,
                                           bf_env *env);

/* Fits the transform to totals (products NULL for `paper`). Clips rows to clip
 * sqrt(k - 1), for any number of rows. BF_ERR_RANGE for totals that no such
 * rows have. */
BF_MUST_CHECK bf_status bf_pooled_fit(bf_transform **out, const bf_pooling *p,
                                      const uint8_t *moments,
                                      const uint8_t *products, bf_env *env);
/* BF_ERR_MISMATCH, with the difference, unless these totals give t. All parts
 * but the linear map must agree to the bit. With the correlations R, their k -
 * 1 largest eigenvalues E, and the map A of standardised rows,
 *   A^T R A = E/(E + lambda),  A^T A = 1/(E + lambda)
 * must hold to 1e-6, the second equation relative to its diagonal. */
BF_MUST_CHECK bf_status bf_pooled_check(const bf_transform *t,
                                        const bf_pooling *p,
                                        const uint8_t *moments,
                                        const uint8_t *products, bf_env *env);

#endif
