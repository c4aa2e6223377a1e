/* The paper's backbone: converts images to the network's input, loads weights,
 * and computes features. */
#include <string.h>

#include "base/memory.h"
#include "features/backbone.h"
#include "features/regnet_net.h"
#include "features/resize.h"

#define BATCH_DEFAULT 32
#define BATCH_MAX 4096

typedef struct regnet {
    bf_regnet_net *net;
    bool normalize;
} regnet;

static bf_status regnet_outputs(const void *self, unsigned width,
                                unsigned height, size_t *outputs)
{
    (void)self;
    if (width == 0 || height == 0)
        return bf_fail(BF_ERR_ARGUMENT, "empty images");
    *outputs = BF_REGNET_OUTPUTS;
    return BF_OK;
}

static size_t regnet_input_floats(const void *self)
{
    (void)self;
    return BF_REGNET_INPUT_FLOATS;
}

/* Mean and standard deviation of ImageNet's training images, as in torchvision.
 */
static void normalize_imagenet(float *input)
{
    static const float mean[] = {0.485f, 0.456f, 0.406f};
    static const float deviation[] = {0.229f, 0.224f, 0.225f};
    size_t plane = BF_REGNET_INPUT_FLOATS / BF_REGNET_INPUT_CHANNELS;
    for (unsigned c = 0; c < BF_REGNET_INPUT_CHANNELS; c++) {
        for (size_t i = 0; i < plane; i++, input++)
            *input = (*input - mean[c]) / deviation[c];
    }
}

static bf_status regnet_prepare(const void *self, const bf_image *img,
                                float *input)
{
    const regnet *r = self;
    size_t plane = BF_REGNET_INPUT_FLOATS / BF_REGNET_INPUT_CHANNELS;
    BF_TRY(bf_resize(img->pixels, img->channels, img->width, img->height, input,
                     BF_REGNET_SIDE, BF_REGNET_SIDE));
    for (unsigned c = img->channels; c < BF_REGNET_INPUT_CHANNELS; c++)
        memcpy(input + c * plane, input, plane * sizeof *input);
    if (r->normalize) normalize_imagenet(input);
    return BF_OK;
}

static bf_status regnet_forward(void *self, const float *input, size_t count,
                                float *output)
{
    regnet *r = self;
    return bf_regnet_net_run(r->net, input, count, output);
}

static void regnet_destroy(void *self)
{
    regnet *r = self;
    bf_regnet_net_destroy(r->net);
    bf_free(r);
}

static const bf_backbone_ops regnet_ops = {.name = "regnet_x_400mf",
                                           .outputs = regnet_outputs,
                                           .input_floats = regnet_input_floats,
                                           .prepare = regnet_prepare,
                                           .forward = regnet_forward,
                                           .destroy = regnet_destroy};

static bf_status load_net(bf_regnet_net **out, const char *path, unsigned batch)
{
    bf_regnet_layer layers[BF_REGNET_LAYERS];
    bf_regnet_weights weights;
    bf_safetensors *file = NULL;
    bf_regnet_describe(layers);
    BF_TRY(bf_safetensors_open(&file, path));
    bf_status status = bf_regnet_weights_load(&weights, layers, file);
    bf_safetensors_close(file);
    if (status != BF_OK) return bf_fail_in(status, "%s", path);
    status = bf_regnet_net_create(out, layers, &weights, batch,
                                  bf_env_threads(NULL));
    bf_regnet_weights_clear(&weights);
    return status;
}

bf_status bf_regnet_open(struct bf_backbone *out,
                         const bf_backbone_options *opt)
{
    unsigned batch = opt->batch ? opt->batch : BATCH_DEFAULT;
    if (batch > BATCH_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "batch of %u images, at most %d",
                       batch, BATCH_MAX);
    if (opt->weights == NULL)
        return bf_fail(BF_ERR_ARGUMENT,
                       "regnet_x_400mf needs --weights FILE.safetensors: "
                       "get https://download.pytorch.org/models/"
                       "regnet_x_400mf-adf1edd5.pth and convert it: "
                       "tools/convert-weights.py regnet_x_400mf-adf1edd5.pth "
                       "FILE.safetensors (docs/features.md)");
    regnet *r = bf_alloc_zero(sizeof *r);
    if (r == NULL) return BF_ERR_MEMORY;
    r->normalize = opt->normalize_imagenet;
    bf_status status = load_net(&r->net, opt->weights, batch);
    if (status != BF_OK) {
        bf_free(r);
        return status;
    }
    out->ops = &regnet_ops;
    out->self = r;
    out->batch = batch;
    return BF_OK;
}
