#include <math.h>
#include <string.h>

#include "cli.h"
#include "job_report.h"

#define CLASSES 10

static bf_status plan_new(bf_job **job, size_t n, size_t d, size_t classes,
                          const char *path)
{
    if (n == 0 || d == 0)
        return bf_fail(BF_ERR_ARGUMENT, "plan wants --samples and --features, "
                       "or a job file to read");
    if (path) BF_TRY(cli_check_output(path, NULL, 0));
    BF_TRY(cli_plan_job(job, n, d, classes));
    return path ? bf_job_write(*job, path) : BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    size_t n = 0, d = 0, classes = 0;
    const char *path = NULL, *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"samples", 'n', CLI_COUNT, &n, "N", "training rows"},
        {"features", 'd', CLI_COUNT, &d, "D", "features of a row"},
        {"classes", 'c', CLI_COUNT, &classes, "C", "classes (default 10)"},
        {"output", 'o', CLI_TEXT, &path, "JOB", "job file to write"},
        {"", 0, CLI_TABLE, (void *)cli_recipe_options, NULL, NULL},
        {0},
    };
    bf_job *job = NULL;
    bf_status s;
    BF_TRY(cli_parse(self, options, argc, argv, 0, 1, operands));
    if (operands[0]) {
        if (n || d || classes || path || cli_recipe_asked())
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s is planned already; what it takes is shown "
                           "without other options",
                           operands[0]);
        s = bf_job_read(&job, operands[0]);
    } else {
        s = plan_new(&job, n, d, classes ? classes : CLASSES, path);
    }
    if (s == BF_OK) s = cli_report_plan(job);
    bf_job_destroy(job);
    return s;
}

const cli_command cli_plan = {
    .name = "plan",
    .summary = "choose parameters for a job and say what it takes",
    .synopsis = "--samples N --features D [--classes C] [-o JOB] | JOB",
    .examples =
        "  # 128 images of 400 features, two iterations of our recipe\n"
        "  blindfit plan --samples 128 --features 400 -o job.json\n"
        "  # the same with the published recipe\n"
        "  blindfit plan -n 128 -d 400 --recipe paper -o job.json\n"
        "  # what would 60,000 images take?\n"
        "  blindfit plan -n 60000 -d 400 --iterations 3 --max-memory 12G\n"
        "  # what does this job take?\n"
        "  blindfit plan job.json\n",
    .run = run,
};
