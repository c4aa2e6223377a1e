/* Any bytes as a .csv file, with and without a label column. */
#include "memory_file.h"

#include <math.h>

#include "base/memory.h"
#include "features/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_values(const bf_matrix *m)
{
    if (m->rows == 0 || m->cols == 0) abort();
    for (size_t i = 0; i < m->rows * m->cols; i++)
        if (!isfinite(m->data[i])) abort();
}

static void csv_with_labels(const char *path, bf_rows rows)
{
    bf_matrix m;
    int32_t *labels;
    unsigned classes;
    if (bf_csv_load(&m, &labels, &classes, path, rows,
                    NULL) != BF_OK) return;
    check_values(&m);
    for (size_t i = 0; i < m.rows; i++)
        if (labels[i] < 0 || (unsigned)labels[i] >= classes) abort();
    bf_matrix_clear(&m);
    bf_free(labels);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_file f = memory_file_open(data, size);
    bf_matrix m;
    if (bf_csv_read(&m, f.path, NULL) == BF_OK) {
        check_values(&m);
        bf_matrix_clear(&m);
    }
    csv_with_labels(f.path, (bf_rows){0, 0});
    csv_with_labels(f.path, (bf_rows){1, 2});
    memory_file_close(&f);
    return 0;
}
