/* Reading .npy arrays piecewise (numpy/lib/format.py, versions 1 to 3), and
 * writing them into open files. */
#ifndef BF_FEATURES_NPY_H
#define BF_FEATURES_NPY_H

#include "base/file.h"
#include "blindfit/features.h"

#define BF_NPY_DIMS_MAX 4

typedef enum bf_npy_type {
    BF_NPY_F2,
    BF_NPY_F4,
    BF_NPY_F8,
    BF_NPY_I1,
    BF_NPY_I2,
    BF_NPY_I4,
    BF_NPY_I8,
    BF_NPY_U1,
    BF_NPY_U2,
    BF_NPY_U4,
    BF_NPY_U8,
    BF_NPY_BOOL
} bf_npy_type;

typedef struct bf_npy {
    int fd;
    uint64_t offset; /* of the first value */
    bf_npy_type type;
    size_t item;     /* bytes of a value */
    bool big_endian; /* values need their bytes reversed */
    bool fortran; /* the first index varies fastest */
    unsigned dims;
    size_t dim[BF_NPY_DIMS_MAX];
    size_t count; /* product of dim */
} bf_npy;

/* Checks everything, the length of the file included. */
BF_MUST_CHECK bf_status bf_npy_open(bf_npy *out, const char *path);
void bf_npy_close(bf_npy *a);

/* Reads `count` values from number `first` on, in file order. Thread-safe.
 * `path` is for messages. */
BF_MUST_CHECK bf_status bf_npy_fetch(const bf_npy *a, const char *path,
                                     size_t first, size_t count, double *out);

/* Rows [first, last) of a two-dimensional array in either order. out is last -
 * first rows of dim[1] doubles. */
BF_MUST_CHECK bf_status bf_npy_fetch_rows(const bf_npy *a, const char *path,
                                          size_t first, size_t last,
                                          double *out);

/* The whole array, as float64 or float32; the file stays open. */
BF_MUST_CHECK bf_status bf_npy_write_to(bf_outfile *f, const bf_matrix *m,
                                        bool float32);
BF_MUST_CHECK bf_status bf_npy_write_labels_to(bf_outfile *f,
                                               const int32_t *labels, size_t n);

#endif
