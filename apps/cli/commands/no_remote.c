#include "cli.h"

/* Replaces remote.c in builds without libcurl. */
static bf_status run(const cli_command *self, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return bf_fail(BF_ERR_UNSUPPORTED,
                   "%s: this blindfit was built without libcurl: "
                   "tools/install-deps remote installs it "
                   "(libcurl4-openssl-dev), cmake -DBLINDFIT_REMOTE=ON "
                   "insists on it", self->name);
}

const cli_command cli_remote = {
    .name = "remote",
    .summary = "train at a server (not in this build)",
    .synopsis = "",
    .examples = "",
    .run = run,
};
