/* OpenMP, which OpenBLAS and oneDNN bring along: for owners' code. */
#ifndef BF_LINALG_OPENMP_H
#define BF_LINALG_OPENMP_H

#include <omp.h>

#include "base/env.h"

static inline int bf_openmp_set(int threads)
{
    int before = omp_get_max_threads();
    omp_set_num_threads(threads);
    return before;
}

static inline void bf_openmp_restore(const int *before)
{
    omp_set_num_threads(*before);
}

#define BF_OPENMP_THREADS_(n)                                            \
    __attribute__((cleanup(bf_openmp_restore),                       \
                   unused)) int bf_openmp_before_ = \
        bf_openmp_set((int)(n))

/* Until the function returns, these libraries take as many threads as the env
 * has; or none but the calling one, as in a piece of a parallel loop. */
#define BF_OPENMP_FOR_ENV() BF_OPENMP_THREADS_(bf_env_threads(NULL))
#define BF_OPENMP_ALONE() BF_OPENMP_THREADS_(1)

#endif
