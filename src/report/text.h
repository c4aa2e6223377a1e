/* Reports as text. */
#ifndef BF_REPORT_TEXT_H
#define BF_REPORT_TEXT_H

#include <stdio.h>

#include "report/runs.h"

void bf_report_print_table(FILE *to, const bf_report *r);
/* For gnuplot: a block for each run, in per cent. */
void bf_report_print_curve(FILE *to, const bf_report *r);

#endif
