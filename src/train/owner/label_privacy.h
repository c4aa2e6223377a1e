/* Privacy of single labels if the owner of the rows opens the first iteration
 * (finish.h): noise on Y'U. The whole model is computed from Y'U, so that the
 * model is as private.
 *
 * (epsilon, delta): for any two lists of labels that differ in one, and any set
 * S of outcomes, P(S) <= e^epsilon P'(S) + delta. One label moves Y'U by at
 * most sqrt(2) times the largest norm of a row, in two of its rows. */
#ifndef BF_TRAIN_OWNER_LABEL_PRIVACY_H
#define BF_TRAIN_OWNER_LABEL_PRIVACY_H

#include "blindfit/train.h"
#include "linalg/layout.h"

#define BF_LABEL_EPSILON_MAX 16.0
#define BF_LABEL_DELTA_MIN 1e-10
#define BF_LABEL_DELTA_MAX 0.01

/* The least standard deviation of normal noise on every entry of Y'U that gives
 * epsilon and half of delta, by bf_label_delta [BW18]; the other half is more
 * than bf_sample_normal, whose binomials have thinner tails, adds for these
 * epsilons and deltas. BF_ERR_ARGUMENT for an epsilon outside (0,
 * BF_LABEL_EPSILON_MAX] or a delta outside [BF_LABEL_DELTA_MIN,
 * BF_LABEL_DELTA_MAX]. */
BF_MUST_CHECK bf_status bf_label_noise(double *sd, double epsilon, double delta,
                                       double sensitivity);
/* The exact delta of normal noise, with r = sensitivity / sd:
 *   delta = Phi(r/2 - epsilon/r) - e^epsilon Phi(-r/2 - epsilon/r). */
double bf_label_delta(double epsilon, double r);
/* sqrt(2) times the bound on rows (bf_recipe_bounds): sqrt(2 + 2 clip^2 (k -
 * 1)) if rows are clipped. */
BF_MUST_CHECK bf_status bf_label_sensitivity(double *out, const bf_recipe *r,
                                             size_t n, size_t k);
/* The standard deviation of a share's error (ckks/owner/open_share.h) that
 * makes noise of standard deviation sd on Y'U. The opened V_1 is step Y'U,
 * scaled; an entry of V_1 is the product of F coefficients with one of F
 * orthogonal rows of length sqrt(F). */
double bf_label_noise_share(double sd, double step, const bf_layout *l,
                            double scale);

#endif
