/* Labels of the records in a job's files. */
#ifndef BF_TRAIN_UPLOAD_H
#define BF_TRAIN_UPLOAD_H

enum {
    BF_UPLOAD_INPUT = 1,    /* + kind of input (train/circuit.h); index: which
                             * of the kind */
    BF_UPLOAD_PART = 7,     /* first, of an upload in parts: JSON (parts.h) */
    BF_MODEL_ITERATION = 8, /* the model after iteration `index` (from 1) */
    BF_MODEL_FINAL = 9,     /* the model; index 0 */
    BF_MODEL_CERTIFICATE = 10, /* of iteration `index` (from 1) */
    BF_STATE_TEXT = 16,     /* first: JSON, completed iterations and upload */
    BF_STATE_CARRIED = 17   /* index: number within the state */
};

#endif
