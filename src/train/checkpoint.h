/* The state of a run between iterations, in memory and on disk.
 *
 * A checkpoint holds the circuit's state and the models of all iterations so
 * far, so that a run that continues from the checkpoint writes the same model
 * file, byte for byte, as an uninterrupted run. A checkpoint belongs to one
 * job, key and upload. */
#ifndef BF_TRAIN_CHECKPOINT_H
#define BF_TRAIN_CHECKPOINT_H

#include "train/circuit.h"
#include "wire/wire.h"

typedef struct bf_run_state {
    bf_state circuit;
    bf_ct models[BF_MAX_ITERATIONS]; /* after iteration 1, 2, ...; owned */
    bf_ct certificates[BF_MAX_ITERATIONS]; /* the same; or without data */
} bf_run_state;
void bf_run_state_release(bf_eval *ev, bf_run_state *s);

/* Keeps the output of the step just completed, the lowest limbs that the plan
 * names, which decrypt to the same; and its certificate. */
BF_MUST_CHECK bf_status bf_run_state_keep(bf_run_state *s, const bf_plan *plan);

/* The ids of a file: job, key and a digest (train/inputs.h), for a checkpoint
 * of all uploads, for a model of the rows. */
typedef struct bf_run_ids {
    bf_wire_ids wire;
    const uint8_t *upload; /* BF_HASH_BYTES */
} bf_run_ids;

/* Length of the text at the start of checkpoints and models, for this number of
 * iterations. The text holds the number of iterations and the digest of the
 * upload. */
size_t bf_run_text_bytes(unsigned iterations);
/* Reads this text from the next record. BF_ERR_FORMAT for any other content. */
BF_MUST_CHECK bf_status bf_run_text_read(unsigned *iterations,
                                         uint8_t upload[BF_HASH_BYTES],
                                         bf_wire_reader *r, const char *path);

/* Replaces the file only when the new file is complete on disk. */
BF_MUST_CHECK bf_status bf_checkpoint_write(const char *path,
                                            bf_rings rings, bf_run_ids ids,
                                            const bf_run_state *s);
/* Reads into a zeroed state, with memory of this evaluator. BF_ERR_MISMATCH for
 * a valid checkpoint of another job, key or upload, or with ciphertexts that
 * differ from the plan after that iteration; BF_ERR_FORMAT for a damaged or
 * incomplete checkpoint. Release the state in any case. */
BF_MUST_CHECK bf_status bf_checkpoint_read(bf_run_state *s, const char *path,
                                           bf_eval *ev, bf_run_ids ids,
                                           const bf_circuit *circuit,
                                           const bf_plan *plan);
/* An upper bound of its size. */
uint64_t bf_checkpoint_bytes(const bf_plan *plan, const bf_params *p);

/* The encrypted model file: the text, model and certificate of every iteration,
 * and the last model once more; the job's plan determines the length. */
BF_MUST_CHECK bf_status bf_encrypted_model_write(const char *path,
                                                 bf_rings rings,
                                                 bf_run_ids ids,
                                                 const bf_run_state *s);

#endif
