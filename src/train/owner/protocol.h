/* The owner's half of a job over files, under a secret key: what
 * blindfit/owner.h puts together. Files come whole but not committed. */
#ifndef BF_TRAIN_OWNER_PROTOCOL_H
#define BF_TRAIN_OWNER_PROTOCOL_H

#include "base/file.h"
#include "blindfit/owner.h"
#include "ckks/owner/owner.h"
#include "train/job.h"
#include "train/owner/seal.h"
#include "train/owner/transform.h"

/* Keys of a plan, or some of them, a set for each ring. The two keys of an
 * encapsulation belong together: both are asked for, or none. */
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

/* Only weights have to fit the modulus; logits may go beyond the range that the
 * polynomial was chosen for, up to where its terms would outgrow the bits that
 * residuals have to spare (a cubic's, 1.5^3). Residuals follow from logits. */
#define BF_LOGIT_SLACK 1.5

/* Runs the job in plaintext: BF_ERR_RANGE for data on which it would leave the
 * job's bounds, or give weights no larger than the plan's error of them. */
BF_MUST_CHECK bf_status bf_protocol_check_bounds(const bf_job *job,
                                                 const bf_matrix *u,
                                                 const int32_t *labels,
                                                 const bf_schedule *schedule);

/* Encrypts transformed rows and labels, or a part of them, into one upload
 * file, a few ciphertexts a thread at a time. schedule->v0 is used when the job
 * does not start from zero. of (may be NULL): what tells the upload from
 * others, for its transform. Shapes that differ from the job's:
 * BF_ERR_MISMATCH. */
BF_MUST_CHECK bf_status bf_protocol_upload(
    bf_outfile **out, bf_upload_id *of, const bf_job *job,
    const uint8_t job_id[BF_HASH_BYTES], const bf_secret_key *sk,
    const bf_matrix *u, const int32_t *labels, const bf_schedule *schedule,
    bf_upload_part part, const char *path);

/* The same of an owner of several: what its rows have a part in. */
BF_MUST_CHECK bf_status bf_protocol_upload_part(
    bf_outfile **out, const bf_job *job, const uint8_t job_id[BF_HASH_BYTES],
    const bf_secret_key *sk, const bf_rows_held *own, const char *path);

/* Decrypts a model file, and says of which upload it is (of may be NULL), as
 * far as the server tells the truth: weights C x cols in transformed space,
 * after this iteration (from 1), or with 0 the final ones, less what lies below
 * their noise (bf_weights_round: two decryptions differ). A ciphertext that has
 * not the limbs and the scale of the job's weights there: BF_ERR_MISMATCH. */
BF_MUST_CHECK bf_status bf_protocol_weights(bf_matrix *weights,
                                            bf_upload_id *of, const bf_job *job,
                                            const uint8_t job_id[BF_HASH_BYTES],
                                            const bf_secret_key *sk,
                                            const char *path,
                                            unsigned iteration);

/* Adds the packed weights (C x cols) that iteration t leaves to be refreshed to
 * what was seen. BF_ERR_RANGE where a refresh ruins them. */
BF_MUST_CHECK bf_status bf_review_packed(bf_review *seen, const bf_job *job,
                                         unsigned t, const bf_matrix *weights);
/* bf_owner_review with its transform and rows at hand. */
BF_MUST_CHECK bf_status bf_protocol_review(bf_review *out, const bf_job *job,
                                           const uint8_t job_id[BF_HASH_BYTES],
                                           const bf_secret_key *sk,
                                           const char *path,
                                           const bf_transform *t,
                                           const bf_view *x, unsigned last);

#endif
