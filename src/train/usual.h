/* What a run usually meets in each iteration. The errors of weights follow from
 * these magnitudes (train/training.c). */
#ifndef BF_TRAIN_USUAL_H
#define BF_TRAIN_USUAL_H

#include "train/job.h"

typedef struct bf_usual {
    /* Scores that enter the iteration: mean, either sign, and deviation; and
     * where scores that are larger are taken to lie. */
    double mean, deviation, reach;
    /* Root mean squares. */
    double score;
    double residual;
    double weight; /* that enters the iteration */
} bf_usual;

bf_usual bf_usual_of(const bf_job *job, unsigned iteration);

#endif
