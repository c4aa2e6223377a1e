#include "features/regnet_dnn.h"

#include "base/memory.h"

bf_status bf_dnn_check(dnnl_status_t s, const char *what)
{
    if (s == dnnl_success) return BF_OK;
    if (s == dnnl_out_of_memory)
        return bf_fail(BF_ERR_MEMORY, "out of memory while %s", what);
    if (s == dnnl_unimplemented)
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "oneDNN cannot do this on this machine: %s", what);
    return bf_fail(BF_ERR_INTERNAL, "oneDNN error %d while %s", (int)s, what);
}

void bf_dnn_op_clear(bf_dnn_op *op)
{
    dnnl_primitive_destroy(op->primitive);
    dnnl_memory_destroy(op->weight);
    dnnl_memory_destroy(op->bias);
    bf_free(op->weight_data);
    bf_free(op->bias_data);
    *op = (bf_dnn_op){0};
}

bf_status bf_dnn_describe(dnnl_memory_desc_t *out, unsigned n, unsigned c,
                          unsigned side)
{
    const dnnl_dims_t dims = {n, c, side, side};
    return bf_dnn_check(
        dnnl_memory_desc_init_by_tag(out, 4, dims, dnnl_f32, dnnl_nchw),
        "describing a tensor");
}

static bf_status make_memory(dnnl_memory_t *out, dnnl_engine_t engine,
                             const dnnl_memory_desc_t *md, void *data)
{
    return bf_dnn_check(dnnl_memory_create(out, md, engine, data),
                        "describing memory");
}

/* Runs a primitive once, here and now. */
static bf_status run_reorder(dnnl_engine_t engine, dnnl_primitive_t primitive,
                             dnnl_memory_t from, dnnl_memory_t to)
{
    dnnl_stream_t stream = NULL;
    bf_status status =
        bf_dnn_check(dnnl_stream_create(&stream, engine, 0), "starting");
    if (status != BF_OK) return status;
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    dnnl_status_t s = dnnl_primitive_execute(primitive, stream, 2, args);
    if (s == dnnl_success) s = dnnl_stream_wait(stream);
    dnnl_stream_destroy(stream);
    return bf_dnn_check(s, "reordering");
}

bf_status bf_dnn_reorder(dnnl_engine_t engine, const dnnl_memory_desc_t *src,
                         const void *from, const dnnl_memory_desc_t *dst,
                         void *to)
{
    dnnl_primitive_desc_t pd = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_memory_t in = NULL, out = NULL;
    bf_status status;
    BF_GOTO(bf_dnn_check(dnnl_reorder_primitive_desc_create(&pd, src, engine,
                                                            dst, engine, NULL),
                         "compiling a reorder"),
            done);
    BF_GOTO(bf_dnn_check(dnnl_primitive_create(&primitive, pd),
                         "compiling a reorder"),
            done);
    BF_GOTO(make_memory(&in, engine, src, (void *)from), done);
    BF_GOTO(make_memory(&out, engine, dst, to), done);
    status = run_reorder(engine, primitive, in, out);
done:
    dnnl_memory_destroy(out);
    dnnl_memory_destroy(in);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(pd);
    return status;
}

/* Sum first, then ReLU, inside the operation; scratch memory is ours. */
static bf_status make_attributes(dnnl_primitive_attr_t *out, bool sum,
                                 bool relu)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s = dnnl_primitive_attr_create(out);
    if (s == dnnl_success) s = dnnl_post_ops_create(&ops);
    if (s == dnnl_success && sum) s = dnnl_post_ops_append_sum(ops, 1.0f);
    if (s == dnnl_success && relu)
        s = dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, 0, 0);
    if (s == dnnl_success) s = dnnl_primitive_attr_set_post_ops(*out, ops);
    if (s == dnnl_success)
        s = dnnl_primitive_attr_set_scratchpad_mode(*out,
                                                    dnnl_scratchpad_mode_user);
    dnnl_post_ops_destroy(ops);
    return bf_dnn_check(s, "setting up an operation");
}

static bf_status compile(bf_dnn_op *op, dnnl_primitive_desc_t *pd,
                         const_dnnl_op_desc_t desc, bool sum, bool relu,
                         dnnl_engine_t engine)
{
    dnnl_primitive_attr_t attr = NULL;
    bf_status status = make_attributes(&attr, sum, relu);
    if (status == BF_OK)
        status = bf_dnn_check(
            dnnl_primitive_desc_create(pd, desc, attr, engine, NULL),
            "compiling an operation");
    if (status == BF_OK)
        status = bf_dnn_check(dnnl_primitive_create(&op->primitive, *pd),
                              "compiling an operation");
    dnnl_primitive_attr_destroy(attr);
    if (status != BF_OK) return status;
    op->src = *dnnl_primitive_desc_query_md(*pd, dnnl_query_src_md, 0);
    op->dst = *dnnl_primitive_desc_query_md(*pd, dnnl_query_dst_md, 0);
    op->scratch =
        *dnnl_primitive_desc_query_md(*pd, dnnl_query_scratchpad_md, 0);
    return BF_OK;
}

/* The layer's weights in the order that the operation wants. */
static bf_status place_weights(bf_dnn_op *op, dnnl_engine_t engine,
                               const_dnnl_primitive_desc_t pd,
                               const dnnl_memory_desc_t *plain,
                               const float *weight)
{
    const dnnl_memory_desc_t *wanted =
        dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    op->bytes = dnnl_memory_desc_get_size(wanted);
    op->weight_data = bf_alloc(op->bytes);
    if (op->weight_data == NULL) return BF_ERR_MEMORY;
    BF_TRY(bf_dnn_reorder(engine, plain, weight, wanted, op->weight_data));
    return make_memory(&op->weight, engine, wanted, op->weight_data);
}

static bf_status place_bias(bf_dnn_op *op, dnnl_engine_t engine,
                            const dnnl_memory_desc_t *md, const float *bias)
{
    float *copy = bf_alloc(dnnl_memory_desc_get_size(md));
    if (copy == NULL) return BF_ERR_MEMORY;
    op->bias_data = copy;
    for (dnnl_dim_t i = 0; i < md->dims[0]; i++) copy[i] = bias[i];
    return make_memory(&op->bias, engine, md, copy);
}

/* Weights of [groups][out / groups][in / groups][k][k], groups first only
 * where there are some. */
static dnnl_status_t describe_weights(dnnl_memory_desc_t *plain,
                                      dnnl_memory_desc_t *any,
                                      const bf_regnet_layer *l)
{
    const dnnl_dims_t grouped = {l->groups, l->out / l->groups,
                                 l->in / l->groups, l->kernel, l->kernel};
    const dnnl_dims_t full = {l->out, l->in, l->kernel, l->kernel};
    bool groups = l->groups > 1;
    const dnnl_dim_t *dims = groups ? grouped : full;
    int ndims = groups ? 5 : 4;
    dnnl_status_t s = dnnl_memory_desc_init_by_tag(
        plain, ndims, dims, dnnl_f32, groups ? dnnl_goihw : dnnl_oihw);
    if (s != dnnl_success) return s;
    return dnnl_memory_desc_init_by_tag(any, ndims, dims, dnnl_f32,
                                        dnnl_format_tag_any);
}

/* The three descriptions a convolution of this layer needs, output included. */
static dnnl_status_t describe_convolution(dnnl_convolution_desc_t *out,
                                          const bf_regnet_layer *l,
                                          const dnnl_memory_desc_t *src,
                                          const dnnl_memory_desc_t *residual,
                                          const dnnl_memory_desc_t *weight,
                                          dnnl_memory_desc_t *bias)
{
    dnnl_memory_desc_t dst;
    const dnnl_dim_t side = (l->side - 1) / l->stride + 1, pad = l->kernel / 2;
    const dnnl_dims_t channels = {l->out}, strides = {l->stride, l->stride};
    const dnnl_dims_t shape = {src->dims[0], l->out, side, side};
    const dnnl_dims_t padding = {pad, pad};
    dnnl_status_t s =
        dnnl_memory_desc_init_by_tag(bias, 1, channels, dnnl_f32, dnnl_x);
    if (s == dnnl_success)
        s = dnnl_memory_desc_init_by_tag(&dst, 4, shape, dnnl_f32,
                                         dnnl_format_tag_any);
    if (s != dnnl_success) return s;
    if (residual != NULL) dst = *residual;
    return dnnl_convolution_forward_desc_init(
        out, dnnl_forward_inference, dnnl_convolution_direct, src, weight, bias,
        &dst, strides, padding, padding);
}

bf_status bf_dnn_convolution(bf_dnn_op *out, dnnl_engine_t engine,
                             const bf_regnet_layer *l,
                             const dnnl_memory_desc_t *src,
                             const dnnl_memory_desc_t *residual,
                             const float *weight, const float *bias)
{
    bf_dnn_op op = {0};
    dnnl_primitive_desc_t pd = NULL;
    dnnl_convolution_desc_t desc;
    dnnl_memory_desc_t plain, any, bias_md;
    bf_status status;
    BF_GOTO(bf_dnn_check(describe_weights(&plain, &any, l), l->name), done);
    BF_GOTO(bf_dnn_check(
                describe_convolution(&desc, l, src, residual, &any, &bias_md),
                l->name),
            done);
    BF_GOTO(compile(&op, &pd, &desc, residual != NULL, l->relu, engine), done);
    BF_GOTO(place_weights(&op, engine, pd, &plain, weight), done);
    status = place_bias(&op, engine, &bias_md, bias);
done:
    dnnl_primitive_desc_destroy(pd);
    if (status != BF_OK) {
        bf_dnn_op_clear(&op);
        return bf_fail_in(status, "%s", l->name);
    }
    *out = op;
    return BF_OK;
}

bf_status bf_dnn_average(bf_dnn_op *out, dnnl_engine_t engine,
                         const dnnl_memory_desc_t *src)
{
    bf_dnn_op op = {0};
    dnnl_primitive_desc_t pd = NULL;
    dnnl_memory_desc_t dst;
    dnnl_pooling_desc_t desc;
    const dnnl_dims_t kernel = {src->dims[2], src->dims[3]}, step = {1, 1},
                      none = {0, 0};
    bf_status status;
    BF_GOTO(bf_dnn_describe(&dst, (unsigned)src->dims[0],
                            (unsigned)src->dims[1], 1),
            done);
    BF_GOTO(bf_dnn_check(dnnl_pooling_forward_desc_init(
                             &desc, dnnl_forward_inference,
                             dnnl_pooling_avg_exclude_padding, src, &dst, step,
                             kernel, none, none),
                         "describing the average"),
            done);
    status = compile(&op, &pd, &desc, false, false, engine);
done:
    dnnl_primitive_desc_destroy(pd);
    if (status != BF_OK) {
        bf_dnn_op_clear(&op);
        return status;
    }
    *out = op;
    return BF_OK;
}
