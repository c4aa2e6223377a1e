#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "train/owner/blas.h"
#include "train/owner/product.h"
#include "train/owner/transform.h"

static bf_status check_model(const bf_model *m, const bf_view *x)
{
    if (m->weights.rows < 2 || m->weights.cols < 2)
        return bf_fail(BF_ERR_ARGUMENT, "a model of %zu x %zu weights",
                       m->weights.rows, m->weights.cols);
    if (x->cols != bf_model_inputs(m))
        return bf_fail(BF_ERR_MISMATCH,
                       "rows of %zu features, the model takes %zu", x->cols,
                       bf_model_inputs(m));
    if (m->expansion && m->expansion->of.count + 1 != m->weights.cols)
        return bf_fail(BF_ERR_ARGUMENT,
                       "a model of %zu random features and %zu weights a class",
                       m->expansion->of.count, m->weights.cols);
    if (m->map == BF_MAP_AUTO)
        return bf_fail(BF_ERR_ARGUMENT, "the model's feature map is not known");
    bf_feature_map map;
    return bf_map_resolve(&map, m->map, x);
}

/* z[rows][C] = bias + map(x) w. */
static void score_rows(double *z, const bf_model *m, const double *x,
                       size_t rows)
{
    size_t classes = m->weights.rows, d = m->weights.cols - 1;
    const double *w = m->weights.data;
    for (size_t i = 0; i < rows; i++)
        for (size_t c = 0; c < classes; c++)
            z[i * classes + c] = w[c * (d + 1)];
    bf_multiply(&(bf_product){.rows = rows,
                              .cols = classes,
                              .depth = d,
                              .alpha = 1,
                              .beta = 1,
                              .a = {x, d, false},
                              .b = {w + 1, d + 1, true},
                              .c = z,
                              .stride = classes});
}

/* An infinite or undefined score determines no class. */
static bf_status check_scores(const bf_matrix *z)
{
    for (size_t i = 0; i < z->rows * z->cols; i++)
        if (!isfinite(z->data[i]))
            return bf_fail(BF_ERR_RANGE,
                           "row %zu: its scores leave double precision",
                           i / z->cols + 1);
    return BF_OK;
}

bf_status bf_model_scores(bf_matrix *scores, const bf_model *m,
                          const bf_matrix *x)
{
    bf_view view = bf_view_of(x);
    return bf_model_scores_view(scores, m, &view);
}

bf_status bf_model_scores_view(bf_matrix *scores, const bf_model *m,
                               const bf_view *x)
{
    BF_BLAS_ALONE();
    BF_TRY(check_model(m, x));
    bf_matrix z = {0};
    bf_mapped mapped;
    double *block = NULL;
    BF_TRY(bf_mapped_init(&mapped, m->map, x, m->expansion));
    bf_status status;
    BF_GOTO(bf_matrix_init(&z, x->rows, m->weights.rows), done);
    status = BF_ERR_MEMORY;
    block = bf_alloc(bf_block_rows(x->rows, 0) * mapped.cols * sizeof(double));
    if (!block) goto done;
    for (size_t i = 0; i < x->rows; i += BF_ROW_BLOCK) {
        size_t rows = bf_block_rows(x->rows, i);
        bf_mapped_rows(block, &mapped, i, rows);
        score_rows(z.data + i * z.cols, m, block, rows);
    }
    status = check_scores(&z);
done:
    bf_free(block);
    bf_mapped_clear(&mapped);
    if (status == BF_OK)
        *scores = z;
    else
        bf_matrix_clear(&z);
    return status;
}

static size_t argmax(const double *z, size_t classes)
{
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
        if (z[c] > z[best]) best = c;
    return best;
}

static double cross_entropy(const double *z, size_t classes, size_t truth)
{
    double top = z[argmax(z, classes)], sum = 0;
    for (size_t c = 0; c < classes; c++) sum += exp(z[c] - top);
    return log(sum) + top - z[truth];
}

/* Squared likelihood error, as the paper counts it. */
static double squared_error(const double *z, size_t classes, size_t truth)
{
    double sum = 0;
    for (size_t c = 0; c < classes; c++) {
        double e = (c == truth) - 1 / (1 + exp(-z[c]));
        sum += e * e;
    }
    return sum;
}

static void count(bf_metrics *out, const bf_matrix *scores,
                  const int32_t *labels)
{
    size_t n = scores->rows, classes = scores->cols, right = 0;
    for (size_t i = 0; i < n; i++) {
        const double *z = scores->data + i * classes;
        size_t truth = (size_t)labels[i], guess = argmax(z, classes);
        right += guess == truth;
        out->sle += squared_error(z, classes, truth);
        out->cross_entropy += cross_entropy(z, classes, truth);
        if (out->confusion) out->confusion[truth * classes + guess]++;
    }
    out->accuracy = (double)right / (double)n;
    out->sle /= (double)n;
    out->cross_entropy /= (double)n;
}

/* Checks that class c of the data is class c of the model. */
static bf_status check_classes(const bf_model *m, const bf_dataset *d)
{
    if (!d->class_names) return BF_OK;
    size_t classes = m->weights.rows;
    if (d->classes != classes)
        return bf_fail(BF_ERR_MISMATCH,
                       "names of %u classes, the model has %zu "
                       "(bf_dataset_match)",
                       d->classes, classes);
    for (size_t c = 0; c < classes && m->class_names; c++)
        if (strcmp(m->class_names[c], d->class_names[c]) != 0)
            return bf_fail(BF_ERR_MISMATCH,
                           "class %zu is '%s', the model's is '%s' "
                           "(bf_dataset_match)",
                           c, d->class_names[c], m->class_names[c]);
    return BF_OK;
}

bf_status bf_model_evaluate(bf_metrics *out, const bf_model *m,
                            const bf_dataset *data, bool confusion)
{
    size_t classes = m->weights.rows;
    if (!data->labels || !classes)
        return bf_fail(BF_ERR_ARGUMENT, "%s",
                       classes ? "the data set has no labels to compare with"
                               : "a model of no classes");
    for (size_t i = 0; i < data->x.rows; i++)
        if (data->labels[i] < 0 || (size_t)data->labels[i] >= classes)
            return bf_fail(BF_ERR_ARGUMENT,
                           "row %zu: label %d, the model knows 0..%zu", i + 1,
                           data->labels[i], classes - 1);
    BF_TRY(check_classes(m, data));
    bf_matrix scores;
    BF_TRY(bf_model_scores(&scores, m, &data->x));
    bf_metrics r = {.classes = (unsigned)classes};
    if (confusion) {
        r.confusion = bf_alloc_zero(classes * classes * sizeof(uint64_t));
        if (!r.confusion) {
            bf_matrix_clear(&scores);
            return BF_ERR_MEMORY;
        }
    }
    count(&r, &scores, data->labels);
    bf_matrix_clear(&scores);
    *out = r;
    return BF_OK;
}

void bf_metrics_clear(bf_metrics *m)
{
    bf_free(m->confusion);
    *m = (bf_metrics){0};
}
