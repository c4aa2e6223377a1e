/* The sigmoid polynomial p(z) = 1/2 + odd terms on ciphertexts.
 *
 * Odd part = sign * z' * Q(z'^2) with z' = z/norm and Q monic: the leading
 * coefficient is absorbed in norm, so no plaintext product is spent on it. Q is
 * a product of real linear and quadratic factors, multiplied shallowest
 * first: depth 0, 2, 3, 3, 4 for degree 1, 3, 5, 7, 9; 4 up to 15.
 *
 * The form's DIVISION says which products are divided by primes. With s the
 * scale of z':
 *
 *   EACH    every product, by one prime near s;
 *   JOINED  every product but the deeper factor of the last one, which stays at
 *           s^2; the last product is divided by one prime near s^2;
 *   LATE    the last product alone, which stands at s^degree, by as many primes
 *           as the caller sets. With none, the caller divides it later;
 *   PAIRED  z'^2 by one prime, and the two products of the third level, which
 *           then stand at z'^2's scale to the fourth and less, by another. The
 *           smaller is raised before, to come out at the scale of z'^2. The
 *           last product is left for the caller to divide.
 *
 * A polynomial in the Chebyshev basis is evaluated as it is (ckks/polyeval.h),
 * at the least depth, ceil(log2(degree + 1)), and divides EACH product; norm is
 * its interval, and y has the scale of z.
 *
 * Late and paired divisions take more bits of the modulus in fewer primes, as
 * these can be as long as primes get. */
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
    BF_DIVIDE_LATE,
    BF_DIVIDE_PAIRED
} bf_division;

typedef struct bf_sigmoid_form {
    double norm;
    int sign;
    bf_division division;
    unsigned degree, factors;
    unsigned depth;  /* of products */
    unsigned primes; /* that they are divided by: levels consumed */
    bool chebyshev;  /* there are no factors, but these, of T_{2i+1}(z'): */
    double odd[(BF_CHEBYSHEV_DEGREE_MAX + 1) / 2];
    bf_factor factor[BF_FACTORS_MAX];
} bf_sigmoid_form;

/* BF_ERR_ARGUMENT when the leading coefficient is zero or Q does not factor
 * to 1e-9. */
BF_MUST_CHECK bf_status bf_sigmoid_form_make(bf_sigmoid_form *out,
                                             const bf_sigmoid *p);
/* p' over normally distributed scores of this mean and deviation, with scores
 * beyond `reach` taken there. Errors of scores leave the polynomial multiplied
 * by the root mean square; an error that all rows share, by the mean. */
typedef struct bf_slope {
    double rms, mean;
} bf_slope;
bf_slope bf_sigmoid_slope(const bf_sigmoid *p, double mean, double deviation,
                          double reach);
/* Sets the division, and `late` primes for LATE. False, with nothing changed,
 * where the form cannot be divided so: JOINED needs a last product with one
 * factor a level deeper than the other (degrees 3, 5, 9, 11), PAIRED one of two
 * factors of depth three (degrees 13, 15), and LATE a product at all. */
bool bf_sigmoid_form_divide(bf_sigmoid_form *form, bf_division division,
                            unsigned late);
/* log2 of the scale of y below, for that of z and the logarithms of the
 * form->primes primes that the levels divide by, in order. */
double bf_sigmoid_log_scale(const bf_sigmoid_form *form, double log_z,
                            const double *log_prime);
/* y = z' Q(z'^2), or the Chebyshev sum; the ciphertext z holds z' = z/norm,
 * with z's scale times norm. Consumes form->primes levels. */
BF_MUST_CHECK bf_status bf_sigmoid_evaluate(bf_eval *ev, bf_ct *y,
                                            const bf_sigmoid_form *form,
                                            const bf_ct *z);

#endif
