#include "train/owner/finish.h"

#include <math.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "train/owner/gradient.h"

#define WEIGHT_BITS 6

bf_status bf_finish_check(size_t n, size_t k, unsigned classes)
{
    if (classes < 2)
        return bf_fail(BF_ERR_ARGUMENT, "%u classes", classes);
    double least = 4.0 * classes * (double)k * WEIGHT_BITS / log2(classes);
    if ((double)n >= least) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%zu rows: a model of %u classes and %zu columns would tell "
                   "too much of each label to who has the rows; at least %.0f, "
                   "or label noise",
                   n, classes, k, ceil(least));
}

unsigned bf_finish_steps(double sd, size_t k)
{
    double steps = M_PI / sqrt(3) / (sd * sqrt((double)k)) - 1;
    if (!(steps < BF_FINISH_STEPS)) return BF_FINISH_STEPS;
    return steps < 1 ? 0 : (unsigned)steps;
}

/* z becomes -p(z); returns sum log(1 + e^z). */
static double residual(void *user, double *z, size_t first, size_t rows)
{
    (void)first;
    const unsigned *classes = user;
    double loss = 0;
    for (size_t i = 0; i < rows * *classes; i++) {
        double e = exp(-fabs(z[i]));
        loss += fmax(z[i], 0) + log1p(e);
        z[i] = -(z[i] < 0 ? e : 1) / (1 + e);
    }
    return loss;
}

typedef struct finish {
    const bf_matrix *u;
    unsigned classes;
    size_t values;       /* C k */
    double *labels;      /* Y'U */
    double *best, *g;    /* weights of the least loss so far, gradient there */
    double *next, *at;   /* weights to try, gradient there */
    double loss, step;   /* of best; of the next step, 4 s/n */
    bf_gradient work;
} finish;

static bf_status check(const bf_schedule *s, const bf_matrix *v1,
                       const bf_matrix *u)
{
    if (s->iterations != 1 || !s->zero_start || s->momentum || s->batch)
        return bf_fail(BF_ERR_MISMATCH, "a model to finish is of one iteration "
                                        "from zero over all rows");
    if (s->n != u->rows || v1->cols != u->cols || v1->rows < 2)
        return bf_fail(BF_ERR_MISMATCH,
                       "weights %zu x %zu of %zu rows, to finish over %zu rows "
                       "of %zu columns",
                       v1->rows, v1->cols, s->n, u->rows, u->cols);
    return BF_OK;
}

static bf_status start(finish *f, const bf_matrix *v1)
{
    size_t k = v1->cols;
    f->classes = (unsigned)v1->rows;
    f->values = v1->rows * k;
    BF_TRY(bf_gradient_init(&f->work, f->u, f->classes, residual, &f->classes));
    f->labels = bf_alloc_zero(5 * f->values * sizeof(double));
    if (!f->labels) return BF_ERR_MEMORY;
    f->best = f->labels + f->values;
    f->g = f->best + f->values;
    f->next = f->g + f->values;
    f->at = f->next + f->values;
    for (size_t i = 0; i < f->u->rows; i++)
        for (size_t j = 0; j < k; j++)
            f->labels[j] += f->u->data[i * k + j] / 2;
    for (size_t c = 1; c < v1->rows; c++)
        memcpy(f->labels + c * k, f->labels, k * sizeof(double));
    for (size_t i = 0; i < f->values; i++)
        f->labels[i] += v1->data[i] / f->step;
    memcpy(f->next, v1->data, f->values * sizeof(double));
    f->loss = INFINITY;
    return BF_OK;
}

/* One pass over the rows at `next`, which becomes the best or is undone. */
static void look(finish *f)
{
    double loss = bf_gradient_run(&f->work, f->at, f->next, 0, f->u->rows);
    for (size_t i = 0; i < f->values; i++) {
        loss -= f->next[i] * f->labels[i];
        f->at[i] += f->labels[i];
    }
    if (loss <= f->loss) {
        f->loss = loss;
        memcpy(f->best, f->next, f->values * sizeof(double));
        memcpy(f->g, f->at, f->values * sizeof(double));
    } else {
        f->step /= 2;
    }
    for (size_t i = 0; i < f->values; i++)
        f->next[i] = f->best[i] + f->step * f->g[i];
}

static bf_status run(finish *f, bf_matrix *out, unsigned steps,
                     bf_twin_fn each, void *user)
{
    for (unsigned i = 0; i < steps; i++) {
        BF_TRY(bf_check_interrupt());
        look(f);
        memcpy(out->data, f->next, f->values * sizeof(double));
        if (each) BF_TRY(each(user, i, out));
        bf_report("finish", i + 1, steps);
    }
    return BF_OK;
}

bf_status bf_finish(bf_matrix *weights, const bf_schedule *s,
                    const bf_matrix *v1, const bf_matrix *u, unsigned steps,
                    bf_twin_fn each, void *user, bf_env *env)
{
    BF_UNDER(env);
    BF_TRY(check(s, v1, u));
    finish f = {.u = u, .step = s->step[0]};
    bf_matrix out = {0};
    bf_status status;
    BF_GOTO(bf_matrix_init(&out, v1->rows, v1->cols), done);
    memcpy(out.data, v1->data, v1->rows * v1->cols * sizeof(double));
    BF_GOTO(start(&f, v1), done);
    BF_GOTO(run(&f, &out, steps, each, user), done);
    *weights = out;
    out = (bf_matrix){0};
done:
    bf_matrix_clear(&out);
    bf_gradient_clear(&f.work);
    bf_free(f.labels);
    return status;
}
