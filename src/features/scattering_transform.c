#include "features/scattering_transform.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

#define L BF_LANES
#define PLANE ((size_t)BF_SCAT_PADDED_MAX * BF_SCAT_PADDED_MAX * L)

struct bf_scat_work {
    bf_planes picture; /* spectrum of the image */
    bf_planes first;   /* order-1 map, then its spectrum */
    bf_planes second;  /* order-2 map */
    bf_planes spare;
    float *columns; /* a map averaged along y: [cells][padded][L] */
    float *block;
};

bf_status bf_scat_work_create(bf_scat_work **out)
{
    size_t columns = (size_t)BF_SCAT_GRID_MAX * BF_SCAT_PADDED_MAX * L;
    bf_scat_work *w = bf_alloc_zero(sizeof *w);
    if (!w) return BF_ERR_MEMORY;
    w->block = bf_alloc_zero((8 * PLANE + columns) * sizeof *w->block);
    if (!w->block) {
        bf_free(w);
        return BF_ERR_MEMORY;
    }
    bf_planes *planes[4] = {&w->picture, &w->first, &w->second, &w->spare};
    for (int i = 0; i < 4; i++) {
        planes[i]->re = w->block + (size_t)(2 * i) * PLANE;
        planes[i]->im = w->block + (size_t)(2 * i + 1) * PLANE;
    }
    w->columns = w->block + 8 * PLANE;
    *out = w;
    return BF_OK;
}

void bf_scat_work_destroy(bf_scat_work *w)
{
    if (!w) return;
    bf_free(w->block);
    bf_free(w);
}

/* Interleaves images, extended to the padded size; lanes beyond count repeat
 * the first image. */
static void interleave(const bf_scat_plan *p, const float *const *pixels,
                       unsigned count, bf_planes out)
{
    unsigned w = p->x.padded, h = p->y.padded;
    for (unsigned l = 0; l < L; l++) {
        const float *from = pixels[l < count ? l : 0];
        for (unsigned y = 0; y < h; y++) {
            const float *row = from + (size_t)p->y.from[y] * p->x.length;
            float *to = out.re + (size_t)y * w * L + l;
            for (unsigned x = 0; x < w; x++) to[x * L] = row[p->x.from[x]];
        }
    }
    memset(out.im, 0, (size_t)w * h * L * sizeof *out.im);
}

/* out = in * filter. */
BF_VECTOR static void multiply(const bf_scat_plan *p, const float *filter,
                               bf_planes in, bf_planes out)
{
    size_t n = (size_t)p->x.padded * p->y.padded;
    for (size_t i = 0; i < n; i++) {
        float f = filter[i];
#pragma omp simd
        for (size_t l = i * L; l < i * L + L; l++) {
            out.re[l] = in.re[l] * f;
            out.im[l] = in.im[l] * f;
        }
    }
}

/* The same, folded to half the size each way: every other sample in space. */
BF_VECTOR static void multiply_halve(const bf_scat_plan *p, const float *filter,
                                     bf_planes in, bf_planes out)
{
    size_t w = p->x.padded, hw = w / 2, hh = p->y.padded / 2;
    for (size_t y = 0; y < hh; y++)
        for (size_t x = 0; x < hw; x++) {
            size_t a = y * w + x, b = a + hw, c = a + hh * w, d = c + hw;
            float fa = filter[a], fb = filter[b], fc = filter[c],
                  fd = filter[d];
            float *re = out.re + (y * hw + x) * L;
            float *im = out.im + (y * hw + x) * L;
#pragma omp simd
            for (size_t l = 0; l < L; l++) {
                re[l] = in.re[a * L + l] * fa + in.re[b * L + l] * fb +
                        (in.re[c * L + l] * fc + in.re[d * L + l] * fd);
                im[l] = in.im[a * L + l] * fa + in.im[b * L + l] * fb +
                        (in.im[c * L + l] * fc + in.im[d * L + l] * fd);
            }
        }
}

/* re = |re + i im|, im = 0. */
BF_VECTOR static void modulus(bf_planes a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        a.re[i] = sqrtf(a.re[i] * a.re[i] + a.im[i] * a.im[i]);
        a.im[i] = 0;
    }
}

static void inverse(const bf_fft *fy, const bf_fft *fx, bf_planes *data,
                    bf_planes *spare)
{
    bf_planes d = {data->im, data->re}, s = {spare->im, spare->re};
    bf_fft2(fy, fx, &d, &s);
    *data = (bf_planes){d.im, d.re};
    *spare = (bf_planes){s.im, s.re};
}

/* columns[g] = mean of rows of the map under window g. */
BF_VECTOR static void pool_rows(const bf_scat_pool *py, const float *map,
                                size_t row, float *columns)
{
    for (unsigned g = 0; g < py->cells; g++) {
        float *out = columns + g * row;
        memset(out, 0, row * sizeof *out);
        for (unsigned k = 0; k < py->count[g]; k++) {
            const float *in = map + (py->start[g] + k) * row;
            float wt = py->weight[g][k];
#pragma omp simd
            for (size_t i = 0; i < row; i++) out[i] += wt * in[i];
        }
    }
}

BF_VECTOR static void pool_cell(const bf_scat_pool *px, unsigned g,
                                const float *columns, float out[L])
{
    memset(out, 0, L * sizeof *out);
    for (unsigned k = 0; k < px->count[g]; k++) {
        const float *in = columns + (size_t)(px->start[g] + k) * L;
        float wt = px->weight[g][k];
#pragma omp simd
        for (unsigned l = 0; l < L; l++) out[l] += wt * in[l];
    }
}

/* Writes windowed means of a map with rows of `width` values to rows[.][at..];
 * returns the number of outputs. */
static size_t pool(const bf_scat_pool *py, const bf_scat_pool *px,
                   const float *map, unsigned width, float *columns,
                   float *const *rows, unsigned count, size_t at)
{
    pool_rows(py, map, (size_t)width * L, columns);
    for (unsigned g = 0; g < py->cells; g++)
        for (unsigned h = 0; h < px->cells; h++) {
            float cell[L];
            pool_cell(px, h, columns + (size_t)g * width * L, cell);
            for (unsigned l = 0; l < count; l++)
                rows[l][at + g * px->cells + h] = cell[l];
        }
    return (size_t)py->cells * px->cells;
}

/* |in * psi| at half resolution, into *map. */
static void halved_map(const bf_scat_plan *p, const float *filter, bf_planes in,
                       bf_planes *map, bf_planes *spare)
{
    multiply_halve(p, filter, in, *map);
    inverse(&p->y.half, &p->x.half, map, spare);
    modulus(*map, (size_t)(p->x.padded / 2) * (p->y.padded / 2) * L);
}

void bf_scat_transform(const bf_scat_plan *p, bf_scat_work *w,
                       const float *const *pixels, float *const *rows,
                       unsigned count)
{
    unsigned width = p->x.padded;
    size_t n = (size_t)width * p->y.padded * L;
    interleave(p, pixels, count, w->picture);
    size_t at = pool(&p->y.order0, &p->x.order0, w->picture.re, width,
                     w->columns, rows, count, 0);
    size_t at2 = at + BF_SCAT_PATHS_1 * BF_SCAT_GRID_1 * BF_SCAT_GRID_1;
    bf_fft2(&p->y.full, &p->x.full, &w->picture, &w->spare);
    for (int a = 0; a < BF_SCAT_ANGLES; a++) {
        multiply(p, p->filter[0][a], w->picture, w->first);
        inverse(&p->y.full, &p->x.full, &w->first, &w->spare);
        modulus(w->first, n);
        at += pool(&p->y.order1_full, &p->x.order1_full, w->first.re, width,
                   w->columns, rows, count, at);
        bf_fft2(&p->y.full, &p->x.full, &w->first, &w->spare);
        for (int b = 0; b < BF_SCAT_ANGLES; b++) {
            halved_map(p, p->filter[1][b], w->first, &w->second, &w->spare);
            at2 += pool(&p->y.order2, &p->x.order2, w->second.re, width / 2,
                        w->columns, rows, count, at2);
        }
    }
    for (int a = 0; a < BF_SCAT_ANGLES; a++) {
        halved_map(p, p->filter[1][a], w->picture, &w->second, &w->spare);
        at += pool(&p->y.order1_half, &p->x.order1_half, w->second.re,
                   width / 2, w->columns, rows, count, at);
    }
}
