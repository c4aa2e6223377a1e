/* The oneDNN operations of the network. */
#ifndef BF_FEATURES_REGNET_DNN_H
#define BF_FEATURES_REGNET_DNN_H

#include "features/onednn/order.h"
#include "features/regnet_layers.h"

/* A compiled operation with its constants. Running an operation only reads it,
 * so that many threads may share it; each thread has its own scratch memory. */
typedef struct bf_dnn_op {
    dnnl_primitive_t primitive;
    bf_dnn_order *src, *dst, *scratch;
    dnnl_memory_t weight, bias; /* convolutions only */
    void *weight_data, *bias_data;
    size_t bytes; /* of weights */
} bf_dnn_op;
void bf_dnn_op_clear(bf_dnn_op *op);

/* BF_OK, or a failure whose message names the step `what`. */
BF_MUST_CHECK bf_status bf_dnn_check(dnnl_status_t s, const char *what);

/* Plain [n][c][side][side]. */
BF_MUST_CHECK bf_status bf_dnn_describe(bf_dnn_order **out, unsigned n,
                                        unsigned c, unsigned side);

/* One layer with its bias, sum and ReLU on n images in the order `src`. oneDNN
 * chooses the order of the output; with a `residual` (or NULL) the output has
 * the order of `residual` and is added to it. Weights are copied into oneDNN's
 * order. */
BF_MUST_CHECK bf_status bf_dnn_convolution(bf_dnn_op *out, dnnl_engine_t engine,
                                           const bf_regnet_layer *layer,
                                           unsigned n, const bf_dnn_order *src,
                                           const bf_dnn_order *residual,
                                           const float *weight,
                                           const float *bias);

/* Mean over each channel's image, [n][c][side][side] to plain
 * [n][c][1][1]. */
BF_MUST_CHECK bf_status bf_dnn_average(bf_dnn_op *out, dnnl_engine_t engine,
                                       unsigned n, unsigned c, unsigned side,
                                       const bf_dnn_order *src);

/* A memory object for a tensor of this order at `data`, which the caller owns.
 */
BF_MUST_CHECK bf_status bf_dnn_memory(dnnl_memory_t *out, dnnl_engine_t engine,
                                      const bf_dnn_order *order, void *data);

/* Copies between two orders of the same tensor. */
BF_MUST_CHECK bf_status bf_dnn_reorder(dnnl_engine_t engine,
                                       const bf_dnn_order *src,
                                       const void *from,
                                       const bf_dnn_order *dst, void *to);

#endif
