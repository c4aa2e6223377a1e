#include "blindfit/server.h"
#include "cli.h"
#include "job_report.h"

#define CLASSES 10

typedef struct plan_args {
    size_t n, d, owners, ranks;
    cli_counts classes, rows;
    const char *over, *path; /* job file to write */
} plan_args;

/* The classes of all columns. */
static bf_status read_classes(bf_label_columns *columns, size_t *all,
                              const plan_args *a)
{
    *columns = (bf_label_columns){.count = a->classes.count};
    *all = 0;
    for (unsigned i = 0; i < a->classes.count; i++) {
        if (a->classes.at[i] > 1000000)
            return bf_fail(BF_ERR_ARGUMENT, "--classes: %zu are too many",
                           a->classes.at[i]);
        columns->classes[i] = (unsigned)a->classes.at[i];
        *all += a->classes.at[i];
    }
    return BF_OK;
}

/* The rows of all owners say how many owners and how many rows there are. */
static bf_status read_owners(cli_shape *s, const plan_args *a)
{
    s->rows = a->n;
    s->owners = (unsigned)a->owners;
    if (a->owners > BF_OWNERS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "--owners: at most %d", BF_OWNERS_MAX);
    if (!a->rows.count) return BF_OK;
    if (a->n || a->owners)
        return bf_fail(BF_ERR_ARGUMENT, "--%s: --rows says how many",
                       a->n ? "samples" : "owners");
    s->owners = a->rows.count;
    s->owner_rows = a->rows.at;
    for (unsigned i = 0; i < a->rows.count; i++) s->rows += a->rows.at[i];
    return BF_OK;
}

static bf_status plan_new(bf_job **job, const plan_args *a)
{
    cli_shape s = {.features = a->d, .ranks = (unsigned)a->ranks};
    BF_TRY(read_owners(&s, a));
    BF_TRY(read_classes(&s.labels, &s.classes, a));
    if (!a->classes.count) s.classes = CLASSES;
    if (s.rows == 0 || s.features == 0)
        return bf_fail(BF_ERR_ARGUMENT, "plan needs --samples and --features, "
                       "or a job file");
    if (a->path) BF_TRY(bf_outfile_check(a->path, NULL, 0));
    return cli_plan_job(job, &s);
}

/* Plans a further job over the rows of another. */
static bf_status plan_over(bf_job **job, bf_job **over, const plan_args *a)
{
    bf_label_columns columns;
    size_t all;
    if (a->owners || a->rows.count)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--%s: rows of several owners serve one job",
                       a->owners ? "owners" : "rows");
    if (a->n || a->d)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--%s: decided by the rows, which "
                       "--over has encrypted already",
                       a->n ? "samples" : "features");
    if (a->path) BF_TRY(bf_outfile_check(a->path, CLI_FILES(a->over)));
    BF_TRY(bf_job_read(over, a->over));
    bf_job_shape there = bf_job_shape_of(*over);
    BF_TRY(read_classes(&columns, &all, a));
    return cli_plan_over(job, all ? all : there.classes,
                         all ? &columns : &there.labels, *over);
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    plan_args a = {0};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"samples", 'n', CLI_COUNT, &a.n, "N", "number of training rows"},
        {"features", 'd', CLI_COUNT, &a.d, "D", "number of features of a row"},
        {"classes", 'c', CLI_COUNTS, &a.classes, "C[,C...]",
         "number of classes (default: 10, or that of --over); for several "
         "columns of labels, a number for each"},
        {"owners", 0, CLI_COUNT, &a.owners, "K",
         "number of owners of the rows, 2 to 16 (see party)"},
        {"rows", 0, CLI_COUNTS, &a.rows, "N,N..",
         "in place of --samples and --owners, if rows are split among owners: "
         "how many each has, so that ciphertexts have few rows of two owners"},
        {"ranks", 0, CLI_COUNT, &a.ranks, "R",
         "number of processes that train the job together: plan for so many, "
         "and show what each takes (docs/scale-out.md)"},
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
    if (a.ranks > BF_RANKS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "--ranks: at most %d", BF_RANKS_MAX);
    if (operands[0]) {
        if (a.n || a.d || a.classes.count || a.owners || a.rows.count ||
            a.path || a.over || cli_recipe_asked())
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s is planned already; what it takes is shown "
                           "without other options",
                           operands[0]);
        s = bf_job_read(&job, operands[0]);
    } else {
        s = a.over ? plan_over(&job, &over, &a) : plan_new(&job, &a);
    }
    if (s == BF_OK) s = cli_report_plan(job, over, a.ranks, a.path);
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
        "  blindfit plan job.json\n"
        "  # a job for 16 machines\n"
        "  blindfit plan -n 1000000 -d 400 --ranks 16 -o job.json\n",
    .run = run,
};
