#include "features/scattering_picture.h"

#include <math.h>

#include "features/scattering_plan.h"

unsigned bf_scat_side(unsigned side)
{
    return side <= BF_SCAT_SIDE_MAX ? side : BF_SCAT_SIDE_REDUCED;
}

static double luminance(const bf_image *img, size_t at)
{
    const float *p = img->pixels;
    size_t plane = (size_t)img->width * img->height;
    if (img->channels == 1) return p[at];
    return 0.299 * p[at] + 0.587 * p[plane + at] + 0.114 * p[2 * plane + at];
}

/* Share of new pixel k, of `n` into `m` pixels, that old pixel i covers. */
static double coverage(unsigned i, unsigned k, unsigned n, unsigned m)
{
    double size = (double)n / m;
    double from = fmax(i, k * size), to = fmin(i + 1.0, (k + 1) * size);
    return to > from ? (to - from) / size : 0;
}

/* The first of the at most two new pixels that old pixel i touches (m <= n). */
static unsigned first_touched(unsigned i, unsigned n, unsigned m)
{
    return (unsigned)((uint64_t)i * m / n);
}

static void reduce_row(const bf_image *img, unsigned y, unsigned w, double *row)
{
    for (unsigned k = 0; k < w; k++) row[k] = 0;
    for (unsigned x = 0; x < img->width; x++) {
        double v = luminance(img, (size_t)y * img->width + x);
        unsigned k = first_touched(x, img->width, w);
        row[k] += v * coverage(x, k, img->width, w);
        if (k + 1 < w) row[k + 1] += v * coverage(x, k + 1, img->width, w);
    }
}

void bf_scat_picture(const bf_image *img, float *out)
{
    unsigned w = bf_scat_side(img->width), h = bf_scat_side(img->height);
    double sum[BF_SCAT_SIDE_MAX * BF_SCAT_SIDE_MAX] = {0};
    for (unsigned y = 0; y < img->height; y++) {
        double row[BF_SCAT_SIDE_MAX];
        reduce_row(img, y, w, row);
        unsigned first = first_touched(y, img->height, h);
        for (unsigned k = first; k < h && k <= first + 1; k++) {
            double share = coverage(y, k, img->height, h);
            for (unsigned x = 0; x < w; x++) sum[k * w + x] += share * row[x];
        }
    }
    for (unsigned i = 0; i < w * h; i++) out[i] = (float)sum[i];
}
