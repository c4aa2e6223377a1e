/* How a job's expected error of weights relates to errors that are measured. */
#ifndef BF_TESTS_SUPPORT_PLANNED_ERROR_H
#define BF_TESTS_SUPPORT_PLANNED_ERROR_H

/* The plan's expected error is a mean over data and an estimate from above
 * where weights are few: two classes, or fewer columns than a feature group,
 * share errors that the estimate counts for each. These multiples of the
 * expected error hold for every shape. */
#define ERROR_LEAST 0.01
#define ERROR_MOST 2.0

#endif
