/* Softmax regression by L-BFGS, for comparison with the encrypted model.
 *
 * With correlated features the plain problem converges slowly, so that the
 * solver works on whitened rows u = (1, S Q (E + mu)^(-1/2)), S the
 * standardised features. The weights of S are then w = Q (E + mu)^(-1/2) v, and
 * as Q has orthonormal columns the penalty |w|^2 stays a plain sum over v_k^2 /
 * (e_k + mu). Its minimum is that of the original problem: outside of the rows'
 * span, which whitening drops, the best weights are 0. */
#include <lbfgs.h>
#include <math.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "train/owner/gradient.h"
#include "train/owner/transform.h"

#define MAX_ITERATIONS 2000

/* Converged: norm of the gradient per row, relative to max(1, |v|). If rounding
 * stops the line search earlier, STALLED still counts. */
#define TOLERANCE 1e-6
#define STALLED 1e-5

typedef struct problem {
    unsigned classes;
    bf_transform *t;
    bf_matrix u;     /* n x k */
    double *penalty; /* k: l2 / (e + mu), 0 for the constant */
    bf_gradient work;
    const int32_t *labels;
    double done;      /* progress so far */
    double gradient;  /* norm, relative as above */
    bf_status status; /* why progress stopped the solver */
} problem;

static void clear(problem *p)
{
    bf_transform_destroy(p->t);
    bf_matrix_clear(&p->u);
    bf_free(p->penalty);
    bf_gradient_clear(&p->work);
}

/* penalty[k] = l2 sum_j (sd_j linear_jk)^2, which is l2 / (e_k + mu). */
static bf_status fit_penalty(problem *p, const bf_matrix *x, double l2)
{
    size_t d = x->cols, k = p->u.cols;
    bf_mapped m;
    bf_view view = bf_view_of(x);
    BF_TRY(bf_mapped_init(&m, p->t->map, &view, NULL));
    double *mean = bf_alloc(d * sizeof(double));
    double *sd = bf_alloc(d * sizeof(double));
    bf_status status = BF_ERR_MEMORY;
    if (!mean || !sd) goto done;
    BF_GOTO(bf_column_moments(mean, sd, &m), done);
    for (size_t j = 0; j < d; j++)
        for (size_t c = 1; c < k; c++) {
            double q = sd[j] * p->t->linear[j * (k - 1) + c - 1];
            p->penalty[c] += l2 * q * q;
        }
done:
    bf_mapped_clear(&m);
    bf_free(mean);
    bf_free(sd);
    return status;
}

/* z becomes softmax(z) - y; returns the cross-entropy. */
static double residual_row(double *z, unsigned classes, int32_t label)
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

static double residual(void *user, double *z, size_t first, size_t rows)
{
    const problem *p = user;
    double loss = 0;
    for (size_t i = 0; i < rows; i++)
        loss +=
            residual_row(z + i * p->classes, p->classes, p->labels[first + i]);
    return loss;
}

static bf_status fit_silently(bf_transform **t, const bf_recipe *recipe,
                              const bf_matrix *x)
{
    BF_SILENT();
    return bf_transform_fit(t, recipe, x, NULL);
}

static bf_status whiten(problem *p, const bf_matrix *x, bf_feature_map map,
                        double l2)
{
    bf_recipe recipe;
    BF_TRY(bf_recipe_default(&recipe, BF_RECIPE_WHITENED, 1, x->rows, x->cols));
    recipe.map = map;
    recipe.clip = 0;
    recipe.lambda = 4 * l2 / (double)x->rows; /* a row's Hessian <= 1/4 */
    BF_TRY(fit_silently(&p->t, &recipe, x));
    BF_TRY(bf_transform_apply(&p->u, p->t, x, false, NULL));
    BF_TRY(bf_gradient_init(&p->work, &p->u, p->classes, residual, p));
    p->penalty = bf_alloc_zero(p->u.cols * sizeof(double));
    if (!p->penalty) return BF_ERR_MEMORY;
    return fit_penalty(p, x, l2);
}

/* Mean over rows, so that tolerances do not depend on n. liblbfgs pads the
 * weights with zeros: `count` may exceed C k. */
static lbfgsfloatval_t evaluate(void *user, const lbfgsfloatval_t *v,
                                lbfgsfloatval_t *g, const int count,
                                const lbfgsfloatval_t step)
{
    (void)step;
    problem *p = user;
    size_t n = p->u.rows, k = p->u.cols;
    double loss = bf_gradient_run(&p->work, g, v, 0, n), penalty = 0;
    memset(g + p->classes * k, 0, ((size_t)count - p->classes * k) * sizeof *g);
    for (size_t i = 0; i < p->classes * k; i++) {
        penalty += p->penalty[i % k] * v[i] * v[i];
        g[i] = (g[i] + p->penalty[i % k] * v[i]) / (double)n;
    }
    return (loss + penalty / 2) / (double)n;
}

/* Convergence is geometric, so that progress is measured by the logarithm of
 * the gradient. */
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
    p->done = fmin(fmax(p->done, done), 1);
    bf_report("softmax regression", p->done, 1);
    p->status = bf_check_interrupt();
    return p->status != BF_OK;
}

static bf_status minimise(problem *p, double *v, int count)
{
    lbfgs_parameter_t param;
    lbfgs_parameter_init(&param);
    param.m = 20;
    param.max_iterations = MAX_ITERATIONS;
    param.epsilon = TOLERANCE;
    param.max_linesearch = 60;
    int code = lbfgs(count, v, NULL, evaluate, report, p, &param);
    if (p->status != BF_OK) return p->status;
    if (code == LBFGSERR_OUTOFMEMORY)
        return bf_fail(BF_ERR_MEMORY, "softmax regression of %d weights",
                       count);
    if (code == LBFGS_SUCCESS || code == LBFGS_ALREADY_MINIMIZED ||
        p->gradient <= STALLED)
        return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "softmax regression did not converge: gradient %.1e "
                   "(liblbfgs %d)",
                   p->gradient, code);
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
            return bf_fail(BF_ERR_ARGUMENT, "row %zu: label %d is not in 0..%u",
                           i + 1, labels[i], classes - 1);
    return BF_OK;
}

bf_status bf_softmax_fit(bf_matrix *model, const bf_matrix *x,
                         const int32_t *labels, unsigned classes,
                         bf_feature_map map, double l2, bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(check(x, labels, classes, map, l2));
    problem p = {.classes = classes,
                 .labels = labels,
                 .gradient = INFINITY};
    double *v = NULL;
    bf_status status;
    BF_GOTO(whiten(&p, x, map, l2), done);
    int count = (int)(classes * p.u.cols);
    v = lbfgs_malloc(count);
    if (!v) {
        status = bf_fail(BF_ERR_MEMORY, "%d weights", count);
        goto done;
    }
    memset(v, 0, (size_t)count * sizeof *v);
    BF_GOTO(minimise(&p, v, count), done);
    bf_matrix weights = {.rows = classes, .cols = p.u.cols, .data = v};
    BF_GOTO(bf_transform_unmap(model, p.t, &weights), done);
done:
    lbfgs_free(v);
    clear(&p);
    return status;
}
