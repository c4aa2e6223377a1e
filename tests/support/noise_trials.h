/* Many trials of a table of operations over one context: each result is
 * decrypted and its error divided by the tolerance that follows from the noise
 * it declares (ckks_fixture.h). No ratio may exceed 1; none may stay below what
 * the table expects, or the tolerance says nothing.
 *
 * Affordable because the trials of a degree share context and keys, all threads
 * run trials, operations of a trial share what they are given, and results are
 * decrypted modulo as few limbs as hold them.
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
    double worst;        /* ratio of what was measured so far */
} bf_noise_trial;

/* Leaves t->out (or another result) and t->want, both for the next operation
 * to use. */
typedef struct bf_noise_op {
    const char *name;
    bf_status (*run)(bf_noise_trial *t);
    unsigned results; /* of one run, all measured; 0: one. Run that many times
                       * less often, so that results are as many as trials */
    double least;     /* largest ratio over all trials; 0: the usual 1/50 */
} bf_noise_op;

typedef struct bf_noise_table {
    bf_fixture *f;
    void *user; /* of the operations */
    const bf_noise_op *ops;
    size_t count;
    double scale;
    unsigned limbs;
} bf_noise_table;

/* Reads the environment and prints what will be done. */
void bf_noise_start(void);
/* Runs all trials, prints the largest ratio of each operation and fails where
 * it has to. */
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
