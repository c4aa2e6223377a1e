/* Limits OpenMP, on which OpenBLAS and oneDNN run, in the owner's code. */
#ifndef BF_LINALG_OPENMP_H
#define BF_LINALG_OPENMP_H

#include <omp.h>

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

/* Until the function returns, these libraries use only the calling thread.
 * Their own threads would wait for each other by spinning, which takes ten
 * times as long on a busy machine, and would cut sums by the number of threads.
 * Loops over calls of these libraries run on workers (base/parallel.h). */
#define BF_OPENMP_ALONE()                                                \
    __attribute__((cleanup(bf_openmp_restore),                       \
                   unused)) int bf_openmp_before_ = bf_openmp_set(1)

#endif
