#include "features/scattering_fft.h"

#include <math.h>

#include "base/memory.h"

static bool is_length(unsigned n)
{
    while (n > 0 && n % 2 == 0) n /= 2;
    while (n > 0 && n % 3 == 0) n /= 3;
    return n == 1;
}

unsigned bf_fft_length(unsigned n)
{
    unsigned m = n + n % 2;
    while (!is_length(m)) m += 2;
    return m;
}

static unsigned pick_radix(unsigned length)
{
    return length % 4 == 0 ? 4 : length % 3 == 0 ? 3 : 2;
}

static void fill_twiddles(float *w, unsigned length, unsigned radix)
{
    for (unsigned p = 0; p < length / radix; p++)
        for (unsigned k = 1; k < radix; k++) {
            double angle = -2 * M_PI * p * k / length;
            *w++ = (float)cos(angle);
            *w++ = (float)sin(angle);
        }
}

bf_status bf_fft_init(bf_fft *f, unsigned length)
{
    bf_fft_stage stage[BF_FFT_STAGES_MAX];
    unsigned stages = 0, floats = 0;
    if (length < 2 || length > BF_FFT_LENGTH_MAX || !is_length(length))
        return bf_fail(BF_ERR_INTERNAL, "transform of length %u", length);
    for (unsigned rest = length; rest > 1; rest /= stage[stages++].radix) {
        unsigned radix = pick_radix(rest);
        stage[stages] = (bf_fft_stage){.radix = radix, .length = rest};
        floats += rest / radix * (radix - 1) * 2;
    }
    float *w = bf_alloc(floats * sizeof *w);
    if (!w) return BF_ERR_MEMORY;
    *f = (bf_fft){.length = length, .stages = stages, .twiddles = w};
    for (unsigned i = 0; i < stages; i++) {
        fill_twiddles(w, stage[i].length, stage[i].radix);
        stage[i].twiddle = w;
        f->stage[i] = stage[i];
        w += stage[i].length / stage[i].radix * (stage[i].radix - 1) * 2;
    }
    return BF_OK;
}

void bf_fft_clear(bf_fft *f)
{
    bf_free(f->twiddles);
    *f = (bf_fft){0};
}

/* One butterfly column: `s` consecutive floats of each of the inputs, which
 * lie `in` floats apart, to outputs `s` floats apart, times the twiddles w. */
typedef struct column {
    const float *restrict xr, *restrict xi;
    float *restrict yr, *restrict yi;
    size_t in, s;
    const float *w;
} column;

static inline __attribute__((always_inline)) void radix2(column c)
{
    float wr = c.w[0], wi = c.w[1];
    size_t in = c.in, s = c.s;
#pragma omp simd
    for (size_t q = 0; q < s; q++) {
        float ar = c.xr[q], ai = c.xi[q], br = c.xr[in + q], bi = c.xi[in + q];
        float dr = ar - br, di = ai - bi;
        c.yr[q] = ar + br;
        c.yi[q] = ai + bi;
        c.yr[s + q] = dr * wr - di * wi;
        c.yi[s + q] = dr * wi + di * wr;
    }
}

static inline __attribute__((always_inline)) void radix3(column c)
{
    const float half_sqrt3 = 0.866025403784438647f;
    float w1r = c.w[0], w1i = c.w[1], w2r = c.w[2], w2i = c.w[3];
    size_t in = c.in, s = c.s;
#pragma omp simd
    for (size_t q = 0; q < s; q++) {
        float ar = c.xr[q], ai = c.xi[q];
        float br = c.xr[in + q], bi = c.xi[in + q];
        float cr = c.xr[2 * in + q], ci = c.xi[2 * in + q];
        float tr = br + cr, ti = bi + ci;
        float ur = ar - 0.5f * tr, ui = ai - 0.5f * ti;
        float vr = half_sqrt3 * (bi - ci), vi = half_sqrt3 * (cr - br);
        float pr = ur + vr, pi = ui + vi, mr = ur - vr, mi = ui - vi;
        c.yr[q] = ar + tr;
        c.yi[q] = ai + ti;
        c.yr[s + q] = pr * w1r - pi * w1i;
        c.yi[s + q] = pr * w1i + pi * w1r;
        c.yr[2 * s + q] = mr * w2r - mi * w2i;
        c.yi[2 * s + q] = mr * w2i + mi * w2r;
    }
}

static inline __attribute__((always_inline)) void radix4(column c)
{
    float w1r = c.w[0], w1i = c.w[1], w2r = c.w[2], w2i = c.w[3];
    float w3r = c.w[4], w3i = c.w[5];
    size_t in = c.in, s = c.s;
#pragma omp simd
    for (size_t q = 0; q < s; q++) {
        float ar = c.xr[q], ai = c.xi[q];
        float br = c.xr[in + q], bi = c.xi[in + q];
        float cr = c.xr[2 * in + q], ci = c.xi[2 * in + q];
        float dr = c.xr[3 * in + q], di = c.xi[3 * in + q];
        float er = ar + cr, ei = ai + ci, fr = br + dr, fi = bi + di;
        float gr = ar - cr, gi = ai - ci, hr = br - dr, hi = bi - di;
        float pr = gr + hi, pi = gi - hr, mr = gr - hi, mi = gi + hr;
        float zr = er - fr, zi = ei - fi;
        c.yr[q] = er + fr;
        c.yi[q] = ei + fi;
        c.yr[s + q] = pr * w1r - pi * w1i;
        c.yi[s + q] = pr * w1i + pi * w1r;
        c.yr[2 * s + q] = zr * w2r - zi * w2i;
        c.yi[2 * s + q] = zr * w2i + zi * w2r;
        c.yr[3 * s + q] = mr * w3r - mi * w3i;
        c.yi[3 * s + q] = mr * w3i + mi * w3r;
    }
}

/* One stage on `rows` transforms, each of `row` floats; s floats belong to one
 * index of the transform. */
BF_VECTOR static void run_stage(const bf_fft_stage *st, size_t rows, size_t row,
                                size_t s, bf_planes x, bf_planes y)
{
    unsigned r = st->radix, m = st->length / r;
    for (size_t i = 0; i < rows; i++)
        for (unsigned p = 0; p < m; p++) {
            size_t from = i * row + s * p, to = i * row + s * r * p;
            column c = {x.re + from, x.im + from, y.re + to,  y.im + to,
                        s * m,       s,           st->twiddle};
            c.w += (size_t)p * (r - 1) * 2;
            if (r == 4)
                radix4(c);
            else if (r == 3)
                radix3(c);
            else
                radix2(c);
        }
}

static void run_axis(const bf_fft *f, size_t rows, size_t row, size_t s,
                     bf_planes *data, bf_planes *spare)
{
    for (unsigned i = 0; i < f->stages; i++) {
        run_stage(&f->stage[i], rows, row, s, *data, *spare);
        s *= f->stage[i].radix;
        bf_planes t = *data;
        *data = *spare;
        *spare = t;
    }
}

void bf_fft2(const bf_fft *fy, const bf_fft *fx, bf_planes *data,
             bf_planes *spare)
{
    size_t row = (size_t)fx->length * BF_LANES;
    run_axis(fx, fy->length, row, BF_LANES, data, spare);
    run_axis(fy, 1, row * fy->length, row, data, spare);
}
