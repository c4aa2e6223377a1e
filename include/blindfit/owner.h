/* The owner's half of a job: keys, encryption, decryption.
 *
 *   bf_owner_create(&owner, job, env);
 *   bf_owner_save(owner, "secret.key", "eval.keys", env);
 *   bf_prepare(&rows, job, &x, NULL, env);
 *   bf_owner_encrypt(owner, &rows, labels,
 *                    &(bf_encrypt_options){.upload = "upload.bf",
 *                                          .transform = "transform.bf"}, env);
 *   ... the server trains ...
 *   bf_owner_decrypt(&model, owner, "model.enc", "transform.bf", 0, env);
 *
 * Secret keys stay in memory that is locked as far as the system allows, and
 * wiped. */
#ifndef BLINDFIT_OWNER_H
#define BLINDFIT_OWNER_H

#include "blindfit/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- keys ---------------------------------------------------------------- */

/* A secret key for a job. The job must outlive it. */
typedef struct bf_owner bf_owner;
/* A new one, in memory alone until it is saved. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_create(bf_owner **out,
                                                     const bf_job *job,
                                                     bf_env *env);
/* One that was saved, for a job over the same ring and modulus. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_open(bf_owner **out,
                                                   const bf_job *job,
                                                   const char *secret_path,
                                                   bf_env *env);
BF_OWNER_API void bf_owner_destroy(bf_owner *owner);
/* Makes the evaluation keys that the job needs and writes them (keys_path, for
 * the server) and the secret key (secret_path, 0600): both files or none.
 * Either path may be NULL. Replaces what is there. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_save(const bf_owner *owner,
                                                   const char *secret_path,
                                                   const char *keys_path,
                                                   bf_env *env);
/* Of a job over a data set whose server has keys for these jobs: writes the
 * keys that it lacks. BF_ERR_ARGUMENT where it lacks none (bf_job_more_keys
 * tells). */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_owner_save_more(const bf_owner *owner, const char *keys_path,
                   const bf_job *const *have, size_t jobs, bf_env *env);

/* ---- encryption ---------------------------------------------------------- */

/* Rows as the server will see them. */
typedef struct bf_prepared {
    bf_transform *transform;
    bf_matrix rows;       /* transformed */
    bf_schedule schedule; /* with its start */
} bf_prepared;
/* Fits the transform on the job's training rows, or reads it from a file
 * (fitted; NULL to fit), and applies it. BF_ERR_MISMATCH for rows or a
 * transform of other shapes than the job's, or of another recipe.
 * bf_transform_dropped tells of columns that vary by less than double precision
 * tells. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_prepare(bf_prepared *out,
                                                const bf_job *job,
                                                const bf_view *x,
                                                const char *fitted,
                                                bf_env *env);
BF_OWNER_API void bf_prepared_clear(bf_prepared *p);

/* What an upload holds. One of rows serves every job over the data set; one of
 * labels (and of initial weights, where the job has some) belongs to its job.
 */
typedef enum bf_upload_part {
    BF_UPLOAD_ALL,
    BF_UPLOAD_ROWS,
    BF_UPLOAD_LABELS
} bf_upload_part;
/* How many ciphertexts such an upload has. */
BF_OWNER_API size_t bf_upload_ciphertexts(const bf_job *job,
                                          bf_upload_part part);

/* Whether the job first runs in the clear. Nothing depends on it: who has a
 * part of the rows cannot run it, and bf_owner_review sees afterwards what it
 * sees before. CHEAP: where it takes fewer than 2^38 multiplications, some ten
 * seconds of a core; a note tells where it was left out. */
typedef enum bf_rehearsal {
    BF_REHEARSE_CHEAP,
    BF_REHEARSE_ALWAYS,
    BF_REHEARSE_NEVER
} bf_rehearsal;

typedef struct bf_encrypt_options {
    bf_upload_part part;
    bf_rehearsal rehearse;
    const char *upload; /* to write */
    /* To write with it, 0600; it describes the training data, and no model can
     * be read without it. For labels alone it may be NULL: the transform of the
     * rows serves, which was read from its file; a copy has names of its own.
     */
    const char *transform;
    const char *const *class_names; /* [classes], kept beside it; or NULL */
} bf_encrypt_options;
/* Encrypts prepared rows and their labels (0 to classes - 1; of several columns
 * one behind the other, [columns][rows]), a few ciphertexts a thread at a time.
 * A rehearsal gives BF_ERR_RANGE for data on which the job
 * would leave its bounds, or train weights no larger than the error that the
 * plan expects of them. Writes all files or none. BF_ERR_ARGUMENT where the
 * transform exists already: replacing it would lose the models of its upload.
 */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_encrypt(
    const bf_owner *owner, const bf_prepared *p, const int32_t *labels,
    const bf_encrypt_options *o, bf_env *env);

/* ---- decryption ---------------------------------------------------------- */

/* Decrypts a model file and maps it back to the features: the weights after
 * this iteration (from 1), or with 0 the final ones, less what lies below their
 * noise. The transform is the file that was written with the upload, whose
 * class names the model takes over. BF_ERR_MISMATCH for a model of another job,
 * key or upload, or one that has not the limbs and the scale of the job's
 * weights. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_owner_decrypt(bf_model *out, const bf_owner *owner, const char *model_path,
                 const char *transform_path, unsigned iteration, bf_env *env);

/* The model of one of several columns of labels, from 0, with the names of its
 * classes. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_model_column(bf_model *out, const bf_model *m,
                const bf_label_columns *labels, unsigned column);

/* Largest magnitudes of a run, in transformed space, over its iterations. */
typedef struct bf_review {
    double weight, weight_bound;
    double score, score_bound; /* of rows entering an iteration; 0: of none */
    /* Of packed weights that were refreshed, and what refreshes are made for: a
     * little more is bent a little. 0: none were. */
    double packed, packed_bound;
} bf_review;
/* Opens the weights of every iteration up to `last` (0: the last), and with
 * rows x (NULL: none) scores these by all but the last. BF_ERR_RANGE says after
 * which iteration a weight or a score is larger than the job covers: what the
 * server made of it is noise, and earlier weights are good. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_review(
    bf_review *out, const bf_owner *owner, const char *model_path,
    const char *transform_path, const bf_view *x, unsigned last, bf_env *env);

/* Weights in transformed space (as of a twin) as a model of the features; names
 * may be NULL. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_model_of(bf_model *out, const bf_transform *t, const bf_matrix *weights,
            const char *const *class_names);

#ifdef __cplusplus
}
#endif

#endif
