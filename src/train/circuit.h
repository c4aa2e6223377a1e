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

/* Between iterations everything lies in three packed ciphertexts. Zeroed (or
 * with v = V0) at the start; a saved state goes on where it stopped, bit for
 * bit. */
typedef struct bf_train_state {
    unsigned iteration; /* completed */
    bf_ct v, previous;  /* V_t, V_{t-1}; empty before they exist */
    bf_ct w;            /* the model after `iteration` iterations */
} bf_train_state;
void bf_train_state_release(bf_eval *ev, bf_train_state *s);

/* Runs to the last iteration; state->w is then the model, packed, at 1 limb.
 * each (may be NULL) sees the state after every iteration. Progress counts work
 * as bf_job_work does. */
typedef bf_status (*bf_train_fn)(void *user, const bf_train_state *state);
BF_MUST_CHECK bf_status bf_train_circuit(bf_eval *ev, const bf_job *job,
                                         const bf_train_inputs *in,
                                         bf_train_state *state,
                                         bf_train_fn each, void *user,
                                         bf_progress progress);

#endif
