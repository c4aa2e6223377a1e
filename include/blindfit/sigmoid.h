/* Polynomials in place of the sigmoid. */
#ifndef BLINDFIT_SIGMOID_H
#define BLINDFIT_SIGMOID_H

#include <stdbool.h>

#include "blindfit/blindfit.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BF_POLY_DEGREE_MAX 15
#define BF_CHEBYSHEV_DEGREE_MAX 127

/* p(z) = 1/2 + sum of odd terms: odd[i] is the coefficient of z^(2i+1), or of
 * the Chebyshev polynomial T_{2i+1}(z/range). */
typedef struct bf_sigmoid {
    unsigned degree; /* odd, 1 to the maximum of its basis */
    double odd[(BF_CHEBYSHEV_DEGREE_MAX + 1) / 2];
    double range; /* range |z| of the approximation */
    bool chebyshev;
} bf_sigmoid;
BF_API double bf_sigmoid_value(const bf_sigmoid *p, double z);

#ifdef __cplusplus
}
#endif

#endif
