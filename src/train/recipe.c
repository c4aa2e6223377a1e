#include <math.h>

#include "base/status.h"
#include "train/expansion.h"
#include "train/job.h"
#include "train/names.h"

/* tests/train/test_train_recipe.c recomputes each fit. */

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

/* Minimax on [-12, 12]; the positive leading coefficient pulls logits from
 * outside back into the interval. */
static const bf_sigmoid sigmoid_quintic12 = {
    .degree = 5,
    .odd = {0.161017339, -0.00212901663, 9.36342782e-6},
    .range = 12,
};

/* Minimax on [-20, 20], with an error of at most 0.04; the quintic has an error
 * of 0.11 on its shorter interval. This error pulls confident scores back in
 * every step, so that a quintic loses its good start. */
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
    return kind < BF_RECIPE_KINDS ? bf_recipe_kind_names[kind] : "unknown";
}

const char *bf_feature_map_name(bf_feature_map map)
{
    return map < BF_FEATURE_MAPS ? bf_feature_map_names[map] : "unknown";
}

static void paper_defaults(bf_recipe *r)
{
    r->map = BF_MAP_NONE;
    r->sigmoid = sigmoid_paper;
    r->step_count = 1;
    r->steps[0] = 1;
}

/* Ridge, steps and polynomial by rows per feature.
 *
 * Measured with d = 400 on the RegNet rows (n = 128) and on random-filter
 * features of Fashion-MNIST (n = 64 to 60,000): the best ridge of each n is
 * within a factor 2 of 0.32 d/n, and flat around it. Up to n = 2.5 d small
 * steps are better; at n = 1000 they gain about as much as they lose at n =
 * 2000. With three or more iterations and fewer rows than features, up to three
 * times the ridge is best. For larger n, 2 to 4 steps of s = 4 reach the
 * accuracy of ten steps of s = 1, and with three iterations the last step is
 * best at s = 2; the quintic then peaks and falls (scattering features of
 * Fashion-MNIST, 401 columns: 90.5 % at 4, 88.9 % at 30), while degree 13 with
 * s = 3 comes near converged regression and stays there (90.7 % from 6 to 30,
 * where regression has 90.8 %). With a cubic, scores beyond the range run away,
 * which happens from the fourth iteration on: a model of 1,500 digits with 128
 * columns fails after ten. */
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

/* With many rows least squares needs little ridge: 4,096 random features over
 * 60,000 rows classify 91.8 % with 0.001 and 91.4 % with 0.02; after a second
 * iteration 92.2 % and 92.3 %. */
#define RIDGE_OF_ONE 1e-3

/* Number of random features; 0: none. Random features improved accuracy if they
 * were at least twice as many as the features, and rows ten times as many as
 * random features. (With 925 features and two iterations, 1,024 random features
 * were worse than the features, 2,048 better by 0.7 points, 4,096 by 1.1.) */
#define RELU_MOST 4096

static size_t relu_worth(size_t n, size_t d)
{
    size_t count = RELU_MOST;
    while (count > n / BF_FEW_ROWS) count /= 2;
    return count >= 2 * d ? count : 0;
}

/* Sets iterations and columns if the aim decides them. */
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
    if (aim > BF_AIM_ACCURACY)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: unknown aim %d", (int)aim);
    BF_TRY(bf_relu_check(given.expand));
    choose(&given, aim, n, d);
    size_t width = bf_recipe_width(&given, d);
    BF_TRY(bf_recipe_default(&r, BF_RECIPE_WHITENED, given.iterations, n,
                             width));
    r.expand = given.expand;
    r.components = given.components;
    bool few = n / BF_FEW_ROWS < width;
    if (!few && r.iterations == 1) r.lambda = RIDGE_OF_ONE;
    /* With random features the cubic is as good and takes a level less. */
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
    /* bf_recipe_check refuses other counts. */
    for (unsigned t = 0; t < r->iterations && t < BF_MAX_ITERATIONS; t++)
        r->steps[t] = 3 * pow(3, last ? -(double)t / last : 0);
}

static bf_status check_sigmoid(const bf_sigmoid *p)
{
    unsigned most = p->chebyshev ? BF_CHEBYSHEV_DEGREE_MAX : BF_POLY_DEGREE_MAX;
    if (p->degree % 2 == 0 || p->degree > most)
        return bf_fail(BF_ERR_ARGUMENT,
                       "recipe: sigmoid of degree %u; odd and at most %u",
                       p->degree, most);
    for (unsigned i = 0; i < (p->degree + 1) / 2; i++)
        if (!isfinite(p->odd[i]))
            return bf_fail(BF_ERR_ARGUMENT,
                           "recipe: coefficient of degree %u is not finite",
                           2 * i + 1);
    if (!(p->range > 0) || !(p->range <= BF_SIGMOID_RANGE_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "recipe: sigmoid range %g", p->range);
    return BF_OK;
}

/* Checks also fields that the kind does not use, as job.json holds all fields.
 */
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
    if (r->batch > BF_JOB_SAMPLES_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "recipe: steps of %zu rows; at most %zu are possible",
                       r->batch, BF_JOB_SAMPLES_MAX);
    if (r->components > BF_JOB_FEATURES_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "recipe: %zu components; at most %zu are possible",
                       r->components, BF_JOB_FEATURES_MAX);
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
    /* The paper's diagonal Hessian bound covers all rows together. */
    if (r->kind == BF_RECIPE_PAPER && r->batch != 0)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: paper has no mini-batches");
    if (r->kind == BF_RECIPE_PAPER && r->expand.count != 0)
        return bf_fail(BF_ERR_ARGUMENT, "recipe: paper has no random features");
    if (r->kind == BF_RECIPE_PAPER && r->safe)
        return bf_fail(
            BF_ERR_ARGUMENT,
            "recipe: paper's scores are not proved to stay in range");
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
