/* Polynomials in place of the sigmoid. */
#ifndef BLINDFIT_SIGMOID_H
#define BLINDFIT_SIGMOID_H

#include "blindfit/blindfit.h"

#ifdef __cplusplus
extern "C" {
#endif

#define BF_POLY_DEGREE_MAX 15

/* p(z) = 1/2 + sum of odd terms: odd[i] is the coefficient of z^(2i+1). */
typedef struct bf_sigmoid {
    unsigned degree; /* odd, 1 to BF_POLY_DEGREE_MAX */
    double odd[(BF_POLY_DEGREE_MAX + 1) / 2];
    double range; /* range |z| of the approximation */
} bf_sigmoid;
BF_API double bf_sigmoid_value(const bf_sigmoid *p, double z);

#ifdef __cplusplus
}
#endif

#endif
