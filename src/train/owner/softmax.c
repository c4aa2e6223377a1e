/* Softmax regression by L-BFGS: what the encrypted model is compared with. */
#include <cblas.h>
#include <lbfgs.h>
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/owner/transform.h"

#define MAX_ITERATIONS 5000

/* Converged: norm of the gradient per sample, relative to max(1, |w|). Where
 * rounding stops the line search before that, STALLED still counts. */
#define TOLERANCE 1e-6
#define STALLED 1e-4

typedef struct problem {
    size_t n, d;
    unsigned classes;
    double *s;             /* n x d, standardised */
    double *mean, *inv;    /* d; inv 0 for features that do not vary */
    double *z;             /* BF_ROW_BLOCK x C */
    const int32_t *labels;
    double l2;
    bf_progress progress;
    double gradient;       /* norm, relative as above */
    bf_status status;      /* why progress stopped the solver */
} problem;

static void clear(problem *p)
{
    bf_free(p->s);
    bf_free(p->mean);
    bf_free(p->inv);
    bf_free(p->z);
}

static bf_status standardise(problem *p, const bf_matrix *x, bf_feature_map map)
{
    size_t n = p->n, d = p->d, bytes;
    if (!bf_mul_size(n, d * sizeof(double), &bytes))
        return bf_fail(BF_ERR_MEMORY, "%zu x %zu values", n, d);
    p->s = bf_alloc(bytes);
    p->mean = bf_alloc(d * sizeof(double));
    p->inv = bf_alloc(d * sizeof(double));
    p->z = bf_alloc(bf_block_rows(n, 0) * p->classes * sizeof(double));
    if (!p->s || !p->mean || !p->inv || !p->z) return BF_ERR_MEMORY;
    BF_TRY(bf_column_moments(p->mean, p->inv, map, x));
    for (size_t j = 0; j < d; j++) p->inv[j] = p->inv[j] > 0 ? 1 / p->inv[j] : 0;
    bf_map_rows(p->s, map, x, 0, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < d; j++)
            p->s[i * d + j] = (p->s[i * d + j] - p->mean[j]) * p->inv[j];
    return BF_OK;
}

/* z becomes softmax(z) - y; returns the cross-entropy. */
static double residual(double *z, unsigned classes, int32_t label)
{
    double top = z[0], sum = 0;
    for (unsigned c = 1; c < classes; c++)
        if (z[c] > top) top = z[c];
    double truth = z[label] - top;
    for (unsigned c = 0; c < classes; c++) sum += z[c] = exp(z[c] - top);
    for (unsigned c = 0; c < classes; c++) z[c] /= sum;
    z[label] -= 1;
    return log(sum) - truth;
}

/* Adds the loss of rows first..first+rows and its gradient. w and g hold C
 * biases, then C x d weights. */
static double block_loss(problem *p, const double *w, double *g, size_t first,
                         size_t rows)
{
    blasint classes = (blasint)p->classes, d = (blasint)p->d;
    const double *s = p->s + first * p->d;
    double loss = 0;
    for (size_t i = 0; i < rows; i++)
        memcpy(p->z + i * p->classes, w, p->classes * sizeof(double));
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)rows, classes,
                d, 1, s, d, w + classes, d, 1, p->z, classes);
    for (size_t i = 0; i < rows; i++) {
        double *z = p->z + i * p->classes;
        loss += residual(z, p->classes, p->labels[first + i]);
        for (unsigned c = 0; c < p->classes; c++) g[c] += z[c];
    }
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, classes, d,
                (blasint)rows, 1, p->z, classes, s, d, 1, g + classes, d);
    return loss;
}

/* Mean over samples, so that tolerances do not depend on n. */
static lbfgsfloatval_t evaluate(void *user, const lbfgsfloatval_t *w,
                                lbfgsfloatval_t *g, const int count,
                                const lbfgsfloatval_t step)
{
    (void)step;
    problem *p = user;
    double loss = 0, penalty = 0, n = (double)p->n;
    memset(g, 0, (size_t)count * sizeof *g);
    for (size_t i = 0; i < p->n; i += BF_ROW_BLOCK)
        loss += block_loss(p, w, g, i, bf_block_rows(p->n, i));
    for (size_t i = 0; i < (size_t)count; i++) {
        if (i >= p->classes) {
            penalty += w[i] * w[i];
            g[i] += p->l2 * w[i];
        }
        g[i] /= n;
    }
    return (loss + p->l2 / 2 * penalty) / n;
}

/* Convergence is geometric, so the logarithm of the gradient is the measure of
 * what is done. */
static int report(void *user, const lbfgsfloatval_t *w,
                  const lbfgsfloatval_t *g, const lbfgsfloatval_t loss,
                  const lbfgsfloatval_t wnorm, const lbfgsfloatval_t gnorm,
                  const lbfgsfloatval_t step, int count, int iteration,
                  int evaluations)
{
    (void)w, (void)g, (void)loss, (void)step, (void)count, (void)iteration;
    (void)evaluations;
    problem *p = user;
    p->gradient = gnorm / fmax(1, wnorm);
    double done = 1 - log(p->gradient / TOLERANCE) / log(1 / TOLERANCE);
    if (p->progress.fn)
        p->progress.fn(p->progress.user, "softmax regression",
                       fmin(fmax(done, 0), 1), 1);
    p->status = bf_check_interrupt();
    return p->status != BF_OK;
}

static bf_status minimise(problem *p, double *w, int count)
{
    lbfgs_parameter_t param;
    lbfgs_parameter_init(&param);
    param.m = 20;
    param.max_iterations = MAX_ITERATIONS;
    param.epsilon = TOLERANCE;
    param.max_linesearch = 60;
    int code = lbfgs(count, w, NULL, evaluate, report, p, &param);
    if (p->status != BF_OK) return p->status;
    if (code == LBFGSERR_OUTOFMEMORY)
        return bf_fail(BF_ERR_MEMORY, "softmax regression of %d weights",
                       count);
    if (code == LBFGS_SUCCESS || code == LBFGS_ALREADY_MINIMIZED ||
        p->gradient <= STALLED)
        return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "softmax regression did not converge: gradient %.1e "
                   "(liblbfgs %d)", p->gradient, code);
}

static void to_model(bf_matrix *m, const problem *p, const double *w)
{
    for (size_t c = 0; c < p->classes; c++) {
        double *to = m->data + c * m->cols;
        to[0] = w[c];
        for (size_t j = 0; j < p->d; j++) {
            to[j + 1] = w[p->classes + c * p->d + j] * p->inv[j];
            to[0] -= to[j + 1] * p->mean[j];
        }
    }
}

static bf_status check(const bf_matrix *x, const int32_t *labels,
                       unsigned classes, bf_feature_map map, double l2)
{
    if (map == BF_MAP_AUTO)
        return bf_fail(BF_ERR_ARGUMENT, "softmax regression: name the map");
    if (classes < 2 || classes > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u classes", classes);
    if (!(l2 > 0) || !isfinite(l2))
        return bf_fail(BF_ERR_ARGUMENT, "penalty %g; it must be positive", l2);
    if (x->cols > (1u << 24))
        return bf_fail(BF_ERR_UNSUPPORTED, "%zu features", x->cols);
    for (size_t i = 0; i < x->rows; i++)
        if (labels[i] < 0 || (uint32_t)labels[i] >= classes)
            return bf_fail(BF_ERR_ARGUMENT,
                           "row %zu: label %d is not in 0..%u", i + 1,
                           labels[i], classes - 1);
    return BF_OK;
}

bf_status bf_softmax_fit(bf_matrix *model, const bf_matrix *x,
                         const int32_t *labels, unsigned classes,
                         bf_feature_map map, double l2, bf_progress progress)
{
    BF_TRY(check(x, labels, classes, map, l2));
    BF_TRY(bf_map_resolve(&map, map, x));
    problem p = {.n = x->rows, .d = x->cols, .classes = classes,
                 .labels = labels, .l2 = l2, .progress = progress,
                 .gradient = INFINITY};
    int count = (int)(classes * (x->cols + 1));
    bf_matrix m = {0};
    double *w = lbfgs_malloc(count);
    bf_status status = w ? BF_OK
                         : bf_fail(BF_ERR_MEMORY, "%d weights", count);
    if (!w) goto done;
    memset(w, 0, (size_t)count * sizeof *w);
    BF_GOTO(standardise(&p, x, map), done);
    BF_GOTO(bf_matrix_init(&m, classes, x->cols + 1), done);
    BF_GOTO(minimise(&p, w, count), done);
    to_model(&m, &p, w);
    *model = m;
    m = (bf_matrix){0};
done:
    bf_matrix_clear(&m);
    lbfgs_free(w);
    clear(&p);
    return status;
}
