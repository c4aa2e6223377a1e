/* How a job's expected error of weights relates to errors that are measured. */
#ifndef BF_TESTS_SUPPORT_PLANNED_ERROR_H
#define BF_TESTS_SUPPORT_PLANNED_ERROR_H

/* The plan's expected error is a mean over data. Measured errors are at most
 * these multiples of the expected one for every shape; with refreshed weights
 * the estimate is an upper one, but for a few classes of `paper`
 * (tests/train/test_train_circuit.c). */
#define ERROR_MOST 2.0
#define ERROR_MOST_REFRESHED 1.2

#endif
