/* The owner's two ends of a job: rows and labels into ciphertexts, weights out
 * of one. */
#ifndef BF_TRAIN_OWNER_SEAL_H
#define BF_TRAIN_OWNER_SEAL_H

#include "ckks/owner/owner.h"
#include "train/circuit.h"

/* Makes upload number `index` (as train/circuit.h numbers them) as a seeded
 * fresh ciphertext. u is n x cols in transformed space; v0 (C x cols) holds
 * initial weights and may be empty for a zero start. Safe from several threads.
 * BF_ERR_RANGE when an entry of u exceeds the job's bound. */
BF_MUST_CHECK bf_status bf_job_seal(bf_ct *out, const bf_job *job,
                                    const bf_secret_key *sk,
                                    const bf_matrix *u, const int32_t *labels,
                                    const bf_matrix *v0, size_t index);

/* Decrypts packed weights (C x cols, transformed space). BF_ERR_RANGE when they
 * lie outside what the job's circuit covers: the run left its range and the
 * numbers mean nothing. */
BF_MUST_CHECK bf_status bf_job_open(bf_matrix *weights, const bf_job *job,
                                    const bf_secret_key *sk,
                                    const bf_ct *packed);

#endif
