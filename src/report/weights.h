/* Weights of features that are pixels. */
#ifndef BF_REPORT_WEIGHTS_H
#define BF_REPORT_WEIGHTS_H

#include <stdio.h>

#include "report/runs.h"

/* Copies the model's weights, without biases. Errors as of bf_report_weights,
 * without the name. */
BF_MUST_CHECK bf_status bf_weights_create(bf_weights **out, const bf_model *m,
                                          const bf_pixels *pixels);
void bf_weights_destroy(bf_weights *w);

/* A picture for each class, or three of colours, of at most so many cells in
 * all: a cell is the mean of some pixels, or one. names: of classes, or NULL.
 */
BF_MUST_CHECK bf_status bf_part_weights(FILE *to, const bf_weights *w,
                                        const cJSON *names, size_t cells_max);

#endif
