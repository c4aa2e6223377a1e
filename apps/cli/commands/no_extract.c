#include "cli.h"

/* Replaces extract.c in builds without image readers. */
static bf_status run(const cli_command *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return bf_fail(BF_ERR_UNSUPPORTED,
                   "%s: this blindfit was built without image readers and "
                   "backbones (BLINDFIT_FEATURES=OFF)",
                   self->name);
}

const cli_command cli_extract = {
    .name = "extract",
    .summary = "turn images into features (not in this build)",
    .synopsis = "",
    .examples = "",
    .run = run,
};
