/* The table of runs side by side, which report prints as text and as HTML. */
#ifndef BF_REPORT_TABLE_H
#define BF_REPORT_TABLE_H

#include <stdio.h>

#include "report/runs.h"

/* Where the table goes. Names that begin with a blank belong to the line above.
 */
typedef struct bf_report_sink {
    FILE *to;
    void (*heading)(FILE *to, const char *text, size_t columns);
    void (*line)(FILE *to, const char *name, const bf_text *cells,
                 size_t columns);
} bf_report_sink;
/* A cell is "-" where a run lacks the figure; a line that all runs lack is left
 * out. */
void bf_report_table(const bf_report *r, const bf_report_sink *sink);

#endif
