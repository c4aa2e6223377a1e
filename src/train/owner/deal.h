/* The owner's half of a job over files. */
#ifndef BF_TRAIN_OWNER_DEAL_H
#define BF_TRAIN_OWNER_DEAL_H

#include "base/file.h"
#include "ckks/owner/owner.h"
#include "train/job.h"
#include "train/owner/transform.h"

/* Makes the secret key (0600) and the evaluation keys the job needs: both files
 * or none. */
BF_MUST_CHECK bf_status bf_deal_keygen(const bf_job *job,
                                       const uint8_t job_id[BF_HASH_BYTES],
                                       const char *secret_path,
                                       const char *keys_path,
                                       bf_env *env);

/* Runs the job in plaintext: BF_ERR_RANGE for data on which it would leave the
 * job's ranges, or give weights no larger than the plan's error of them. */
BF_MUST_CHECK bf_status bf_deal_check_ranges(const bf_job *job,
                                             const bf_matrix *u,
                                             const int32_t *labels,
                                             const bf_schedule *schedule,
                                             bf_env *env);
/* What an upload holds. One of rows serves every job over the data set; one of
 * labels (and of initial weights, where the job has some) belongs to its job. */
typedef enum bf_upload_part {
    BF_UPLOAD_ALL,
    BF_UPLOAD_ROWS,
    BF_UPLOAD_LABELS
} bf_upload_part;

/* Encrypts transformed rows and labels, or a part of them, into one upload file, a few ciphertexts
 * a thread at a time. schedule->v0 is used when the job does not start from
 * zero. Shapes that differ from the job's: BF_ERR_MISMATCH; first checks the
 * ranges, as above. */
BF_MUST_CHECK bf_status bf_deal_encrypt(const bf_job *job,
                                        const uint8_t job_id[BF_HASH_BYTES],
                                        const char *secret_path,
                                        const bf_matrix *u,
                                        const int32_t *labels,
                                        const bf_schedule *schedule,
                                        bf_upload_part part,
                                        const char *upload_path,
                                        bf_env *env);

/* The same upload, whole but not committed. of (may be NULL): what tells it
 * from others, for its transform. */
BF_MUST_CHECK bf_status bf_deal_prepare(bf_outfile **out, bf_upload_id *of,
                                        const bf_job *job,
                                        const uint8_t job_id[BF_HASH_BYTES],
                                        const char *secret_path,
                                        const bf_matrix *u,
                                        const int32_t *labels,
                                        const bf_schedule *schedule,
                                        bf_upload_part part,
                                        const char *upload_path,
                                        bf_env *env);

/* Decrypts a model file, and says of which upload it is (of may be NULL), as far
 * as the server tells the truth: weights C x cols in transformed space, after
 * this iteration (from 1), or with 0 the final ones, less what lies below their
 * noise (bf_weights_round: two decryptions differ). A ciphertext that has not the
 * limbs and the scale of the job's weights there: BF_ERR_MISMATCH. */
BF_MUST_CHECK bf_status bf_deal_decrypt(bf_matrix *weights, bf_upload_id *of,
                                        const bf_job *job,
                                        const uint8_t job_id[BF_HASH_BYTES],
                                        const char *secret_path,
                                        const char *model_path,
                                        unsigned iteration);

#endif
