/* The sigmoid polynomial p(z) = 1/2 + odd terms on ciphertexts.
 *
 * Odd part = sign * z' * Q(z'^2) with z' = z/norm and Q monic: the leading
 * coefficient is absorbed in norm, so no plaintext product is spent on it. Q is
 * a product of real linear and quadratic factors, multiplied shallowest
 * first: depth 0, 2, 3, 3, 4 for degree 1, 3, 5, 7, 9; 4 up to 15.
 *
 * A form can be JOINED: the deeper factor of the last product is left at the
 * square of the scale, and that product is divided by one prime of twice the
 * bits. One limb less does the work of two, which half-filled primes of 24 bits
 * waste. */
#ifndef BF_LINALG_SIGMOID_H
#define BF_LINALG_SIGMOID_H

#include "blindfit/train.h"
#include "ckks/ckks.h"

typedef struct bf_factor {
    bool quadratic;
    double a, b; /* w^2 + a w + b, or w + b */
} bf_factor;

typedef struct bf_sigmoid_form {
    double norm;
    int sign;
    bool joined;
    unsigned factors, depth; /* depth: levels, one for the joined ones */
    bf_factor factor[4];
} bf_sigmoid_form;

/* BF_ERR_ARGUMENT when the leading coefficient is zero or Q does not factor
 * to 1e-9. */
BF_MUST_CHECK bf_status bf_sigmoid_form_make(bf_sigmoid_form *out,
                                             const bf_sigmoid *p);
/* Joins the form if its last product allows it (degrees 3, 5, 9, 11) and twice
 * the bits of the scale of z' fit a prime. Returns whether it is joined. */
bool bf_sigmoid_form_join(bf_sigmoid_form *form, double log_scale);
/* log2 of the scale of y below, for that of z and the logarithms of the
 * form->depth primes that the levels divide by, in order. */
double bf_sigmoid_log_scale(const bf_sigmoid_form *form, double log_z,
                            const double *log_prime);
/* y = z' * Q(z'^2), z holding z' = z/norm (declare scale * norm). Consumes
 * form->depth levels, each by one rescale of a product; the last of a joined
 * form divides by about the square of the scale. */
BF_MUST_CHECK bf_status bf_sigmoid_evaluate(bf_eval *ev, bf_ct *y,
                                            const bf_sigmoid_form *form,
                                            const bf_ct *z);

#endif
