/* Checks shared by the readers of features, labels and images. */
#ifndef BF_FEATURES_DATASET_H
#define BF_FEATURES_DATASET_H

#include "blindfit/features.h"

/* Resolves rows to [first, last) of a file of n rows, or BF_ERR_ARGUMENT. */
BF_MUST_CHECK bf_status bf_rows_resolve(bf_rows *rows, size_t n,
                                        const char *path);

/* All labels are 0..BF_CLASSES_MAX-1; *classes is the largest plus 1. */
BF_MUST_CHECK bf_status bf_labels_check(unsigned *classes,
                                        const int32_t *labels, size_t n,
                                        const char *path);

/* True for .csv, .tsv and .txt, which are read as tables (csv.h). */
bool bf_path_is_text(const char *path);

#endif
