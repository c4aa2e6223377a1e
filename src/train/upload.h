/* Labels of what a job's files hold. */
#ifndef BF_TRAIN_UPLOAD_H
#define BF_TRAIN_UPLOAD_H

enum {
    BF_UPLOAD_INPUT = 1,   /* index: input of the job (train/circuit.h) */
    BF_MODEL_FINAL = 2,    /* the model; index 0 */
    BF_MODEL_ITERATION = 3, /* the model after iteration `index` (from 1) */
    BF_STATE_CARRIED = 4,  /* checkpoint: 4 + number carried; index 0 */
    BF_STATE_TEXT = 7      /* first: JSON, completed iterations and upload */
};

#endif
