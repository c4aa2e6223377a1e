/* Ranks (blindfit/server.h) that train one job, each on some of its rows.
 *
 * Ranks do the same steps in the same order, and meet before each sum. A rank
 * that fails meets the others with its failure, which then all have. */
#ifndef BF_TRAIN_RANKS_H
#define BF_TRAIN_RANKS_H

#include "blindfit/server.h"
#include "ckks/ckks.h"

/* Start from {.ranks = ranks}. ranks NULL: one rank, for which the functions
 * below do nothing. ranks->sum NULL: a rank of a plan, whose run is symbolic.
 */
typedef struct bf_team {
    const bf_ranks *ranks;
    bool over; /* a rank failed, and all know it */
    uint64_t largest; /* bytes of the largest ciphertext added so far */
} bf_team;

static inline bool bf_team_first(const bf_team *t)
{
    return !t->ranks || t->ranks->own == 0;
}

/* bf_ranks_meet, once in a run that fails. */
BF_MUST_CHECK bf_status bf_team_meet(bf_team *t, bf_status mine);
/* BF_ERR_MISMATCH on all ranks, naming the first rank whose id differs from
 * that of rank 0. */
BF_MUST_CHECK bf_status bf_team_agree(bf_team *t, const char *what,
                                      const void *id, size_t bytes);
/* all[rank][words] becomes what each rank tells. */
BF_MUST_CHECK bf_status bf_team_tell(bf_team *t, const uint64_t *mine,
                                     size_t words, uint64_t *all);
/* Replaces a ciphertext of two polynomials by the exact sum of all ranks',
 * which have its limbs and scale; some ranks may have none (zeroed), but not
 * all. Estimates of noise add up as of independent errors. t NULL: does
 * nothing. */
BF_MUST_CHECK bf_status bf_team_add(bf_team *t, const bf_context *ctx,
                                    bf_ct *ct);

#endif
