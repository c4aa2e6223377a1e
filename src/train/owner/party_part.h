/* The parts of an owner's messages that need the owner's data or open
 * something. Each function that makes a part writes a whole file. */
#ifndef BF_TRAIN_OWNER_PARTY_PART_H
#define BF_TRAIN_OWNER_PARTY_PART_H

#include "train/owner/party_run.h"
#include "train/owner/transform.h"


/* Checks this owner's rows and labels in p->o before they are used.
 * BF_ERR_ARGUMENT if the session needs rows or labels that p->o lacks. Round 1
 * notes the digest of rows and labels; BF_ERR_MISMATCH if those of a later
 * round differ. */
BF_MUST_CHECK bf_status bf_party_check_data(bf_party_run *p, unsigned round);
/* A failure's message begins with the file; NULL: as it is. */
BF_MUST_CHECK bf_status bf_party_in_file(bf_status s, const char *file);

/* ROWS, for owners of the same rows: for each other owner a digest of the names
 * of rows, which only these two owners can compute (party_rows.c). */
BF_MUST_CHECK bf_status bf_party_make_rows(bf_party_run *p, const char *path);
/* Ends the session unless all other owners have the same names for the same
 * rows. */
BF_MUST_CHECK bf_status bf_party_check_rows(bf_party_run *p);

/* SUMS: of columns in round 1, of products in round 2 (party_sums.c). */
BF_MUST_CHECK bf_status bf_party_make_sums(bf_party_run *p, unsigned round,
                                           const char *path);
/* TRANSFORM, from the sums of all owners; or from the rows that one owner
 * whitens by. */
BF_MUST_CHECK bf_status bf_party_make_transform(bf_party_run *p,
                                                const char *path);
/* Reads the transform of all owners, and checks it against the totals of their
 * sums, or against p->o->sample; where one owner whitens by its own rows the
 * others cannot. bf_party_pooled_again reads the same file after that check. */
BF_MUST_CHECK bf_status bf_party_pooled_transform(bf_transform **out,
                                                  bf_party_run *p);
BF_MUST_CHECK bf_status bf_party_pooled_again(bf_transform **out,
                                              const bf_party_run *p);

/* The transform of this owner's features (party_data.c). If rows are split, it
 * is the pooled transform. Else it is fitted to x and kept in the box; x NULL
 * reads the kept transform. */
BF_MUST_CHECK bf_status bf_party_transform(bf_transform **out, bf_party_run *p,
                                           const bf_view *x);
BF_MUST_CHECK bf_status bf_party_make_upload(bf_party_run *p, const char *path);

/* Masks a vector of this owner (secure_sum.h; party_sums.c). */
BF_MUST_CHECK bf_status bf_party_mask(uint8_t *vector, size_t count,
                                      unsigned width, const bf_party_run *p,
                                      const char *name);
/* Adds the vectors that all owners sent in a round, sealed to all. *out is in
 * secret memory. */
BF_MUST_CHECK bf_status bf_party_total(uint8_t **out, const bf_party_run *p,
                                       unsigned round, bf_part_kind kind,
                                       size_t count, unsigned width);
/* This owner's rows, transformed as for its upload (party_data.c). */
BF_MUST_CHECK bf_status bf_party_own_rows(bf_matrix *u, bf_party_run *p);

/* If this owner rechecks: trains as the server did, and ends the session unless
 * the model has the same bytes (party_open.c). Errors of a damaged file, or one
 * of another session, do not end it. */
BF_MUST_CHECK bf_status bf_party_recheck(bf_party_run *p);
/* Ends the session unless all owners name the same model. */
BF_MUST_CHECK bf_status bf_party_check_models(bf_party_run *p);
/* Makes this owner's share of an opening (party_open.c). kind: BF_PART_SHARE
 * for the model, BF_PART_BEFORE for the weights before the last step. */
BF_MUST_CHECK bf_status bf_party_make_share(bf_party_run *p, bf_part_kind kind,
                                            const char *path);
/* The opened weights in transformed space. Each call rounds them anew
 * (owner/rounding.h). *error (may be NULL) is the expected rms error of a
 * weight. */
BF_MUST_CHECK bf_status bf_party_weights(bf_matrix *weights, double *error,
                                         const bf_party_run *p,
                                         bf_part_kind kind);

/* AUDIT: what the last step adds for this owner's rows. bf_party_check_audit
 * compares the sum over all owners with the model; a difference ends the
 * session (party_audit.c). */
BF_MUST_CHECK bf_status bf_party_make_audit(bf_party_run *p, const char *path);
BF_MUST_CHECK bf_status bf_party_check_audit(bf_party_run *p);
/* Writes the weights to p->o->model, as a model of rows before the transform.
 */
BF_MUST_CHECK bf_status bf_party_save_model(const bf_party_run *p,
                                            const bf_transform *t,
                                            const bf_matrix *weights);

#endif
