/* Reports as HTML: a page, or a fragment of other pages. Neither has scripts,
 * or anything from elsewhere. Of one run everything that its report has; of
 * several the table and the curves together, then each run. A stream's errors
 * show at its end; what is returned is lack of memory. */
#ifndef BF_REPORT_PAGE_H
#define BF_REPORT_PAGE_H

#include <stdio.h>

#include "report/runs.h"

BF_MUST_CHECK bf_status bf_report_page(FILE *to, const bf_report *r);
BF_MUST_CHECK bf_status bf_report_fragment(FILE *to, const bf_report *r);

#endif
