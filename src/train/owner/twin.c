/* The plaintext twin: the schedule in double precision, which the encrypted run
 * approximates. */
#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "base/env.h"
#include "base/maximum.h"
#include "base/memory.h"
#include "train/owner/blas.h"
#include "train/owner/gradient.h"
#include "train/owner/twin.h"

typedef struct twin {
    const bf_schedule *s;
    const bf_matrix *u;
    const int32_t *labels;
    unsigned classes;
    bf_matrix v, w, g; /* C x k; w only with momentum */
    bf_gradient work;
    unsigned iteration;
    bf_magnitudes *seen; /* NULL unless measuring */
    pthread_mutex_t lock; /* of *seen */
    bf_twin_fn each_model, each_v; /* or NULL */
    void *user;
} twin;

static double largest(double so_far, const double *v, size_t count)
{
    for (size_t i = 0; i < count; i++) so_far = bf_max(so_far, fabs(v[i]));
    return so_far;
}

static bf_status check(const bf_schedule *s, const bf_matrix *u,
                       const int32_t *labels, unsigned classes)
{
    if (s->n != u->rows)
        return bf_fail(BF_ERR_MISMATCH,
                       "the schedule is for %zu rows, there are %zu", s->n,
                       u->rows);
    if (classes < 1 || classes > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u classes", classes);
    for (size_t i = 0; i < u->rows; i++)
        if (labels[i] < 0 || (uint32_t)labels[i] >= classes)
            return bf_fail(BF_ERR_ARGUMENT, "row %zu: label %d is not in 0..%u",
                           i + 1, labels[i], classes - 1);
    if (!s->zero_start && (s->v0.rows != classes || s->v0.cols != u->cols))
        return bf_fail(BF_ERR_MISMATCH,
                       "initial weights are %zu x %zu, not %u x %zu",
                       s->v0.rows, s->v0.cols, classes, u->cols);
    return BF_OK;
}

static void note(twin *t, double *largest_so_far, const double *v,
                 size_t count)
{
    double found = largest(0, v, count);
    pthread_mutex_lock(&t->lock);
    *largest_so_far = bf_max(*largest_so_far, found);
    pthread_mutex_unlock(&t->lock);
}

/* z[rows][C] becomes Y - p(z). */
static double residual(void *user, double *z, size_t first, size_t rows)
{
    twin *t = user;
    size_t values = rows * t->classes;
    if (t->seen) note(t, &t->seen->logit[t->iteration], z, values);
    for (size_t i = 0; i < values; i++)
        z[i] = -bf_sigmoid_value(&t->s->sigmoid, z[i]);
    for (size_t i = 0; i < rows; i++)
        z[i * t->classes + (size_t)t->labels[first + i]] += 1;
    if (t->seen) note(t, &t->seen->residual, z, values);
    return 0;
}

static bf_status start(twin *t)
{
    size_t k = t->u->cols, values = t->classes * k;
    BF_TRY(bf_gradient_init(&t->work, t->u, t->classes, residual, t));
    BF_TRY(bf_matrix_init(&t->v, t->classes, k));
    BF_TRY(bf_matrix_init(&t->g, t->classes, k));
    if (!t->s->zero_start)
        memcpy(t->v.data, t->s->v0.data, values * sizeof(double));
    if (!t->s->momentum) return BF_OK;
    BF_TRY(bf_matrix_init(&t->w, t->classes, k));
    memcpy(t->w.data, t->v.data, values * sizeof(double));
    return BF_OK;
}

static void clear(twin *t)
{
    bf_gradient_clear(&t->work);
    bf_matrix_clear(&t->v);
    bf_matrix_clear(&t->w);
    bf_matrix_clear(&t->g);
}

static void descend(twin *t)
{
    double step = t->s->step[t->iteration], eta = t->s->eta[t->iteration];
    size_t values = t->v.rows * t->v.cols;
    double *v = t->v.data, *w = t->w.data, *g = t->g.data;
    for (size_t i = 0; i < values; i++) {
        g[i] *= step;
        if (!w) {
            v[i] += g[i];
            continue;
        }
        double next = w[i] + g[i];
        w[i] = (1 - eta) * next + eta * v[i];
        v[i] = next;
    }
    if (!t->seen) return;
    t->seen->update = largest(t->seen->update, g, values);
    t->seen->weight = largest(t->seen->weight, v, values);
    if (w) t->seen->weight = largest(t->seen->weight, w, values);
}

static bf_status run(twin *t)
{
    const bf_matrix *model = t->s->momentum ? &t->w : &t->v;
    bf_report("plaintext run", 0, t->s->iterations);
    for (unsigned i = 0; i < t->s->iterations; i++) {
        size_t first, last;
        BF_TRY(bf_check_interrupt());
        bf_schedule_rows(t->s, i, &first, &last);
        t->iteration = i;
        bf_gradient_run(&t->work, t->g.data, t->v.data, first, last);
        descend(t);
        if (t->each_model) BF_TRY(t->each_model(t->user, i, model));
        if (t->each_v && i + 1 < t->s->iterations)
            BF_TRY(t->each_v(t->user, i, &t->v));
        bf_report("plaintext run", i + 1,
                        t->s->iterations);
    }
    return BF_OK;
}

bf_status bf_twin_run(bf_matrix *weights, const bf_schedule *s,
                      const bf_matrix *u, const int32_t *labels,
                      unsigned classes, bf_twin_fn each, void *user,
                      bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(check(s, u, labels, classes));
    twin t = {.s = s,
              .u = u,
              .labels = labels,
              .classes = classes,
              .each_model = each,
              .user = user};
    bf_status status;
    BF_GOTO(start(&t), done);
    BF_GOTO(run(&t), done);
    bf_matrix *model = s->momentum ? &t.w : &t.v;
    *weights = *model;
    *model = (bf_matrix){0};
done:
    clear(&t);
    return status;
}

static void measure_rows(bf_magnitudes *out, const bf_matrix *u)
{
    out->entry = largest(0, u->data, u->rows * u->cols);
    for (size_t i = 0; i < u->rows; i++) {
        double norm = cblas_dnrm2((blasint)u->cols, u->data + i * u->cols, 1);
        out->row = bf_max(out->row, norm);
    }
}

/* Sums of squares about the mean, by row (Welford). */
static bf_status measure_scores(double *resolution, const bf_matrix *u,
                                const bf_matrix *w)
{
    size_t classes = w->rows, k = u->cols;
    double *z = bf_alloc(classes * sizeof *z);
    double *mean = bf_alloc_zero(classes * sizeof *mean);
    double squares = 0, norms = 0;
    BF_BLAS_ALONE();
    bf_status status = z && mean ? BF_OK : BF_ERR_MEMORY;
    for (size_t i = 0; i < u->rows && status == BF_OK; i++) {
        const double *row = u->data + i * k;
        cblas_dgemv(CblasRowMajor, CblasNoTrans, (blasint)classes, (blasint)k,
                    1, w->data, (blasint)k, row, 1, 0, z, 1);
        for (size_t c = 0; c < classes; c++) {
            double e = z[c] - mean[c];
            mean[c] += e / (double)(i + 1);
            squares += e * (z[c] - mean[c]);
        }
        norms += cblas_ddot((blasint)k, row, 1, row, 1);
    }
    bf_free(z);
    bf_free(mean);
    *resolution = sqrt(squares / (double)classes / norms);
    return status;
}

bf_status bf_twin_measure(bf_magnitudes *out, double *resolution,
                          const bf_schedule *s, const bf_matrix *u,
                          const int32_t *labels, unsigned classes,
                          bf_twin_fn each, void *user)
{
    BF_TRY(check(s, u, labels, classes));
    bf_magnitudes seen = {0};
    measure_rows(&seen, u);
    twin t = {.s = s,
              .u = u,
              .labels = labels,
              .classes = classes,
              .seen = &seen,
              .lock = PTHREAD_MUTEX_INITIALIZER,
              .each_v = each,
              .user = user};
    bf_status status;
    BF_GOTO(start(&t), done);
    seen.weight = largest(0, t.v.data, t.v.rows * t.v.cols);
    BF_GOTO(run(&t), done);
    if (resolution)
        BF_GOTO(measure_scores(resolution, u, s->momentum ? &t.w : &t.v), done);
    *out = seen;
done:
    clear(&t);
    return status;
}

bf_status bf_twin_magnitudes(bf_magnitudes *out, double *resolution,
                             const bf_schedule *s, const bf_matrix *u,
                             const int32_t *labels, unsigned classes,
                             bf_env *env)
{
    BF_UNDER(env);
    return bf_twin_measure(out, resolution, s, u, labels, classes, NULL, NULL);
}
