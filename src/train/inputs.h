/* The inputs of a job, from upload files. */
#ifndef BF_TRAIN_INPUTS_H
#define BF_TRAIN_INPUTS_H

#include "train/circuit.h"
#include "train/ranks.h"
#include "wire/wire.h"

/* Most upload files of a job. */
#define BF_UPLOADS_MAX 64

/* A ciphertext of a file that is to be input `index` of this kind. */
typedef struct bf_packed_input {
    bf_packed_ct ct;
    bf_input_kind kind;
    size_t index; /* within the kind */
} bf_packed_input;
/* Unpacks an input into a zeroed ciphertext of ring 0, whose bound becomes the
 * input's typical value; `path` is for messages. BF_ERR_MISMATCH for a
 * ciphertext that does not fit the job's circuit. Safe from several threads. */
BF_MUST_CHECK bf_status bf_input_unpack(bf_ct *out, const bf_job *job,
                                        bf_rings rings,
                                        const bf_packed_input *in,
                                        const char *path);

/* The files of inputs and their ids. Rows come from any upload of the data set,
 * labels and initial weights from uploads of this job; labels and initial
 * weights of other jobs beside their rows are skipped. */
typedef struct bf_input_files {
    const char *const *paths;
    size_t count;
    bf_rings rings;
    const uint8_t *key_id, *job_id;
    bf_packed_ct *rows; /* [rows], zeroed, for rows that stay packed; NULL: they
                         * are unpacked */
    unsigned parts; /* of each upload (train/parts.h); 0: uploads are files */
    bf_team *team;  /* without ranks all inputs are read, else those of the
                     * rank, from its part if there are as many; other inputs
                     * stay zero */
} bf_input_files;

/* Identifies uploads: the digest of the file, or for several files or parts the
 * BLAKE2b of their digests in order. */
typedef struct bf_upload_digests {
    uint8_t rows[BF_HASH_BYTES]; /* of the files with rows, to which transforms
                                  * belong */
    uint8_t all[BF_HASH_BYTES];
} bf_upload_digests;
/* Of the files' own. */
void bf_upload_digests_combine(uint8_t out[BF_HASH_BYTES],
                               uint8_t (*digests)[BF_HASH_BYTES], size_t count);

/* Fills the zeroed inputs[bf_job_inputs], on all threads; after a failure some
 * are filled. BF_ERR_FORMAT when an input is missing, doubled or out of order,
 * BF_ERR_MISMATCH for files of another key or data set, and for ciphertexts
 * that do not fit the job's circuit. */
BF_MUST_CHECK bf_status bf_inputs_read(bf_ct *inputs,
                                       bf_upload_digests *digests,
                                       const bf_job *job,
                                       const bf_input_files *files);

#endif
