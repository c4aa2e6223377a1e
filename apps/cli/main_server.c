/* The server: no secret key, no decryption; tests/cli/test_cli_symbols.sh
 * checks the symbols. */
#include "cli.h"

bf_status (*const cli_inspect_data)(bool *known,
                                    const char *path) = NULL;

int main(int argc, char **argv)
{
    static const cli_command *const commands[] = {
        &cli_train, &cli_queue,   &cli_gather,
        &cli_plan,  &cli_inspect, &cli_completion, NULL};
    return cli_main("blindfit-server",
                    "blindfit-server: the half of blindfit that sees only "
                    "ciphertexts",
                    commands, argc, argv);
}
