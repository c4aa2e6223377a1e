#include "base/memory.h"
#include "features/onednn/order.h"

dnnl_status_t bf_dnn_order_create(bf_dnn_order **out, int ndims,
                                  const dnnl_dims_t dims, dnnl_format_tag_t tag)
{
    dnnl_memory_desc_t order;
    dnnl_status_t s =
        dnnl_memory_desc_init_by_tag(&order, ndims, dims, dnnl_f32, tag);
    return s == dnnl_success ? bf_dnn_order_copy(out, &order) : s;
}

dnnl_status_t bf_dnn_order_copy(bf_dnn_order **out, const bf_dnn_order *order)
{
    bf_dnn_order *copy = bf_alloc(sizeof *copy);
    if (copy == NULL) return dnnl_out_of_memory;
    *copy = *order;
    *out = copy;
    return dnnl_success;
}

void bf_dnn_order_destroy(bf_dnn_order *order)
{
    bf_free(order);
}

dnnl_status_t bf_dnn_append(dnnl_post_ops_t ops, bool sum, bool relu)
{
    dnnl_status_t s = dnnl_success;
    if (sum) s = dnnl_post_ops_append_sum(ops, 1.0f);
    if (s == dnnl_success && relu)
        s = dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, 0, 0);
    return s;
}

dnnl_status_t
bf_dnn_convolution_desc(dnnl_primitive_desc_t *out, dnnl_engine_t engine,
                        const bf_dnn_order *src, const bf_dnn_order *weight,
                        const bf_dnn_order *bias, const bf_dnn_order *dst,
                        const dnnl_dims_t strides, const dnnl_dims_t padding,
                        const_dnnl_primitive_attr_t attr)
{
    dnnl_convolution_desc_t desc;
    dnnl_status_t s = dnnl_convolution_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_convolution_direct, src, weight,
        bias, dst, strides, padding, padding);
    if (s != dnnl_success) return s;
    return dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}

dnnl_status_t bf_dnn_average_desc(dnnl_primitive_desc_t *out,
                                  dnnl_engine_t engine, const bf_dnn_order *src,
                                  const bf_dnn_order *dst,
                                  const dnnl_dims_t kernel,
                                  const_dnnl_primitive_attr_t attr)
{
    const dnnl_dims_t step = {1, 1}, none = {0, 0};
    dnnl_pooling_desc_t desc;
    dnnl_status_t s = dnnl_pooling_forward_desc_init(
        &desc, dnnl_forward_inference, dnnl_pooling_avg_exclude_padding, src,
        dst, step, kernel, none, none);
    if (s != dnnl_success) return s;
    return dnnl_primitive_desc_create(out, &desc, attr, engine, NULL);
}
