/* Shared by the tests of the RegNet backbone and of images: checks, seeds,
 * a temporary folder, torchvision's answers. */
#ifndef REGNET_TESTING_H
#define REGNET_TESTING_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/status.h"
#include "features/safetensors.h"

#define check_ok(expr)                                                         \
    do {                                                                       \
        bf_status check_s_ = (expr);                                           \
        if (check_s_ != BF_OK)                                                 \
            fail_msg("%s: %s: %s", #expr, bf_status_name(check_s_),            \
                     bf_last_error());                                         \
    } while (0)

/* Fails with this status, and both words in the message. */
#define check_fails(status, one, two, expr)                                    \
    do {                                                                       \
        bf_status check_s_ = (expr);                                           \
        if (check_s_ != (status) || !strstr(bf_last_error(), one) ||           \
            !strstr(bf_last_error(), two))                                     \
            fail_msg("%s: %s: %s", #expr, bf_status_name(check_s_),            \
                     bf_last_error());                                         \
    } while (0)

/* splitmix64 [SLF14]. */
static inline uint64_t random_u64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform between low and high. */
static inline float random_float(uint64_t *state, float low, float high)
{
    return low + (high - low) * (float)(random_u64(state) >> 40) * 0x1p-24f;
}

static inline uint64_t test_seed(void)
{
    const char *text = getenv("BLINDFIT_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : 1;
    print_message("seed %llu (BLINDFIT_TEST_SEED)\n", (unsigned long long)seed);
    return seed;
}

static inline void *must_alloc(size_t bytes)
{
    void *p = bf_alloc(bytes);
    assert_non_null(p);
    return p;
}

/* "folder/name" in one of four buffers that are reused in turn. */
static inline const char *path_in(const char *folder, const char *name)
{
    static char paths[4][512];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void write_file(const char *path, const void *data, size_t bytes)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

/* Largest difference as a part of the largest value. */
static inline double relative_difference(const float *is, const float *should,
                                         size_t count)
{
    double difference = 0, largest = 0;
    for (size_t i = 0; i < count; i++) {
        double d = fabs((double)is[i] - should[i]);
        if (!(d <= difference)) difference = d; /* NaN stays */
        largest = fmax(largest, fabs(should[i]));
    }
    return largest > 0 ? difference / largest : difference;
}

/* A tensor's floats. */
static inline float *tensor_floats(const bf_safetensors *st, const char *name,
                                   size_t count)
{
    const bf_tensor *t = bf_safetensors_find(st, name);
    if (t == NULL) fail_msg("no tensor %s", name);
    if (t->count != count)
        fail_msg("tensor %s has %zu values, not %zu", name, t->count, count);
    float *values = must_alloc(count * sizeof *values);
    check_ok(bf_tensor_to_float(t, values));
    return values;
}

/* Runs tests/features/torch_reference.py with `arguments`, under the python
 * on the path or Debian's. Returns false, with a line that says so, if neither
 * has torchvision. With BLINDFIT_REQUIRE_TORCH=1 this is a failure. */
static inline bool run_torch(const char *arguments)
{
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    for (size_t i = 0; i < 2; i++) {
        char command[1024];
        snprintf(command, sizeof command,
                 "%s tests/features/torch_reference.py %s 2>%s", pythons[i],
                 arguments,
                 getenv("BLINDFIT_REQUIRE_TORCH") ? "&2" : "/dev/null");
        int status = system(command);
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (code == 0) return true;
        if (code != 77 && code != 126 && code != 127)
            fail_msg("%s: exit %d", command, code);
    }
    if (getenv("BLINDFIT_REQUIRE_TORCH"))
        fail_msg("BLINDFIT_REQUIRE_TORCH is set, but torchvision is absent");
    print_message("skipped: neither python3 nor /usr/bin/python3 has torch and "
                  "torchvision\n");
    return false;
}

#endif
