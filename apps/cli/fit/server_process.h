/* Runs blindfit-server as a process of its own. */
#ifndef BF_CLI_SERVER_PROCESS_H
#define BF_CLI_SERVER_PROCESS_H

#include <limits.h>

#include "cli.h"

typedef struct cli_server_run {
    const char *job, *keys, *upload, *model;
    const char *report; /* file for its JSON */
    bool pack_rows;     /* whatever memory is free; else where it is short */
} cli_server_run;

typedef struct cli_server_result {
    double train_seconds, read_seconds, write_seconds;
    double wall_seconds; /* with start-up */
    double peak_rss_bytes;
    double key_switches, tensor_products;
} cli_server_result;

/* Finds blindfit-server: beside this program, or in the folder of `make
 * install`. BF_ERR_IO, naming both places, if it is in neither. */
BF_MUST_CHECK bf_status cli_server_find(char out[PATH_MAX]);

/* Waits for the server, relays its progress, and passes Ctrl-C on to it. A
 * failure of the server becomes the failure of this function, with the same
 * message. */
BF_MUST_CHECK bf_status cli_server_run_job(cli_server_result *out,
                                           const cli_server_run *run);

#endif
