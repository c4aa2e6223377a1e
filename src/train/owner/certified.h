/* What opened certificates say (train/certificate.h).
 *
 * With a label y of 0 or 1 and p = 1/2 + q, q odd, a row's residual r = y -
 * p(z) is at least |q(z)| - 1/2. The row is one of S, so that |q(z)| <= 1/2 +
 * sqrt(S). Outside its range q grows without bound, which leaves scores |z| up
 * to the last one at which the inequality holds. */
#ifndef BF_TRAIN_OWNER_CERTIFIED_H
#define BF_TRAIN_OWNER_CERTIFIED_H

#include "blindfit/owner.h"
#include "ckks/owner/owner.h"
#include "train/job.h"

/* Sums (1 x C) of a certificate that was opened. */
BF_MUST_CHECK bf_status bf_certified_sums(bf_matrix *sums, const bf_job *job,
                                          const bf_pt *packed);
/* The same of its ciphertext. */
BF_MUST_CHECK bf_status bf_certified_open(bf_matrix *sums, const bf_job *job,
                                          const bf_secret_key *sk,
                                          const bf_ct *packed);
/* What sums of iteration t, from 1, say; `noise` is the standard deviation of
 * their errors. */
void bf_certified_bound(bf_certificate *out, const bf_job *job, unsigned t,
                        const bf_matrix *sums, double noise);
/* The smallest z such that no larger score has |q| <= most. Infinite for
 * polynomials in the Chebyshev basis, of which only safe recipes make use. */
double bf_certified_score(const bf_sigmoid *p, double most);

/* bf_owner_certificate, under a secret key. */
BF_MUST_CHECK bf_status bf_protocol_certificate(
    bf_certificate *out, const bf_job *job, const uint8_t job_id[BF_HASH_BYTES],
    const bf_secret_key *sk, const char *path, unsigned iteration);

#endif
