#include "ckks/chebyshev.h"

#include <math.h>

#include "base/memory.h"

bf_status bf_chebyshev_fit(double *c, unsigned degree, double a, double b,
                           double (*f)(double x, void *user), void *user)
{
    const size_t nodes = (size_t)degree + 1;
    if (!(a < b) || !isfinite(a) || !isfinite(b))
        return bf_fail(BF_ERR_ARGUMENT, "interval [%g, %g]", a, b);
    double *v = bf_alloc(nodes * sizeof *v);
    if (!v) return BF_ERR_MEMORY;
    const double count = (double)nodes;
    for (size_t j = 0; j < nodes; j++) {
        double x = (a + b) / 2 +
                   (b - a) / 2 * cos(M_PI * ((double)j + 0.5) / count);
        double y = v[j] = f(x, user);
        if (isfinite(y)) continue;
        bf_free(v);
        return bf_fail(BF_ERR_RANGE, "function to approximate: %g at %g", y,
                       x);
    }
    for (size_t k = 0; k < nodes; k++) {
        double sum = 0;
        for (size_t j = 0; j < nodes; j++)
            sum += v[j] *
                   cos(M_PI * (double)k * ((double)j + 0.5) / count);
        c[k] = (k ? 2 : 1) * sum / count;
    }
    bf_free(v);
    return BF_OK;
}

double bf_chebyshev_value(const double *c, unsigned degree, double a, double b,
                          double x)
{
    double y = (2 * x - a - b) / (b - a), next = 0, after = 0;
    for (unsigned k = degree; k > 0; k--) {
        double t = c[k] + 2 * y * next - after;
        after = next;
        next = t;
    }
    return c[0] + y * next - after;
}

void bf_chebyshev_divide(const double *p, unsigned degree, unsigned n,
                         double *q, double *r)
{
    for (unsigned i = 0; i < n; i++) r[i] = p[i];
    q[0] = p[n];
    for (unsigned i = 1; i + n <= degree; i++) {
        q[i] = 2 * p[n + i];
        r[n - i] -= p[n + i];
    }
}
