/* The sigmoid polynomial p(z) = 1/2 + odd terms on ciphertexts.
 *
 * Odd part = sign * z' * Q(z'^2) with z' = z/norm and Q monic: the leading
 * coefficient is absorbed in norm, so no plaintext product is spent on it. Q is
 * a product of real linear and quadratic factors, multiplied shallowest
 * first: depth 0, 2, 3, 3, 4 for degree 1, 3, 5, 7, 9; 4 up to 15.
 *
 * What is divided by primes on the way, and where, is the form's DIVISION:
 *
 *   EACH    every product, by a prime of the scale's bits;
 *   JOINED  the deeper factor of the last product is left at the square of the
 *           scale, and that product is divided by one prime of twice the bits;
 *   LATE    the last product, at the degree-th power of the scale, by as many
 *           primes as are set; none leaves it so.
 *
 * The later, the fewer primes, as they can be long, and the more bits. */
#ifndef BF_LINALG_SIGMOID_H
#define BF_LINALG_SIGMOID_H

#include "blindfit/sigmoid.h"
#include "ckks/ckks.h"

#define BF_FACTORS_MAX 4 /* of (BF_POLY_DEGREE_MAX - 1)/2 = 7 roots */

typedef struct bf_factor {
    bool quadratic;
    double a, b; /* w^2 + a w + b, or w + b */
} bf_factor;

typedef enum bf_division {
    BF_DIVIDE_EACH,
    BF_DIVIDE_JOINED,
    BF_DIVIDE_LATE
} bf_division;

typedef struct bf_sigmoid_form {
    double norm;
    int sign;
    bf_division division;
    unsigned degree, factors;
    unsigned depth;  /* of products */
    unsigned primes; /* that they are divided by: levels consumed */
    bf_factor factor[BF_FACTORS_MAX];
} bf_sigmoid_form;

/* BF_ERR_ARGUMENT when the leading coefficient is zero or Q does not factor
 * to 1e-9. */
BF_MUST_CHECK bf_status bf_sigmoid_form_make(bf_sigmoid_form *out,
                                             const bf_sigmoid *p);
/* Slope of p, root mean square over normal scores of this deviation, those
 * beyond the range counted at its end: what errors of scores come out times. */
double bf_sigmoid_slope(const bf_sigmoid *p, double deviation);
/* Sets the division; false, and nothing done, where there is none to set:
 * JOINED takes degrees whose last product has one factor a level deeper than
 * the other (3, 5, 9, 11), JOINED and LATE take a product at all. `late` counts
 * the primes of LATE; the others have theirs. */
bool bf_sigmoid_form_divide(bf_sigmoid_form *form, bf_division division,
                            unsigned late);
/* log2 of the scale of y below, for that of z and the logarithms of the
 * form->primes primes that the levels divide by, in order. */
double bf_sigmoid_log_scale(const bf_sigmoid_form *form, double log_z,
                            const double *log_prime);
/* y = z' * Q(z'^2), z holding z' = z/norm (declare scale * norm). Consumes
 * form->primes levels. */
BF_MUST_CHECK bf_status bf_sigmoid_evaluate(bf_eval *ev, bf_ct *y,
                                            const bf_sigmoid_form *form,
                                            const bf_ct *z);

#endif
