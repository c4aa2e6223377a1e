#include "base/cpu.h"

#include <omp.h>
#include <time.h>
#include <unistd.h>

#include "blindfit/blindfit.h"

/* The builtins also ask the operating system whether it saves the registers. */
bool bf_cpu_has_avx2_fma(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

bool bf_cpu_has_avx512(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

size_t bf_cache_bytes(void)
{
    long bytes = -1;
#ifdef _SC_LEVEL2_CACHE_SIZE
    bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return bytes > 0 ? (size_t)bytes : (size_t)512 << 10;
}

double bf_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* OpenMP keeps the number per thread: that of bf_set_threads' caller counts,
 * which is the thread that runs the operations. */
void bf_set_threads(unsigned threads)
{
    int procs = omp_get_num_procs();
    omp_set_num_threads(threads && threads < 4096 ? (int)threads : procs);
}

unsigned bf_get_threads(void)
{
    return (unsigned)omp_get_max_threads();
}
