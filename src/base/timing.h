/* Timing of short operations. */
#ifndef BF_BASE_TIMING_H
#define BF_BASE_TIMING_H

#include "base/status.h"

/* Median time of enough calls to fill `budget` seconds, at least three calls.
 * If the first call takes longer than `budget`, its time. */
BF_MUST_CHECK bf_status bf_time_calls(double *median, double budget,
                                      bf_status (*call)(void *), void *user);

#endif
