/* Plans for people and as JSON. */
#ifndef BF_CLI_JOB_REPORT_H
#define BF_CLI_JOB_REPORT_H

#include "cli.h"
#include "train/job.h"

BF_MUST_CHECK bf_status cli_report_plan(const bf_job *job, const bf_plan *plan,
                                        double seconds);
/* A job's shapes and parameters, as every command that reports on one says
 * them. */
void cli_json_job(cJSON *o, const bf_job *job);
uint64_t cli_key_switches(const bf_counters c[BF_RINGS_MAX]);

#endif
