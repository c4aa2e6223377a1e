/* The polynomials in plaintext. */
#include <math.h>

#include "linalg/sigmoid.h"

/* By Clenshaw's recurrence on T_{n+2} = 2 T_2 T_n - T_{n-2}. */
static double chebyshev_odd(const bf_sigmoid *p, double y)
{
    double twice = 2 * (2 * y * y - 1), next = 0, after = 0;
    for (unsigned i = (p->degree + 1) / 2; i-- > 0;) {
        double t = p->odd[i] + twice * next - after;
        after = next;
        next = t;
    }
    return y * (next - after);
}

double bf_sigmoid_value(const bf_sigmoid *p, double z)
{
    double square = z * z;
    double sum = 0;
    if (p->chebyshev) return 0.5 + chebyshev_odd(p, z / p->range);
    for (unsigned i = (p->degree + 1) / 2; i-- > 0;)
        sum = sum * square + p->odd[i];
    return 0.5 + z * sum;
}

static double slope_at(const bf_sigmoid *p, double z)
{
    double slope = 0, h = 1e-5 * p->range;
    if (p->chebyshev)
        return (bf_sigmoid_value(p, z + h) - bf_sigmoid_value(p, z - h)) /
               (2 * h);
    for (unsigned i = (p->degree + 1) / 2; i-- > 0;)
        slope = slope * z * z + (2 * i + 1) * p->odd[i];
    return slope;
}

bf_slope bf_sigmoid_slope(const bf_sigmoid *p, double mean, double deviation,
                          double reach)
{
    double squares = 0, sum = 0, weights = 0;
    for (double x = 0; x < 6; x += 1.0 / 64) {
        double weight = exp(-x * x / 2);
        for (int side = -1; side <= 1; side += 2) {
            double z = fabs(mean + side * x * deviation);
            double slope = slope_at(p, fmin(z, reach));
            squares += weight * slope * slope;
            sum += weight * slope;
            weights += weight;
        }
    }
    return (bf_slope){.rms = sqrt(squares / weights), .mean = sum / weights};
}
