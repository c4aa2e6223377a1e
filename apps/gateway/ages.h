/* How long ago files changed, by a clock that may be set, and on a machine that
 * may be off. Time counts only while a gateway sweeps: what an owner began does
 * not go because a machine started with a wrong clock, or was switched off for
 * longer than the owner had. */
#ifndef BF_GATEWAY_AGES_H
#define BF_GATEWAY_AGES_H

#include <stdbool.h>
#include <time.h>

#include "blindfit/blindfit.h"

typedef struct ages {
    time_t now;
    time_t skipped; /* since the last sweep, beyond what lies between sweeps */
} ages;

/* own: the folder .gateway, which keeps the time of the last sweep; every: the
 * seconds between sweeps. */
void ages_begin(ages *a, int own, double every);
/* Whether a file or folder changed more than `limit` seconds ago. Its time of
 * change moves by what was skipped, to no later than now. */
bool ages_over(const ages *a, int fd, double limit);
/* Keeps the time of this sweep. Returns 0 or an errno. */
BF_MUST_CHECK int ages_end(const ages *a, int own);

#endif
