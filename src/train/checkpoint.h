/* What a run keeps between iterations, in memory and on disk.
 *
 * A checkpoint holds the circuit's state and the models of all iterations so
 * far, so that a run that goes on from it ends in the same file, byte for byte,
 * as one that was never stopped. It belongs to one job, key and upload. */
#ifndef BF_TRAIN_CHECKPOINT_H
#define BF_TRAIN_CHECKPOINT_H

#include "train/circuit.h"
#include "wire/wire.h"

typedef struct bf_run_state {
    bf_state circuit;
    bf_ct models[BF_MAX_ITERATIONS]; /* after iteration 1, 2, ...; owned */
} bf_run_state;
void bf_run_state_release(bf_eval *ev, bf_run_state *s);

/* Keeps the output of the step just completed: the lowest limbs that the plan
 * names, which decrypt to the same. */
BF_MUST_CHECK bf_status bf_run_state_keep(bf_run_state *s, const bf_plan *plan);

/* Whose it is: job, key and a digest (train/inputs.h): of a checkpoint, of all
 * uploads; of a model, of the rows. */
typedef struct bf_run_ids {
    bf_wire_ids wire;
    const uint8_t *upload; /* BF_HASH_BYTES */
} bf_run_ids;

/* The text that stands first in checkpoints and models: of how many iterations
 * they are, and the digest of the upload. Its length for such a count. */
size_t bf_run_text_bytes(unsigned iterations);
/* Of the record that is next. BF_ERR_FORMAT when it says something else. */
BF_MUST_CHECK bf_status bf_run_text_read(unsigned *iterations,
                                         uint8_t upload[BF_HASH_BYTES],
                                         bf_wire_reader *r, const char *path);

/* Replaces the file when it is complete on disk, never before. */
BF_MUST_CHECK bf_status bf_checkpoint_write(const char *path,
                                            bf_rings rings, bf_run_ids ids,
                                            const bf_run_state *s);
/* Into a zeroed state, of this evaluator's memory. BF_ERR_MISMATCH for a sound
 * checkpoint of another job, key or upload, or whose ciphertexts are not what
 * the plan has after that iteration; BF_ERR_FORMAT for one that is damaged or
 * incomplete; release the state either way. */
BF_MUST_CHECK bf_status bf_checkpoint_read(bf_run_state *s, const char *path,
                                           bf_eval *ev, bf_run_ids ids,
                                           const bf_circuit *circuit,
                                           const bf_plan *plan);
/* An upper bound of its size. */
uint64_t bf_checkpoint_bytes(const bf_plan *plan, const bf_params *p);

/* The encrypted model file: the text, every iteration's model, and the last
 * one's; as long as the job's plan says. */
BF_MUST_CHECK bf_status bf_encrypted_model_write(const char *path,
                                                 bf_rings rings,
                                                 bf_run_ids ids,
                                                 const bf_run_state *s);

#endif
