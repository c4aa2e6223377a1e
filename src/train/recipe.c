#include <math.h>

#include "base/status.h"
#include "train/expansion.h"

/* tests/train/test_train_recipe.c shows that each fit is what it says. */

/* The paper's own cubic; monotone up to 9.6. */
static const bf_sigmoid sigmoid_paper = {
    .degree = 3,
    .odd = {0.106795345, -0.106795345 * 0.003605331},
    .range = 9.6,
};

/* Least squares on 4,001 equally spaced points of [-8, 8]. */
static const bf_sigmoid sigmoid_cubic8 = {
    .degree = 3,
    .odd = {0.15009364, -0.00159204},
    .range = 8,
};

/* Minimax on [-12, 12]: a cubic runs away outside, so it is for few steps. */
static const bf_sigmoid sigmoid_cubic12 = {
    .degree = 3,
    .odd = {0.12112193, -0.00063518},
    .range = 12,
};

/* Minimax on [-12, 12]; its positive leading coefficient pulls logits outside
 * back in. */
static const bf_sigmoid sigmoid_quintic12 = {
    .degree = 5,
    .odd = {0.161017339, -0.00212901663, 9.36342782e-6},
    .range = 12,
};

double bf_sigmoid_value(const bf_sigmoid *p, double z)
{
    double square = z * z;
    double sum = 0;
    for (unsigned i = (p->degree + 1) / 2; i-- > 0;)
        sum = sum * square + p->odd[i];
    return 0.5 + z * sum;
}

static void paper_defaults(bf_recipe *r)
{
    r->map = BF_MAP_NONE;
    r->sigmoid = sigmoid_paper;
    r->step_count = 1;
    r->steps[0] = 1;
}

/* Ridge, steps and polynomial by samples per feature.
 *
 * Measured with d = 400 on the RegNet rows (n = 128) and on random-filter
 * features of Fashion-MNIST (n = 64 to 60,000): the best ridge of each n is
 * within a factor 2 of 0.32 d/n, and flat around it. Up to n = 2.5 d careful
 * steps win, at n = 1000 by about as much as they lose at n = 2000. With three
 * and more of them, fewer samples than features want up to three times the
 * ridge. Beyond, steps of 4 reach in 2 to 4 iterations what single steps reach
 * in ten, and a last step of 2 settles three of them. */
static void few_samples(bf_recipe *r, double features_per_sample)
{
    double ratio = fmin(features_per_sample, 3.125);
    r->sigmoid = sigmoid_cubic8;
    r->lambda = 0.32 * ratio;
    if (r->iterations >= 3) r->lambda *= fmin(fmax(ratio, 1), 3);
    r->step_count = 2;
    r->steps[0] = 1;
    r->steps[1] = 2;
}

static void many_samples(bf_recipe *r, double features_per_sample)
{
    r->sigmoid = r->iterations <= 2 ? sigmoid_cubic12 : sigmoid_quintic12;
    r->lambda = fmax(0.32 * features_per_sample, 1e-3);
    r->step_count = 3;
    r->steps[0] = r->steps[1] = 4;
    r->steps[2] = r->iterations == 3 ? 2 : 4;
}

bf_status bf_recipe_default(bf_recipe *out, bf_recipe_kind kind,
                            unsigned iterations, size_t n, size_t d)
{
    if (n < 2 || d == 0)
        return bf_fail(BF_ERR_ARGUMENT,
                       "no recipe for %zu rows of %zu features", n, d);
    bf_recipe r = {.kind = kind, .iterations = iterations};
    if (kind == BF_RECIPE_PAPER) {
        paper_defaults(&r);
    } else {
        r.map = BF_MAP_AUTO;
        r.clip = 1.25;
        double features_per_sample = (double)d / (double)n;
        if (features_per_sample >= 0.4)
            few_samples(&r, features_per_sample);
        else
            many_samples(&r, features_per_sample);
    }
    BF_TRY(bf_recipe_check(&r));
    *out = r;
    return BF_OK;
}

static bf_status check_sigmoid(const bf_sigmoid *p)
{
    if (p->degree % 2 == 0 || p->degree > BF_POLY_DEGREE_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "recipe: sigmoid of degree %u; odd and at most %d",
                       p->degree, BF_POLY_DEGREE_MAX);
    for (unsigned i = 0; i < (p->degree + 1) / 2; i++)
        if (!isfinite(p->odd[i]))
            return bf_fail(BF_ERR_ARGUMENT,
                           "recipe: coefficient of z^%u is not finite",
                           2 * i + 1);
    if (!(p->range > 0) || !(p->range <= BF_SIGMOID_RANGE_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "recipe: sigmoid range %g", p->range);
    return BF_OK;
}

/* Also where the kind has no use for them: job.json holds them all. */
static bf_status check_numbers(const bf_recipe *r)
{
    if (!(r->lambda >= 0) || !(r->lambda <= BF_RIDGE_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "recipe: ridge %g; 0 to %g", r->lambda,
                       BF_RIDGE_MAX);
    if (!(r->clip >= 0) || !(r->clip <= BF_CLIP_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "recipe: clip %g; 0 to %g", r->clip,
                       BF_CLIP_MAX);
    if (r->step_count == 0 || r->step_count > BF_MAX_ITERATIONS)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: %u steps; 1 to %d",
                       r->step_count, BF_MAX_ITERATIONS);
    for (unsigned t = 0; t < r->step_count; t++)
        if (!(r->steps[t] > 0) || !isfinite(r->steps[t]))
            return bf_fail(BF_ERR_ARGUMENT, "recipe: step %u is %g", t + 1,
                           r->steps[t]);
    return BF_OK;
}

bf_status bf_recipe_check(const bf_recipe *r)
{
    if (r->kind != BF_RECIPE_PAPER && r->kind != BF_RECIPE_WHITENED)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: unknown kind %d",
                       (int)r->kind);
    if (r->iterations == 0 || r->iterations > BF_MAX_ITERATIONS)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: %u iterations; 1 to %d",
                       r->iterations, BF_MAX_ITERATIONS);
    if (r->map != BF_MAP_AUTO && r->map != BF_MAP_NONE && r->map != BF_MAP_SQRT)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: unknown feature map %d",
                       (int)r->map);
    BF_TRY(check_sigmoid(&r->sigmoid));
    BF_TRY(check_numbers(r));
    /* Its diagonal Hessian bound is that of all rows together. */
    if (r->kind == BF_RECIPE_PAPER && r->batch != 0)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: paper has no mini-batches");
    if (r->kind == BF_RECIPE_PAPER && r->expand.count != 0)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: paper has no random features");
    return bf_relu_check(r->expand);
}

size_t bf_recipe_width(const bf_recipe *r, size_t d)
{
    return r->expand.count ? r->expand.count : d;
}

size_t bf_recipe_outputs(const bf_recipe *r, size_t n, size_t d)
{
    if (r->kind == BF_RECIPE_PAPER) return d + 1;
    size_t width = bf_recipe_width(r, d), k = n - 1 < width ? n - 1 : width;
    if (r->components != 0 && r->components < k) k = r->components;
    return k + 1;
}
