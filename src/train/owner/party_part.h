/* Parts of an owner's messages that need its data, or open something. Each writes
 * a whole file. */
#ifndef BF_TRAIN_OWNER_PARTY_PART_H
#define BF_TRAIN_OWNER_PARTY_PART_H

#include "train/owner/party_run.h"
#include "train/owner/transform.h"

#define BF_MODEL_FILE "model.enc"

/* This owner's rows, which are those of round 1. BF_ERR_ARGUMENT where they are
 * not at hand, BF_ERR_MISMATCH where they are others. */
BF_MUST_CHECK bf_status bf_party_rows(bf_matrix *x, bf_party_run *p,
                                      unsigned round);

/* Sums of columns in round 1, of products in round 2 (party_sums.c). */
BF_MUST_CHECK bf_status bf_party_make_sums(bf_party_run *p, unsigned round,
                                           const char *path);
/* Owner 0's: the transform from all owners' sums. */
BF_MUST_CHECK bf_status bf_party_make_transform(bf_party_run *p,
                                                const char *path);
/* The transform of all owners, held against this owner's own sums; and the same
 * file once more, which was. */
BF_MUST_CHECK bf_status bf_party_transform(bf_transform **out, bf_party_run *p);
BF_MUST_CHECK bf_status bf_party_transform_again(bf_transform **out,
                                                 const bf_party_run *p);

/* (party_data.c) */
BF_MUST_CHECK bf_status bf_party_make_upload(bf_party_run *p, const char *path);

/* (party_open.c) */
BF_MUST_CHECK bf_status bf_party_make_share(bf_party_run *p, const char *path);

#endif
