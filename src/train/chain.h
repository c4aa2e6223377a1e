/* The modulus chain of a job, and training's: the scales that a training job
 * takes, and the primes that they lead to. */
#ifndef BF_TRAIN_CHAIN_H
#define BF_TRAIN_CHAIN_H

#include "train/job.h"

#define BF_CHAIN_BITS_MIN 6
#define BF_CHAIN_BITS_MAX 20

/* q_0 first. */
typedef struct bf_chain {
    unsigned n_q;
    double bits[BF_MAX_Q];    /* wanted */
    uint64_t prime[BF_MAX_Q]; /* nearest to 2^bits */
    double spare;             /* bits of P beyond a digit */
} bf_chain;

/* Parameters of the chain with digits of alpha limbs; false where they would
 * have fewer than 128 bits of security. */
bool bf_chain_params(bf_params *out, unsigned log_n, const bf_chain *c,
                     unsigned alpha);

/* What follows is what training says of its scales (train/circuit.h). */

/* Ways to divide the polynomial's products. */
unsigned bf_chain_ways(const bf_job *job);
bool bf_chain_take_way(bf_job *job, unsigned way);
unsigned bf_chain_limbs(const bf_job *job);

/* Scales of rows, labels, z' and weights for this many bits of precision, by
 * the job's layout, mask scale and division, and the primes' bits. False when
 * there is no chain of such primes. */
bool bf_chain_scales(bf_job *job, bf_chain *c, double bits);
/* The primes themselves; false when the ring has too few. */
bool bf_chain_primes(const bf_job *job, bf_chain *c);

/* The other way round, for a job over rows that are encrypted already: with its
 * ring, layout, bounds, division, the scale of rows and, if refreshed, of
 * weights that enter steps, the scales of masks, labels and initial weights at
 * which weights leave the last step, or every step to a refresh, as chains are
 * made for. Says nothing of whether they are possible or precise enough. */
void bf_chain_fit(bf_job *job);

#endif
