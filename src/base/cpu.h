/* CPU features and time. */
#ifndef BF_BASE_CPU_H
#define BF_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

bool bf_cpu_has_avx2_fma(void);
bool bf_cpu_has_avx512(void); /* F, DQ, VL */
/* Second-level cache of a core; 512 KiB if the system does not say. */
size_t bf_cache_bytes(void);

/* Processors that the calling thread may run on. */
unsigned bf_cpu_count(void);

/* Monotonic seconds. */
double bf_now(void);

#endif
