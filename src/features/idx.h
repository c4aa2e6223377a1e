/* IDX, the format of MNIST and its relatives (http://yann.lecun.com/exdb/mnist,
 * "file formats"): two zero bytes, a type, the number of dimensions, big-endian
 * sizes, values in C order. Only unsigned bytes (type 8) are in use. */
#ifndef BF_FEATURES_IDX_H
#define BF_FEATURES_IDX_H

#include "base/status.h"

#define BF_IDX_DIMS_MAX 4

typedef struct bf_idx {
    unsigned dims;
    size_t dim[BF_IDX_DIMS_MAX];
    size_t bytes;  /* product of dim */
    uint8_t *data; /* owned */
} bf_idx;

/* Plain or gz. Sizes are checked against the length of the file, with the
 * limits of deflate where it is compressed, before memory is taken. Anything
 * missing, left over, empty or not matching its checksum is BF_ERR_FORMAT. */
BF_MUST_CHECK bf_status bf_idx_read(bf_idx *out, const char *path);
void bf_idx_clear(bf_idx *a);

#endif
