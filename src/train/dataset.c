#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "blindfit/train.h"

void bf_dataset_clear(bf_dataset *d)
{
    bf_matrix_clear(&d->x);
    bf_free(d->labels);
    if (d->class_names)
        for (unsigned c = 0; c < d->classes; c++) bf_free(d->class_names[c]);
    bf_free(d->class_names);
    *d = (bf_dataset){0};
}

static bf_status check_values(const bf_matrix *x)
{
    for (size_t i = 0; i < x->rows; i++) {
        const double *row = x->data + i * x->cols;
        for (size_t j = 0; j < x->cols; j++)
            if (!isfinite(row[j]))
                return bf_fail(BF_ERR_RANGE, "row %zu, column %zu: %s", i + 1,
                               j + 1,
                               isnan(row[j]) ? "not a number" : "infinite");
    }
    return BF_OK;
}

static bf_status check_labels(const bf_dataset *d)
{
    bool several = false;
    for (size_t i = 0; i < d->x.rows; i++) {
        int32_t label = d->labels[i];
        if (label < 0 || (uint32_t)label >= d->classes)
            return bf_fail(BF_ERR_ARGUMENT, "row %zu: label %d is not in 0..%u",
                           i + 1, label, d->classes - 1);
        several |= label != d->labels[0];
    }
    if (!several)
        return bf_fail(BF_ERR_ARGUMENT,
                       "every row has label %d: nothing to tell apart",
                       d->labels[0]);
    return BF_OK;
}

/* A model of such rows would only learn the share of each class. */
static bf_status check_variety(const bf_matrix *x)
{
    for (size_t i = 1; i < x->rows; i++)
        if (memcmp(x->data, x->data + i * x->cols,
                   x->cols * sizeof *x->data) != 0)
            return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "every row has the same features: nothing to learn from");
}

bool bf_dataset_labels_number_rows(const bf_dataset *d)
{
    bool seen[BF_CLASSES_MAX] = {false};
    for (size_t i = 0; i < d->x.rows; i++) {
        int32_t label = d->labels ? d->labels[i] : -1;
        if (label < 0 || label >= BF_CLASSES_MAX || seen[label]) return false;
        seen[label] = true;
    }
    return d->x.rows > 2;
}

bf_status bf_dataset_check(const bf_dataset *d)
{
    if (d->x.rows == 0 || d->x.cols == 0 || !d->x.data || !d->labels)
        return bf_fail(BF_ERR_ARGUMENT, "the data set has no labelled rows");
    if (d->classes < 1 || d->classes > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u classes; up to %u are possible",
                       d->classes, BF_CLASSES_MAX);
    BF_TRY(check_values(&d->x));
    BF_TRY(check_labels(d));
    return check_variety(&d->x);
}
