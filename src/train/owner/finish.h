/* Labels elsewhere: one encrypted iteration, finished in the clear.
 *
 * Labels enter every gradient through Y'U alone, and from zero the first
 * iteration is V_1 = step (Y - 1/2)'U. Whoever has the rows U and may see the
 * model gets from V_1
 *   Y'U = V_1 / step + 1/2 1'U
 * and goes on by itself, with the exact sigmoid p where encrypted iterations have
 * a polynomial: V += 4 s/n (Y'U - p(U V')'U). */
#ifndef BF_TRAIN_OWNER_FINISH_H
#define BF_TRAIN_OWNER_FINISH_H

#include "blindfit/train.h"

/* V_1 tells whoever has U some C k p of the labels' n log2 C bits, with the p = 6
 * bits to which an opened weight is exact; with n <= k, all of them.
 * BF_ERR_ARGUMENT unless n log2 C >= 4 C k p, which is more than 45 k rows for any
 * C. Label noise (label_privacy.h) bounds what is told for any n, and takes the
 * place of this. */
BF_MUST_CHECK bf_status bf_finish_check(size_t n, size_t k, unsigned classes);

/* Further steps, of 4 as in the encrypted iteration: 60,000 scattering rows of
 * Fashion-MNIST, 401 columns, classify 89.9 % after one, 90.6 % after ten, 90.7 %
 * after 30 and 40. */
#define BF_FINISH_STEPS 40
/* With label noise further ones fit the noise: the same rows with epsilon = 4, 2
 * and 1 classify 90.0, 89.7 and 88.1 % after two, 89.8, 88.1 and 85.0 % after 40. */
#define BF_FINISH_STEPS_NOISY 2

/* weights (C x k) from V_1 of the schedule, which is of one iteration from zero
 * over all rows, by so many steps more at most. A step is as long as the
 * schedule's until one makes the loss larger: that one is taken back, and those
 * after it are half as long. `each` may be NULL. BF_ERR_MISMATCH for other shapes
 * and schedules. */
BF_MUST_CHECK bf_status bf_finish(bf_matrix *weights, const bf_schedule *s,
                                  const bf_matrix *v1, const bf_matrix *u,
                                  unsigned steps, bf_twin_fn each, void *user,
                                  bf_env *env);

#endif
