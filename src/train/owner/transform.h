/* The fitted transform and the steps that fitting and applying share. */
#ifndef BF_TRAIN_OWNER_TRANSFORM_H
#define BF_TRAIN_OWNER_TRANSFORM_H

#include "base/file.h"
#include "train/owner/mapped.h"
#include "wire/wire.h"

/* One upload of rows: the key, the data set, and its file's digest. */
typedef struct bf_upload_id {
    uint8_t key[BF_KEY_ID_BYTES];
    uint8_t data[BF_HASH_BYTES]; /* bf_job_data_id */
    uint8_t digest[BF_HASH_BYTES];
} bf_upload_id;

typedef struct bf_transform_ops bf_transform_ops;

/* One array of a transform: its pointer, and its length from the shapes. */
typedef struct bf_transform_array {
    double **data;
    size_t count;
} bf_transform_array;
#define BF_TRANSFORM_ARRAYS 2

/* The operations of a kind of transform, defined in paper.c and whiten.c. */
typedef struct bf_transform_ops {
    /* True if inputs, width, outputs and expansion of t are valid. */
    bool (*is_shaped)(const bf_transform *t);
    /* Lists the arrays of the kind in the order of the file, and returns their
     * number. Reads only the shapes of t. */
    unsigned (*arrays)(bf_transform *t,
                       bf_transform_array out[BF_TRANSFORM_ARRAYS]);
    /* Computes arrays and clip_norm from these training rows. */
    bf_status (*fit)(bf_transform *t, const bf_recipe *recipe,
                     const bf_view *x);
    /* u[count][k] = rows first.. of x without the clip, at most BF_ROW_BLOCK of
     * them; scratch holds count x width doubles. */
    void (*rows)(double *u, const bf_transform *t, const bf_mapped *x,
                 size_t first, size_t count, double *scratch);
    /* For one class: maps weights v[k] of transformed rows to weights to[width
     * + 1] of mapped rows. */
    void (*unmap)(double *to, const bf_transform *t, const double *v);
    /* Initial weight of a column; NULL: training starts from zero. */
    double (*start)(const bf_transform *t, size_t column);
} bf_transform_ops;
extern const bf_transform_ops bf_transform_paper, bf_transform_whitened;
const bf_transform_ops *bf_transform_ops_of(bf_recipe_kind kind);

/* whitened: u = (1, clip((f - mean) * linear)), f = map(x) or its expansion
 * paper:    u = scale * (1, map(x)), elementwise; scale 0 marks a column that
 *           was zero in training and whose weight therefore never moves. */
struct bf_transform {
    bf_recipe_kind kind;
    const bf_transform_ops *ops; /* of the kind */
    bf_feature_map map; /* NONE or SQRT */
    bf_expansion *expansion; /* NULL: none */
    size_t inputs;      /* d */
    size_t width;       /* of f: inputs, or the expansion's count */
    size_t outputs;     /* k */
    double *mean;       /* whitened: width */
    double *linear;     /* whitened: width x (k - 1), row-major */
    double clip_norm;   /* largest norm without the constant; 0: no limit */
    double *scale;      /* paper: d + 1 */
    bf_upload_id of;    /* upload of the transformed rows; zeros: none */
    uint64_t rows;      /* bf_fingerprint of its rows; 0: unknown */
    size_t dropped, first_dropped; /* bf_transform_dropped; not in files */
};

/* An empty transform of these shapes with its arrays zeroed. */
BF_MUST_CHECK bf_status bf_transform_create(bf_transform **out,
                                            bf_recipe_kind kind,
                                            bf_relu expand, size_t inputs,
                                            size_t outputs);

/* Multiplies whitened rows, but not their constant, by a factor. */
void bf_transform_scale(bf_transform *t, double factor);

/* bf_transform_fit and bf_transform_apply of rows in any memory, which they
 * read in place. */
BF_MUST_CHECK bf_status bf_transform_fit_view(bf_transform **out,
                                              const bf_recipe *recipe,
                                              const bf_view *x, bf_env *env);
BF_MUST_CHECK bf_status bf_transform_apply_view(bf_matrix *u,
                                                const bf_transform *t,
                                                const bf_view *x, bool training,
                                                bf_env *env);
/* BF_ERR_RANGE for rows on which the proof of a safe recipe does not rest: they
 * are longer than `row`, or their features' U^T U is not at most `most` n. */
BF_MUST_CHECK bf_status bf_rows_check_safe(const bf_matrix *u, double row,
                                           double most);

/* The file of bf_transform_save, complete but not committed. */
BF_MUST_CHECK bf_status bf_transform_prepare(bf_outfile **out,
                                             const bf_transform *t,
                                             const char *path);

/* Reads a transform from a file's bytes; path is for messages. */
BF_MUST_CHECK bf_status bf_transform_parse(bf_transform **out,
                                           const uint8_t *data, size_t bytes,
                                           const char *path);

/* BF_ERR_MISMATCH unless the transform, read from `path`, belongs to this
 * upload: with another transform the weights would become another model. */
BF_MUST_CHECK bf_status bf_transform_check_of(const bf_transform *t,
                                              const char *path,
                                              const bf_upload_id *of);

#endif
