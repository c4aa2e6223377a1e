/* blindfit-gateway: owners' access to a spool by HTTP. It never trains, and has
 * no secret of an owner. */
#include "gateway/commands.h"

int main(int argc, char **argv)
{
    static const cli_command *const commands[] = {
        &gateway_serve, &gateway_token, &cli_completion, NULL};
    return cli_main("blindfit-gateway",
                    "blindfit-gateway: HTTP for owners of a spool", commands,
                    argc, argv);
}
