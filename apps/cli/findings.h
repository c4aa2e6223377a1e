/* What is found out about a run from its model file, as reports show it. */
#ifndef BF_CLI_FINDINGS_H
#define BF_CLI_FINDINGS_H

#include "cli.h"

/* Certificates in the order of their iterations. */
typedef struct cli_certificates {
    size_t count;
    bf_certificate at[BF_MAX_ITERATIONS];
} cli_certificates;
void cli_certificates_json(cJSON *o, const cli_certificates *c);
/* A line for the last one, or for each. */
void cli_certificates_print(const cli_certificates *c, bool each);
/* A line on stderr for each that does not prove what it should. */
void cli_certificates_warn(const cli_certificates *c);

typedef struct cli_findings {
    bf_review review;
    cli_certificates certificates; /* none if the job has none */
} cli_findings;
/* Of iterations up to `last` (0: all), for rows x (NULL: none); warns about
 * certificates. Fails as bf_owner_review. */
BF_MUST_CHECK bf_status cli_findings_make(cli_findings *out,
                                          const bf_owner *owner,
                                          const bf_job *job, const char *model,
                                          const char *transform,
                                          const bf_view *x, unsigned last);
void cli_findings_json(cJSON *o, const cli_findings *f);
void cli_findings_print(const cli_findings *f, bool every_iteration);

#endif
