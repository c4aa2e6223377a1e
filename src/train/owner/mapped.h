/* Rows as the linear part of a transform or a model takes them. */
#ifndef BF_TRAIN_OWNER_MAPPED_H
#define BF_TRAIN_OWNER_MAPPED_H

#include "train/expansion.h"

/* Rows as a linear model sees them: mapped, and expanded where there is an
 * expansion. */
typedef struct bf_mapped {
    bf_feature_map map;
    const bf_matrix *x;
    size_t cols;
    const bf_expansion *expansion; /* or NULL */
    double *random; /* [cols][x->cols], r */
    double *offset; /* [cols], b */
    double *block;  /* rows of a block, standardised */
} bf_mapped;
BF_MUST_CHECK bf_status bf_mapped_init(bf_mapped *m, bf_feature_map map,
                                       const bf_matrix *x,
                                       const bf_expansion *expansion);
void bf_mapped_clear(bf_mapped *m);
/* out[count][cols] = rows first.. of x; at most BF_ROW_BLOCK of them. */
void bf_mapped_rows(double *out, const bf_mapped *m, size_t first,
                    size_t count);

/* Mean and scale of these training rows. */
BF_MUST_CHECK bf_status bf_expansion_fit(bf_expansion *e, bf_feature_map map,
                                         const bf_matrix *x);

#endif
