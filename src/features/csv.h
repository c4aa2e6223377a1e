/* Tables of numbers as text, one row a line; csv_text.h describes the layout.
 */
#ifndef BF_FEATURES_CSV_H
#define BF_FEATURES_CSV_H

#include "blindfit/features.h"

#define BF_CSV_BYTES_MAX ((size_t)1 << 34)

/* Reads rows; blank lines, comments at the top, a header and a first column
 * that numbers the rows do not count. With labels non-NULL, the first of the
 * remaining columns goes to *labels (bf_alloc), one for each row taken, and
 * *classes is 1 + the largest label of the whole file; of rows outside the
 * range only the label is read. Errors give the line (of the file, from 1) and
 * the column (from 1). BF_ERR_FORMAT if the header names another column than
 * that of *labels as the label. */
BF_MUST_CHECK bf_status bf_csv_load(bf_matrix *x, int32_t **labels,
                                    unsigned *classes, const char *path,
                                    bf_rows rows, bf_env *env);

/* bf_csv_read. *label: the first column, from 1, that the header names as the
 * label, if it does not name the first of *out so; else 0. */
BF_MUST_CHECK bf_status bf_csv_read_named(bf_matrix *out, size_t *label,
                                          const char *path, bf_env *env);

#endif
