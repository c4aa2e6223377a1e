/* Errors of weights over many iterations, by the recursion
 *   V_{t+1} = p V_t + q V_{t-1} + step.
 *
 * The error of a step has two parts. `same` is nearly the same in every
 * iteration: rows and the maps of a refresh keep their errors, and weights
 * change slowly. These errors add up linearly, and with a momentum (p + q = 1,
 * q < 0) they grow like t^2/8. `other` are roundings, which are independent
 * from step to step and add up in squares. */
#ifndef BF_TRAIN_DRIFT_H
#define BF_TRAIN_DRIFT_H

/* Standard deviations; all zero for weights without errors. */
typedef struct bf_drift {
    double same, other;               /* of V_t */
    double same_before, other_before; /* of V_{t-1} */
    double covariance;                /* of `other` and `other_before` */
} bf_drift;

/* A sum p V_t + q V_{t-1} + step, with the error of the step. */
typedef struct bf_drift_sum {
    double p, q, same, other;
} bf_drift_sum;

/* The error of the sum. */
double bf_drift_of(const bf_drift *d, const bf_drift_sum *sum);
/* The sum becomes V_t. */
void bf_drift_advance(bf_drift *d, const bf_drift_sum *sum);

#endif
