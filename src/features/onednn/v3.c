#include "features/onednn/order.h"

dnnl_status_t bf_dnn_order_create(bf_dnn_order **out, int ndims,
                                  const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    return dnnl_memory_desc_create_with_tag(out, ndims, dims, dnnl_f32, tag);
}

dnnl_status_t bf_dnn_order_copy(bf_dnn_order **out, const bf_dnn_order *order)
{
    return dnnl_memory_desc_clone(out, order);
}

void bf_dnn_order_destroy(bf_dnn_order *order)
{
    if (order != NULL) dnnl_memory_desc_destroy(order);
}

dnnl_status_t bf_dnn_append(dnnl_post_ops_t ops, bool sum, bool relu)
{
    dnnl_status_t s = dnnl_success;
    if (sum) s = dnnl_post_ops_append_sum(ops, 1.0f, 0, dnnl_data_type_undef);
    if (s == dnnl_success && relu)
        s = dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, 0, 0);
    return s;
}

dnnl_status_t
bf_dnn_convolution_desc(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                        const bf_dnn_order *src, const bf_dnn_order *weight,
                        const bf_dnn_order *bias, const bf_dnn_order *dst,
                        const dnnl_dims_t strides, const dnnl_dims_t padding,
                        const_dnnl_primitive_attr_t attr)
{
    return dnnl_convolution_forward_primitive_desc_create(
        out, engine, dnnl_forward_inference, dnnl_convolution_direct, src,
        weight, bias, dst, strides, NULL, padding, padding, attr);
}

dnnl_status_t bf_dnn_average_desc(dnnl_primitive_desc_t *out,
                                  dnnl_engine_t engine, const bf_dnn_order *src,
                                  const bf_dnn_order *dst,
                                  const dnnl_dims_t kernel,
                                  const_dnnl_primitive_attr_t attr)
{
    const dnnl_dims_t step = {1, 1}, none = {0, 0};
    return dnnl_pooling_forward_primitive_desc_create(
        out, engine, dnnl_forward_inference, dnnl_pooling_avg_exclude_padding,
        src, dst, step, kernel, none, none, none, attr);
}
