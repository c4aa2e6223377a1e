#include "train/owner/transform.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "train/owner/blas.h"

const bf_transform_ops *bf_transform_ops_of(bf_recipe_kind kind)
{
    static const bf_transform_ops *const ops[BF_RECIPE_KINDS] = {
        [BF_RECIPE_PAPER] = &bf_transform_paper,
        [BF_RECIPE_WHITENED] = &bf_transform_whitened};
    return ops[kind];
}

static bf_status allocate(bf_transform *t, bf_relu expand)
{
    bf_transform_array array[BF_TRANSFORM_ARRAYS];
    unsigned count = t->ops->arrays(t, array);
    for (unsigned i = 0; i < count; i++) {
        *array[i].data = bf_alloc_zero(array[i].count * sizeof(double));
        if (!*array[i].data) return BF_ERR_MEMORY;
    }
    if (!expand.count) return BF_OK;
    return bf_expansion_create(&t->expansion, expand, t->inputs);
}

bf_status bf_transform_create(bf_transform **out, bf_recipe_kind kind,
                              bf_relu expand, size_t inputs, size_t outputs)
{
    size_t width = expand.count ? expand.count : inputs, values;
    if (!bf_mul_size(width, outputs, &values) || values > INT_MAX)
        return bf_fail(BF_ERR_UNSUPPORTED, "a transform of %zu features to %zu",
                       width, outputs);
    bf_transform *t = bf_alloc_zero(sizeof *t);
    if (!t) return BF_ERR_MEMORY;
    *t = (bf_transform){.kind = kind,
                        .ops = bf_transform_ops_of(kind),
                        .inputs = inputs,
                        .width = width,
                        .outputs = outputs};
    bf_status status = allocate(t, expand);
    if (status != BF_OK) {
        bf_transform_destroy(t);
        return status;
    }
    *out = t;
    return BF_OK;
}

void bf_transform_destroy(bf_transform *t)
{
    if (!t) return;
    bf_transform_array array[BF_TRANSFORM_ARRAYS];
    unsigned count = t->ops->arrays(t, array);
    for (unsigned i = 0; i < count; i++) bf_free(*array[i].data);
    bf_expansion_destroy(t->expansion);
    bf_free(t);
}

bf_status bf_transform_fit(bf_transform **out, const bf_recipe *recipe,
                           const bf_matrix *x, bf_env *env)
{
    bf_view view = bf_view_of(x);
    return bf_transform_fit_view(out, recipe, &view, env);
}

bf_status bf_transform_fit_view(bf_transform **out, const bf_recipe *recipe,
                                const bf_view *x, bf_env *env)
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
    bf_status status = t->ops->fit(t, recipe, x);
    if (status != BF_OK) {
        bf_transform_destroy(t);
        return status;
    }
    *out = t;
    return BF_OK;
}

void bf_transform_scale(bf_transform *t, double factor)
{
    for (size_t i = 0; i < t->width * (t->outputs - 1); i++)
        t->linear[i] *= factor;
    t->clip_norm *= factor;
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
        t->ops->rows(to, t, x, i, rows, scratch);
        BF_TRY(check_finite(to, i, rows, t->outputs));
        if (training && t->clip_norm > 0) clip_rows(to, t, rows);
        bf_report("transform", (double)(i + rows), (double)u->rows);
    }
    return bf_check_interrupt();
}

static bf_status check_rows(const bf_transform *t, const bf_view *x)
{
    bf_feature_map map;
    if (x->cols != t->inputs)
        return bf_fail(BF_ERR_MISMATCH,
                       "rows of %zu features, the transform takes %zu", x->cols,
                       t->inputs);
    return bf_map_resolve(&map, t->map, x);
}

bf_status bf_transform_check(const bf_transform *t, const bf_matrix *x)
{
    bf_view view = bf_view_of(x);
    return check_rows(t, &view);
}

bf_status bf_transform_apply(bf_matrix *u, const bf_transform *t,
                             const bf_matrix *x, bool training, bf_env *env)
{
    bf_view view = bf_view_of(x);
    return bf_transform_apply_view(u, t, &view, training, env);
}

bf_status bf_transform_apply_view(bf_matrix *u, const bf_transform *t,
                                  const bf_view *x, bool training, bf_env *env)
{
    BF_UNDER(env);
    BF_BLAS_ALONE();
    BF_TRY(check_rows(t, x));
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

bf_status bf_transform_unmap(bf_matrix *model, const bf_transform *t,
                             const bf_matrix *weights)
{
    BF_BLAS_ALONE();
    if (weights->cols != t->outputs)
        return bf_fail(BF_ERR_MISMATCH,
                       "weights of %zu columns, the transform gives %zu",
                       weights->cols, t->outputs);
    bf_matrix m;
    BF_TRY(bf_matrix_init(&m, weights->rows, t->width + 1));
    for (size_t c = 0; c < m.rows; c++)
        t->ops->unmap(m.data + c * m.cols, t, weights->data + c * t->outputs);
    *model = m;
    return BF_OK;
}

bf_status bf_transform_start(bf_schedule *s, const bf_transform *t,
                             unsigned classes)
{
    if (s->zero_start) return BF_OK;
    if (!t->ops->start)
        return bf_fail(BF_ERR_MISMATCH,
                       "the schedule starts from weights of the transform, "
                       "which has none");
    bf_matrix v;
    BF_TRY(bf_matrix_init(&v, classes, t->outputs));
    for (size_t i = 0; i < (size_t)classes * t->outputs; i++)
        v.data[i] = t->ops->start(t, i % t->outputs);
    bf_matrix_clear(&s->v0);
    s->v0 = v;
    return BF_OK;
}
