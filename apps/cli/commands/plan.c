#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "job_report.h"

#define CLASSES 10

typedef struct plan_args {
    size_t n, d, owners;
    const char *classes, *over, *path; /* job file to write */
    bf_label_columns labels;           /* the value of `classes` */
    size_t all;                        /* classes of all columns */
} plan_args;

/* "10" or, for several columns of labels, "10,2". */
static bf_status parse_classes(plan_args *a)
{
    const char *at = a->classes;
    while (at) {
        char *end;
        unsigned long v = strtoul(at, &end, 10);
        if (*at < '0' || *at > '9' || (*end && *end != ',') ||
            v > 1000000 || a->labels.count == BF_LABEL_COLUMNS_MAX)
            return bf_fail(BF_ERR_ARGUMENT,
                           "--classes: '%s' is neither a number such as 10 nor "
                           "a list such as 10,2",
                           a->classes);
        a->labels.classes[a->labels.count++] = (unsigned)v;
        a->all += v;
        at = *end ? end + 1 : NULL;
    }
    return BF_OK;
}

static bf_status plan_new(bf_job **job, const plan_args *a)
{
    if (a->n == 0 || a->d == 0)
        return bf_fail(BF_ERR_ARGUMENT, "plan needs --samples and --features, "
                       "or a job file");
    if (a->owners > BF_OWNERS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "--owners: at most %d", BF_OWNERS_MAX);
    if (a->path) BF_TRY(cli_check_output(a->path, NULL, 0));
    BF_TRY(cli_plan_job(job, a->n, a->d, a->classes ? a->all : CLASSES,
                        a->classes ? &a->labels : NULL, (unsigned)a->owners));
    return a->path ? bf_job_write(*job, a->path) : BF_OK;
}

/* Plans a further job over the rows of another. */
static bf_status plan_over(bf_job **job, bf_job **over, const plan_args *a)
{
    if (a->owners)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--owners: rows of several owners serve one job");
    if (a->n || a->d)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--%s: decided by the rows, which "
                       "--over has encrypted already",
                       a->n ? "samples" : "features");
    if (a->path) BF_TRY(cli_check_output(a->path, CLI_FILES(a->over)));
    BF_TRY(bf_job_read(over, a->over));
    bf_job_shape there = bf_job_shape_of(*over);
    BF_TRY(cli_plan_over(job, a->classes ? a->all : there.classes,
                         a->classes ? &a->labels : &there.labels, *over));
    return a->path ? bf_job_write(*job, a->path) : BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    plan_args a = {0};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"samples", 'n', CLI_COUNT, &a.n, "N", "number of training rows"},
        {"features", 'd', CLI_COUNT, &a.d, "D", "number of features of a row"},
        {"classes", 'c', CLI_TEXT, &a.classes, "C[,C...]",
         "number of classes (default: 10, or that of --over); for several "
         "columns of labels, a number for each"},
        {"owners", 0, CLI_COUNT, &a.owners, "K",
         "number of owners of the rows, 2 to 16 (see party)"},
        {"over", 0, CLI_TEXT, &a.over, "JOB0",
         "plan a further job over the rows of JOB0, with other labels, "
         "iterations, steps or batches"},
        {"output", 'o', CLI_TEXT, &a.path, "JOB", "job file to write"},
        {"", 0, CLI_TABLE, (void *)cli_recipe_options, NULL, NULL},
        {0},
    };
    bf_job *job = NULL, *over = NULL;
    bf_status s;
    BF_TRY(cli_parse(self, options, argc, argv, 0, 1, operands));
    BF_TRY(parse_classes(&a));
    if (operands[0]) {
        if (a.n || a.d || a.classes || a.owners || a.path || a.over ||
            cli_recipe_asked())
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s is planned already; what it takes is shown "
                           "without other options",
                           operands[0]);
        s = bf_job_read(&job, operands[0]);
    } else {
        s = a.over ? plan_over(&job, &over, &a) : plan_new(&job, &a);
    }
    if (s == BF_OK) s = cli_report_plan(job, over);
    bf_job_destroy(job);
    bf_job_destroy(over);
    return s;
}

const cli_command cli_plan = {
    .name = "plan",
    .summary = "choose parameters for a job, and show its cost",
    .synopsis = "--samples N --features D [--classes C] [-o JOB] | --over JOB0 "
                "[-o JOB] | JOB",
    .examples =
        "  # 128 images of 400 features, two iterations of our recipe\n"
        "  blindfit plan --samples 128 --features 400 -o job.json\n"
        "  # the same with the published recipe\n"
        "  blindfit plan -n 128 -d 400 --recipe paper -o job.json\n"
        "  # the cost of a job with 60,000 images\n"
        "  blindfit plan -n 60000 -d 400 --iterations 3 --max-memory 12G\n"
        "  # other labels, of two classes, over rows that are already "
        "encrypted\n"
        "  blindfit plan --over job.json --classes 2 -o job-2.json\n"
        "  # the cost of an existing job\n"
        "  blindfit plan job.json\n",
    .run = run,
};
