/* The owner's plaintext side of a job: rows as the server will see them. */
#ifndef BF_CLI_OWNER_JOB_H
#define BF_CLI_OWNER_JOB_H

#include "cli.h"
#include "train/job.h"

typedef struct cli_prepared {
    bf_transform *transform;
    bf_matrix rows;       /* transformed */
    bf_schedule schedule; /* with its start */
} cli_prepared;
/* Fits the transform, or reads it from `fitted` (NULL to fit). */
BF_MUST_CHECK bf_status cli_prepare(cli_prepared *out, const bf_job *job,
                                    const bf_dataset *data, const char *fitted);
void cli_prepared_clear(cli_prepared *p);

/* BF_ERR_MISMATCH unless the data has the job's rows and features, and its
 * classes where they have names; fewer without names are noted. */
BF_MUST_CHECK bf_status cli_check_shapes(const bf_job *job,
                                         const bf_dataset *data,
                                         const char *path);

/* Weights of transformed space as a model; names may be NULL. */
BF_MUST_CHECK bf_status cli_make_model(bf_model *out, const bf_transform *t,
                                       const bf_matrix *weights,
                                       char *const *names);

#endif
