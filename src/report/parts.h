/* Parts of the page. Each takes what a report has: of what is missing, or is of
 * other shapes, it says so in a line, or it leaves it out. */
#ifndef BF_REPORT_PARTS_H
#define BF_REPORT_PARTS_H

#include "report/html.h"
#include "report/runs.h"

/* Who saw what: the owner, the wire and the server. */
void bf_part_who(FILE *to, const cJSON *run);
/* Accuracies of all runs by iteration, or where no report has more than one, as
 * bars; nothing if there are only plans. */
void bf_part_accuracy(FILE *to, const bf_report *r);
void bf_accuracy_bars(FILE *to, const bf_report *r);
/* The confusion matrix, and the classes that were most often taken for others.
 * Beside other runs the matrix of many classes is left out. */
BF_MUST_CHECK bf_status bf_part_confusion(FILE *to, const cJSON *run,
                                          bool alone);
/* Phases on one axis of time, and memory planned and used. */
void bf_part_phases(FILE *to, const cJSON *run);
/* What is left of the modulus after each iteration, and the model's noise. */
void bf_part_levels(FILE *to, const cJSON *run);

#endif
