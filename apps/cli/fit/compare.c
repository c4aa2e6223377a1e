#include <math.h>
#include <string.h>

#include "fit/fit.h"

static bf_status twin_model(const fit *f, const bf_matrix *weights,
                            bf_model *out)
{
    return bf_model_of(out, f->prepared.transform, weights, NULL);
}

static bf_status judge_twin(void *user, unsigned t, const bf_matrix *weights)
{
    fit *f = user;
    bf_model m;
    bf_metrics metrics;
    BF_TRY(twin_model(f, weights, &m));
    bf_status s = bf_model_evaluate(&metrics, &m, fit_judge(f), false);
    bf_model_clear(&m);
    BF_TRY(s);
    f->history[t].plaintext = metrics.accuracy;
    bf_metrics_clear(&metrics);
    return BF_OK;
}

static double largest_difference(const bf_matrix *a, const bf_matrix *b)
{
    double most = 0;
    for (size_t i = 0; i < a->rows * a->cols; i++)
        most = fmax(most, fabs(a->data[i] - b->data[i]));
    return most;
}

/* Runs the same recipe in double precision on the same rows. */
static bf_status compare_twin(fit *f)
{
    bf_matrix weights;
    bf_model m;
    const bf_prepared *p = &f->prepared;
    BF_TRY(bf_twin_run(&weights, &p->schedule, &p->rows, f->train.labels,
                       f->train.classes, f->every_iteration ? judge_twin : NULL,
                       f, &cli_env));
    bf_status s = twin_model(f, &weights, &m);
    bf_matrix_clear(&weights);
    BF_TRY(s);
    f->max_weight_error = largest_difference(&f->model.weights, &m.weights);
    s = bf_model_evaluate(&f->twin, &m, fit_judge(f), false);
    bf_model_clear(&m);
    return s;
}

static bf_status compare_regression(fit *f)
{
    bf_model m = {.map = f->model.map};
    double start = cli_now();
    BF_TRY(bf_softmax_fit(&m.weights, &f->train.x, f->train.labels,
                          f->train.classes, m.map, BF_SOFTMAX_L2,
                          &cli_env));
    f->seconds.regression = cli_now() - start;
    bf_status s = bf_model_evaluate(&f->regression, &m, fit_judge(f), false);
    bf_model_clear(&m);
    return s;
}

/* Rows of the encrypted columns, without the constant column. */
static bf_status reduced_rows(const fit *f, bf_matrix *out,
                              const bf_dataset *data)
{
    bf_matrix u;
    BF_TRY(bf_transform_apply(&u, f->prepared.transform, &data->x, false,
                              &cli_env));
    bf_status s = bf_matrix_init(out, u.rows, u.cols - 1);
    for (size_t i = 0; i < u.rows && s == BF_OK; i++)
        memcpy(out->data + i * out->cols, u.data + i * u.cols + 1,
               out->cols * sizeof *out->data);
    bf_matrix_clear(&u);
    return s;
}

/* Regression on the encrypted columns, as a comparison beside regression on all
 * features. */
static bf_status compare_reduced(fit *f)
{
    bf_dataset train = f->train, judge = *fit_judge(f);
    bf_model m = {.map = BF_MAP_NONE};
    bf_status s;
    if (f->figures.shape.columns - 1 >= f->figures.shape.features) return BF_OK;
    BF_TRY(reduced_rows(f, &train.x, &f->train));
    s = reduced_rows(f, &judge.x, fit_judge(f));
    if (s == BF_OK)
        s = bf_softmax_fit(&m.weights, &train.x, train.labels, train.classes,
                           m.map, BF_SOFTMAX_L2, &cli_env);
    bf_matrix_clear(&train.x);
    if (s == BF_OK) s = bf_model_evaluate(&f->reduced, &m, &judge, false);
    bf_matrix_clear(&judge.x);
    bf_model_clear(&m);
    return s;
}

bf_status fit_compare(fit *f)
{
    BF_TRY(bf_model_evaluate(&f->encrypted, &f->model, fit_judge(f), true));
    BF_TRY(compare_twin(f));
    if (!f->compare) return BF_OK;
    BF_TRY(compare_regression(f));
    return compare_reduced(f);
}
