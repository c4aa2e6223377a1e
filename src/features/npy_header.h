/* The Python literal in front of an .npy array. */
#ifndef BF_FEATURES_NPY_HEADER_H
#define BF_FEATURES_NPY_HEADER_H

#include "features/npy.h"

/* Parses {'descr': .., 'fortran_order': .., 'shape': ..} of `bytes` bytes (a
 * NUL follows) into the type, order and shape of *out; path is for messages. */
BF_MUST_CHECK bf_status bf_npy_parse_header(bf_npy *out, const char *text,
                                            size_t bytes, const char *path);

#endif
