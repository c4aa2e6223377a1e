/* The plaintext twin with the weights between its iterations. */
#ifndef BF_TRAIN_OWNER_TWIN_H
#define BF_TRAIN_OWNER_TWIN_H

#include "blindfit/train.h"

/* As bf_twin_magnitudes. After every iteration but the last, `each` (may be
 * NULL) sees V, the weights that the next iteration starts from; bf_twin_run
 * shows W, the model. */
BF_MUST_CHECK bf_status bf_twin_measure(bf_magnitudes *out, double *resolution,
                                        const bf_schedule *s,
                                        const bf_matrix *u,
                                        const int32_t *labels, unsigned classes,
                                        bf_twin_fn each, void *user);

#endif
