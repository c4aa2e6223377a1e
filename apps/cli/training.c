/* Training rows of a job, with one column of labels or several. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static bf_status check_count(const bf_job *job, size_t given)
{
    unsigned wanted = bf_job_shape_of(job).labels.count;
    if ((given ? given : 1) == wanted) return BF_OK;
    return bf_fail(
        BF_ERR_MISMATCH,
        "the job has %u column%s of labels: --labels for each, not %zu", wanted,
        wanted > 1 ? "s" : "", given);
}

bf_status cli_training_load(cli_training *out, const bf_job *job,
                            const char *path, const cli_texts *labels,
                            bf_rows rows)
{
    BF_TRY(check_count(job, labels->count));
    do {
        bf_dataset *d = &out->column[out->columns];
        BF_TRY(cli_load_training(d, path, labels->at[out->columns], rows));
        if (out->columns++)
            bf_matrix_clear(&d->x); /* rows are in the first file */
    } while (out->columns < labels->count);
    return BF_OK;
}

/* Names classes by number in a column without names, if other columns have
 * names. */
static void name_classes(cli_training *t, size_t first, const bf_dataset *d,
                         unsigned classes)
{
    for (unsigned c = 0; c < classes; c++) {
        char *number = t->number[first + c];
        snprintf(number, sizeof t->number[0], "%u", c);
        t->names[first + c] = d->class_names ? d->class_names[c] : number;
    }
    t->named |= d->class_names != NULL;
}

static const char *file_of(const cli_texts *labels, unsigned column,
                           const char *path)
{
    return labels->count ? labels->at[column] : path;
}

bf_status cli_training_join(cli_training *t, const bf_job *job,
                            const char *path, const cli_texts *labels)
{
    bf_job_shape shape = bf_job_shape_of(job);
    size_t n = shape.rows, first = 0;
    t->labels = malloc(t->columns * n * sizeof *t->labels);
    if (!t->labels) return bf_fail(BF_ERR_MEMORY, "no memory for labels");
    for (unsigned i = 0; i < t->columns; i++)
        BF_TRY(cli_check_shapes(job, i, &t->column[0].x, &t->column[i], path,
                                file_of(labels, i, path)));
    for (unsigned i = 0; i < t->columns; i++) {
        const bf_dataset *d = &t->column[i];
        unsigned classes = shape.labels.classes[i];
        cli_note_empty(d, classes, file_of(labels, i, path));
        memcpy(t->labels + i * n, d->labels, n * sizeof *t->labels);
        name_classes(t, first, d, classes);
        first += classes;
    }
    return BF_OK;
}

const char *const *cli_training_names(const cli_training *t)
{
    return t->named ? t->names : NULL;
}

void cli_training_clear(cli_training *t)
{
    for (unsigned i = 0; i < BF_LABEL_COLUMNS_MAX; i++)
        bf_dataset_clear(&t->column[i]);
    free(t->labels);
    *t = (cli_training){0};
}
