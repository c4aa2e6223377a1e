/* The training circuit: V <- V + step X^T (Y - p(X V)) on ciphertexts.
 *
 * Inputs: packed rows, labels, and initial weights if the schedule does not
 * start from zero. State: V_t and, with momentum, V_{t-1}, packed. Output: the
 * model W_t, packed. */
#ifndef BF_TRAIN_TRAINING_H
#define BF_TRAIN_TRAINING_H

#include "train/circuit.h"

enum { BF_TRAINING_V, BF_TRAINING_BEFORE };

extern const bf_circuit bf_training;

/* Training's part of job.json (training_json.c). */
void bf_training_write_recipe(struct cJSON *recipe, const bf_job *job);
void bf_training_write_scales(struct cJSON *file, const bf_job *job);
void bf_training_read_recipe(struct bf_fields *r, const struct cJSON *recipe,
                             bf_job *job);
void bf_training_read_scales(struct bf_fields *r, const struct cJSON *file,
                             bf_job *job);

#endif
