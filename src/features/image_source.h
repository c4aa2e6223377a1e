/* The interface of an image format (a file or a folder); images.c recognises
 * the format of a path and opens it as bf_images.
 *
 * A new format is one .c file that defines a bf_image_format, a line below and
 * a line in the table of images.c. */
#ifndef BF_FEATURES_IMAGE_SOURCE_H
#define BF_FEATURES_IMAGE_SOURCE_H

#include "base/status.h"
#include "blindfit/features.h"
#include "features/file_kind.h"

/* Larger images are refused before any allocation; the limits exceed the
 * largest photographs in use. */
#define BF_IMAGE_SIDE_MAX 32768u
#define BF_IMAGE_PIXELS_MAX ((size_t)1 << 28)

/* Facts about a path before a format opens it. */
typedef struct bf_image_probe {
    const char *path;
    bool directory;
    uint64_t bytes; /* size of a regular file */
    unsigned char head[BF_FILE_KIND_BYTES];
    unsigned head_bytes; /* valid bytes in head */
} bf_image_probe;

typedef struct bf_image_source_ops {
    /* Decodes image i < count: allocates out->pixels with bf_image_alloc, sets
     * out->label and out->name. Called by several threads at once. On failure
     * out is unchanged or cleared and the message names the image. */
    bf_status (*read)(void *self, size_t i, bf_image *out);
    int32_t (*label)(const void *self, size_t i); /* -1 when unknown */
    void (*close)(void *self);                    /* frees self */
} bf_image_source_ops;

/* `open` sets ops and self first, or leaves both NULL: if `open` fails after
 * setting them, the caller closes the stream. */
struct bf_images {
    const bf_image_source_ops *ops;
    void *self;
    size_t count;       /* images */
    unsigned classes;   /* 0 when unlabelled */
    char **class_names; /* [classes], owned by self or given_names, or NULL */
    /* images.c: names from another source than `self`, and for each label of
     * self its number among these names. folder.c: classes may lack images. */
    char **given_names;
    size_t given_count;
    int32_t *relabel; /* [BF_CLASSES_MAX], or NULL */
    bool open_as;
    /* For messages: the path that was opened (images.c; else NULL), and the
     * number of image 0 in it. `path` lasts as long as self. */
    char *path;
    size_t first;
};

typedef struct bf_image_format {
    const char *name; /* for messages: "an IDX file" */
    bool (*recognise)(const bf_image_probe *probe);
    /* labels_path is NULL or a file for bf_labels_read; a format with labels of
     * its own refuses a labels_path with BF_ERR_ARGUMENT. */
    bf_status (*open)(bf_images *out, const char *path, const char *labels_path,
                      bool strict);
} bf_image_format;

extern const bf_image_format bf_image_format_idx;    /* images_idx.c */
extern const bf_image_format bf_image_format_npy;    /* images_npy.c */
extern const bf_image_format bf_image_format_folder; /* folder.c */
extern const bf_image_format bf_image_format_cifar;  /* cifar.c */

/* Sets width, height and channels (1 or 3) and allocates pixels, not zeroed.
 * BF_ERR_FORMAT beyond the limits above, BF_ERR_MEMORY. Messages begin with
 * `name`. */
BF_MUST_CHECK bf_status bf_image_alloc(bf_image *img, unsigned width,
                                       unsigned height, unsigned channels,
                                       const char *name);

/* Labels from a file for a source of `count` images: checks their number, and
 * that each is 0..BF_CLASSES_MAX-1. *classes is the largest plus 1. `path`
 * names the images in messages. Free *labels with bf_free. */
BF_MUST_CHECK bf_status bf_image_labels_load(int32_t **labels,
                                             unsigned *classes, size_t count,
                                             const char *labels_path,
                                             const char *path);

#endif
