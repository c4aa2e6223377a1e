#ifndef BF_GATEWAY_COMMANDS_H
#define BF_GATEWAY_COMMANDS_H

#include "cli.h"

extern const cli_command gateway_serve, gateway_token;

#endif
