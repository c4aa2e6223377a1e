/* What a child of this program that runs with --relay says on stderr. */
#ifndef BF_CLI_RELAY_H
#define BF_CLI_RELAY_H

#include <stddef.h>

#define CLI_RELAY_LINE 2048 /* longer lines are cut */

typedef struct cli_relay {
    void (*progress)(void *user, const char *phase, double done, double total);
    void (*note)(void *user, const char *text);
    void *user; /* of both */
    char line[CLI_RELAY_LINE];
    size_t length;
    /* The last line that is neither progress nor note, without the program's
     * name: the error, when the child has failed. */
    char message[CLI_RELAY_LINE];
} cli_relay;

/* Takes bytes as they come, in pieces of any size. */
void cli_relay_take(cli_relay *r, const char *text, size_t bytes);

#endif
