#include "features/backbone.h"

#include <string.h>

#include "base/memory.h"

#define BATCH_MAX 65536u

static const struct {
    const char *name;
    bf_status (*open)(struct bf_backbone *, const bf_backbone_options *);
} backbones[] = {
    {"scattering", bf_scattering_open},
    {"regnet_x_400mf", bf_regnet_open},
};

bf_status bf_backbone_create(bf_backbone **out, const bf_backbone_options *opt)
{
    if (!opt->name) return bf_fail(BF_ERR_ARGUMENT, "no backbone is named");
    if (opt->batch > BATCH_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "batch %u is over %u", opt->batch,
                       BATCH_MAX);
    for (size_t i = 0; i < sizeof backbones / sizeof *backbones; i++) {
        if (strcmp(opt->name, backbones[i].name) != 0) continue;
        bf_backbone *b = bf_alloc_zero(sizeof *b);
        if (!b) return BF_ERR_MEMORY;
        bf_status status = backbones[i].open(b, opt);
        if (status != BF_OK) {
            bf_free(b);
            return status;
        }
        *out = b;
        return BF_OK;
    }
    return bf_fail(BF_ERR_ARGUMENT,
                   "backbone '%s' is unknown; there are scattering and "
                   "regnet_x_400mf",
                   opt->name);
}

void bf_backbone_destroy(bf_backbone *b)
{
    if (!b) return;
    b->ops->destroy(b->self);
    bf_free(b);
}

bf_status bf_backbone_outputs(const bf_backbone *b, unsigned width,
                              unsigned height, size_t *outputs)
{
    return b->ops->outputs(b->self, width, height, outputs);
}
