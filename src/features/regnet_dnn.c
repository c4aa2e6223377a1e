#include "features/regnet_dnn.h"

#include <string.h>

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
    bf_dnn_order_destroy(op->src);
    bf_dnn_order_destroy(op->dst);
    bf_dnn_order_destroy(op->scratch);
    bf_free(op->weight_data);
    bf_free(op->bias_data);
    *op = (bf_dnn_op){0};
}

bf_status bf_dnn_describe(bf_dnn_order **out, unsigned n, unsigned c,
                          unsigned side)
{
    const dnnl_dims_t dims = {n, c, side, side};
    return bf_dnn_check(bf_dnn_order_create(out, 4, dims, dnnl_nchw),
                        "describing a tensor");
}

bf_status bf_dnn_memory(dnnl_memory_t *out, dnnl_engine_t engine,
                        const bf_dnn_order *order, void *data)
{
    return bf_dnn_check(dnnl_memory_create(out, order, engine, data),
                        "describing memory");
}

/* Runs a primitive once. */
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

bf_status bf_dnn_reorder(dnnl_engine_t engine, const bf_dnn_order *src,
                         const void *from, const bf_dnn_order *dst, void *to)
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
    BF_GOTO(bf_dnn_memory(&in, engine, src, (void *)from), done);
    BF_GOTO(bf_dnn_memory(&out, engine, dst, to), done);
    status = run_reorder(engine, primitive, in, out);
done:
    dnnl_memory_destroy(out);
    dnnl_memory_destroy(in);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(pd);
    return status;
}

/* Sum first, then ReLU, inside the operation; the caller provides scratch
 * memory. */
static bf_status make_attributes(dnnl_primitive_attr_t *out, bool sum,
                                 bool relu)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s = dnnl_primitive_attr_create(out);
    if (s == dnnl_success) s = dnnl_post_ops_create(&ops);
    if (s == dnnl_success) s = bf_dnn_append(ops, sum, relu);
    if (s == dnnl_success) s = dnnl_primitive_attr_set_post_ops(*out, ops);
    if (s == dnnl_success)
        s = dnnl_primitive_attr_set_scratchpad_mode(*out,
                                                    dnnl_scratchpad_mode_user);
    dnnl_post_ops_destroy(ops);
    return bf_dnn_check(s, "setting up an operation");
}

static dnnl_status_t keep(bf_dnn_order **out, const_dnnl_primitive_desc_t pd,
                          dnnl_query_t which)
{
    return bf_dnn_order_copy(out, dnnl_primitive_desc_query_md(pd, which, 0));
}

static bf_status compile(bf_dnn_op *op, const_dnnl_primitive_desc_t pd)
{
    dnnl_status_t s = dnnl_primitive_create(&op->primitive, pd);
    if (s == dnnl_success) s = keep(&op->src, pd, dnnl_query_src_md);
    if (s == dnnl_success) s = keep(&op->dst, pd, dnnl_query_dst_md);
    if (s == dnnl_success) s = keep(&op->scratch, pd, dnnl_query_scratchpad_md);
    return bf_dnn_check(s, "compiling an operation");
}

/* Stores the layer's weights in the operation's order. */
static bf_status place_weights(bf_dnn_op *op, dnnl_engine_t engine,
                               const_dnnl_primitive_desc_t pd,
                               const bf_dnn_order *plain, const float *weight)
{
    const bf_dnn_order *wanted =
        dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    op->bytes = dnnl_memory_desc_get_size(wanted);
    op->weight_data = bf_alloc(op->bytes);
    if (op->weight_data == NULL) return BF_ERR_MEMORY;
    BF_TRY(bf_dnn_reorder(engine, plain, weight, wanted, op->weight_data));
    return bf_dnn_memory(&op->weight, engine, wanted, op->weight_data);
}

static bf_status place_bias(bf_dnn_op *op, dnnl_engine_t engine,
                            const bf_dnn_order *order, const float *bias,
                            unsigned count)
{
    float *copy = bf_alloc(count * sizeof *copy);
    if (copy == NULL) return BF_ERR_MEMORY;
    op->bias_data = copy;
    memcpy(copy, bias, count * sizeof *copy);
    return bf_dnn_memory(&op->bias, engine, order, copy);
}

/* The tensors of a layer beside its input. */
typedef struct layer_orders {
    bf_dnn_order *plain;  /* weights as they come */
    bf_dnn_order *weight; /* the order that oneDNN chooses */
    bf_dnn_order *bias, *dst;
} layer_orders;

static void layer_orders_clear(layer_orders *o)
{
    bf_dnn_order_destroy(o->plain);
    bf_dnn_order_destroy(o->weight);
    bf_dnn_order_destroy(o->bias);
    bf_dnn_order_destroy(o->dst);
}

/* Weights are [groups][out / groups][in / groups][k][k], without the first
 * dimension for a single group. */
static dnnl_status_t describe_weights(layer_orders *o, const bf_regnet_layer *l)
{
    const dnnl_dims_t grouped = {l->groups, l->out / l->groups,
                                 l->in / l->groups, l->kernel, l->kernel};
    const dnnl_dims_t full = {l->out, l->in, l->kernel, l->kernel};
    bool groups = l->groups > 1;
    const dnnl_dim_t *dims = groups ? grouped : full;
    int ndims = groups ? 5 : 4;
    dnnl_status_t s = bf_dnn_order_create(&o->plain, ndims, dims,
                                          groups ? dnnl_goihw : dnnl_oihw);
    if (s != dnnl_success) return s;
    return bf_dnn_order_create(&o->weight, ndims, dims, dnnl_format_tag_any);
}

static dnnl_status_t describe_layer(layer_orders *o, const bf_regnet_layer *l,
                                    unsigned n, const bf_dnn_order *residual)
{
    const unsigned side = bf_regnet_output_side(l);
    const dnnl_dims_t channels = {l->out}, shape = {n, l->out, side, side};
    dnnl_status_t s = describe_weights(o, l);
    if (s == dnnl_success)
        s = bf_dnn_order_create(&o->bias, 1, channels, dnnl_x);
    if (s != dnnl_success) return s;
    if (residual != NULL) return bf_dnn_order_copy(&o->dst, residual);
    return bf_dnn_order_create(&o->dst, 4, shape, dnnl_format_tag_any);
}

static bf_status describe_convolution(dnnl_primitive_desc_t *out,
                                      dnnl_engine_t engine,
                                      const bf_regnet_layer *l,
                                      const bf_dnn_order *src,
                                      const layer_orders *o, bool sum)
{
    const dnnl_dim_t pad = l->kernel / 2;
    const dnnl_dims_t strides = {l->stride, l->stride}, padding = {pad, pad};
    dnnl_primitive_attr_t attr = NULL;
    bf_status status = make_attributes(&attr, sum, l->relu);
    if (status == BF_OK)
        status = bf_dnn_check(
            bf_dnn_convolution_desc(out, engine, src, o->weight, o->bias,
                                    o->dst, strides, padding, attr),
            "describing a convolution");
    dnnl_primitive_attr_destroy(attr);
    return status;
}

bf_status bf_dnn_convolution(bf_dnn_op *out, dnnl_engine_t engine,
                             const bf_regnet_layer *l, unsigned n,
                             const bf_dnn_order *src,
                             const bf_dnn_order *residual, const float *weight,
                             const float *bias)
{
    bf_dnn_op op = {0};
    layer_orders orders = {0};
    dnnl_primitive_desc_t pd = NULL;
    bf_status status;
    BF_GOTO(bf_dnn_check(describe_layer(&orders, l, n, residual),
                         "describing its tensors"),
            done);
    BF_GOTO(
        describe_convolution(&pd, engine, l, src, &orders, residual != NULL),
        done);
    BF_GOTO(compile(&op, pd), done);
    BF_GOTO(place_weights(&op, engine, pd, orders.plain, weight), done);
    status = place_bias(&op, engine, orders.bias, bias, l->out);
done:
    dnnl_primitive_desc_destroy(pd);
    layer_orders_clear(&orders);
    if (status != BF_OK) {
        bf_dnn_op_clear(&op);
        return bf_fail_in(status, "%s", l->name);
    }
    *out = op;
    return BF_OK;
}

bf_status bf_dnn_average(bf_dnn_op *out, dnnl_engine_t engine, unsigned n,
                         unsigned c, unsigned side, const bf_dnn_order *src)
{
    bf_dnn_op op = {0};
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t pd = NULL;
    bf_dnn_order *dst = NULL;
    const dnnl_dims_t kernel = {side, side};
    bf_status status;
    BF_GOTO(bf_dnn_describe(&dst, n, c, 1), done);
    BF_GOTO(make_attributes(&attr, false, false), done);
    BF_GOTO(
        bf_dnn_check(bf_dnn_average_desc(&pd, engine, src, dst, kernel, attr),
                     "describing the average"),
        done);
    status = compile(&op, pd);
done:
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_attr_destroy(attr);
    bf_dnn_order_destroy(dst);
    if (status != BF_OK) {
        bf_dnn_op_clear(&op);
        return status;
    }
    *out = op;
    return BF_OK;
}
