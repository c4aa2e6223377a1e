#include "features/resize.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

/* How one side maps: output i is the sum of weight[i * taps + k] times input
 * first[i] + k, k < taps; unused weights are 0 and their inputs inside. */
typedef struct axis {
    unsigned taps;
    unsigned *first; /* [out] */
    float *weight;   /* [out * taps] */
} axis;

static void axis_clear(axis *a)
{
    bf_free(a->first);
    bf_free(a->weight);
}

/* Output i has its centre at c = (i + 1/2) scale; input j at j + 1/2. */
static void axis_weigh(axis *a, unsigned i, unsigned in, double scale,
                       double support)
{
    double centre = (i + 0.5) * scale, sum = 0;
    double low = fmax(floor(centre - support + 0.5), 0);
    double high = fmin(floor(centre + support + 0.5), in);
    unsigned first = (unsigned)low, count = (unsigned)(high - low);
    float *w = a->weight + (size_t)i * a->taps;
    if (first > in - a->taps) first = in - a->taps;
    unsigned skip = (unsigned)low - first;
    memset(w, 0, a->taps * sizeof *w);
    for (unsigned k = 0; k < count; k++)
        sum += fmax(0, 1 - fabs((low + k + 0.5 - centre) / support));
    for (unsigned k = 0; k < count; k++)
        w[skip + k] =
            (float)(fmax(0, 1 - fabs((low + k + 0.5 - centre) / support)) /
                    sum);
    a->first[i] = first;
}

static bf_status axis_init(axis *a, unsigned in, unsigned out)
{
    double scale = (double)in / out, support = fmax(scale, 1);
    unsigned taps = 2 * (unsigned)ceil(support) + 1;
    size_t weights;
    a->taps = taps < in ? taps : in;
    if (!bf_mul_size(out, a->taps * sizeof *a->weight, &weights))
        return bf_fail(BF_ERR_ARGUMENT, "resize: too large");
    a->first = bf_alloc(out * sizeof *a->first);
    a->weight = bf_alloc(weights);
    if (a->first == NULL || a->weight == NULL) return BF_ERR_MEMORY;
    for (unsigned i = 0; i < out; i++) axis_weigh(a, i, in, scale, support);
    return BF_OK;
}

/* row = weighted sum of `taps` rows of `width` pixels. */
static void mix_rows(float *restrict row, const float *restrict in,
                     size_t width, const float *weight, unsigned taps)
{
    for (size_t x = 0; x < width; x++) row[x] = weight[0] * in[x];
    for (unsigned k = 1; k < taps; k++) {
        const float *from = in + k * width;
        if (weight[k] == 0) continue;
        for (size_t x = 0; x < width; x++) row[x] += weight[k] * from[x];
    }
}

static void mix_columns(float *out, const float *row, const axis *a,
                        unsigned out_width)
{
    for (unsigned i = 0; i < out_width; i++) {
        const float *w = a->weight + (size_t)i * a->taps;
        const float *from = row + a->first[i];
        float sum = 0;
        for (unsigned k = 0; k < a->taps; k++) sum += w[k] * from[k];
        out[i] = sum;
    }
}

bf_status bf_resize(const float *in, unsigned channels, unsigned width,
                    unsigned height, float *out, unsigned out_width,
                    unsigned out_height)
{
    axis across = {0}, down = {0};
    float *row = bf_alloc(width * sizeof *row);
    bf_status status = row == NULL ? BF_ERR_MEMORY : BF_OK;
    if (status == BF_OK) status = axis_init(&across, width, out_width);
    if (status == BF_OK) status = axis_init(&down, height, out_height);
    for (unsigned c = 0; c < channels && status == BF_OK; c++) {
        const float *plane = in + (size_t)c * height * width;
        for (unsigned y = 0; y < out_height; y++) {
            mix_rows(row, plane + (size_t)down.first[y] * width, width,
                     down.weight + (size_t)y * down.taps, down.taps);
            mix_columns(out, row, &across, out_width);
            out += out_width;
        }
    }
    axis_clear(&down);
    axis_clear(&across);
    bf_free(row);
    return status;
}
