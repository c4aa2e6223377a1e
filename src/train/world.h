/* The rings of a running job: contexts, evaluation keys, evaluators. */
#ifndef BF_TRAIN_WORLD_H
#define BF_TRAIN_WORLD_H

#include "train/job.h"

/* Arrays are by ring number. A world must be zeroed before it is opened; close
 * it also after a failed open. */
typedef struct bf_world {
    unsigned count;
    bf_context *ctx[BF_RINGS_MAX];
    bf_eval_keys keys[BF_RINGS_MAX];
    bf_eval *ev[BF_RINGS_MAX];
} bf_world;

/* Contexts with tables; no evaluators yet. */
BF_MUST_CHECK bf_status bf_world_open(bf_world *w, const bf_job *job,
                                      bf_backend backend);
/* Makes evaluators with the existing w->keys. */
BF_MUST_CHECK bf_status bf_world_evaluators(bf_world *w);
/* Symbolic contexts and evaluators. */
BF_MUST_CHECK bf_status bf_world_open_symbolic(bf_world *w, const bf_job *job);
void bf_world_close(bf_world *w);

bf_rings bf_world_rings(const bf_world *w);
/* Server work done so far, in the unit of bf_plan.work. */
double bf_world_work(const bf_world *w);
/* Most bytes of ciphertexts at one time, in all rings. */
uint64_t bf_world_peak_bytes(const bf_world *w);
/* Keys that were needed so far, with their rings. The caller frees *needs with
 * bf_free; NULL without keys. */
BF_MUST_CHECK bf_status bf_world_key_needs(const bf_world *w,
                                           bf_key_need **needs, size_t *count);

#endif
