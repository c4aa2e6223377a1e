#include "train/owner/transform.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "linalg/openmp.h"

bf_status bf_transform_create(bf_transform **out, bf_recipe_kind kind,
                              bf_relu expand, size_t inputs, size_t outputs)
{
    size_t width = expand.count ? expand.count : inputs, values;
    if (!bf_mul_size(width, outputs, &values) || values > INT_MAX)
        return bf_fail(BF_ERR_UNSUPPORTED, "a transform of %zu features to %zu",
                       width, outputs);
    bf_transform *t = bf_alloc_zero(sizeof *t);
    if (!t) return BF_ERR_MEMORY;
    *t = (bf_transform){
        .kind = kind, .inputs = inputs, .width = width, .outputs = outputs};
    bool complete;
    if (kind == BF_RECIPE_PAPER) {
        t->scale = bf_alloc_zero(outputs * sizeof(double));
        complete = t->scale != NULL;
    } else {
        t->mean = bf_alloc_zero(width * sizeof(double));
        t->linear = bf_alloc_zero(width * (outputs - 1) * sizeof(double));
        complete = t->mean && t->linear;
        if (complete && expand.count)
            complete =
                bf_expansion_create(&t->expansion, expand, inputs) == BF_OK;
    }
    if (!complete) {
        bf_transform_destroy(t);
        return BF_ERR_MEMORY;
    }
    *out = t;
    return BF_OK;
}

void bf_transform_destroy(bf_transform *t)
{
    if (!t) return;
    bf_expansion_destroy(t->expansion);
    bf_free(t->mean);
    bf_free(t->linear);
    bf_free(t->scale);
    bf_free(t);
}

bf_status bf_transform_fit(bf_transform **out, const bf_recipe *recipe,
                           const bf_matrix *x, bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(bf_recipe_check(recipe));
    if (x->rows < 2)
        return bf_fail(BF_ERR_ARGUMENT, "%zu training rows; at least 2",
                       x->rows);
    bf_feature_map map;
    BF_TRY(bf_map_resolve(&map, recipe->map, x));
    bf_transform *t;
    BF_TRY(bf_transform_create(&t, recipe->kind, recipe->expand, x->cols,
                               bf_recipe_outputs(recipe, x->rows, x->cols)));
    t->map = map;
    bf_status status = recipe->kind == BF_RECIPE_PAPER
                           ? bf_paper_fit(t, x)
                           : bf_whiten_fit(t, recipe, x, NULL);
    if (status != BF_OK) {
        bf_transform_destroy(t);
        return status;
    }
    *out = t;
    return BF_OK;
}

size_t bf_transform_inputs(const bf_transform *t)
{
    return t->inputs;
}

size_t bf_transform_outputs(const bf_transform *t)
{
    return t->outputs;
}

size_t bf_transform_dropped(const bf_transform *t, size_t *first)
{
    *first = t->first_dropped;
    return t->dropped;
}

bf_feature_map bf_transform_map(const bf_transform *t)
{
    return t->map;
}

const bf_expansion *bf_transform_expansion(const bf_transform *t)
{
    return t->expansion;
}

static void paper_rows(double *u, const bf_transform *t, const bf_matrix *x,
                       size_t first, size_t count, double *scratch)
{
    bf_map_rows(scratch, t->map, x, first, count);
    for (size_t i = 0; i < count; i++) {
        const double *row = scratch + i * t->inputs;
        double *to = u + i * t->outputs;
        to[0] = t->scale[0];
        for (size_t j = 1; j < t->outputs; j++)
            to[j] = row[j - 1] * t->scale[j];
    }
}

static void clip_rows(double *u, const bf_transform *t, size_t count)
{
    blasint k = (blasint)t->outputs - 1;
    for (size_t i = 0; i < count; i++) {
        double *row = u + i * t->outputs + 1;
        double norm = cblas_dnrm2(k, row, 1);
        if (norm > t->clip_norm) cblas_dscal(k, t->clip_norm / norm, row, 1);
    }
}

static bf_status check_finite(const double *u, size_t first, size_t count,
                              size_t cols)
{
    for (size_t i = 0; i < count * cols; i++)
        if (!isfinite(u[i]))
            return bf_fail(BF_ERR_RANGE,
                           "features: row %zu leaves double precision when it "
                           "is transformed",
                           first + i / cols + 1);
    return BF_OK;
}

static bf_status apply_blocks(bf_matrix *u, const bf_transform *t,
                              const bf_mapped *x, bool training,
                              double *scratch)
{
    for (size_t i = 0; i < u->rows; i += BF_ROW_BLOCK) {
        size_t rows = bf_block_rows(u->rows, i);
        double *to = u->data + i * t->outputs;
        BF_TRY(bf_check_interrupt());
        if (t->kind == BF_RECIPE_PAPER)
            paper_rows(to, t, x->x, i, rows, scratch);
        else
            bf_whiten_rows(to, t, x, i, rows, scratch);
        BF_TRY(check_finite(to, i, rows, t->outputs));
        if (training && t->clip_norm > 0) clip_rows(to, t, rows);
        bf_report("transform", (double)(i + rows), (double)u->rows);
    }
    return bf_check_interrupt();
}

bf_status bf_transform_apply(bf_matrix *u, const bf_transform *t,
                             const bf_matrix *x, bool training,
                             bf_env *env)
{
    BF_UNDER(env);
    BF_OPENMP_FOR_ENV();
    if (x->cols != t->inputs)
        return bf_fail(BF_ERR_MISMATCH,
                       "rows of %zu features, the transform takes %zu", x->cols,
                       t->inputs);
    bf_feature_map map;
    BF_TRY(bf_map_resolve(&map, t->map, x));
    bf_matrix m = {0};
    bf_mapped mapped;
    double *scratch = NULL;
    BF_TRY(bf_mapped_init(&mapped, t->map, x, t->expansion));
    bf_status status;
    BF_GOTO(bf_matrix_init(&m, x->rows, t->outputs), done);
    scratch = bf_alloc(bf_block_rows(x->rows, 0) * t->width * sizeof(double));
    status = scratch ? apply_blocks(&m, t, &mapped, training, scratch)
                     : BF_ERR_MEMORY;
done:
    bf_free(scratch);
    bf_mapped_clear(&mapped);
    if (status == BF_OK)
        *u = m;
    else
        bf_matrix_clear(&m);
    return status;
}

/* The start is the same in every column, and each iteration combines V and W
 * with factors that sum to 1: an untouched weight stays what it was. */
static void unmap_paper(double *to, const bf_transform *t, const double *v)
{
    for (size_t j = 0; j < t->outputs; j++)
        to[j] = t->scale[j] > 0 ? v[j] * t->scale[j] : BF_PAPER_START;
}

static void unmap_whitened(double *to, const bf_transform *t, const double *v)
{
    blasint d = (blasint)t->width, k = (blasint)t->outputs - 1;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, d, k, 1, t->linear, k, v + 1, 1, 0,
                to + 1, 1);
    to[0] = v[0] - cblas_ddot(d, to + 1, 1, t->mean, 1);
}

bf_status bf_transform_unmap(bf_matrix *model, const bf_transform *t,
                             const bf_matrix *weights)
{
    BF_OPENMP_FOR_ENV();
    if (weights->cols != t->outputs)
        return bf_fail(BF_ERR_MISMATCH,
                       "weights of %zu columns, the transform gives %zu",
                       weights->cols, t->outputs);
    bf_matrix m;
    BF_TRY(bf_matrix_init(&m, weights->rows, t->width + 1));
    for (size_t c = 0; c < m.rows; c++) {
        const double *v = weights->data + c * t->outputs;
        if (t->kind == BF_RECIPE_PAPER)
            unmap_paper(m.data + c * m.cols, t, v);
        else
            unmap_whitened(m.data + c * m.cols, t, v);
    }
    *model = m;
    return BF_OK;
}

bf_status bf_transform_start(bf_schedule *s, const bf_transform *t,
                             unsigned classes)
{
    if (s->zero_start) return BF_OK;
    if (t->kind != BF_RECIPE_PAPER)
        return bf_fail(BF_ERR_MISMATCH,
                       "the schedule is of the paper's recipe, the transform "
                       "is not");
    bf_matrix v;
    BF_TRY(bf_matrix_init(&v, classes, t->outputs));
    for (size_t i = 0; i < (size_t)classes * t->outputs; i++) {
        double scale = t->scale[i % t->outputs];
        v.data[i] = scale > 0 ? BF_PAPER_START / scale : 0;
    }
    bf_matrix_clear(&s->v0);
    s->v0 = v;
    return BF_OK;
}
