/* The training circuit: V <- V + step X^T (Y - p(X V)) on ciphertexts.
 *
 * Walked symbolically by the planner and for real by the server: one code. */
#ifndef BF_TRAIN_CIRCUIT_H
#define BF_TRAIN_CIRCUIT_H

#include "train/job.h"

typedef struct bf_train_inputs {
    const bf_ct *x;  /* [chunk*pairs + pair] */
    const bf_ct *y;  /* [group] */
    const bf_ct *v0; /* packed initial weights; NULL for a zero start */
} bf_train_inputs;

/* Sees the packed weights W after every iteration. */
typedef bf_status (*bf_train_fn)(void *user, unsigned iteration,
                                 const bf_ct *weights);

/* *weights: packed, at 1 limb. each may be NULL. */
BF_MUST_CHECK bf_status bf_train_circuit(bf_eval *ev, const bf_job *job,
                                         const bf_train_inputs *in,
                                         bf_train_fn each, void *user,
                                         bf_progress progress, bf_ct *weights);

#endif
