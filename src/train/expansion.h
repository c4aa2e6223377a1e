/* Random features: nonlinear functions of a row's features, on which a linear
 * model is trained.
 *
 *   f_i = max(0, (r_i . s + b_i)),  s = (map(x) - mean) * scale,
 *
 * r_i and b_i come from the ChaCha20 stream of a public seed (docs/formats.md),
 * in steps of 1/4 and 1/8: (popcount(word) - 32)/4 is a centred binomial of
 * variance 1, exact on every machine. Mean and scale standardise the training
 * rows to a mean squared norm of 1, so that r_i . s has variance 1 as well; b_i
 * has a deviation of 1/2. */
#ifndef BF_TRAIN_EXPANSION_H
#define BF_TRAIN_EXPANSION_H

#include <cjson/cJSON.h>

#include "blindfit/train.h"

struct bf_expansion {
    bf_relu of; /* count is not 0 */
    size_t inputs;
    double *mean, *scale; /* [inputs]; scale 0 for features that do not vary */
};

/* Sets mean and scale to zeros. */
BF_MUST_CHECK bf_status bf_expansion_create(bf_expansion **out, bf_relu of,
                                            size_t inputs);
BF_MUST_CHECK bf_status bf_expansion_copy(bf_expansion **out,
                                          const bf_expansion *from);
/* The JSON of an expansion: kind, count and seed; in models also mean and
 * scale. NULL when out of memory. */
cJSON *bf_relu_to_json(bf_relu e);
BF_MUST_CHECK bf_status bf_relu_from_json(bf_relu *out, const cJSON *o,
                                            const char *path);
cJSON *bf_expansion_to_json(const bf_expansion *e);
BF_MUST_CHECK bf_status bf_expansion_from_json(bf_expansion **out,
                                               const cJSON *o,
                                               const char *path);

/* BF_ERR_ARGUMENT for a count or a seed that files cannot hold. */
BF_MUST_CHECK bf_status bf_relu_check(bf_relu e);

#endif
