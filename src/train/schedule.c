#include <math.h>

#include "base/status.h"
#include "blindfit/train.h"

/* Fixed-Hessian Newton steps [BL88]: the Hessian of the logistic loss is at
 * most U^T U / 4, which whitening turns into n/4 times the identity, so that
 * 4/n is the exact step, and s stretches the step. A block of fewer rows
 * represents all rows. */
static void newton_steps(bf_schedule *s, const bf_recipe *r)
{
    for (unsigned t = 0; t < s->iterations; t++) {
        size_t first, last;
        bf_schedule_rows(s, t, &first, &last);
        unsigned i = t < r->step_count ? t : r->step_count - 1;
        s->step[t] = 4 * r->steps[i] / (double)(last - first);
        s->eta[t] = 0;
    }
}

/* Nesterov's sequence with the paper's start, alpha_0 = 0.01. The paper's step
 * 1 + 1/(tn) is multiplied by 4/n, because rows have the factor sqrt(n)/2
 * (owner/paper.c). */
static void nesterov_steps(bf_schedule *s)
{
    double alpha = 0.01, n = (double)s->n;
    for (unsigned t = 0; t < s->iterations; t++) {
        double next = (1 + sqrt(1 + 4 * alpha * alpha)) / 2;
        s->eta[t] = (1 - alpha) / next;
        s->step[t] = 4 / n * (1 + 1 / ((double)(t + 1) * n));
        alpha = next;
    }
}

bf_status bf_schedule_make(bf_schedule *out, const bf_recipe *recipe, size_t n)
{
    BF_TRY(bf_recipe_check(recipe));
    if (n < 2)
        return bf_fail(BF_ERR_ARGUMENT, "%zu training rows; at least 2", n);
    bool paper = recipe->kind == BF_RECIPE_PAPER;
    bf_schedule s = {
        .iterations = recipe->iterations,
        .n = n,
        .batch = recipe->batch < n ? recipe->batch : 0,
        .sigmoid = recipe->sigmoid,
        .momentum = paper,
        .zero_start = !paper,
    };
    if (paper)
        nesterov_steps(&s);
    else
        newton_steps(&s, recipe);
    *out = s;
    return BF_OK;
}

void bf_schedule_rows(const bf_schedule *s, unsigned t, size_t *first,
                      size_t *last)
{
    size_t batch = s->batch ? s->batch : s->n;
    size_t blocks = (s->n + batch - 1) / batch;
    *first = t % blocks * batch;
    *last = s->n - *first < batch ? s->n : *first + batch;
}

void bf_schedule_clear(bf_schedule *s)
{
    bf_matrix_clear(&s->v0);
    *s = (bf_schedule){0};
}
