/* Named tensors in one file, in the safetensors format. Files from elsewhere
 * are not trusted.
 *
 * The file is an 8-byte little-endian header length, that many bytes of JSON
 * ({"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, ..}
 * and an optional "__metadata__" of strings), then the data; offsets count from
 * the first byte after the header.
 * https://github.com/huggingface/safetensors#format
 *
 * A file is refused (BF_ERR_FORMAT, the tensor named) unless every tensor lies
 * inside the data, has exactly the bytes that its type and shape ask for and a
 * name of its own, and the tensors together cover the data without overlap or
 * hole. */
#ifndef BF_FEATURES_SAFETENSORS_H
#define BF_FEATURES_SAFETENSORS_H

#include "base/status.h"

#define BF_TENSOR_DIMS 8
#define BF_SAFETENSORS_HEADER_MAX ((size_t)1 << 26)
#define BF_SAFETENSORS_FILE_MAX ((size_t)4 << 30)

typedef struct bf_tensor {
    const char *name;
    const char *dtype; /* "F32", "BF16", "I64", ..., as in the file */
    unsigned dims;     /* 0 is a scalar */
    size_t shape[BF_TENSOR_DIMS];
    size_t count; /* product of the shape */
    const uint8_t *data;
    size_t bytes;
} bf_tensor;

typedef struct bf_safetensors bf_safetensors;

/* Reads and checks a whole file; messages name `path`. */
BF_MUST_CHECK bf_status bf_safetensors_open(bf_safetensors **out,
                                            const char *path);
/* The same on bytes in memory, which must outlive the object. */
BF_MUST_CHECK bf_status bf_safetensors_parse(bf_safetensors **out,
                                             const uint8_t *data, size_t bytes);
void bf_safetensors_close(bf_safetensors *st);

/* Number of tensors; they are in bytewise order of their names. */
size_t bf_safetensors_count(const bf_safetensors *st);
const bf_tensor *bf_safetensors_get(const bf_safetensors *st, size_t i);
/* NULL if there is none of that name. */
const bf_tensor *bf_safetensors_find(const bf_safetensors *st,
                                     const char *name);
/* A string of "__metadata__", or NULL. */
const char *bf_safetensors_metadata(const bf_safetensors *st, const char *key);

/* F16, BF16, F32 and F64 to out[t->count], F64 rounded to floats;
 * BF_ERR_UNSUPPORTED, naming the tensor, for other types. */
BF_MUST_CHECK bf_status bf_tensor_to_float(const bf_tensor *t, float *out);
BF_MUST_CHECK bf_status bf_tensor_to_double(const bf_tensor *t, double *out);

/* "[32, 3, 3, 3]" in buf; returns buf. */
const char *bf_tensor_shape_text(unsigned dims, const size_t *shape, char *buf,
                                 size_t size);

/* One F32 tensor to write. */
typedef struct bf_tensor_view {
    const char *name;
    unsigned dims;
    size_t shape[BF_TENSOR_DIMS];
    const float *data;
} bf_tensor_view;

/* Writes all tensors in the order given; the file appears whole or not at all.
 * metadata: key, value, key, value, .., NULL; or NULL for none. */
BF_MUST_CHECK bf_status bf_safetensors_write(const char *path,
                                             const bf_tensor_view *tensors,
                                             size_t count,
                                             const char *const *metadata);
/* The same as F64: tensor i has the numbers wide[i], and no data. */
BF_MUST_CHECK bf_status bf_safetensors_write_wide(const char *path,
                                                  const bf_tensor_view *tensors,
                                                  const double *const *wide,
                                                  size_t count,
                                                  const char *const *metadata);

#endif
