/* The interface of a backbone; backbone.c selects a backbone and extract.c runs
 * it.
 *
 * Work on a batch has two phases: `prepare` turns each image into the
 * network's own input, called from many threads at once on different images
 * while other images are being decoded. Then one `forward` processes the batch,
 * on all threads of the environment. */
#ifndef BF_FEATURES_BACKBONE_H
#define BF_FEATURES_BACKBONE_H

#include "base/status.h"
#include "blindfit/features.h"

typedef struct bf_backbone_ops {
    const char *name;
    /* Features per image of this size. BF_ERR_ARGUMENT for sizes that the
     * backbone cannot take. */
    bf_status (*outputs)(const void *self, unsigned width, unsigned height,
                         size_t *outputs);
    /* Floats of one prepared image, the same for all sizes. */
    size_t (*input_floats)(const void *self);
    /* Writes input_floats() floats. Thread-safe; self is only read. Messages
     * need not name the image: the caller adds the name. */
    bf_status (*prepare)(const void *self, const bf_image *img, float *input);
    /* Maps count <= batch prepared images, stored consecutively, to count rows
     * of `outputs` floats. Not reentrant: self holds the workspaces. */
    bf_status (*forward)(void *self, const float *input, size_t count,
                         float *output);
    void (*destroy)(void *self);
} bf_backbone_ops;

struct bf_backbone {
    const bf_backbone_ops *ops;
    void *self;
    unsigned batch; /* most images of one forward */
};

/* Each sets out->ops, out->self and out->batch (opt->batch or the backbone's
 * default), or fails and leaves them unchanged. */
BF_MUST_CHECK bf_status bf_scattering_open(struct bf_backbone *out,
                                           const bf_backbone_options *opt);
BF_MUST_CHECK bf_status bf_regnet_open(struct bf_backbone *out,
                                       const bf_backbone_options *opt);

#endif
