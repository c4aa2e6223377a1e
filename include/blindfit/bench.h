/* A few figures to check the speed of this machine and build; bench/ has the
 * full benchmarks. */
#ifndef BLINDFIT_BENCH_H
#define BLINDFIT_BENCH_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bf_bench_row {
    const char *operation, *backend;
    size_t ring_degree;
    unsigned limbs, special_limbs, threads;
    bool baseline; /* scalar, on one thread: the baseline of the rows that
                    * follow */
    double seconds; /* of one operation, median */
} bf_bench_row;
/* Times transforms and key switches, scalar on one thread, with the best
 * kernels on one and on all; calls fn with each result. Takes some seconds. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_bench(
    void (*fn)(void *user, const bf_bench_row *row), void *user, bf_env *env);

#ifdef __cplusplus
}
#endif

#endif
