#include "features/regnet_layers.h"

#include <stdio.h>

static const struct {
    unsigned width, depth;
} stages[] = {{32, 1}, {64, 2}, {160, 7}, {400, 12}};

#define STEM_WIDTH 32

/* The layers so far; `add` appends one and returns its index. */
typedef struct builder {
    bf_regnet_layer *layers;
    int count;
} builder;

unsigned bf_regnet_output_side(const bf_regnet_layer *l)
{
    return (l->side - 1) / l->stride + 1;
}

static bf_regnet_layer *add(builder *b, int source, unsigned out,
                            unsigned kernel, unsigned stride, unsigned groups)
{
    bf_regnet_layer *l = &b->layers[b->count++];
    const bf_regnet_layer *from = source < 0 ? NULL : &b->layers[source];
    *l = (bf_regnet_layer){.in = from ? from->out : BF_REGNET_INPUT_CHANNELS,
                           .out = out,
                           .kernel = kernel,
                           .stride = stride,
                           .groups = groups,
                           .side = from ? bf_regnet_output_side(from)
                                        : BF_REGNET_SIDE,
                           .relu = true,
                           .source = source,
                           .residual = -1};
    return l;
}

/* One bottleneck block on top of layer `input`; returns its last layer. */
static int add_block(builder *b, int input, unsigned stage, unsigned block)
{
    unsigned width = stages[stage].width, stride = block == 0 ? 2 : 1;
    char prefix[64];
    snprintf(prefix, sizeof prefix, "trunk_output.block%u.block%u-%u",
             stage + 1, stage + 1, block);
    int residual = input;
    if (block == 0) {
        residual = b->count;
        bf_regnet_layer *proj = add(b, input, width, 1, stride, 1);
        proj->relu = false;
        snprintf(proj->name, sizeof proj->name, "%s.proj", prefix);
    }
    bf_regnet_layer *l = add(b, input, width, 1, 1, 1);
    snprintf(l->name, sizeof l->name, "%s.f.a", prefix);
    l = add(b, b->count - 1, width, 3, stride, width / BF_REGNET_GROUP_WIDTH);
    snprintf(l->name, sizeof l->name, "%s.f.b", prefix);
    l = add(b, b->count - 1, width, 1, 1, 1);
    snprintf(l->name, sizeof l->name, "%s.f.c", prefix);
    l->residual = residual;
    return b->count - 1;
}

void bf_regnet_describe(bf_regnet_layer layers[BF_REGNET_LAYERS])
{
    builder b = {.layers = layers};
    bf_regnet_layer *stem = add(&b, -1, STEM_WIDTH, 3, 2, 1);
    snprintf(stem->name, sizeof stem->name, "stem");
    int last = 0;
    for (unsigned s = 0; s < sizeof stages / sizeof *stages; s++) {
        for (unsigned k = 0; k < stages[s].depth; k++)
            last = add_block(&b, last, s, k);
    }
}
