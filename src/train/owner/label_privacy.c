#include "train/owner/label_privacy.h"

#include <math.h>

#include "base/status.h"

static double phi(double x)
{
    return erfc(-x / sqrt(2)) / 2;
}

double bf_label_delta(double epsilon, double r)
{
    return phi(r / 2 - epsilon / r) - exp(epsilon) * phi(-r / 2 - epsilon / r);
}

bf_status bf_label_noise(double *sd, double epsilon, double delta,
                         double sensitivity)
{
    if (!(epsilon > 0 && epsilon <= BF_LABEL_EPSILON_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "epsilon %g; above 0, at most %g",
                       epsilon, BF_LABEL_EPSILON_MAX);
    if (!(delta >= BF_LABEL_DELTA_MIN && delta <= BF_LABEL_DELTA_MAX))
        return bf_fail(BF_ERR_ARGUMENT, "delta %g; %g to %g", delta,
                       BF_LABEL_DELTA_MIN, BF_LABEL_DELTA_MAX);
    /* delta grows with r, from 0 to 1: bisection of ratios. */
    double low = epsilon / 100, high = 100;
    for (int i = 0; i < 100; i++) {
        double r = sqrt(low * high);
        if (bf_label_delta(epsilon, r) <= delta / 2)
            low = r;
        else
            high = r;
    }
    *sd = sensitivity / low;
    return BF_OK;
}

bf_status bf_label_sensitivity(double *out, const bf_recipe *r, size_t n,
                               size_t k)
{
    bf_magnitudes bounds;
    BF_TRY(bf_recipe_bounds(&bounds, r, n, k));
    *out = sqrt(2) * bounds.row;
    return BF_OK;
}

double bf_label_noise_share(double sd, double step, const bf_layout *l,
                            double scale)
{
    return sd * step * scale / sqrt((double)l->f);
}
