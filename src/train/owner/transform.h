/* The fitted transform and the steps that fitting and applying share. */
#ifndef BF_TRAIN_OWNER_TRANSFORM_H
#define BF_TRAIN_OWNER_TRANSFORM_H

#include "base/file.h"
#include "train/owner/mapped.h"
#include "wire/wire.h"

/* Rows handled at a time, so that a fit needs no second copy of its data. */
#define BF_ROW_BLOCK 1024

/* Starting value of every weight of the paper. */
#define BF_PAPER_START 0.0128

/* One upload of rows: the key, the data set, and its file's digest. */
typedef struct bf_upload_id {
    uint8_t key[BF_KEY_ID_BYTES];
    uint8_t data[BF_HASH_BYTES]; /* bf_job_data_id */
    uint8_t digest[BF_HASH_BYTES];
} bf_upload_id;

/* whitened: u = (1, clip((f - mean) * linear)), f = map(x) or its expansion
 * paper:    u = scale * (1, map(x)), elementwise; scale 0 marks a column that
 *           was zero in training and whose weight therefore never moves. */
struct bf_transform {
    bf_recipe_kind kind;
    bf_feature_map map; /* NONE or SQRT */
    bf_expansion *expansion; /* whitened; NULL: none */
    size_t inputs;      /* d */
    size_t width;       /* of f: inputs, or the expansion's count */
    size_t outputs;     /* k */
    double *mean;       /* whitened: width */
    double *linear;     /* whitened: width x (k - 1), row-major */
    double clip_norm;   /* whitened: largest norm without the constant; 0 off */
    double *scale;      /* paper: d + 1 */
    bf_upload_id of;    /* whose rows it transforms; zeros: of no upload */
    size_t dropped, first_dropped; /* bf_transform_dropped; not in files */
};

/* An empty transform of these shapes with its arrays zeroed. */
BF_MUST_CHECK bf_status bf_transform_create(bf_transform **out,
                                            bf_recipe_kind kind,
                                            bf_relu expand, size_t inputs,
                                            size_t outputs);

/* NONE or SQRT for AUTO: the square root where no value is negative. Checks
 * every value on the way: BF_ERR_RANGE names row and column. */
BF_MUST_CHECK bf_status bf_map_resolve(bf_feature_map *out, bf_feature_map map,
                                       const bf_matrix *x);
/* out[count][d] = map(rows first.. of x). */
void bf_map_rows(double *out, bf_feature_map map, const bf_matrix *x,
                 size_t first, size_t count);
/* mean[cols], and sd[cols] with 0 for features that do not vary, or by less than can
 * be told (1/n inside). BF_ERR_RANGE names a column whose spread leaves double
 * precision. */
BF_MUST_CHECK bf_status bf_column_moments(double *mean, double *sd,
                                          const bf_mapped *x);

BF_MUST_CHECK bf_status bf_paper_fit(bf_transform *t, const bf_matrix *x);
BF_MUST_CHECK bf_status bf_whiten_fit(bf_transform *t, const bf_recipe *recipe,
                                      const bf_matrix *x, bf_env *env);
/* u[count][k] = rows first.. of x, whitened, no row clip. `scratch` holds
 * count x width doubles. */
void bf_whiten_rows(double *u, const bf_transform *t, const bf_mapped *x,
                    size_t first, size_t count, double *scratch);

/* The file of bf_transform_save, whole but not committed. */
BF_MUST_CHECK bf_status bf_transform_prepare(bf_outfile **out,
                                             const bf_transform *t,
                                             const char *path);

/* BF_ERR_MISMATCH unless the transform, read from `path`, is that of this
 * upload: weights of another would come back as another model. */
BF_MUST_CHECK bf_status bf_transform_check_of(const bf_transform *t,
                                              const char *path,
                                              const bf_upload_id *of);

static inline size_t bf_block_rows(size_t rows, size_t first)
{
    return rows - first < BF_ROW_BLOCK ? rows - first : BF_ROW_BLOCK;
}

#endif
