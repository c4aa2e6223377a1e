#include "train/owner/rounding.h"

#include <math.h>

#include "base/memory.h"
#include "base/random.h"

/* Uniform in (-1/2, 1/2), a multiple of 2^-54: as fine as a double can hold. */
static double half(uint64_t bits)
{
    return ((double)(bits >> 11) + 0.5) * 0x1p-53 - 0.5;
}

void bf_weights_round(bf_matrix *weights, double noise)
{
    double step = exp2(floor(log2(noise)));
    size_t count = weights->rows * weights->cols;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        bf_random_bytes(&bits, sizeof bits);
        weights->data[i] = (rint(weights->data[i] / step) + half(bits)) * step;
        bf_wipe(&bits, sizeof bits); /* these bits would reveal the multiple */
    }
}
