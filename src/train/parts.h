/* Uploads in parts: a file for each rank, with the inputs of this rank.
 *
 * Each part begins with a text that says which part of which upload it is, so
 * that parts of two uploads, whose rows may be scaled differently, are told
 * apart before they are trained on. bf_upload_part_path (blindfit/job.h) names
 * their files. */
#ifndef BF_TRAIN_PARTS_H
#define BF_TRAIN_PARTS_H

#include "train/job.h"
#include "wire/wire.h"

typedef struct bf_rank_part {
    unsigned own, count;           /* own below count */
    uint8_t upload[BF_HASH_BYTES]; /* random, the same in all its parts */
} bf_rank_part;

/* BF_ERR_ARGUMENT unless the job's inputs can be divided into so many parts, at
 * most BF_UPLOAD_PARTS_MAX. */
BF_MUST_CHECK bf_status bf_parts_check(const bf_job *job, unsigned count);

BF_MUST_CHECK bf_status bf_part_put(bf_wire_writer *w, const bf_rank_part *p);
/* Whether an item is such a text; and its content. */
bool bf_part_is(const bf_wire_item *item);
BF_MUST_CHECK bf_status bf_part_get(bf_rank_part *out, bf_wire_reader *r,
                                    const char *path);

#endif
