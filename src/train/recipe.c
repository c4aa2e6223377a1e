#include <math.h>

#include "base/status.h"
#include "train/expansion.h"
#include "train/names.h"

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

/* Minimax on [-20, 20]: off by 0.04 at most, where the quintic is off by 0.11
 * on its shorter interval. An error there pulls confident scores back in every
 * step, so that a quintic's good start is not kept. */
static const bf_sigmoid sigmoid_thirteen20 = {
    .degree = 13,
    .odd = {0.197198016142, -5.25093120431e-3, 7.53765871649e-5,
            -5.45619920561e-7, 2.05241917856e-9, -3.83324064828e-12,
            2.80763922951e-15},
    .range = 20,
};

const char *const bf_recipe_kind_names[BF_RECIPE_KINDS] = {"paper", "whitened"};
const char *const bf_feature_map_names[BF_FEATURE_MAPS] = {"auto", "none",
                                                           "sqrt"};

const char *bf_recipe_kind_name(bf_recipe_kind kind)
{
    return bf_recipe_kind_names[kind];
}

const char *bf_feature_map_name(bf_feature_map map)
{
    return bf_feature_map_names[map];
}

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
 * in ten, and a last step of 2 settles three of them; the quintic then peaks
 * and falls (scattering features of Fashion-MNIST, 401 columns: 90.5 % at 4,
 * 88.9 % at 30), while degree 13 with steps of 3 comes near well-converged
 * regression and stays there (90.7 % from 6 to 30, where regression has 90.8
 * %). A cubic runs away where scores pass its range, which they do from the
 * fourth iteration on: 1,500 digits of 128 columns fall apart after ten. */
#define FEW_ITERATIONS 3
#define MANY_ITERATIONS 6

static bf_sigmoid of_more_iterations(unsigned iterations)
{
    return iterations < MANY_ITERATIONS ? sigmoid_quintic12
                                        : sigmoid_thirteen20;
}

static void few_samples(bf_recipe *r, double features_per_sample)
{
    double ratio = fmin(features_per_sample, 3.125);
    r->sigmoid = r->iterations <= FEW_ITERATIONS
                     ? sigmoid_cubic8
                     : of_more_iterations(r->iterations);
    r->lambda = 0.32 * ratio;
    if (r->iterations >= 3) r->lambda *= fmin(fmax(ratio, 1), 3);
    r->step_count = 2;
    r->steps[0] = 1;
    r->steps[1] = 2;
}

static void many_samples(bf_recipe *r, double features_per_sample)
{
    r->lambda = fmax(0.32 * features_per_sample, 1e-3);
    r->sigmoid = r->iterations <= 2 ? sigmoid_cubic12
                                    : of_more_iterations(r->iterations);
    if (r->iterations >= MANY_ITERATIONS) {
        r->step_count = 1;
        r->steps[0] = 3;
        return;
    }
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

/* Least squares wants little ridge where rows are many: random features, 4,096
 * of them over 60,000 rows, classify 91.8 % with 0.001 and 91.4 % with 0.02;
 * after a second iteration 92.2 % and 92.3 %. */
#define RIDGE_OF_ONE 1e-3

/* Random features gained where they were at least twice as many as the features
 * and rows ten times as many as they. (1,024 of 925: below these themselves
 * with two iterations; 2,048: 0.7 points above, 4,096: 1.1.) 0: none are worth
 * it. */
#define RELU_MOST 4096

static size_t relu_worth(size_t n, size_t d)
{
    size_t count = RELU_MOST;
    while (count > n / BF_FEW_ROWS) count /= 2;
    return count >= 2 * d ? count : 0;
}

/* Iterations and columns, where they are left to the aim. */
static void choose(bf_recipe *r, bf_aim aim, size_t n, size_t d)
{
    bool few = n / BF_FEW_ROWS < bf_recipe_width(r, d);
    if (aim == BF_AIM_ACCURACY && !r->expand.count && !r->components)
        r->expand.count = relu_worth(n, d);
    if (!r->iterations)
        r->iterations = aim == BF_AIM_SPEED && !few ? 1 : 2;
}

bf_status bf_recipe_aim(bf_recipe *out, bf_aim aim, size_t n, size_t d)
{
    bf_recipe given = *out, r;
    BF_TRY(bf_relu_check(given.expand));
    choose(&given, aim, n, d);
    size_t width = bf_recipe_width(&given, d);
    BF_TRY(bf_recipe_default(&r, BF_RECIPE_WHITENED, given.iterations, n,
                             width));
    r.expand = given.expand;
    r.components = given.components;
    bool few = n / BF_FEW_ROWS < width;
    if (!few && r.iterations == 1) r.lambda = RIDGE_OF_ONE;
    /* Over random features the cubic does as well, a level cheaper. */
    if (!few && r.iterations == 2 && aim == BF_AIM_ACCURACY && !r.expand.count)
        r.sigmoid = sigmoid_quintic12;
    *out = r;
    return BF_OK;
}

void bf_recipe_batches(bf_recipe *r, size_t batch)
{
    unsigned last = r->iterations - 1;
    r->batch = batch;
    r->sigmoid = sigmoid_thirteen20;
    r->step_count = r->iterations;
    for (unsigned t = 0; t <= last; t++)
        r->steps[t] = 3 * pow(3, last ? -(double)t / last : 0);
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
