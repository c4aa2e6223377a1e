#include "cli.h"

bf_status (*const cli_inspect_data)(bool *known,
                                    const char *path) = cli_inspect_owned;

int main(int argc, char **argv)
{
    static const cli_command *const commands[] = {
        &cli_fit,     &cli_report,   &cli_extract, &cli_plan,
        &cli_keygen,  &cli_encrypt,  &cli_train,   &cli_decrypt,
        &cli_evaluate, &cli_predict, &cli_remote,  &cli_party,
        &cli_inspect, &cli_bench,    &cli_completion,
        NULL,
    };
    return cli_main("blindfit",
                    "blindfit: train a classifier on encrypted images",
                    commands, argc, argv);
}
