/* OpenBLAS on the calling thread alone, whichever variant the system has: on
 * OpenMP, or with threads of its own, which Debian installs by default.
 * linalg/openmp.h says why. */
#ifndef BF_TRAIN_OWNER_BLAS_H
#define BF_TRAIN_OWNER_BLAS_H

#include "linalg/openmp.h"

/* From the first to the last of these calls, by any threads, OpenBLAS's own
 * threads rest; then it has as many as before. */
void bf_blas_enter(void);
void bf_blas_leave(const int *unused);

/* Until the function returns. */
#define BF_BLAS_ALONE()                                                      \
    BF_OPENMP_ALONE();                                                       \
    __attribute__((cleanup(bf_blas_leave), unused)) int bf_blas_inside_ = 0; \
    bf_blas_enter()

#endif
