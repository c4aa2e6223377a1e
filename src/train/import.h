/* The inputs of a job of several owners, from their uploads.
 *
 * Input i of the job is the sum of the parts that owners sent, each encrypted
 * under a key of its owner's: every part is switched by its owner's import key
 * (ckks/collective.h), then parts are added. */
#ifndef BF_TRAIN_IMPORT_H
#define BF_TRAIN_IMPORT_H

#include "ckks/collective.h"
#include "train/inputs.h"
#include "wire/wire.h"

/* The key need of owner k's import key. */
bf_key_need bf_import_need(const bf_job *job, unsigned k);

typedef struct bf_owner_upload {
    const char *path;
    const uint8_t *key_id; /* id of the owner's own key; NULL: any */
} bf_owner_upload;

typedef struct bf_import_options {
    const bf_job *job;
    const uint8_t *job_id;
    const bf_context *ctx;          /* the job's ring 0 */
    const bf_eval_keys *keys;       /* with all owners' import keys */
    const bf_owner_upload *uploads; /* [owners], by owner's number */
    unsigned owners;
    const bf_ranks *ranks; /* NULL: all inputs; else those of the rank, and
                            * the others stay zero */
} bf_import_options;

/* Fills the zeroed inputs[bf_job_inputs], on all threads; after a failure some
 * are filled. Parts must be in the order of their inputs, with at least one
 * part for every input: BF_ERR_FORMAT otherwise. BF_ERR_MISMATCH for files of
 * another key, job or data set and for parts that do not fit the job. */
BF_MUST_CHECK bf_status bf_import_inputs(bf_ct *inputs,
                                         bf_upload_digests *digests,
                                         const bf_import_options *o);

#endif
