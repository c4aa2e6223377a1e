/* Whether owners can do what a session says without telling each other more than
 * it says, and by what noise. */
#ifndef BF_TRAIN_OWNER_SESSION_CHECK_H
#define BF_TRAIN_OWNER_SESSION_CHECK_H

#include "blindfit/party.h"
#include "train/owner/pooled.h"
#include "train/session.h"

/* Of a session whose rows are split. */
bf_pooling bf_session_pooling(const bf_session *s);

/* Noise of `owners` label owners on an opened weight stays below this many of its
 * deviations, but once in 10^15. */
#define BF_LABEL_NOISE_TAIL 8.0
/* By how much label noise takes opened weights beyond the job's bounds; 0 without
 * it. */
double bf_session_noise_range(const bf_session *s, const bf_label_privacy *p);

#endif
