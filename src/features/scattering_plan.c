#include "features/scattering_plan.h"

#include <math.h>

#include "base/memory.h"

/* Half-sample symmetric extension, ... c b a | a b c ... z | z y x ... */
static unsigned mirror(int i, unsigned n)
{
    int period = 2 * (int)n, r = i % period;
    if (r < 0) r += period;
    return (unsigned)(r < (int)n ? r : period - 1 - r);
}

/* Means over the area of `cells` equal cells of the image. A sample represents
 * `step` pixels around its place and counts by the part of these pixels inside
 * the cell. */
static void make_pool(bf_scat_pool *p, const bf_scat_axis *a, unsigned cells,
                      unsigned step)
{
    double cell = (double)a->length / cells;
    p->cells = cells;
    for (unsigned g = 0; g < cells; g++)
        for (unsigned k = 0; k < a->padded / step; k++) {
            double place = (double)k * step - a->before + 0.5;
            double from = fmax(place - 0.5 * step, g * cell);
            double to = fmin(place + 0.5 * step, (g + 1) * cell);
            if (to <= from) continue;
            if (p->count[g] == 0) p->start[g] = k;
            p->weight[g][p->count[g]++] = (float)((to - from) / cell);
        }
}

static bf_status make_axis(bf_scat_axis *a, unsigned length)
{
    a->length = length;
    a->padded = bf_fft_length(length + 2 * BF_SCAT_PAD);
    a->before = (a->padded - length) / 4 * 2;
    for (unsigned i = 0; i < a->padded; i++)
        a->from[i] = mirror((int)i - (int)a->before, length);
    BF_TRY(bf_fft_init(&a->full, a->padded));
    BF_TRY(bf_fft_init(&a->half, a->padded / 2));
    make_pool(&a->order0, a, BF_SCAT_GRID_0, 1);
    make_pool(&a->order1_full, a, BF_SCAT_GRID_1, 1);
    make_pool(&a->order1_half, a, BF_SCAT_GRID_1, 2);
    make_pool(&a->order2, a, BF_SCAT_GRID_2, 2);
    return BF_OK;
}

typedef struct morlet {
    double xi, sigma, slant, cos, sin;
} morlet;

/* Transform of g at frequency (wx, wy), shifted by `shift` along e. */
static double gauss(const morlet *m, double wx, double wy, double shift)
{
    double along = m->cos * wx + m->sin * wy - shift;
    double across = (m->cos * wy - m->sin * wx) / m->slant;
    return exp(-0.5 * m->sigma * m->sigma * (along * along + across * across));
}

/* Sampling in space repeats the spectrum every 2 pi. With |wx|, |wy| <= pi and
 * two repeats in each direction, the omitted terms are at least 4 pi from the
 * centre: below exp(-0.5 (0.8 * 4 pi)^2), which is negligible in a float. */
static double periodic(const morlet *m, double wx, double wy, double shift)
{
    double sum = 0;
    for (int a = -2; a <= 2; a++)
        for (int b = -2; b <= 2; b++)
            sum += gauss(m, wx + 2 * M_PI * a, wy + 2 * M_PI * b, shift);
    return sum;
}

/* Frequency k of n, in [-pi, pi). */
static double frequency(unsigned k, unsigned n)
{
    return 2 * M_PI * ((double)k - (2 * k >= n ? n : 0)) / n;
}

static void fill_filter(float *out, const bf_scat_plan *p, const morlet *m)
{
    unsigned w = p->x.padded, h = p->y.padded;
    /* The sum of the sampled g differs slightly from the integral of g. */
    double sum = periodic(m, 0, 0, 0), beta = periodic(m, 0, 0, m->xi) / sum;
    double scale = 1.0 / (sum * w * h);
    for (unsigned y = 0; y < h; y++)
        for (unsigned x = 0; x < w; x++) {
            double wx = frequency(x, w), wy = frequency(y, h);
            double v =
                periodic(m, wx, wy, m->xi) - beta * periodic(m, wx, wy, 0);
            out[(size_t)y * w + x] = (float)(v * scale);
        }
}

static bf_status make_filters(bf_scat_plan *p)
{
    size_t n = (size_t)p->x.padded * p->y.padded;
    for (int j = 0; j < BF_SCAT_SCALES; j++)
        for (int a = 0; a < BF_SCAT_ANGLES; a++) {
            double theta = M_PI * a / BF_SCAT_ANGLES;
            morlet m = {.xi = 3 * M_PI / 4 / (1 << j),
                        .sigma = 0.8 * (1 << j),
                        .slant = 4.0 / BF_SCAT_ANGLES,
                        .cos = cos(theta),
                        .sin = sin(theta)};
            p->filter[j][a] = bf_alloc(n * sizeof *p->filter[j][a]);
            if (!p->filter[j][a]) return BF_ERR_MEMORY;
            fill_filter(p->filter[j][a], p, &m);
        }
    return BF_OK;
}

bf_status bf_scat_plan_create(bf_scat_plan **out, unsigned width,
                              unsigned height)
{
    bf_scat_plan *p = bf_alloc_zero(sizeof *p);
    if (!p) return BF_ERR_MEMORY;
    bf_status status;
    BF_GOTO(make_axis(&p->x, width), fail);
    BF_GOTO(make_axis(&p->y, height), fail);
    BF_GOTO(make_filters(p), fail);
    *out = p;
    return BF_OK;
fail:
    bf_scat_plan_destroy(p);
    return status;
}

void bf_scat_plan_destroy(bf_scat_plan *p)
{
    if (!p) return;
    for (int j = 0; j < BF_SCAT_SCALES; j++)
        for (int a = 0; a < BF_SCAT_ANGLES; a++) bf_free(p->filter[j][a]);
    bf_scat_axis *axes[2] = {&p->x, &p->y};
    for (int i = 0; i < 2; i++) {
        bf_fft_clear(&axes[i]->full);
        bf_fft_clear(&axes[i]->half);
    }
    bf_free(p);
}
