/* Trials of a table of operations over one context: each result is decrypted,
 * and the root mean square of its error, over all slots and trials, is compared
 * with the noise that the result declares. A slot's error is the sum of N
 * coefficients' errors times roots of unity, so its mean square is N times the
 * noise squared; bounds of ciphertexts are root mean squares here, as in plans,
 * which makes the declared noise an expectation. No single error may exceed
 * bf_fixture_tolerance either.
 *
 * A trial has N/2 >= 4,096 slots. The secret, the keys and the inputs are each
 * as good as N samples, so that 20 trials give the root mean square to a
 * percent.
 *
 * BLINDFIT_TEST_TRIALS changes the number, BLINDFIT_TEST_SEED the data. */
#ifndef BF_TESTS_SUPPORT_NOISE_TRIALS_H
#define BF_TESTS_SUPPORT_NOISE_TRIALS_H

#include "support/ckks_fixture.h"

typedef struct bf_noise_trial {
    const struct bf_noise_table *table;
    const bf_fixture *f;
    bf_eval *ev;
    size_t index;
    size_t n;             /* slots */
    double complex *a, *b; /* random, |.| <= 1 */
    bf_pt pa, pb;          /* at the table's scale and limbs */
    bf_ct ca, cb;
    double complex *want; /* of the result */
    bf_ct kept;           /* for operations that follow */
    bf_ct out;
    const bf_ct *result; /* out, unless the operation says otherwise; NULL:
                          * measured by itself */
    double complex *got; /* scratch */
    double worst;        /* largest error so far, over its tolerance */
    double squares, expected; /* of the errors of all results, summed */
} bf_noise_trial;

/* Tolerance of the measured ratio: six standard deviations of 20 trials at
 * 2^13. A key's noise that is a tenth too large shows in every key switch. */
#define BF_NOISE_WITHIN 0.04

/* Leaves t->out (or another result) and t->want, both for the next operation
 * to use. */
typedef struct bf_noise_op {
    const char *name;
    bf_status (*run)(bf_noise_trial *t);
    unsigned results; /* of one run, all measured; 0: one. Run that many times
                       * less often, so that results are as many as trials */
    double part; /* part of the estimated variance to expect; 0: all */
} bf_noise_op;

typedef struct bf_noise_table {
    bf_fixture *f;
    void *user; /* of the operations */
    const bf_noise_op *ops;
    size_t count;
    double scale;
    unsigned limbs;
} bf_noise_table;

/* Reads the environment and prints the planned trials. */
void bf_noise_start(void);
/* Runs all trials, prints the ratios of each operation and fails where it has
 * to. */
void bf_noise_run(const bf_noise_table *table);
/* Takes the error of ct, a ciphertext of f, into account. */
BF_MUST_CHECK bf_status bf_noise_measure(bf_noise_trial *t, const bf_fixture *f,
                                         const bf_ct *ct);

/* The same ciphertext at fewer limbs, its data. */
static inline bf_ct bf_noise_low(const bf_ct *ct, unsigned limbs)
{
    bf_ct view = *ct;
    view.limbs = limbs;
    return view;
}

#endif
