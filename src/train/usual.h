/* What a run usually meets in each iteration. The errors of weights follow from
 * these magnitudes (train/training.c). */
#ifndef BF_TRAIN_USUAL_H
#define BF_TRAIN_USUAL_H

#include "train/job.h"

typedef struct bf_usual {
    /* Scores that enter the iteration: the means over a class's own rows, which
     * are the part `share` of all, and over others, and the deviation of both;
     * and where scores that are larger are taken to lie. */
    double own, others, share, deviation, reach;
    /* Root mean squares. */
    double score;
    double residual;
    double weight; /* that enters the iteration */
} bf_usual;

/* Iterations of `whitened` until scores have spread over the polynomial's
 * range. Until then slopes along them may be zero or less. */
#define BF_SETTLED 30

bf_usual bf_usual_of(const bf_job *job, unsigned iteration);
/* The size of a weight that errors of weights are relative to. */
double bf_usual_weight(const bf_job *job);
/* Of the polynomial, over these scores. */
bf_slope bf_usual_slope(const bf_usual *u, const bf_sigmoid *p);

#endif
