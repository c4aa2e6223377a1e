/* Plans for people and as JSON. */
#ifndef BF_CLI_JOB_REPORT_H
#define BF_CLI_JOB_REPORT_H

#include "cli.h"

/* over: the job whose rows are encrypted already, or NULL. ranks: of training
 * on several machines; 0: of one. path: where to write the job, when all that
 * can fail or be interrupted is done; or NULL. */
BF_MUST_CHECK bf_status cli_report_plan(const bf_job *job, const bf_job *over,
                                        size_t ranks, const char *path);
/* A job's shapes and parameters, the same in the reports of all commands. */
void cli_json_job(cJSON *o, const bf_recipe *recipe, const bf_job_figures *f);
/* And its costs. */
void cli_json_costs(cJSON *o, const bf_job *job, const bf_job_figures *f);
/* Modulus and noise after each iteration, which do not depend on the data. */
BF_MUST_CHECK bf_status cli_json_levels(cJSON *o, const bf_job *job,
                                        const bf_job_figures *f);

#endif
