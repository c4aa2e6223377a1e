/* What a backbone provides; backbone.c dispatches and extract.c drives it.
 *
 * Work on a batch has two phases: `prepare` turns each image into the
 * network's own input, called from many threads at once on different images
 * while others are still being decoded; then one `forward` on all of them,
 * which uses as many threads as the env asks for inside. */
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
     * need not name the image: the caller does. */
    bf_status (*prepare)(const void *self, const bf_image *img, float *input);
    /* count <= batch prepared images, one behind the other, to count rows of
     * `outputs` floats. Not reentrant: workspaces live in self. */
    bf_status (*forward)(void *self, const float *input, size_t count,
                         float *output);
    void (*destroy)(void *self);
} bf_backbone_ops;

struct bf_backbone {
    const bf_backbone_ops *ops;
    void *self;
    unsigned batch; /* most images of one forward */
};

/* Each fills out->ops, out->self and out->batch (opt->batch or a default of
 * its own) or fails and leaves them alone. */
BF_MUST_CHECK bf_status bf_scattering_open(struct bf_backbone *out,
                                           const bf_backbone_options *opt);
BF_MUST_CHECK bf_status bf_regnet_open(struct bf_backbone *out,
                                       const bf_backbone_options *opt);

#endif
