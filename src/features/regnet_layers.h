/* RegNetX-400MF as a list of convolutions.
 *
 * [RPKHD20] Radosavovic et al., "Designing Network Design Spaces", CVPR 2020,
 * with the widths, depths and tensor names of torchvision's regnet_x_400mf: a
 * stem of 32 channels, then four stages of residual bottleneck blocks, each
 * 1x1, grouped 3x3 and 1x1 convolutions; the first block of a stage halves
 * the image and projects its input. Batch norm follows every convolution. */
#ifndef BF_FEATURES_REGNET_LAYERS_H
#define BF_FEATURES_REGNET_LAYERS_H

#include "features/safetensors.h"

#define BF_REGNET_SIDE 224
#define BF_REGNET_INPUT_CHANNELS 3
#define BF_REGNET_INPUT_FLOATS                                                 \
    ((size_t)BF_REGNET_INPUT_CHANNELS * BF_REGNET_SIDE * BF_REGNET_SIDE)
#define BF_REGNET_OUTPUTS 400
#define BF_REGNET_LAYERS 71 /* 1 + 3 * (1 + 2 + 7 + 12) + 4 */
#define BF_REGNET_GROUP_WIDTH 16

typedef struct bf_regnet_layer {
    char name[80]; /* "trunk_output.block1.block1-0.f.a": NAME.0.weight is the
                      convolution, NAME.1.* its batch norm */
    unsigned in, out; /* channels */
    unsigned kernel, stride, groups;
    unsigned side; /* of the input image */
    bool relu;     /* after the batch norm and the sum */
    int source;    /* layer whose output is read; -1 is the image */
    int residual;  /* layer whose output is added, and overwritten; -1: none */
} bf_regnet_layer;

/* Fills all layers in the order in which they run. */
void bf_regnet_describe(bf_regnet_layer layers[BF_REGNET_LAYERS]);

/* Side of the layer's output image. */
unsigned bf_regnet_output_side(const bf_regnet_layer *layer);

/* Convolutions with their batch norm folded in; batch norm's epsilon 1e-5. */
typedef struct bf_regnet_weights {
    float *weight[BF_REGNET_LAYERS]; /* [out][in / groups][kernel][kernel] */
    float *bias[BF_REGNET_LAYERS];   /* [out] */
    float *storage;                  /* owns them all */
} bf_regnet_weights;

/* BF_ERR_MISMATCH, naming the tensor, for a missing tensor, a tensor of another
 * shape or a tensor that the network does not use (except fc.weight, fc.bias
 * and num_batches_tracked); BF_ERR_RANGE for values that are not finite or a
 * negative variance. */
BF_MUST_CHECK bf_status bf_regnet_weights_load(
    bf_regnet_weights *out, const bf_regnet_layer layers[BF_REGNET_LAYERS],
    const bf_safetensors *file);
void bf_regnet_weights_clear(bf_regnet_weights *w);

#endif
