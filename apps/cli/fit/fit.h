/* The whole protocol on one machine, and its comparison with plaintext runs. */
#ifndef BF_CLI_FIT_H
#define BF_CLI_FIT_H

#include "blindfit/job.h"
#include "blindfit/owner.h"
#include "findings.h"
#include "fit/server_process.h"

typedef struct fit_iteration {
    double encrypted, plaintext; /* accuracies */
} fit_iteration;

typedef struct fit {
    /* given */
    bf_dataset train, test; /* test empty: accuracy on the training rows */
    const char *work;       /* folder for exchanged files, or NULL */
    bool every_iteration;
    bool compare; /* with plaintext logistic regression */

    /* results */
    bf_job *job;
    bf_job_figures figures;
    bf_owner *owner;
    bf_prepared prepared;
    bf_model model;
    double began;
    struct {
        double whiten, keygen, encrypt, server, decrypt;
    } starts; /* seconds since `began` */
    struct {
        double whiten, keygen, encrypt, train, decrypt, total, server_wall,
            regression;
    } seconds;
    struct {
        double upload, keys, model;
    } bytes;
    cli_server_result server;
    cli_findings found;
    bf_metrics encrypted, twin, regression;
    bf_metrics reduced; /* regression on the encrypted columns, if they are
                         * fewer than the features; else empty */
    double max_weight_error;
    fit_iteration history[BF_MAX_ITERATIONS];
} fit;

/* plan, whiten, keygen, encrypt, train, decrypt: fit_run.c */
BF_MUST_CHECK bf_status fit_run(fit *f);
/* twin and regression: fit_compare.c */
BF_MUST_CHECK bf_status fit_compare(fit *f);
/* fit_report.c */
BF_MUST_CHECK bf_status fit_report(const fit *f);
void fit_clear(fit *f);

/* The rows on which accuracies are measured. */
static inline const bf_dataset *fit_judge(const fit *f)
{
    return f->test.x.data ? &f->test : &f->train;
}

#endif
