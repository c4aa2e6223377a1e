#include "train/drift.h"

#include <math.h>

static double same(const bf_drift *d, const bf_drift_sum *s)
{
    return fabs(s->p * d->same + s->q * d->same_before) + s->same;
}

static double variance(const bf_drift *d, const bf_drift_sum *s)
{
    double v = s->p * d->other, u = s->q * d->other_before;
    double both = 2 * s->p * s->q * d->covariance;
    return fmax(0, v * v + u * u + both) + s->other * s->other;
}

double bf_drift_of(const bf_drift *d, const bf_drift_sum *sum)
{
    return hypot(same(d, sum), sqrt(variance(d, sum)));
}

void bf_drift_advance(bf_drift *d, const bf_drift_sum *sum)
{
    double other = d->other;
    bf_drift next = {.same = same(d, sum),
                     .same_before = d->same,
                     .other = sqrt(variance(d, sum)),
                     .other_before = other,
                     .covariance =
                         sum->p * other * other + sum->q * d->covariance};
    *d = next;
}
