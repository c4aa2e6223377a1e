#include "cli.h"

/* Replaces remote.c in builds without libcurl. */
static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    /* --help; but options of commands that are not here get the same answer as
     * these commands. */
    if (argc < 2 || argv[1][0] == '-')
        BF_TRY(cli_parse(self, none, argc, argv, 0, 0, operands));
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
    .examples = "  tools/install-deps remote\n"
                "  cmake build -DBLINDFIT_REMOTE=ON && make\n",
    .run = run,
};
