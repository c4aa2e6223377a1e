#include "relay.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define NAME "blindfit-server: "

static void take_line(cli_relay *r)
{
    double done, total;
    int at = 0;
    r->line[r->length] = 0;
    if (sscanf(r->line, "progress %lf %lf %n", &done, &total, &at) == 2 && at) {
        r->progress(r->user, r->line + at, done, total);
    } else if (strncmp(r->line, "note ", 5) == 0) {
        r->note(r->user, r->line + 5);
    } else if (r->length) {
        bool named = strncmp(r->line, NAME, sizeof NAME - 1) == 0;
        strcpy(r->message, r->line + (named ? sizeof NAME - 1 : 0));
    }
    r->length = 0;
}

void cli_relay_take(cli_relay *r, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n')
            take_line(r);
        else if (r->length + 1 < sizeof r->line)
            r->line[r->length++] = text[i];
    }
}
