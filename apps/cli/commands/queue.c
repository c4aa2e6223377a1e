#include "queue/queue.h"

#include <unistd.h>

#define RETRIES 3

/* All of the machine's memory. */
static uint64_t machine_memory(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && bytes > 0 ? (uint64_t)pages * (uint64_t)bytes
                                  : UINT64_MAX;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    queue_options o = {.retries = RETRIES};
    const char *operands[CLI_OPERANDS_MAX], *limits = NULL;
    const cli_option options[] = {
        {"max-memory", 0, CLI_BYTES, &o.max_memory, "SIZE",
         "refuse jobs that need more memory, such as 12G (default: the "
         "machine's)"},
        {"max-time", 0, CLI_TIME, &o.max_time, "TIME",
         "refuse jobs whose training takes longer, such as 90s, 30m or 2h, and "
         "end those that do"},
        {"max-disk", 0, CLI_BYTES, &o.max_disk, "SIZE",
         "refuse jobs whose files take more"},
        {"limits", 0, CLI_TEXT, &limits, "FILE",
         "limits of single owners (docs/server.md)"},
        {"retries", 0, CLI_COUNT, &o.retries, "N",
         "starts again of a training that dies without a step forward "
         "(default: 3)"},
        {"once", 0, CLI_FLAG, &o.once, NULL,
         "end when no submitted job is left"},
        {0},
    };
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    o.spool = operands[0];
    if (!o.max_memory) o.max_memory = machine_memory();
    if (limits) BF_TRY(queue_limits_read(&o.limits, limits));
    bf_status s = queue_run(&o);
    queue_limits_clear(&o.limits);
    return s;
}

const cli_command cli_queue = {
    .name = "queue",
    .summary = "train the jobs that owners put into a folder",
    .synopsis = "SPOOL",
    .examples =
        "  # jobs in spool/OWNER/jobs, models in spool/OWNER/results\n"
        "  # (docs/server.md)\n"
        "  blindfit-server queue spool --max-memory 12G --max-time 2h\n"
        "  # what was submitted so far\n"
        "  blindfit-server queue spool --once\n"
        "  # a line of JSON for each change\n"
        "  blindfit-server queue spool --json\n",
    .run = run,
};
