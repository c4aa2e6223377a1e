/* From torchvision's tensors to folded convolutions. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "features/regnet_layers.h"

#define BATCH_NORM_EPSILON 1e-5

typedef enum part { CONV, GAMMA, BETA, MEAN, VARIANCE, PARTS } part;

static const char *const suffixes[PARTS] = {[CONV] = ".0.weight",
                                            [GAMMA] = ".1.weight",
                                            [BETA] = ".1.bias",
                                            [MEAN] = ".1.running_mean",
                                            [VARIANCE] = ".1.running_var"};

static size_t weight_count(const bf_regnet_layer *l)
{
    return (size_t)l->out * (l->in / l->groups) * l->kernel * l->kernel;
}

static bf_status check_shape(const bf_tensor *t, const bf_regnet_layer *l,
                             part p)
{
    const size_t conv[4] = {l->out, l->in / l->groups, l->kernel, l->kernel};
    unsigned dims = p == CONV ? 4 : 1;
    if (t->dims == dims && memcmp(t->shape, conv, dims * sizeof *conv) == 0)
        return BF_OK;
    char is[80], wanted[80];
    return bf_fail(
        BF_ERR_MISMATCH,
        "not weights of regnet_x_400mf: tensor %s has shape %s, expected %s",
        t->name, bf_tensor_shape_text(t->dims, t->shape, is, sizeof is),
        bf_tensor_shape_text(dims, conv, wanted, sizeof wanted));
}

static bf_status read_values(float *out, const bf_tensor *t)
{
    BF_TRY(bf_tensor_to_float(t, out));
    for (size_t i = 0; i < t->count; i++) {
        if (!isfinite(out[i]))
            return bf_fail(BF_ERR_RANGE, "tensor %s: value %zu is not finite",
                           t->name, i);
    }
    return BF_OK;
}

/* Tensor `p` of a layer into `out`, which has room for it. */
static bf_status read_part(float *out, const bf_safetensors *file,
                           const bf_regnet_layer *l, part p)
{
    char name[80];
    snprintf(name, sizeof name, "%s%s", l->name, suffixes[p]);
    const bf_tensor *t = bf_safetensors_find(file, name);
    if (t == NULL)
        return bf_fail(BF_ERR_MISMATCH,
                       "not weights of regnet_x_400mf: tensor %s is missing",
                       name);
    BF_TRY(check_shape(t, l, p));
    return read_values(out, t);
}

/* y = gamma (w x - mean) / sqrt(var + eps) + beta as one convolution. Each
 * weight is rounded once. */
static bf_status fold_layer(float *weight, float *bias, float *norm,
                            const bf_safetensors *file,
                            const bf_regnet_layer *l)
{
    float *n[PARTS] = {weight};
    for (part p = GAMMA; p < PARTS; p++) n[p] = norm + (p - GAMMA) * l->out;
    for (part p = CONV; p < PARTS; p++) BF_TRY(read_part(n[p], file, l, p));
    size_t each = weight_count(l) / l->out;
    for (unsigned o = 0; o < l->out; o++) {
        double variance = n[VARIANCE][o];
        if (variance < 0)
            return bf_fail(BF_ERR_RANGE, "tensor %s%s: value %u is negative",
                           l->name, suffixes[VARIANCE], o);
        double scale = n[GAMMA][o] / sqrt(variance + BATCH_NORM_EPSILON);
        for (size_t i = 0; i < each; i++)
            weight[o * each + i] = (float)(weight[o * each + i] * scale);
        bias[o] = (float)(n[BETA][o] - n[MEAN][o] * scale);
    }
    return BF_OK;
}

static bool is_layer_tensor(const bf_regnet_layer *l, const char *name)
{
    size_t prefix = strlen(l->name);
    if (strncmp(name, l->name, prefix) != 0) return false;
    for (part p = CONV; p < PARTS; p++) {
        if (strcmp(name + prefix, suffixes[p]) == 0) return true;
    }
    return strcmp(name + prefix, ".1.num_batches_tracked") == 0;
}

static bool is_known(const bf_regnet_layer *layers, const char *name)
{
    for (unsigned i = 0; i < BF_REGNET_LAYERS; i++) {
        if (is_layer_tensor(&layers[i], name)) return true;
    }
    return strcmp(name, "fc.weight") == 0 || strcmp(name, "fc.bias") == 0;
}

static bf_status check_extra(const bf_safetensors *file,
                             const bf_regnet_layer *layers)
{
    for (size_t i = 0; i < bf_safetensors_count(file); i++) {
        const char *name = bf_safetensors_get(file, i)->name;
        if (!is_known(layers, name))
            return bf_fail(BF_ERR_MISMATCH,
                           "not weights of regnet_x_400mf: tensor %s is none "
                           "of its",
                           name);
    }
    return BF_OK;
}

static bf_status allocate(bf_regnet_weights *w, const bf_regnet_layer *layers)
{
    size_t total = 0;
    for (unsigned i = 0; i < BF_REGNET_LAYERS; i++)
        total += weight_count(&layers[i]) + layers[i].out;
    w->storage = bf_alloc(total * sizeof *w->storage);
    if (w->storage == NULL) return BF_ERR_MEMORY;
    float *next = w->storage;
    for (unsigned i = 0; i < BF_REGNET_LAYERS; i++) {
        w->weight[i] = next;
        w->bias[i] = next + weight_count(&layers[i]);
        next = w->bias[i] + layers[i].out;
    }
    return BF_OK;
}

bf_status bf_regnet_weights_load(bf_regnet_weights *out,
                                 const bf_regnet_layer layers[BF_REGNET_LAYERS],
                                 const bf_safetensors *file)
{
    bf_regnet_weights w;
    float norm[(PARTS - 1) * BF_REGNET_OUTPUTS]; /* 400 is the widest layer */
    BF_TRY(allocate(&w, layers));
    bf_status status = BF_OK;
    for (unsigned i = 0; i < BF_REGNET_LAYERS && status == BF_OK; i++)
        status = fold_layer(w.weight[i], w.bias[i], norm, file, &layers[i]);
    if (status == BF_OK) status = check_extra(file, layers);
    if (status != BF_OK) {
        bf_regnet_weights_clear(&w);
        return status;
    }
    *out = w;
    return BF_OK;
}

void bf_regnet_weights_clear(bf_regnet_weights *w)
{
    bf_free(w->storage);
    *w = (bf_regnet_weights){0};
}
