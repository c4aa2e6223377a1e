#include "base/status.h"
#include "train/job.h"

bf_status bf_label_columns_fill(bf_label_columns *c, size_t classes)
{
    size_t sum = 0;
    if (c->count == 0) *c = (bf_label_columns){1, {(unsigned)classes}};
    if (c->count > BF_LABEL_COLUMNS_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%u columns of labels; at most %d are "
                       "possible",
                       c->count, BF_LABEL_COLUMNS_MAX);
    for (unsigned i = 0; i < c->count; i++) {
        sum += c->classes[i];
        if (c->classes[i] < 2)
            return bf_fail(BF_ERR_ARGUMENT, "labels of %u classes; at least 2",
                           c->classes[i]);
    }
    if (sum == classes) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "columns of labels have %zu classes in all, "
                   "the job %zu",
                   sum, classes);
}
