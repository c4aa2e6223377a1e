/* Times both backbones, a batch at a time, on OMP_NUM_THREADS threads.
 *
 * bench/torch_bench.py converts the times to images a second, and compares them
 * with torchvision on the same machine. */
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "blindfit/features.h"
#include "features/backbone.h"
#include "features/regnet_net.h"
#include "support/timing.h"

#define BATCH 32          /* images of a RegNet call */
#define SCATTER_BATCH 512 /* images of a scattering call */

typedef struct work {
    bf_regnet_net *net;
    bf_backbone *scattering;
    size_t floats; /* of one prepared image */
    bf_image picture;
    float *input, *output;
} work;

static void must(bf_status s)
{
    if (s == BF_OK) return;
    fprintf(stderr, "bench_backbones: %s\n", bf_last_error());
    exit(1);
}

static float *take(size_t count)
{
    float *p = bf_alloc(count * sizeof *p);
    if (!p) must(BF_ERR_MEMORY);
    return p;
}

/* Uniform in 0..1 without a seed to care for. */
static void fill(float *to, size_t count, float scale)
{
    uint32_t x = 1;
    for (size_t i = 0; i < count; i++) {
        x = x * 1664525u + 1013904223u;
        to[i] = scale * (float)(x >> 8) * 0x1p-24f;
    }
}

static void run_regnet(void *arg)
{
    work *w = arg;
    must(bf_regnet_net_run(w->net, w->input, BATCH, w->output));
}

static void prepare_one(void *arg, size_t i)
{
    work *w = arg;
    const bf_backbone *b = w->scattering;
    must(b->ops->prepare(b->self, &w->picture, w->input + i * w->floats));
}

static void run_scattering(void *arg)
{
    work *w = arg;
    const bf_backbone *b = w->scattering;
    bf_parallel(SCATTER_BATCH, prepare_one, w);
    must(b->ops->forward(b->self, w->input, SCATTER_BATCH, w->output));
}

/* Weights whose activations neither vanish nor overflow: speed does not depend
 * on them otherwise. */
static void open_regnet(work *w)
{
    bf_regnet_layer layers[BF_REGNET_LAYERS];
    bf_regnet_weights weights = {0};
    bf_regnet_describe(layers);
    for (int i = 0; i < BF_REGNET_LAYERS; i++) {
        const bf_regnet_layer *l = &layers[i];
        size_t each = (size_t)l->in / l->groups * l->kernel * l->kernel;
        weights.weight[i] = take(l->out * each);
        weights.bias[i] = take(l->out);
        fill(weights.weight[i], l->out * each, 1.0f / (float)each);
        fill(weights.bias[i], l->out, 0.1f);
    }
    must(bf_regnet_net_create(&w->net, layers, &weights, BATCH,
                              bf_env_threads(NULL)));
    for (int i = 0; i < BF_REGNET_LAYERS; i++) {
        bf_free(weights.weight[i]);
        bf_free(weights.bias[i]);
    }
}

static void report(bf_bench *b, const char *name, unsigned batch,
                   void (*run)(void *), work *w)
{
    char variant[64];
    snprintf(variant, sizeof variant, "batch %u, %u threads", batch,
             bf_env_threads(NULL));
    bf_bench_row(b, name, variant, bf_bench_time(b, run, w), NULL);
}

static void bench_regnet(bf_bench *b)
{
    work w = {.input = take(BATCH * BF_REGNET_INPUT_FLOATS),
              .output = take(BATCH * BF_REGNET_OUTPUTS)};
    fill(w.input, BATCH * BF_REGNET_INPUT_FLOATS, 1);
    open_regnet(&w);
    report(b, "regnet_x_400mf", BATCH, run_regnet, &w);
    bf_regnet_net_destroy(w.net);
    bf_free(w.input);
    bf_free(w.output);
}

static void bench_scattering(bf_bench *b)
{
    const bf_backbone_options options = {.name = "scattering",
                                         .batch = SCATTER_BATCH};
    size_t outputs;
    work w = {
        .picture = {
            .width = 28, .height = 28, .channels = 1, .pixels = take(28 * 28)}};
    fill(w.picture.pixels, 28 * 28, 1);
    must(bf_backbone_create(&w.scattering, &options));
    must(bf_backbone_outputs(w.scattering, 28, 28, &outputs));
    w.floats = w.scattering->ops->input_floats(w.scattering->self);
    w.input = take(SCATTER_BATCH * w.floats);
    w.output = take(SCATTER_BATCH * outputs);
    report(b, "scattering", SCATTER_BATCH, run_scattering, &w);
    bf_backbone_destroy(w.scattering);
    bf_free(w.input);
    bf_free(w.output);
    bf_image_clear(&w.picture);
}

int main(int argc, char **argv)
{
    bf_bench b;
    bf_bench_begin(&b, argc, argv);
    if (bf_bench_wants(&b, "regnet_x_400mf")) bench_regnet(&b);
    if (bf_bench_wants(&b, "scattering")) bench_scattering(&b);
    return bf_bench_end(&b);
}
