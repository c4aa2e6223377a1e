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
/* Most that is planned with of the error of a weight, as a part of a typical
 * one. */
#define BF_PLAN_ERROR_MAX 0.1

/* Several columns of labels, trained in one pass: a row has a label in each
 * column, and each column has a model. The classes of a column are numbered
 * from 0, and the classes of a job through all columns. */
#define BF_LABEL_COLUMNS_MAX 16
typedef struct bf_label_columns {
    unsigned count;
    unsigned classes[BF_LABEL_COLUMNS_MAX]; /* each 2 or more */
} bf_label_columns;

/* Whether weights are refreshed by bootstrapping after each iteration. With
 * refreshes, rows need only the modulus of one iteration, for any number of
 * iterations. */
typedef enum bf_refresh_choice {
    BF_REFRESH_AUTO, /* if cheaper, or the only way */
    BF_REFRESH_NEVER,
    BF_REFRESH_ALWAYS
} bf_refresh_choice;

/* Most owners of one job. */
#define BF_OWNERS_MAX 16

/* Most parts of an upload: the files that a process writes at once (64), less
 * some for what belongs to them. */
#define BF_UPLOAD_PARTS_MAX 60
/* The file of a part, "UPLOAD.PART"; BF_ERR_ARGUMENT if it takes more than
 * `room` bytes. */
BF_API BF_MUST_CHECK bf_status bf_upload_part_path(char *out, size_t room,
                                                   const char *upload,
                                                   unsigned part);

/* Constraints of a plan; {0}: none. */
typedef struct bf_plan_options {
    unsigned log_n;      /* log2 of the ring degree, in the range above */
    size_t f, k;         /* features of a ciphertext, dense places */
    uint64_t max_memory; /* of the server, bytes */
    bf_label_columns labels; /* the sum of their classes is the job's; count 0:
                              * one column */
    bf_refresh_choice refresh;
    unsigned owners;     /* number of owners of the rows, up to BF_OWNERS_MAX; 0
                          * or 1: one owner */
    /* [owners], of rows that are split among owners: how many each has. No
     * owner then uploads many ciphertexts more than its rows fill. NULL: the
     * session decides. */
    const size_t *owner_rows;
    /* Iterations also return encrypted sums of squared residuals, which bound
     * scores (bf_owner_certificate). A job over the rows of another has
     * certificates if that one has. */
    bool certificate;
    /* Number of processes that will train the job together (bf_ranks in
     * server.h); 0 or 1: one. The plan is the one with which the busiest does
     * least, and max_memory is for each. Another number of processes can train
     * the job as well; a job of several owners, who recheck the model, can be
     * trained by so many or by one. */
    unsigned ranks;
    /* Largest expected rms error of a weight, as a part of a typical one
     * (weight_error and typical_weight of the figures), up to
     * BF_PLAN_ERROR_MAX. Smaller errors take longer primes: bytes and time. 0:
     * what the recipe tolerates, or less if the job is so small that less
     * costs next to nothing; more if nothing else has a plan. */
    double max_error;
} bf_plan_options;

/* Chooses ring, modulus chain and layout for these shapes: the cheapest of the
 * candidates that have 128 bits of security, are precise enough and fit.
 * options may be NULL. BF_ERR_ARGUMENT says why nothing fits. */
BF_API BF_MUST_CHECK bf_status bf_job_plan(bf_job **out,
                                           const bf_recipe *recipe, size_t rows,
                                           size_t features, size_t classes,
                                           const bf_plan_options *options,
                                           bf_env *env);
/* The same for the shapes of this data set, which is checked as by
 * bf_dataset_check. recipe NULL: the default recipe for these shapes, whitened
 * with two iterations. */
BF_API BF_MUST_CHECK bf_status bf_job_plan_for(bf_job **out,
                                               const bf_recipe *recipe,
                                               const bf_dataset *data,
                                               const bf_plan_options *options,
                                               bf_env *env);
/* Plans a further job over the encrypted rows of `over`, with other labels,
 * iterations, steps or batches. Everything else in the recipe must be that of
 * `over`; ring and layout are those of the rows. The server needs the rows and
 * keys of `over`, the labels of the new job, and the keys that bf_job_more_keys
 * counts. labels: as in the options, NULL for one column. BF_ERR_MISMATCH if
 * the recipe needs other rows; BF_ERR_ARGUMENT if the modulus chain of the rows
 * does not fit the job: without refreshes a chain fits the iterations for which
 * it was planned, never more, and nearly always fewer. */
BF_API BF_MUST_CHECK bf_status bf_job_plan_over(
    bf_job **out, const bf_recipe *recipe, size_t classes,
    const bf_label_columns *labels, const bf_job *over, bf_env *env);
/* The job file. Reading checks everything that a hostile file could get wrong;
 * a job that was read is written as the same bytes. */
BF_API BF_MUST_CHECK bf_status bf_job_read(bf_job **out, const char *path);
BF_API BF_MUST_CHECK bf_status bf_job_write(const bf_job *job,
                                            const char *path);
BF_API void bf_job_destroy(bf_job *job);

/* The BLAKE2b digest of the job file, which keys, uploads and models carry.
 * Valid as long as the job. */
BF_API const uint8_t *bf_job_id(const bf_job *job); /* BF_JOB_ID_BYTES */
/* The id of the data set, which uploads of rows carry. Jobs of one data set
 * train on the same rows, and differ in labels, iterations and derived fields.
 */
BF_API void bf_job_data_set_id(const bf_job *job, uint8_t id[BF_JOB_ID_BYTES]);
BF_API const bf_recipe *bf_job_recipe(const bf_job *job);
/* The alternative of a planned job: the same job with refreshes if the plan has
 * none, without refreshes otherwise. NULL if no such plan is as precise, and
 * for a job from a file. Valid as long as the job. */
BF_API const bf_job *bf_job_alternative(const bf_job *job);

typedef struct bf_job_shape {
    size_t rows, features, classes;
    bf_label_columns labels;
    size_t columns; /* of transformed rows, the constant one included */
    unsigned iterations;
    size_t row_ciphertexts, other_ciphertexts; /* uploaded */
    unsigned owners;                   /* 1: one owner */
    size_t owner_rows[BF_OWNERS_MAX];  /* all 0: the session decides */
} bf_job_shape;
BF_API bf_job_shape bf_job_shape_of(const bf_job *job);

/* Costs and precision of a job. Bytes are exact, except for memory. */
typedef struct bf_job_figures {
    bf_job_shape shape;
    size_t ring_degree;
    unsigned limbs, special_limbs; /* primes of q and of P */
    double log2_q, log2_qp, log2_qp_limit; /* limit: for 128 bits */
    double security_bits;
    size_t features_per_ciphertext, rows_per_ciphertext;
    size_t keys; /* evaluation keys */
    bool refreshed; /* weights are refreshed after each iteration */
    bool certified; /* iterations with scores return certificates */
    uint64_t upload_bytes, key_bytes, model_bytes;
    uint64_t labels_bytes; /* of an upload without rows */
    uint64_t checkpoint_bytes; /* at most */
    /* Of the server, at most. Servers can keep rows packed (bf_serve_options),
     * in less memory and for some more work: rows_packed if the plan is made
     * for this, as max_memory allows nothing else. */
    uint64_t memory_bytes;
    bool rows_packed;
    uint64_t packed_memory_bytes; /* with packed rows; 0 where they can't be,
                                   * and in a report of a run */
    uint64_t key_switches, ciphertext_products;
    /* The server's counted steps, weighted with prices that nearly fit all
     * machines: the ratio of two jobs' work approximates the ratio of their
     * times. */
    double work;
    /* Expected rms error of a weight in transformed space, as decrypted, or as
     * several owners open it; and the size of a typical weight. */
    double weight_error, typical_weight;
} bf_job_figures;
/* Walks the job's circuit, at the first call. */
BF_API BF_MUST_CHECK bf_status bf_job_figures_of(bf_job_figures *out,
                                                 const bf_job *job,
                                                 bf_env *env);

/* Number of evaluation keys that a job needs in addition to the keys of the
 * given jobs over the same data set, and the bytes of a file of these keys.
 * Both are 0 if no key is missing. */
BF_API BF_MUST_CHECK bf_status bf_job_more_keys(size_t *keys, uint64_t *bytes,
                                                const bf_job *job,
                                                const bf_job *const *have,
                                                size_t count, bf_env *env);

/* The model after an iteration, from 1. */
typedef struct bf_job_step {
    unsigned limbs; /* left after the iteration */
    double log2_q;  /* of these limbs */
    double error;   /* expected rms error of a weight, transformed space */
    bool certified; /* the iteration returns a certificate */
} bf_job_step;
/* BF_ERR_ARGUMENT for an iteration beyond the job's. */
BF_API BF_MUST_CHECK bf_status bf_job_step_of(bf_job_step *out,
                                              const bf_job *job,
                                              unsigned iteration, bf_env *env);

/* BF_ERR_MEMORY if this machine has less free memory than a server needs. */
BF_API BF_MUST_CHECK bf_status bf_job_check_server(const bf_job *job,
                                                   bf_env *env);
/* Seconds of training on a server like this machine, with the threads of env.
 * Steps of the job are timed for a fraction of a second, or for a second if the
 * job is long. NaN if the steps take more than 1.5 GiB, or much of the memory.
 */
BF_API BF_MUST_CHECK bf_status bf_job_estimate(double *seconds,
                                               const bf_job *job, bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
