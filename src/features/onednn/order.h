/* The differences between oneDNN 2 and oneDNN 3: the description of a tensor is
 * a value in version 2 and a handle in version 3, and some calls take other
 * arguments. v2.c or v3.c defines these functions; CMake compiles the file for
 * the installed version. */
#ifndef BF_FEATURES_ONEDNN_ORDER_H
#define BF_FEATURES_ONEDNN_ORDER_H

#include <oneapi/dnnl/dnnl.h>
#include <stdbool.h>

/* Shape and memory order of a tensor of floats. oneDNN's own calls take a
 * pointer to it in both versions. */
#if DNNL_VERSION_MAJOR >= 3
typedef struct dnnl_memory_desc bf_dnn_order;
#else
typedef dnnl_memory_desc_t bf_dnn_order;
#endif

dnnl_status_t bf_dnn_order_create(bf_dnn_order **out, int ndims,
                                  const dnnl_dims_t dims,
                                  dnnl_format_tag_t tag);
dnnl_status_t bf_dnn_order_copy(bf_dnn_order **out, const bf_dnn_order *order);
void bf_dnn_order_destroy(bf_dnn_order *order); /* may be NULL */

/* Appends steps to the end of an operation: adding the output's old values
 * (sum), then taking the positive part (ReLU). */
dnnl_status_t bf_dnn_append(dnnl_post_ops_t ops, bool sum, bool relu);

/* Both are for inference, with the same padding on all sides; zeros of
 * `padding` do not count in an average. */
dnnl_status_t
bf_dnn_convolution_desc(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                        const bf_dnn_order *src, const bf_dnn_order *weight,
                        const bf_dnn_order *bias, const bf_dnn_order *dst,
                        const dnnl_dims_t strides, const dnnl_dims_t padding,
                        const_dnnl_primitive_attr_t attr);
dnnl_status_t bf_dnn_average_desc(dnnl_primitive_desc_t *out,
                                  dnnl_engine_t engine, const bf_dnn_order *src,
                                  const bf_dnn_order *dst,
                                  const dnnl_dims_t kernel,
                                  const_dnnl_primitive_attr_t attr);

#endif
