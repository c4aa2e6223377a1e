/* The certificate of an iteration: for each class the encrypted sum of squared
 * residuals,
 *   S = sum over the step's rows of r^2,  r = y - p(z).
 *
 * Outside its range the polynomial p runs away, so that S bounds every row's
 * score; and S over the iterations is the training curve. S is opened with the
 * model: owners who hold parts of the rows, and so cannot rehearse, learn from
 * it that the rows fit the job (owner/certified.h, docs/algorithms.md).
 *
 * Residuals lie dense (linalg/layout.h): place q of group g belongs to class
 * (g K + q) mod C. Groups g = j modulo J = C/gcd(C, K) have the same classes,
 * so that element j is the sum of their squares. The J elements are packed like
 * weights, by the keys of the gradient. */
#ifndef BF_TRAIN_CERTIFICATE_H
#define BF_TRAIN_CERTIFICATE_H

#include "train/job.h"

/* Whether any iteration has scores. */
bool bf_certificate_possible(const bf_job *job);
/* BF_ERR_ARGUMENT for a job that has certificates and no scores. */
BF_MUST_CHECK bf_status bf_certificate_check(const bf_job *job);

/* The layout of packed sums: that of weights of J classes and F columns. */
bf_layout bf_certificate_layout(const bf_layout *l);

/* Residuals of a group at the lowest limb, at the scale whose squares fill it.
 * BF_ERR_RANGE if the primes above cannot divide that much off. */
BF_MUST_CHECK bf_status bf_certificate_reduce(bf_eval *ev, bf_ct *out,
                                              const bf_ct *residuals,
                                              const bf_layout *l);
/* Packed sums of squares of a block's groups, which are reduced as above. */
BF_MUST_CHECK bf_status bf_certificate_sum(bf_eval *ev, bf_ct *out,
                                           const bf_layout *l, const bf_ct *r,
                                           size_t groups);
/* Expected error of S, a standard deviation. */
double bf_certificate_noise(const bf_layout *l, const bf_ct *packed);

#endif
