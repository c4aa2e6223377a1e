/* CPU features and time. */
#ifndef BF_BASE_CPU_H
#define BF_BASE_CPU_H

#include <stdbool.h>

bool bf_cpu_has_avx2_fma(void);
bool bf_cpu_has_avx512(void); /* F, DQ, VL */

/* Monotonic seconds. */
double bf_now(void);

#endif
