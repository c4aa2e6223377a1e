/* The owner's operations on files under a secret key, the parts of
 * blindfit/owner.h. Files are complete but not committed. */
#ifndef BF_TRAIN_OWNER_PROTOCOL_H
#define BF_TRAIN_OWNER_PROTOCOL_H

#include "base/file.h"
#include "blindfit/owner.h"
#include "ckks/owner/owner.h"
#include "train/job.h"
#include "train/owner/seal.h"
#include "train/owner/transform.h"
#include "wire/wire.h"

/* Makes keys of a plan, or some of them, a set for each ring. The needs contain
 * both keys of an encapsulation, or neither. */
BF_MUST_CHECK bf_status bf_protocol_make_keys(bf_eval_keys *sets,
                                              bf_rings rings,
                                              const bf_secret_key *sk,
                                              const bf_key_need *needs,
                                              size_t count);
BF_MUST_CHECK bf_status bf_protocol_some_keys(
    bf_outfile **out, const bf_job *job, const uint8_t job_id[BF_HASH_BYTES],
    const bf_secret_key *sk, const bf_key_need *needs, size_t count,
    const char *path);
/* The evaluation keys that the job needs. */
BF_MUST_CHECK bf_status bf_protocol_keys(bf_outfile **out, const bf_job *job,
                                         const uint8_t job_id[BF_HASH_BYTES],
                                         const bf_secret_key *sk,
                                         const char *path);

/* Only weights must fit the modulus. Logits may exceed the polynomial's range
 * by this factor: beyond it the polynomial's terms would exceed the spare bits
 * of residuals (for a cubic 1.5^3). Residuals follow from logits. */
#define BF_LOGIT_SLACK 1.5

/* Runs the job in plaintext: BF_ERR_RANGE for data with which the job would
 * leave its bounds, refresh packed weights beyond theirs, or train weights no
 * larger than their expected error. */
BF_MUST_CHECK bf_status bf_protocol_check_bounds(const bf_job *job,
                                                 const bf_matrix *u,
                                                 const int32_t *labels,
                                                 const bf_schedule *schedule);

/* What is uploaded, and where to: transformed rows and labels. schedule->v0 is
 * used if the job does not start from zero. */
typedef struct bf_uploaded {
    const bf_matrix *rows;
    const int32_t *labels;
    const bf_schedule *schedule;
    bf_upload_part part;
    const char *path;
    unsigned parts; /* 0: one file at `path`; or the parts (train/parts.h) */
} bf_uploaded;
/* Encrypts rows and labels, or a part of them, a few ciphertexts per thread at
 * a time. out: as many files as there are parts, or one. Stores the upload's
 * ids in *of (may be NULL), for its transform. BF_ERR_MISMATCH for shapes that
 * differ from the job's, BF_ERR_ARGUMENT for more parts than it can have. */
BF_MUST_CHECK bf_status bf_protocol_upload(bf_outfile **out, bf_upload_id *of,
                                           const bf_job *job,
                                           const uint8_t job_id[BF_HASH_BYTES],
                                           const bf_secret_key *sk,
                                           const bf_uploaded *u);

/* The same for one of several owners: the inputs in which its rows have a part.
 */
BF_MUST_CHECK bf_status bf_protocol_upload_part(
    bf_outfile **out, const bf_job *job, const uint8_t job_id[BF_HASH_BYTES],
    const bf_secret_key *sk, const bf_rows_held *own, const char *path);

/* Reads a ciphertext of a model file of this job and key, and the ids of the
 * model's upload, which the server could have forged. */
BF_MUST_CHECK bf_status bf_protocol_record(bf_ct *out, bf_upload_id *of,
                                           const bf_job *job,
                                           const uint8_t job_id[BF_HASH_BYTES],
                                           const bf_secret_key *sk,
                                           const char *path, bf_label label);

/* Decrypts a model file: weights C x cols in transformed space after this
 * iteration (from 1), or with 0 the final weights, rounded to just below their
 * expected error (bf_weights_round: two decryptions differ). Stores in *of (may
 * be NULL) the ids of the model's upload, which the server could have forged.
 * BF_ERR_MISMATCH for a ciphertext without the limbs and the scale of the job's
 * weights. */
BF_MUST_CHECK bf_status bf_protocol_weights(bf_matrix *weights,
                                            bf_upload_id *of, const bf_job *job,
                                            const uint8_t job_id[BF_HASH_BYTES],
                                            const bf_secret_key *sk,
                                            const char *path,
                                            unsigned iteration);

/* The largest coefficient of packed weights (C x cols). */
BF_MUST_CHECK bf_status bf_largest_packed(double *out, const bf_job *job,
                                          const bf_matrix *weights);
/* Adds the packed weights (C x cols) that are refreshed after iteration t to
 * the review. BF_ERR_RANGE if they exceed what a refresh can hold. */
BF_MUST_CHECK bf_status bf_review_packed(bf_review *seen, const bf_job *job,
                                         unsigned t, const bf_matrix *weights);
/* Whether the review needs the weights that a run starts from, which are the
 * transform's. */
bool bf_review_starts(const bf_job *job);
/* bf_owner_review, with the transform and the rows already loaded. */
BF_MUST_CHECK bf_status bf_protocol_review(bf_review *out, const bf_job *job,
                                           const uint8_t job_id[BF_HASH_BYTES],
                                           const bf_secret_key *sk,
                                           const char *path,
                                           const bf_transform *t,
                                           const bf_view *x, unsigned last);

#endif
