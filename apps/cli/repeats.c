/* Test rows that the model has seen. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct row {
    const double *x;
    size_t bytes;
} row;

static int compare(const void *a, const void *b)
{
    const row *p = a, *q = b;
    return memcmp(p->x, q->x, p->bytes);
}

static row row_of(const bf_matrix *x, size_t i)
{
    return (row){x->data + i * x->cols, x->cols * sizeof *x->data};
}

bf_status cli_warn_repeats(const bf_matrix *test, const bf_matrix *train,
                           const char *path)
{
    size_t repeats = 0;
    row *rows = malloc(train->rows * sizeof *rows);
    if (!rows) return bf_fail(BF_ERR_MEMORY, "rows of %s", path);
    for (size_t i = 0; i < train->rows; i++) rows[i] = row_of(train, i);
    qsort(rows, train->rows, sizeof *rows, compare);
    for (size_t i = 0; i < test->rows; i++) {
        row key = row_of(test, i);
        if (bsearch(&key, rows, train->rows, sizeof key, compare)) repeats++;
    }
    free(rows);
    if (repeats)
        cli_warn("%s: %s: %zu of %zu test rows have the same features as a row "
                 "that is trained on",
                 cli_program(), path, repeats, test->rows);
    return BF_OK;
}
