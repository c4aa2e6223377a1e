/* Parts of an owner's messages that need its data, or open something. Each writes
 * a whole file. */
#ifndef BF_TRAIN_OWNER_PARTY_PART_H
#define BF_TRAIN_OWNER_PARTY_PART_H

#include "train/owner/party_run.h"
#include "train/owner/transform.h"

#define BF_MODEL_FILE "model.enc"

/* Checks what p->o has of this owner's rows and labels: before x and labels are
 * read. BF_ERR_ARGUMENT where the session wants one that is not there,
 * BF_ERR_MISMATCH for others than in round 1, which notes what they are. */
BF_MUST_CHECK bf_status bf_party_check_data(bf_party_run *p, unsigned round);

/* What this owner calls its rows, for owners who have something of the same ones:
 * for each of them a digest that only the two can make (party_rows.c). */
BF_MUST_CHECK bf_status bf_party_make_rows(bf_party_run *p, const char *path);
/* Ends the session unless all others call the same rows the same. */
BF_MUST_CHECK bf_status bf_party_check_rows(bf_party_run *p);

/* Sums of columns in round 1, of products in round 2 (party_sums.c). */
BF_MUST_CHECK bf_status bf_party_make_sums(bf_party_run *p, unsigned round,
                                           const char *path);
/* Owner 0's: the transform from all owners' sums. */
BF_MUST_CHECK bf_status bf_party_make_transform(bf_party_run *p,
                                                const char *path);
/* The transform of all owners, held against this owner's own sums; and the same
 * file once more, which was. */
BF_MUST_CHECK bf_status bf_party_pooled_transform(bf_transform **out,
                                                  bf_party_run *p);
BF_MUST_CHECK bf_status bf_party_pooled_again(bf_transform **out,
                                              const bf_party_run *p);

/* The transform of this owner's features (party_data.c): pooled, or where it has
 * all rows its own, fitted to x and kept in the box; with x NULL what was kept. */
BF_MUST_CHECK bf_status bf_party_transform(bf_transform **out, bf_party_run *p,
                                           const bf_view *x);
BF_MUST_CHECK bf_status bf_party_make_upload(bf_party_run *p, const char *path);

/* (party_open.c) */
BF_MUST_CHECK bf_status bf_party_make_share(bf_party_run *p, const char *path);
/* The opened weights, in transformed space. */
BF_MUST_CHECK bf_status bf_party_weights(bf_matrix *weights,
                                         const bf_party_run *p);
/* As a model of rows before the transform, at p->o->model. */
BF_MUST_CHECK bf_status bf_party_save_model(const bf_party_run *p,
                                            const bf_transform *t,
                                            const bf_matrix *weights);

#endif
