/* Recipes whose scores and weights are proved to stay in range, for any rows
 * and labels.
 *
 * Let u = (1, x) be a row, X the features of all n rows, and |x| <= a by the
 * clip. Whitening has X^T X <= n (bounds.c), so the mean m of all x has |m| <=
 * 1, and
 *   u^T (U^T U/n) u = 1 + 2 m.x + x^T (X^T X/n) x <= (1 + a)^2.
 * A step s on residuals r_j of at most e moves the score of u by
 *   4s/n |sum_j (u.u_j) r_j| <= 4 s e sqrt(sum_j (u.u_j)^2/n) <= 4 s e (1 + a)
 * (Cauchy-Schwarz), and weights, in norm, by
 *   4s/n |U^T r| <= 4s/n sqrt(2n) sqrt(n) e = 4 sqrt(2) s e.
 * In the first step e = 1/2. In later steps e is the largest |y - p| on the
 * polynomial's interval, which scores may not leave. So the bounds on scores
 * and weights are sums over steps, and two iterations need an interval of 2 s
 * (1 + a) to each side: 84 for 400 features clipped at 1 and a first step of 2.
 * The size of the last step is free. The proof does not depend on the
 * polynomial's slopes.
 *
 * The polynomial is the interpolant of the sigmoid at the Chebyshev nodes. Its
 * error depends on (degree + 1) / interval alone: 0.055 at RANGE. A longer
 * interval costs accuracy, a shorter one levels (scattering features of
 * Fashion-MNIST, 401 columns, degree 63, two iterations: 89.95, 90.05, 90.07
 * and 89.72 % at 1, 1.3, 1.6 and 3.2). */
#include <math.h>

#include "base/status.h"
#include "ckks/chebyshev.h"
#include "train/safe.h"

/* Scores have errors, and polynomials grow steeply beyond their interval: plans
 * expect errors of 0.02 of a typical score, which is at most a tenth of the
 * largest. */
#define MARGIN 1.01
#define RANGE 1.3    /* half the interval, over degree + 1 */
#define RESIDUAL 1.1 /* bounds what such a polynomial leaves: 1 + 0.055 */
#define DEGREE_LEAST 7

static double logistic(double z, void *user)
{
    (void)user;
    return 1 / (1 + exp(-z));
}

static bf_status interpolate(bf_sigmoid *out, unsigned degree, double range)
{
    double c[BF_CHEBYSHEV_DEGREE_MAX + 1];
    bf_sigmoid p = {.degree = degree, .range = range, .chebyshev = true};
    BF_TRY(bf_chebyshev_fit(c, degree, -range, range, logistic, NULL));
    for (unsigned i = 0; i < (degree + 1) / 2; i++) p.odd[i] = c[2 * i + 1];
    *out = p;
    return BF_OK;
}

/* The sum that bounds the scores at the start of the last iteration. */
static double before_last(const bf_recipe *r)
{
    double sum = 0;
    for (unsigned t = 0; t + 1 < r->iterations; t++)
        sum += 4 * bf_recipe_step(r, t) * (t ? RESIDUAL : 0.5);
    return sum;
}

static double reach(const bf_magnitudes *b)
{
    return MARGIN * (1 + sqrt(b->row * b->row - 1));
}

bf_status bf_safe_bounds(bf_magnitudes *b, const bf_recipe *r, size_t n,
                         double residual)
{
    if (!(r->clip > 0) || (r->batch && r->batch < n))
        return bf_fail(BF_ERR_ARGUMENT, "%s: nothing is proved of their range",
                       r->clip > 0 ? "steps over some of the rows"
                                   : "rows that are not clipped");
    double sum = 0, next;
    b->update = 0;
    for (unsigned t = 0; t < r->iterations; t++, sum = next) {
        next = sum + 4 * bf_recipe_step(r, t) * (t ? residual : 0.5);
        b->logit[t] = sum * reach(b);
        b->update = fmax(b->update, sqrt(2) * (next - sum));
    }
    b->weight = sqrt(2) * sum;
    double reached = b->logit[r->iterations - 1];
    if (reached <= r->sigmoid.range * (1 + 1e-9)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "scores may reach %.4g, the polynomial serves to %.4g: the "
                   "recipe is not safe",
                   reached, r->sigmoid.range);
}

bf_status bf_recipe_make_safe(bf_recipe *r, double least, size_t n, size_t d)
{
    bf_recipe made = *r;
    bf_magnitudes b;
    size_t k = bf_recipe_outputs(r, n, d);
    unsigned degree = DEGREE_LEAST;
    if (!(least >= 0 && least <= 1))
        return bf_fail(BF_ERR_ARGUMENT,
                       "a factor of steps of at least %g: 0 to 1", least);
    made.safe = false;
    BF_TRY(bf_recipe_bounds(&b, &made, n, k));
    double wanted = reach(&b) * before_last(&made);
    while (degree < BF_CHEBYSHEV_DEGREE_MAX &&
           RANGE * (degree + 1) < least * wanted)
        degree = 2 * degree + 1;
    double range = fmin(RANGE * (degree + 1), wanted);
    if (range < wanted && least >= 1)
        return bf_fail(BF_ERR_ARGUMENT,
                       "with such steps scores may reach %.0f, polynomials of "
                       "degree %u serve to %.0f: smaller steps, a smaller clip "
                       "or fewer iterations are proved",
                       wanted, degree, range);
    made.step_count = made.iterations;
    for (unsigned t = 0; t < made.iterations; t++)
        made.steps[t] = bf_recipe_step(r, t) *
                        (t + 1 < made.iterations ? range / wanted : 1);
    if (wanted > 0) BF_TRY(interpolate(&made.sigmoid, degree, range));
    made.safe = true;
    BF_TRY(bf_recipe_bounds(&b, &made, n, k));
    *r = made;
    return BF_OK;
}
