#include "support/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "blindfit/blindfit.h"

#define SAMPLES_MAX 2001
#define SAMPLES_MIN 5
#define SAMPLE_SECONDS 20e-6 /* well above the clock's resolution */

static void usage(const char *program)
{
    fprintf(stderr, "usage: %s [--json] [--seconds S] [--filter TEXT]\n",
            program);
    exit(2);
}

void bf_bench_begin(bf_bench *b, int argc, char **argv)
{
    *b = (bf_bench){.seconds = 0.2, .first = true};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            b->json = true;
        else if (strcmp(argv[i], "--seconds") == 0 && i + 1 < argc)
            b->seconds = atof(argv[++i]);
        else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            b->filter = argv[++i];
        else
            usage(argv[0]);
    }
    if (b->json)
        printf("[");
    else
        printf("%-22s %-28s %12s %12s %8s\n", "operation", "variant",
               "median us", "min us", "speedup");
}

bool bf_bench_wants(const bf_bench *b, const char *name)
{
    return !b->filter || strstr(name, b->filter);
}

static int compare(const void *x, const void *y)
{
    const double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static double sample(void (*fn)(void *), void *arg, unsigned calls)
{
    const double start = bf_now();
    for (unsigned i = 0; i < calls; i++) fn(arg);
    return (bf_now() - start) / calls;
}

bf_timing bf_bench_time(const bf_bench *b, void (*fn)(void *), void *arg)
{
    static double t[SAMPLES_MAX];
    double once = sample(fn, arg, 1);
    unsigned calls = 1;
    /* Warm up and find the batch size at the same time. */
    while (once * calls < SAMPLE_SECONDS && calls < 1u << 20) {
        calls *= 2;
        once = sample(fn, arg, calls);
    }
    double wanted = b->seconds / (once * calls);
    unsigned samples = wanted > SAMPLES_MAX ? SAMPLES_MAX : (unsigned)wanted;
    if (samples < SAMPLES_MIN) samples = SAMPLES_MIN;
    for (unsigned i = 0; i < samples; i++) t[i] = sample(fn, arg, calls);
    qsort(t, samples, sizeof *t, compare);
    return (bf_timing){t[samples / 2], t[0], samples, calls};
}

void bf_bench_row(bf_bench *b, const char *name, const char *variant,
                  bf_timing t, const bf_timing *baseline)
{
    const double ratio = baseline ? baseline->median / t.median : 1;
    if (b->json) {
        printf("%s\n  {\"operation\": \"%s\", \"variant\": \"%s\", "
               "\"median_s\": %.6e, \"min_s\": %.6e, \"samples\": %u, "
               "\"calls_per_sample\": %u, \"speedup\": %.3f}",
               b->first ? "" : ",", name, variant, t.median, t.min, t.samples,
               t.calls, ratio);
    } else {
        printf("%-22s %-28s %12.2f %12.2f", name, variant, t.median * 1e6,
               t.min * 1e6);
        printf(baseline ? " %8.2f\n" : "        -\n", ratio);
        fflush(stdout);
    }
    b->first = false;
}

int bf_bench_end(bf_bench *b)
{
    if (b->json) printf("\n]\n");
    return 0;
}

void bf_bench_threads(unsigned threads)
{
    static bf_env env;
    env.threads = threads;
    bf_env_enter(&env);
}
