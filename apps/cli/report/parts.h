/* Parts of the page. Each takes what a report has: of what is missing, or is of
 * other shapes, it says so in a line, or it leaves it out. */
#ifndef BF_CLI_PARTS_H
#define BF_CLI_PARTS_H

#include "report/html.h"
#include "report/runs.h"

/* Who saw what: the owner, the wire and the server. */
void report_who(FILE *to, const cJSON *run);
/* Accuracies of all runs by iteration. */
void report_accuracy(FILE *to, const report_runs *r);
/* The confusion matrix, and the classes that were most often taken for others.
 * Beside other runs the matrix of many classes is left out. */
void report_confusion(FILE *to, const cJSON *run, bool alone);
/* Phases on one axis of time, and memory planned and used. */
void report_phases(FILE *to, const cJSON *run);
/* What is left of the modulus after each iteration, and the model's noise. */
void report_levels(FILE *to, const cJSON *run);

#endif
