/* Rows for a piece of a run's work. Unpacked, rows take three times the memory
 * that they take packed. So a run whose rows stay packed unpacks those that it
 * is working with, to the limbs that the work uses, into room of its own. */
#ifndef BF_TRAIN_ROWS_H
#define BF_TRAIN_ROWS_H

#include "train/circuit.h"

/* Zeroed at first. */
typedef struct bf_rows {
    const bf_inputs *in;
    bf_eval *ev;
    size_t most;    /* unpacked ciphertexts at a time */
    size_t limb;    /* residues of a limb of one, of both polynomials */
    uint64_t bytes; /* of all; 0 unless rows are packed */
    bf_ct *own;     /* [most] */
    double *data;   /* theirs; NULL in symbolic runs */
} bf_rows;

/* Room for so many ciphertexts of up to so many limbs, where rows are packed.
 * in and ev outlive *r. */
BF_MUST_CHECK bf_status bf_rows_open(bf_rows *r, bf_eval *ev,
                                     const bf_inputs *in, size_t most,
                                     unsigned limbs);
void bf_rows_close(bf_rows *r);

/* out[i] = row ciphertext index[i], for i < count; packed ones are unpacked, to
 * so many limbs or all that they have, on all threads, and valid until the next
 * call. */
BF_MUST_CHECK bf_status bf_rows_take(bf_rows *r, const bf_ct **out,
                                     const size_t *index, size_t count,
                                     unsigned limbs);

#endif
