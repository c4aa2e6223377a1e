/* The table of runs side by side, which report prints as text and as HTML. */
#ifndef BF_CLI_TABLE_H
#define BF_CLI_TABLE_H

#include "report/runs.h"

/* Where the table goes. Names that begin with a blank belong to the line above.
 */
typedef struct report_sink {
    FILE *to;
    void (*heading)(FILE *to, const char *text, size_t columns);
    void (*line)(FILE *to, const char *name, const cli_text *cells,
                 size_t columns);
} report_sink;
/* A cell is "-" where a run lacks the figure; a line that all runs lack is left
 * out. */
void report_table(const report_runs *r, const report_sink *sink);

#endif
