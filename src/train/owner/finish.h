/* Labels of another owner: one encrypted iteration, then plaintext iterations.
 *
 * Labels enter every gradient through Y'U alone, and from zero the first
 * iteration is V_1 = step (Y - 1/2)'U. The owner of the rows U, who may see the
 * model, computes from V_1
 *   Y'U = V_1 / step + 1/2 1'U
 * and continues alone by V += 4 s/n (Y'U - p(U V')'U), with the exact sigmoid p
 * instead of a polynomial. */
#ifndef BF_TRAIN_OWNER_FINISH_H
#define BF_TRAIN_OWNER_FINISH_H

#include "blindfit/train.h"

/* To the owner of U, V_1 reveals about C k p of the labels' n log2 C bits, with
 * p = 6 bits for each opened weight; if n <= k, V_1 reveals all labels.
 * BF_ERR_ARGUMENT unless n log2 C >= 4 C k p, which is more than 45 k rows for
 * any C. Label noise (label_privacy.h) bounds the leakage for any n, and
 * replaces this condition. */
BF_MUST_CHECK bf_status bf_finish_check(size_t n, size_t k, unsigned classes);

/* Number of further steps, with s = 4 as in the encrypted iteration: 60,000
 * scattering rows of Fashion-MNIST, 401 columns, classify 89.9 % after one,
 * 90.6 % after ten, 90.7 % after 30 and 40. */
#define BF_FINISH_STEPS 40
/* The number of further steps from k opened weights of a class, each with an
 * error of standard deviation sd from label noise. A step from Y'U adds that
 * error again: after t steps, the encrypted one included, the score of a usual
 * row, of norm sqrt(k), has an error of t sd sqrt(k). Further steps fit the
 * noise once that error exceeds pi/sqrt(3), the standard deviation of the
 * logistic distribution, which is the noise that the model expects of a label.
 * BF_FINISH_STEPS at most. */
unsigned bf_finish_steps(double sd, size_t k);

/* Computes weights (C x k) from V_1 by at most `steps` further steps; the
 * schedule has one iteration from zero over all rows. Steps have the schedule's
 * size until a step makes the loss larger: that step is undone, and the
 * following steps have half the size. `each` may be NULL. BF_ERR_MISMATCH for
 * other shapes and schedules. */
BF_MUST_CHECK bf_status bf_finish(bf_matrix *weights, const bf_schedule *s,
                                  const bf_matrix *v1, const bf_matrix *u,
                                  unsigned steps, bf_twin_fn each, void *user,
                                  bf_env *env);

#endif
