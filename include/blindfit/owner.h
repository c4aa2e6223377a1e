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
 * Secret keys are in memory that is locked as far as the system allows, and
 * wiped when freed. */
#ifndef BLINDFIT_OWNER_H
#define BLINDFIT_OWNER_H

#include "blindfit/job.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- keys ---------------------------------------------------------------- */

/* A secret key for a job. The job must outlive it. */
typedef struct bf_owner bf_owner;
/* Makes a new key, in memory only until bf_owner_save. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_create(bf_owner **out,
                                                     const bf_job *job,
                                                     bf_env *env);
/* Opens a saved key, for a job over the same ring and modulus. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_open(bf_owner **out,
                                                   const bf_job *job,
                                                   const char *secret_path,
                                                   bf_env *env);
BF_OWNER_API void bf_owner_destroy(bf_owner *owner);
/* Makes the evaluation keys of the job and writes them (keys_path, for the
 * server) and the secret key (secret_path, mode 0600): both files or none.
 * Either path may be NULL. BF_ERR_ARGUMENT if a file exists: replacing it would
 * lose what its key opens. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_save(const bf_owner *owner,
                                                   const char *secret_path,
                                                   const char *keys_path,
                                                   bf_env *env);
/* For a job over a data set whose server has the keys of the given jobs: writes
 * the keys that the server lacks. BF_ERR_ARGUMENT if the server lacks none
 * (bf_job_more_keys returns the number). */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_owner_save_more(const bf_owner *owner, const char *keys_path,
                   const bf_job *const *have, size_t jobs, bf_env *env);

/* ---- encryption ---------------------------------------------------------- */

/* Transformed rows, ready for encryption. */
typedef struct bf_prepared {
    bf_transform *transform;
    bf_matrix rows;       /* transformed */
    bf_schedule schedule; /* with initial weights */
    uint64_t fingerprint; /* of the rows as given; 0: unknown */
} bf_prepared;
/* Fits the transform on the job's training rows, or reads it from a file
 * (fitted; NULL to fit), and applies it. BF_ERR_MISMATCH for rows or a
 * transform of other shapes than the job's, or of another recipe.
 * bf_transform_dropped counts columns that vary by less than double precision
 * resolves. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_prepare(bf_prepared *out,
                                                const bf_job *job,
                                                const bf_view *x,
                                                const char *fitted,
                                                bf_env *env);
BF_OWNER_API void bf_prepared_clear(bf_prepared *p);

/* The content of an upload. An upload of rows serves every job over the data
 * set; an upload of labels (and of initial weights, if the job has some)
 * belongs to its job.
 */
typedef enum bf_upload_part {
    BF_UPLOAD_ALL,
    BF_UPLOAD_ROWS,
    BF_UPLOAD_LABELS
} bf_upload_part;
/* Number of ciphertexts of such an upload. */
BF_OWNER_API size_t bf_upload_ciphertexts(const bf_job *job,
                                          bf_upload_part part);

/* Whether the job first runs in plaintext (a rehearsal). The rehearsal is
 * optional: an owner with a part of the rows cannot rehearse, and
 * bf_owner_review makes the same checks after training. CHEAP: if the rehearsal
 * takes fewer than 2^38 multiplications, some ten seconds of a core; else a
 * note says that it was skipped. */
typedef enum bf_rehearsal {
    BF_REHEARSE_CHEAP,
    BF_REHEARSE_ALWAYS,
    BF_REHEARSE_NEVER
} bf_rehearsal;

typedef struct bf_encrypt_options {
    bf_upload_part part;
    bf_rehearsal rehearse;
    const char *upload; /* to write */
    /* 0: one file. Otherwise so many, for as many ranks (blindfit/server.h), at
     * most BF_UPLOAD_PARTS_MAX: UPLOAD.0, UPLOAD.1.. with the inputs of ranks
     * 0, 1.., from which any number of ranks can train. */
    unsigned parts;
    /* The transform to write with the upload, mode 0600. The transform
     * describes the training data, and decrypting a model needs it. For labels
     * alone this may be NULL: then the transform file of the rows serves; a
     * copy of that file can have other class names.
     */
    const char *transform;
    const char *const *class_names; /* [classes], written beside it; or NULL */
} bf_encrypt_options;
/* Encrypts prepared rows and their labels (0 to classes - 1; for several
 * columns [columns][rows]), a few ciphertexts per thread at a time. A rehearsal
 * returns BF_ERR_RANGE for data with which the job would leave its bounds, or
 * train weights no larger than their expected error. Writes all files or none.
 * BF_ERR_ARGUMENT if the transform file exists: replacing it would lose the
 * models of its upload. BF_ERR_MISMATCH for labels alone, prepared with rows
 * that are not those of the transform's upload, number for number.
 */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_encrypt(
    const bf_owner *owner, const bf_prepared *p, const int32_t *labels,
    const bf_encrypt_options *o, bf_env *env);

/* ---- decryption ---------------------------------------------------------- */

/* Decrypts a model file and maps it back to the features: the weights after
 * this iteration (from 1), or with 0 the final weights, rounded to just below
 * their expected error. The transform is the file that was written with the
 * upload; the model gets the class names beside it. BF_ERR_MISMATCH for a model
 * of another job, key or upload, or a model without the limbs and the scale of
 * the job's weights. */
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
    double score, score_bound; /* of the rows' scores; 0: no rows scored */
    /* The largest packed weight that was refreshed, and the bound of the
     * refreshes; slightly above the bound the error is only slightly larger. 0:
     * no refresh. */
    double packed, packed_bound;
} bf_review;
/* Decrypts the weights of every iteration up to `last` (0: the final
 * iteration), and scores the rows x (NULL: none) by all of them but the last.
 * The transform is read where x is given, and of recipe paper with refreshes.
 * BF_ERR_RANGE names the iteration after which a weight or a score exceeds the
 * job's bounds: later weights are noise, and earlier weights are good. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_owner_review(
    bf_review *out, const bf_owner *owner, const char *model_path,
    const char *transform_path, const bf_view *x, unsigned last, bf_env *env);

/* What an iteration's certificate says about its scores, those of the weights
 * that entered the iteration. */
typedef struct bf_certificate {
    unsigned iteration; /* from 1 */
    double residual; /* mean squared residual, over rows and classes */
    double worst;    /* that of the class with the largest one; infinite if no
                      * residuals have such sums: scores are far out of range */
    double error;    /* expected error of a class's, a standard deviation */
    double score;    /* proved: no row has a larger score; may be infinite */
    double covered;  /* scores up to this are those the job is made for */
} bf_certificate;
/* Decrypts the certificate of an iteration of a job with certificates
 * (bf_job_step.certified). If score <= covered, all rows of the iteration have
 * scores for which the job is made. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_owner_certificate(bf_certificate *out, const bf_owner *owner,
                     const char *model_path, unsigned iteration, bf_env *env);

/* Maps weights in transformed space (from a twin, for example) to a model of
 * the features; names may be NULL. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_model_of(bf_model *out, const bf_transform *t, const bf_matrix *weights,
            const char *const *class_names);

#ifdef __cplusplus
}
#endif

#endif
