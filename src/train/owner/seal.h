/* The owner's encryption of rows and labels, and decryption of weights. */
#ifndef BF_TRAIN_OWNER_SEAL_H
#define BF_TRAIN_OWNER_SEAL_H

#include "ckks/owner/owner.h"
#include "train/circuit.h"

/* Makes upload number `index` (as train/circuit.h numbers them) as a seeded
 * fresh ciphertext. `room` is a plaintext with `secret` set. Successive calls
 * reuse its memory, which takes long to map and lock, until bf_pt_clear wipes
 * it. u is n x cols in transformed space; v0 (C x cols) holds initial weights
 * and may be empty for a zero start. Safe from several threads, each with room
 * of its own. BF_ERR_RANGE when an entry of u exceeds the job's bound.
 */
BF_MUST_CHECK bf_status bf_job_seal(bf_ct *out, bf_pt *room, const bf_job *job,
                                    const bf_secret_key *sk,
                                    const bf_matrix *u, const int32_t *labels,
                                    const bf_matrix *v0, size_t index);

/* What one of several owners holds of the rows at places [first, first + count)
 * of a job's layout. */
typedef struct bf_rows_held {
    const bf_matrix *u;    /* count rows; NULL: another has the features */
    const int32_t *labels; /* count for each column; NULL: another has them */
    const bf_matrix *v0;
    size_t first, count;
    size_t pair, pairs; /* of feature chunks, from `pair` on; pairs 0: all */
    bool start; /* this owner uploads the initial weights */
} bf_rows_held;
/* True if input number `index` contains something of this owner.
 * bf_job_seal_part encrypts this owner's part of the input, with zeros for what
 * others hold. */
bool bf_job_input_held(const bf_job *job, const bf_rows_held *own,
                       size_t index);
BF_MUST_CHECK bf_status bf_job_seal_part(bf_ct *out, bf_pt *room,
                                         const bf_job *job,
                                         const bf_secret_key *sk,
                                         const bf_rows_held *own, size_t index);

/* Packed weights, decrypted, or opened by several owners' shares. */
typedef struct bf_opened {
    const bf_pt *pt;
    double most;        /* |weight| that the circuit and label noise allow */
    const char *beyond; /* for messages: why a weight may be beyond `most` */
} bf_opened;
/* Unpacks weights (C x cols, transformed space). BF_ERR_RANGE when a weight
 * exceeds o->most or is not a number: the run left its range, and the numbers
 * are noise. *weights is wiped and cleared then. */
BF_MUST_CHECK bf_status bf_job_unpack(bf_matrix *weights, const bf_job *job,
                                      const bf_opened *o);
/* Decrypts packed weights; errors as bf_job_unpack, within the bounds of the
 * job's circuit. */
BF_MUST_CHECK bf_status bf_job_open(bf_matrix *weights, const bf_job *job,
                                    const bf_secret_key *sk,
                                    const bf_ct *packed);

#endif
