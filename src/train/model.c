#include "base/memory.h"
#include "train/expansion.h"

void bf_model_clear(bf_model *m)
{
    if (m->class_names)
        for (size_t c = 0; c < m->weights.rows; c++) bf_free(m->class_names[c]);
    bf_free(m->class_names);
    bf_expansion_destroy(m->expansion);
    bf_matrix_clear(&m->weights);
    *m = (bf_model){0};
}

size_t bf_model_inputs(const bf_model *m)
{
    return m->expansion ? m->expansion->inputs : m->weights.cols - 1;
}
