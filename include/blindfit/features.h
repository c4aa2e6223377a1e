/* Images in, feature matrices out; and the data files of both.
 *
 * Runs on the owner's machine, in plaintext. */
#ifndef BLINDFIT_FEATURES_H
#define BLINDFIT_FEATURES_H

#include "blindfit/train.h"

/* ---- feature and label files ------------------------------------------- */

/* .csv: label first, then features, one row a sample (label column absent when
 * has_labels is false; a header line is recognised by a non-numeric first
 * field). .npy: float32/float64 n x d, C order; labels then come from
 * labels_path (.npy integers, or IDX). `rows` limits to a half-open range
 * [first, last), last = 0 for all. Errors name file, row and column. */
typedef struct bf_rows {
    size_t first, last;
} bf_rows;
BF_MUST_CHECK bf_status bf_dataset_load(bf_dataset *out, const char *path,
                                        const char *labels_path, bf_rows rows);
BF_MUST_CHECK bf_status bf_npy_write(const char *path, const bf_matrix *m,
                                     bool float32);
BF_MUST_CHECK bf_status bf_npy_write_labels(const char *path,
                                            const int32_t *labels, size_t n);
BF_MUST_CHECK bf_status bf_npy_read(bf_matrix *out, const char *path);
BF_MUST_CHECK bf_status bf_labels_read(int32_t **labels, size_t *n,
                                       const char *path); /* .npy or IDX(.gz) */

/* ---- images --------------------------------------------------------------- */

/* A stream of images, read in order, any number of times. */
typedef struct bf_images bf_images;
typedef struct bf_image {
    unsigned width, height, channels; /* channels 1 or 3 */
    float *pixels;                    /* [channel][y][x], 0..1; owned */
    int32_t label;                    /* -1 when unknown */
    const char *name;                 /* file or index, for messages */
} bf_image;
void bf_image_clear(bf_image *img);

/* PATH is an IDX file (plain or gz), a CIFAR-10/100 binary, an .npy of n x h x
 * w (x c) uint8 or float, or a folder with one subfolder per class. labels_path
 * may be NULL. strict: the first unreadable picture is an error; else it is
 * skipped and counted. */
BF_MUST_CHECK bf_status bf_images_open(bf_images **out, const char *path,
                                       const char *labels_path, bool strict);
void bf_images_close(bf_images *s);
size_t bf_images_count(const bf_images *s);
/* Image number i, freshly decoded; safe from several threads. BF_ERR_FORMAT
 * for one that cannot be read (strict or not: the caller skips). */
BF_MUST_CHECK bf_status bf_images_read(bf_images *s, size_t i, bf_image *out);
int32_t bf_images_label(const bf_images *s, size_t i);
unsigned bf_images_classes(const bf_images *s); /* 0 when unlabelled */
const char *const *bf_images_class_names(const bf_images *s); /* or NULL */

/* ---- backbones ------------------------------------------------------------ */

typedef struct bf_backbone bf_backbone;
/* "scattering" (no weights) or "regnet_x_400mf" (weights: .safetensors). */
typedef struct bf_backbone_options {
    const char *name;
    const char *weights;     /* NULL for none */
    bool normalize_imagenet; /* regnet: subtract mean, divide by sd */
    unsigned batch;          /* 0: default */
} bf_backbone_options;
BF_MUST_CHECK bf_status bf_backbone_create(bf_backbone **out,
                                           const bf_backbone_options *opt);
void bf_backbone_destroy(bf_backbone *b);
/* Features per image of this size (scattering depends on it). */
BF_MUST_CHECK bf_status bf_backbone_outputs(const bf_backbone *b,
                                            unsigned width, unsigned height,
                                            size_t *outputs);
/* All images -> out->x (float precision inside), labels, class names. Skipped
 * pictures leave no row; *skipped counts them. */
BF_MUST_CHECK bf_status bf_extract(bf_dataset *out, bf_backbone *b,
                                   bf_images *images, bool strict,
                                   size_t *skipped, bf_progress progress);

#endif
