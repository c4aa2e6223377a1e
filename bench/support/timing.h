/* Timing for benchmarks: warm-up, many samples, median and minimum, and rows as
 * text or JSON.
 *
 *   bf_bench b;
 *   bf_bench_begin(&b, argc, argv);
 *   bf_timing scalar = bf_bench_time(&b, fn, arg);
 *   bf_bench_row(&b, "mul", "n=1024 scalar", scalar, NULL);
 *   bf_timing simd = bf_bench_time(&b, fn2, arg);
 *   bf_bench_row(&b, "mul", "n=1024 avx2", simd, &scalar);
 *   return bf_bench_end(&b);
 */
#ifndef BF_BENCH_TIMING_H
#define BF_BENCH_TIMING_H

#include <stdbool.h>

typedef struct bf_bench {
    bool json;
    double seconds;     /* of sampling per measurement */
    const char *filter; /* substring of names to run; NULL for all */
    bool first;
} bf_bench;

typedef struct bf_timing {
    double median, min;      /* seconds a call */
    unsigned samples, calls; /* calls a sample */
} bf_timing;

/* Options: --json, --seconds S (default 0.2), --filter TEXT. Prints the table
 * head. Exits with status 2 on anything else. */
void bf_bench_begin(bf_bench *b, int argc, char **argv);
bool bf_bench_wants(const bf_bench *b, const char *name);
bf_timing bf_bench_time(const bf_bench *b, void (*fn)(void *), void *arg);
/* One row: `name` is the operation, `variant` its size and backend. With a
 * baseline, also how many times faster this median is. */
void bf_bench_row(bf_bench *b, const char *name, const char *variant,
                  bf_timing t, const bf_timing *baseline);
int bf_bench_end(bf_bench *b);

/* Sets the number of threads of all later operations. */
void bf_bench_threads(unsigned threads);

#endif
