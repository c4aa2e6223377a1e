/* The RegNetX-400MF forward pass on oneDNN, single precision. */
#ifndef BF_FEATURES_REGNET_NET_H
#define BF_FEATURES_REGNET_NET_H

#include "features/regnet_layers.h"

typedef struct bf_regnet_net bf_regnet_net;

/* Compiles the network for calls of up to `batch` images on `threads` threads,
 * and allocates all memory for runs. Copies the weights. */
BF_MUST_CHECK bf_status bf_regnet_net_create(
    bf_regnet_net **out, const bf_regnet_layer layers[BF_REGNET_LAYERS],
    const bf_regnet_weights *weights, unsigned batch, unsigned threads);
void bf_regnet_net_destroy(bf_regnet_net *net);

/* Maps count images [3][224][224] to count rows of 400 features, on at most the
 * threads of the environment. One call at a time. */
BF_MUST_CHECK bf_status bf_regnet_net_run(bf_regnet_net *net,
                                          const float *pictures, size_t count,
                                          float *features);

/* Bytes of weights and workspaces. */
size_t bf_regnet_net_bytes(const bf_regnet_net *net);

/* Shows the output [count][layer->out][side][side] of each layer as it runs,
 * on one thread; NULL ends it. For comparison with other implementations. */
typedef void (*bf_regnet_tap)(void *user, const bf_regnet_layer *layer,
                              size_t count, unsigned side, const float *output);
void bf_regnet_net_tap(bf_regnet_net *net, bf_regnet_tap tap, void *user);

#endif
