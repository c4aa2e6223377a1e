/* The page of report --html: one file without scripts, and without anything
 * from elsewhere. */
#ifndef BF_CLI_PAGE_H
#define BF_CLI_PAGE_H

#include "report/runs.h"

/* Of one run everything that its report has. Of several the table and the
 * curves together, then each run. A stream's errors show at its commit. */
void report_page(FILE *to, const report_runs *r);

#endif
