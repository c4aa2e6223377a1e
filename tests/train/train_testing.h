/* Shared by the tests of train/: seeds, random data, the real rows, and the
 * plain-loop references. */
#ifndef TRAIN_TESTING_H
#define TRAIN_TESTING_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/status.h"
#include "blindfit/train.h"

#define REGNET "../shared/data/regnet_mnist_512.csv"
#define REGNET_ROWS 512
#define REGNET_FEATURES 400

#define check_ok(expr)                                                  \
    do {                                                                \
        bf_status check_s_ = (expr);                                    \
        if (check_s_ != BF_OK)                                          \
            fail_msg("%s: %s: %s", #expr, bf_status_name(check_s_),     \
                     bf_last_error());                                  \
    } while (0)

#define check_fails(status, words, expr)                                \
    do {                                                                \
        bf_status check_s_ = (expr);                                    \
        if (check_s_ != (status) || !strstr(bf_last_error(), (words)))  \
            fail_msg("%s: %s: %s", #expr, bf_status_name(check_s_),     \
                     bf_last_error());                                  \
    } while (0)

/* splitmix64 [SLF14]. */
static inline uint64_t random_u64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The seed of a test: its own, or BLINDFIT_TEST_SEED; always printed. */
static inline uint64_t test_seed(uint64_t own)
{
    const char *text = getenv("BLINDFIT_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 0) : own;
    print_message("seed %llu\n", (unsigned long long)seed);
    return seed;
}

static inline double random_unit(uint64_t *state)
{
    return (double)(random_u64(state) >> 11) * 0x1p-53;
}

static inline double random_normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(1 - random_unit(state)));
    return radius * cos(6.283185307179586 * random_unit(state));
}

static inline size_t random_below(uint64_t *state, size_t bound)
{
    return (size_t)(random_u64(state) % bound);
}

static inline void random_matrix(bf_matrix *m, size_t rows, size_t cols,
                                 uint64_t *state)
{
    check_ok(bf_matrix_init(m, rows, cols));
    for (size_t i = 0; i < rows * cols; i++) m->data[i] = random_normal(state);
}

/* Correlated features of very different scale and offset around class means;
 * every class has at least one row when n >= classes. */
static inline void random_dataset(bf_dataset *data, size_t n, size_t d,
                                  unsigned classes, uint64_t *state)
{
    bf_matrix noise, means;
    random_matrix(&noise, n, d, state);
    random_matrix(&means, classes, d, state);
    *data = (bf_dataset){.classes = classes};
    check_ok(bf_matrix_init(&data->x, n, d));
    data->labels = malloc(n * sizeof *data->labels);
    assert_non_null(data->labels);
    for (size_t i = 0; i < n; i++) {
        data->labels[i] = (int32_t)(i % classes);
        double common = random_normal(state);
        const double *mean = means.data + (size_t)data->labels[i] * d;
        for (size_t j = 0; j < d; j++)
            data->x.data[i * d + j] =
                pow(10, (double)(j % 5) - 2) *
                (noise.data[i * d + j] + common + mean[j] + (double)(j % 3));
    }
    bf_matrix_clear(&noise);
    bf_matrix_clear(&means);
}

/* Test data sets come from malloc, so they are freed here. */
static inline void free_dataset(bf_dataset *data)
{
    bf_matrix_clear(&data->x);
    free(data->labels);
    *data = (bf_dataset){0};
}

static inline void take_rows(bf_dataset *out, const bf_dataset *in,
                             size_t first, size_t last)
{
    size_t d = in->x.cols, n = last - first;
    *out = (bf_dataset){.classes = in->classes};
    check_ok(bf_matrix_init(&out->x, n, d));
    memcpy(out->x.data, in->x.data + first * d, n * d * sizeof(double));
    out->labels = malloc(n * sizeof *out->labels);
    assert_non_null(out->labels);
    memcpy(out->labels, in->labels + first, n * sizeof *out->labels);
}

/* All 512 rows; false, with one line, when the file is not there. */
static inline bool load_regnet(bf_dataset *data)
{
    FILE *f = fopen(REGNET, "r");
    if (!f) {
        print_message("skipped: no %s\n", REGNET);
        return false;
    }
    *data = (bf_dataset){.classes = 10};
    check_ok(bf_matrix_init(&data->x, REGNET_ROWS, REGNET_FEATURES));
    data->labels = malloc(REGNET_ROWS * sizeof *data->labels);
    assert_non_null(data->labels);
    for (size_t i = 0; i < REGNET_ROWS; i++) {
        double label;
        assert_int_equal(fscanf(f, "%lf", &label), 1);
        data->labels[i] = (int32_t)label;
        double *row = data->x.data + i * REGNET_FEATURES;
        for (size_t j = 0; j < REGNET_FEATURES; j++)
            assert_int_equal(fscanf(f, ",%lf", row + j), 1);
    }
    fclose(f);
    return true;
}

static inline double largest_difference(const double *a, const double *b,
                                        size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        if (!(fabs(a[i] - b[i]) <= largest)) largest = fabs(a[i] - b[i]);
    return largest;
}

#define check_close(a, b, count, tolerance)                               \
    do {                                                                  \
        double check_e_ = largest_difference((a), (b), (count));          \
        if (!(check_e_ <= (tolerance)))                                   \
            fail_msg("%s and %s differ by %g", #a, #b, check_e_);         \
    } while (0)

/* The schedule of train.h in plain loops, in long double. v is C x k and holds
 * the start; at the end the model. */
static inline void reference_run(double *v, const bf_schedule *s,
                                 const bf_matrix *u, const int32_t *labels,
                                 unsigned classes)
{
    size_t k = u->cols, values = (size_t)classes * k;
    long double *g = malloc(values * sizeof *g);
    long double *vv = malloc(values * sizeof *vv);
    long double *ww = malloc(values * sizeof *ww);
    assert_true(g && vv && ww);
    for (size_t i = 0; i < values; i++) vv[i] = ww[i] = v[i];
    size_t batch = s->batch ? s->batch : u->rows;
    size_t next = 0;
    for (unsigned t = 0; t < s->iterations; t++) {
        for (size_t i = 0; i < values; i++) g[i] = 0;
        for (size_t b = 0; b < batch && next < u->rows; b++, next++) {
            for (unsigned c = 0; c < classes; c++) {
                long double z = 0, p = 0.5, power;
                for (size_t j = 0; j < k; j++)
                    z += u->data[next * k + j] * vv[c * k + j];
                power = z;
                for (unsigned m = 0; 2 * m + 1 <= s->sigmoid.degree; m++) {
                    p += s->sigmoid.odd[m] * power;
                    power *= z * z;
                }
                long double e = (labels[next] == (int32_t)c) - p;
                for (size_t j = 0; j < k; j++)
                    g[c * k + j] += e * u->data[next * k + j];
            }
        }
        if (next == u->rows) next = 0;
        for (size_t i = 0; i < values; i++) {
            long double to = ww[i] + s->step[t] * g[i];
            ww[i] = s->momentum
                        ? (1 - s->eta[t]) * to + s->eta[t] * vv[i]
                        : to;
            vv[i] = to;
        }
    }
    for (size_t i = 0; i < values; i++) v[i] = (double)ww[i];
    free(g);
    free(vv);
    free(ww);
}

#endif
