/* From images to feature matrices, and the files of both.
 *
 * Runs on the owner's machine, in plaintext. Libraries that were built with
 * BLINDFIT_FEATURES=OFF have only the functions for data files. */
#ifndef BLINDFIT_FEATURES_H
#define BLINDFIT_FEATURES_H

#include "blindfit/train.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- feature and label files ----------------------------------------- */

/* Rows [first, last) counted from 0; last = 0: all rows from first on. */
typedef struct bf_rows {
    size_t first, last;
} bf_rows;

/* By extension:
 *   .csv, .tsv, .txt
 *         one row a line, the label first, then the features; with labels_path
 *         every column is a feature. Commas, semicolons, tabs or blanks
 *         separate fields, as in the first line; numbers may be quoted. Lines
 *         of '#' at the top, a header and an unnamed first column that numbers
 *         the rows are skipped. A header is a first line none of whose fields
 *         is a number, or that numbers at least four columns: 0, 1, 2, 3, ... .
 *         BF_ERR_FORMAT if the label is read from the first column and the
 *         header names another one "label", "labels", "class" or "target", in
 *         upper or lower case, and not the first one so, or "y".
 *   .npy  n x d; labels from labels_path, or none (labels NULL, classes 0).
 * classes is 1 + the largest label of the whole file, whatever rows are
 * selected; or the number of class names, if LABELS_PATH.json has some. Names
 * that were written for other labels are BF_ERR_MISMATCH. Errors name file,
 * line or row, and column; values that are not finite numbers and labels
 * outside 0..BF_CLASSES_MAX-1 are BF_ERR_RANGE, as are features of which one
 * equals the labels of labels_path in all rows (unless the rows are so few that
 * it may by chance); fewer labels than rows or the reverse BF_ERR_MISMATCH. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_dataset_load(bf_dataset *out,
                                                     const char *path,
                                                     const char *labels_path,
                                                     bf_rows rows, bf_env *env);

/* Renumbers labels by the class names of a model or of training data: class
 * "cow" gets the number of "cow" in `names`. If either side has no names (names
 * NULL), numbers do not change. Classes and names of d become the given ones.
 * BF_ERR_MISMATCH, with d unchanged, for a row of a class that is not among the
 * names; for a name that two classes have; and, if names is NULL, for d with
 * names of another number of classes. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_dataset_match(bf_dataset *d,
                                                      const char *const *names,
                                                      unsigned classes);

/* Loads a list of class names: from a .txt with one name a line, no name twice
 * (BF_ERR_MISMATCH); from a .safetensors model; or, for any other model, labels
 * or transform, from the .json beside it. UTF-8, at most BF_CLASSES_MAX names.
 */
BF_OWNER_API BF_MUST_CHECK bf_status bf_class_names_load(char ***names,
                                                         size_t *count,
                                                         const char *path);
#define BF_PATH_BYTES 4096 /* PATH_MAX of Linux */
/* PATH.json; BF_ERR_ARGUMENT when that is too long. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_sidecar_path(char out[BF_PATH_BYTES],
                                                     const char *path);
/* Reads PATH.json, beside labels, a model or a transform; *names is NULL if
 * there is no such file. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_class_names_beside(char ***names, size_t *count, const char *path);
/* NULL is fine. */
BF_OWNER_API void bf_class_names_free(char **names, size_t count);

/* Call before writing names beside a file: BF_ERR_ARGUMENT if an existing
 * PATH.json holds no class names. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_class_names_check_place(const char *path);

/* Reads every column of a text table, with or without labels. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_csv_read(bf_matrix *out,
                                                 const char *path, bf_env *env);

/* Reads rows for a model of d features and this number of classes. A text table
 * may have labels in an additional first column, which is skipped;
 * BF_ERR_MISMATCH if the additional column holds no labels, or if the header
 * names another column as the label. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_features_load(
    bf_matrix *out, const char *path, size_t d, unsigned classes, bf_env *env);

/* True if the path ends in .ext, in upper or lower case. */
BF_OWNER_API bool bf_path_has_extension(const char *path, const char *ext);

/* Atomic. BF_ERR_RANGE, with float32, for a finite number beyond floats. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_npy_write(const char *path,
                                                  const bf_matrix *m,
                                                  bool float32);
BF_OWNER_API BF_MUST_CHECK bf_status bf_npy_write_labels(const char *path,
                                                         const int32_t *labels,
                                                         size_t n);
/* Two dimensions, C or Fortran order; floats of 16 to 64 bits, integers and
 * booleans, of either byte order. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_npy_read(bf_matrix *out,
                                                 const char *path);
/* One dimension (or n x 1): .npy of integers, or of floats that are whole
 * numbers; .csv, .tsv or .txt with one label a line; or IDX bytes, plain or gz.
 * Labels are 0 or more. Free with bf_free. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_labels_read(int32_t **labels, size_t *n,
                                                    const char *path);

/* ---- images ---------------------------------------------------------- */

/* A stream of images, read in order, any number of times. */
typedef struct bf_images bf_images;
typedef struct bf_image {
    unsigned width, height, channels; /* channels 1 or 3 */
    float *pixels;                    /* [channel][y][x], 0..1; owned */
    int32_t label;                    /* -1 when unknown */
    const char *name; /* owned by the stream; NULL: only numbers */
} bf_image;
BF_OWNER_API void bf_image_clear(bf_image *img); /* frees pixels, zeroes all */

/* PATH is an IDX file (plain or gz), a CIFAR-10/100 binary, an .npy of
 * n x h x w (x 1 or 3) bytes (0..255, read as 0..1) or floats (0..1, else
 * BF_ERR_RANGE naming the image), or a folder of PNG and JPEG files: one
 * subfolder per class, or images side by side. labels_path is a file for
 * bf_labels_read, or NULL; CIFAR files and class folders bring their own labels
 * (BF_ERR_ARGUMENT). strict: files beside class folders, and folders of the
 * system (@eaDir, __MACOSX), are an error; else they are skipped. Every file in
 * a folder of images counts as an image; reading a file that is no image fails.
 * Images are in the order of their names, byte by byte, with runs of digits
 * compared as numbers. Notes of the thread's environment name skipped folders,
 * and an order that is not bytewise. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_images_open(bf_images **out,
                                                    const char *path,
                                                    const char *labels_path,
                                                    bool strict);
/* The same, with the classes of a training set: labels become their numbers in
 * `classes`, by name, or by number where the images have none. A class of these
 * may have no image, and its folder may be empty; BF_ERR_MISMATCH for a image
 * of another class, BF_ERR_ARGUMENT for images without labels. */
BF_OWNER_API BF_MUST_CHECK bf_status
bf_images_open_as(bf_images **out, const char *path, const char *labels_path,
                  bool strict, const char *const *classes, size_t count);
BF_OWNER_API void bf_images_close(bf_images *s);
BF_OWNER_API size_t bf_images_count(const bf_images *s);
/* Image number i, freshly decoded; safe from several threads. BF_ERR_FORMAT and
 * BF_ERR_RANGE for an image that cannot be read, or whose file is missing
 * (strict or not: the caller may skip it); BF_ERR_IO and BF_ERR_MEMORY for
 * faults of the machine. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_images_read(bf_images *s, size_t i,
                                                    bf_image *out);
BF_OWNER_API int32_t bf_images_label(const bf_images *s, size_t i);
BF_OWNER_API unsigned
bf_images_classes(const bf_images *s); /* 0 when unlabelled */
BF_OWNER_API const char *const *
bf_images_class_names(const bf_images *s); /* or NULL */

/* Restricts the stream to these images, numbered from 0. BF_ERR_ARGUMENT, with
 * *s unchanged, if the stream has too few images. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_images_select(bf_images **s,
                                                      bf_rows rows);

/* ---- backbones ------------------------------------------------------- */

typedef struct bf_backbone bf_backbone;
/* "scattering" (no weights) or "regnet_x_400mf" (weights: .safetensors). */
typedef struct bf_backbone_options {
    const char *name;
    const char *weights;     /* NULL for none */
    bool normalize_imagenet; /* regnet: subtract mean, divide by sd */
    unsigned batch;          /* 0: default */
} bf_backbone_options;
BF_OWNER_API BF_MUST_CHECK bf_status
bf_backbone_create(bf_backbone **out, const bf_backbone_options *opt);
BF_OWNER_API void bf_backbone_destroy(bf_backbone *b);
/* Features per image, the same for every size that the backbone takes;
 * BF_ERR_ARGUMENT for others. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_backbone_outputs(const bf_backbone *b,
                                                         unsigned width,
                                                         unsigned height,
                                                         size_t *outputs);
/* Receives one line for each skipped image, with the reason; fn may be NULL.
 * Called from one thread at a time. */
typedef struct bf_skip_report {
    void (*fn)(void *user, size_t image, const char *why);
    void *user;
} bf_skip_report;

/* All images -> out->x (float precision inside), labels (NULL when unlabelled)
 * and class names. An image that cannot be read leaves no row and adds one to
 * *skipped; with `strict` its error ends the extraction. BF_ERR_FORMAT if no
 * image is readable, or no image of a class that has images.
 */
BF_OWNER_API BF_MUST_CHECK bf_status bf_extract(bf_dataset *out, bf_backbone *b,
                                                bf_images *images, bool strict,
                                                size_t *skipped,
                                                bf_skip_report report,
                                                bf_env *env);

/* Writes features, and with labels_path their labels and the names of classes
 * beside them (LABELS_PATH.json), as .npy: all files or none. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_dataset_save_npy(
    const bf_dataset *d, const char *path, const char *labels_path,
    bool float32);

#ifdef __cplusplus
}
#endif

#endif
