/* A job: everything public about one training run, fixed before any data is
 * encrypted. The owner plans it; owner and server work from the same job file.
 *
 *   bf_recipe recipe;
 *   bf_job *job;
 *   bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 2, rows, features);
 *   bf_job_plan(&job, &recipe, rows, features, classes, NULL, env);
 *   bf_job_write(job, "job.json");
 *
 * A job does not change once it is made; threads may share it. */
#ifndef BLINDFIT_JOB_H
#define BLINDFIT_JOB_H

#include "blindfit/train.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BF_JOB_ID_BYTES 32

typedef struct bf_job bf_job;

#define BF_PLAN_LOG_N_MIN 13u
#define BF_PLAN_LOG_N_MAX 16u

/* Labels of rows in several columns, which are trained in one pass: a row has
 * one label of each column, and there are as many models. Classes of a column
 * are numbered from 0, those of a job through all columns. */
#define BF_LABEL_COLUMNS_MAX 16
typedef struct bf_label_columns {
    unsigned count;
    unsigned classes[BF_LABEL_COLUMNS_MAX]; /* of each, 2 or more */
} bf_label_columns;

/* Whether weights are refreshed by bootstrapping after each iteration. Then rows
 * stay at the modulus of one iteration, for any number of them. */
typedef enum bf_refresh_choice {
    BF_REFRESH_AUTO, /* where that is cheaper, or the only way */
    BF_REFRESH_NEVER,
    BF_REFRESH_ALWAYS
} bf_refresh_choice;

/* Most owners of one job. */
#define BF_OWNERS_MAX 16

/* What a plan is to keep to; {0} leaves all to the search. */
typedef struct bf_plan_options {
    unsigned log_n;      /* log2 of the ring degree, of the range above */
    size_t f, k;         /* features of a ciphertext, dense places */
    uint64_t max_memory; /* of the server, bytes */
    bf_label_columns labels; /* their classes add up to the job's; count 0: one
                              * column */
    bf_refresh_choice refresh;
    unsigned owners;     /* whose rows these are together, up to
                          * BF_OWNERS_MAX; 0 or 1: one */
} bf_plan_options;

/* Chooses ring, modulus chain and layout for these shapes: the cheapest of the
 * candidates that have 128 bits of security, are precise enough and fit.
 * options may be NULL. BF_ERR_ARGUMENT says why nothing fits. */
BF_API BF_MUST_CHECK bf_status bf_job_plan(bf_job **out,
                                           const bf_recipe *recipe, size_t rows,
                                           size_t features, size_t classes,
                                           const bf_plan_options *options,
                                           bf_env *env);
/* The same for these data, which are checked as bf_dataset_check does: their
 * shapes, and a default recipe for them (recipe NULL: whitened, two
 * iterations). */
BF_API BF_MUST_CHECK bf_status bf_job_plan_for(bf_job **out,
                                               const bf_recipe *recipe,
                                               const bf_dataset *data,
                                               const bf_plan_options *options,
                                               bf_env *env);
/* A further job over the rows of `over`, which are encrypted once: with other
 * labels, iterations, steps or batches. The recipe is that of `over` but for
 * these; ring and layout are those of the rows. The server wants `over`'s
 * upload of rows and keys, and of this job the labels, and keys that
 * bf_job_more_keys counts. labels: as in the options, NULL for one column.
 * BF_ERR_MISMATCH where the recipe asks for other rows; BF_ERR_ARGUMENT where
 * their modulus chain does not fit: without refreshes, it ends with the
 * iterations that it was planned for. */
BF_API BF_MUST_CHECK bf_status bf_job_plan_over(
    bf_job **out, const bf_recipe *recipe, size_t classes,
    const bf_label_columns *labels, const bf_job *over, bf_env *env);
/* The job file. Reading checks everything that a hostile file could get wrong;
 * what was read is written as the same bytes. */
BF_API BF_MUST_CHECK bf_status bf_job_read(bf_job **out, const char *path);
BF_API BF_MUST_CHECK bf_status bf_job_write(const bf_job *job,
                                            const char *path);
BF_API void bf_job_destroy(bf_job *job);

/* The BLAKE2b digest of the job file, which keys, uploads and models carry.
 * Valid as long as the job. */
BF_API const uint8_t *bf_job_id(const bf_job *job); /* BF_JOB_ID_BYTES */
/* Of the data set: uploads of rows carry it. Jobs of one data set differ in
 * labels, iterations or what follows from them, and train on the same rows. */
BF_API void bf_job_data_set_id(const bf_job *job, uint8_t id[BF_JOB_ID_BYTES]);
BF_API const bf_recipe *bf_job_recipe(const bf_job *job);
/* What a planned job was compared with: the same job with refreshed weights, or
 * without. NULL where there is none as precise, and of a job that was read. Valid
 * as long as the job. */
BF_API const bf_job *bf_job_alternative(const bf_job *job);

typedef struct bf_job_shape {
    size_t rows, features, classes;
    bf_label_columns labels;
    size_t columns; /* of transformed rows, the constant one included */
    unsigned iterations;
    size_t row_ciphertexts, other_ciphertexts; /* uploaded */
} bf_job_shape;
BF_API bf_job_shape bf_job_shape_of(const bf_job *job);

/* What a job takes and what comes of it. Bytes are exact but for the memory. */
typedef struct bf_job_figures {
    bf_job_shape shape;
    size_t ring_degree;
    unsigned limbs, special_limbs; /* primes of q and of P */
    double log2_qp, log2_qp_limit; /* limit: for 128 bits */
    double security_bits;
    size_t features_per_ciphertext, rows_per_ciphertext;
    size_t keys; /* evaluation keys */
    bool refreshed; /* weights, after each iteration */
    uint64_t upload_bytes, key_bytes, model_bytes;
    uint64_t labels_bytes; /* of an upload without rows */
    uint64_t memory_bytes; /* of the server, at most */
    uint64_t key_switches, ciphertext_products;
    /* Of the server, counted steps weighted with prices that hold nearly
     * everywhere: the ratio of two jobs is that of their times. */
    double work;
    /* Expected rms error of a weight in transformed space, and the size of one
     * to compare it with. */
    double weight_error, typical_weight;
} bf_job_figures;
/* Walks the job's circuit, at the first call. */
BF_API BF_MUST_CHECK bf_status bf_job_figures_of(bf_job_figures *out,
                                                 const bf_job *job,
                                                 bf_env *env);

/* Evaluation keys that a job needs and those of these jobs, over the same data
 * set, lack: how many, and the bytes of a file of them. None: both 0. */
BF_API BF_MUST_CHECK bf_status bf_job_more_keys(size_t *keys, uint64_t *bytes,
                                                const bf_job *job,
                                                const bf_job *const *have,
                                                size_t count, bf_env *env);

/* The model after an iteration, from 1. */
typedef struct bf_job_step {
    unsigned limbs; /* that are left after it */
    double error;   /* expected, rms, of a weight in transformed space */
} bf_job_step;
/* BF_ERR_ARGUMENT for an iteration that the job has not. */
BF_API BF_MUST_CHECK bf_status bf_job_step_of(bf_job_step *out,
                                              const bf_job *job,
                                              unsigned iteration, bf_env *env);

/* BF_ERR_MEMORY where this machine has less memory free than a server needs. */
BF_API BF_MUST_CHECK bf_status bf_job_check_server(const bf_job *job,
                                                   bf_env *env);
/* Seconds that a server like this machine would train, with the threads of env:
 * from steps of the job, timed for a fraction of a second, or for one where that
 * tells of a long job. NaN where the steps take more than 1.5 GiB, or much of the
 * memory. */
BF_API BF_MUST_CHECK bf_status bf_job_estimate(double *seconds,
                                               const bf_job *job, bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
