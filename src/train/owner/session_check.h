/* Checks that owners can run a session without telling each other more than the
 * session says, and the label noise for this. */
#ifndef BF_TRAIN_OWNER_SESSION_CHECK_H
#define BF_TRAIN_OWNER_SESSION_CHECK_H

#include "blindfit/party.h"
#include "train/owner/pooled.h"
#include "train/session.h"

/* The pooling of a session that splits rows: of all owners' rows, or of the
 * rows to which one owner fits the transform alone. */
bf_pooling bf_session_pooling(const bf_session *s);
/* If one owner whitens alone: the most that owner k's n transformed rows may
 * have of U^T U, in units of n. With these bounds U^T U of all N rows is at
 * most N, as if all of them were whitened. */
double bf_session_rows_bound(const bf_session *s, unsigned k);

/* The standard deviation of the label owners' noise, together, on an opened
 * weight. */
double bf_session_noise(const bf_session *s, const bf_label_privacy *p);
/* This noise exceeds so many standard deviations once in 10^15 times. */
#define BF_LABEL_NOISE_TAIL 8.0
/* How far label noise can take opened weights beyond the job's bounds; 0
 * without label noise. */
double bf_session_noise_range(const bf_session *s, const bf_label_privacy *p);

#endif
