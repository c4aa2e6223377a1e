#include "base/memory.h"
#include "blindfit/train.h"

void bf_model_clear(bf_model *m)
{
    if (m->class_names)
        for (size_t c = 0; c < m->weights.rows; c++) bf_free(m->class_names[c]);
    bf_free(m->class_names);
    bf_matrix_clear(&m->weights);
    *m = (bf_model){0};
}
