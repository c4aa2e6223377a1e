/* The inputs of a job, from upload files. */
#ifndef BF_TRAIN_INPUTS_H
#define BF_TRAIN_INPUTS_H

#include "train/circuit.h"

/* Most upload files of a job. */
#define BF_UPLOADS_MAX 64

/* The files of inputs and their ids. Rows come from any upload of the data set,
 * labels and initial weights from uploads of this job; labels and initial
 * weights of other jobs beside their rows are skipped. */
typedef struct bf_input_files {
    const char *const *paths;
    size_t count;
    bf_rings rings;
    const uint8_t *key_id, *job_id;
} bf_input_files;

/* Identifies uploads: the digest of the file, or for several files the BLAKE2b
 * of their digests in order. */
typedef struct bf_upload_digests {
    uint8_t rows[BF_HASH_BYTES]; /* of the files with rows, to which transforms
                                  * belong */
    uint8_t all[BF_HASH_BYTES];
} bf_upload_digests;

/* Fills the zeroed inputs[bf_job_inputs], on all threads; after a failure some
 * are filled. BF_ERR_FORMAT when an input is missing, doubled or out of order,
 * BF_ERR_MISMATCH for files of another key or data set, and for ciphertexts
 * that do not fit the job's circuit. */
BF_MUST_CHECK bf_status bf_inputs_read(bf_ct *inputs,
                                       bf_upload_digests *digests,
                                       const bf_job *job,
                                       const bf_input_files *files);

#endif
