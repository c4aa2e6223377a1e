/* Magnitudes that a plan assumes before the data are known.
 *
 * Whitened, proved from the effect of bf_transform_apply on training rows with
 * clip > 0:
 *   - a row has norm at most sqrt(1 + clip^2 (k - 1)); without clip at most
 *     sqrt(1 + n), since leverages are at most 1;
 *   - U^T U <= 2n: the features contribute at most n (whitening, and clipping
 *     only shortens rows), the constant column n;
 *   - the first update of a class, 4s/n U^T (y - 1/2), has norm at most
 *     4s/n sqrt(2n) sqrt(n)/2 = 2 sqrt(2) s.
 * Measured, on the RegNet rows, on 60,000 rows of Fashion-MNIST, and on noise,
 * separable clusters, rare classes, sparse, log-normal and heavy-tailed
 * features, C = 2, 10, 100, up to 10 iterations: |logit| <= 4.3 s and
 * |weight|, |update| <= 2 s, with s the largest step so far. The bounds are
 * 6 s and 4 s. In longer runs a polynomial whose leading coefficient is
 * positive pulls logits back that leave its range: degree 13 on +-20 with s = 3
 * reached 21 in 30 iterations, and weights of 9. So the bound of logits is 1.2
 * ranges if this is more than 6 s.
 *
 * Safe: safe.c.
 *
 * Paper, proved: rows have norm at most sqrt(n). Its logits scale with the
 * features: |z| starts at 0.0128 (1 + sum_j |x_j|). It trains while that stays
 * below 16, where the cubic begins to diverge; entries measured then stay below
 * half of the bound. Weights grow like the square root of the iterations t, as
 * |v|^2 gains about the same in each: measured, on the RegNet rows and the
 * digits, at most 1.1, 1.5, 1.5 and 0.8 sqrt(t) for t = 50, 100, 200 and 1000.
 * The bound is twice that. */
#include <math.h>

#include "base/maximum.h"
#include "base/status.h"
#include "train/safe.h"

/* An upper bound of |y - p(z)| for |z| <= range, y in {0, 1}. p - 1/2 is odd,
 * so one sign suffices. The values at m Chebyshev nodes of an interval bound a
 * polynomial of a lesser degree on the interval, to a factor 1/cos(pi
 * degree/2m) [EZ64]. */
static double largest_residual(const bf_sigmoid *p, double range)
{
    enum { NODES = 4096 };
    double largest = 0;
    for (int i = 0; i < NODES / 2; i++) {
        double z = range * cos(M_PI * (2 * i + 1) / (2 * NODES));
        largest = bf_max(largest, fabs(bf_sigmoid_value(p, z) - 0.5));
    }
    return largest / cos(M_PI * p->degree / (2 * NODES)) + 0.5;
}

/* The range to which the polynomial pulls logits back; 0 if the leading
 * coefficient is not positive. */
static double pulled_back(const bf_recipe *r)
{
    const bf_sigmoid *p = &r->sigmoid;
    bool leads = p->odd[(p->degree - 1) / 2] > 0;
    return leads && !p->chebyshev ? p->range : 0;
}

static void whitened_bounds(bf_magnitudes *b, const bf_recipe *r, size_t n,
                            size_t k)
{
    double clipped = r->clip * r->clip * (double)(k - 1);
    double features = r->clip > 0 ? fmin(clipped, (double)n) : (double)n;
    b->row = b->entry = sqrt(1 + features);
    double step = 0;
    for (unsigned t = 0; t < r->iterations; t++) {
        b->logit[t] = step > 0 ? fmax(6 * step, 1.2 * pulled_back(r)) : 0;
        step = fmax(step, bf_recipe_step(r, t));
    }
    b->weight = b->update = 4 * step;
}

static void paper_bounds(bf_magnitudes *b, const bf_recipe *r, size_t n)
{
    b->row = sqrt((double)n);
    b->entry = fmin(b->row, 32);
    b->update = 8;
    b->weight = fmax(8, 3 * sqrt(r->iterations));
    for (unsigned t = 0; t < r->iterations; t++) b->logit[t] = 16;
}

bf_status bf_recipe_bounds(bf_magnitudes *out, const bf_recipe *r, size_t n,
                           size_t k)
{
    BF_TRY(bf_recipe_check(r));
    if (n < 2 || k < 2)
        return bf_fail(BF_ERR_ARGUMENT, "no bounds for %zu x %zu", n, k);
    bf_magnitudes b = {0};
    if (r->kind == BF_RECIPE_PAPER)
        paper_bounds(&b, r, n);
    else
        whitened_bounds(&b, r, n, k);
    if (r->safe)
        BF_TRY(bf_safe_bounds(&b, r, n,
                              largest_residual(&r->sigmoid, r->sigmoid.range)));
    b.residual = largest_residual(&r->sigmoid, b.logit[r->iterations - 1]);
    *out = b;
    return BF_OK;
}

static bf_status within(const char *what, double measured, double bound)
{
    /* Clipped rows meet the bounds with equality. */
    if (measured <= bound * (1 + 1e-9)) return BF_OK;
    return bf_fail(BF_ERR_RANGE, "%s reaches %.4g, the plan allows %.4g", what,
                   measured, bound);
}

bf_status bf_magnitudes_check(const bf_magnitudes *measured,
                              const bf_magnitudes *bounds, unsigned iterations)
{
    if (iterations > BF_MAX_ITERATIONS)
        return bf_fail(BF_ERR_ARGUMENT, "%u iterations; at most %d", iterations,
                       BF_MAX_ITERATIONS);
    BF_TRY(within("a training row's norm", measured->row, bounds->row));
    BF_TRY(within("a training value", measured->entry, bounds->entry));
    for (unsigned t = 0; t < iterations; t++)
        BF_TRY(within("a logit", measured->logit[t], bounds->logit[t]));
    BF_TRY(within("a residual", measured->residual, bounds->residual));
    BF_TRY(within("a gradient step", measured->update, bounds->update));
    return within("a weight", measured->weight, bounds->weight);
}
