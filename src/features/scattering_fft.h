/* Two-dimensional complex transforms of several images side by side.
 *
 * BF_LANES images are interleaved: value (y, x) of image l is at (y * width +
 * x) * BF_LANES + l, with separate arrays for real and imaginary parts, so that
 * every innermost loop applies one operation to consecutive floats, whatever
 * the length of the transform. Stockham's algorithm ([VanLoan92], section 1.7),
 * radices 4, 3 and 2. */
#ifndef BF_FEATURES_SCATTERING_FFT_H
#define BF_FEATURES_SCATTERING_FFT_H

#include "base/status.h"

#define BF_LANES 8
#define BF_FFT_STAGES_MAX 8
#define BF_FFT_LENGTH_MAX 256

/* Loops marked BF_VECTOR are compiled for several vector widths; the program
 * takes the best width for the machine at start. No width uses fused
 * operations, so all give the same bits. */
#if defined(__x86_64__) && defined(__gnu_linux__)
#define BF_VECTOR __attribute__((target_clones("avx2", "default")))
#else
#define BF_VECTOR
#endif
#ifdef __clang__ /* a sanitizer may prevent vectorisation */
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

typedef struct bf_fft_stage {
    unsigned radix, length; /* length still to transform, this stage included */
    float *twiddle; /* [length/radix][radix-1][re, im], in bf_fft.twiddles */
} bf_fft_stage;

typedef struct bf_fft {
    unsigned length, stages;
    bf_fft_stage stage[BF_FFT_STAGES_MAX];
    float *twiddles; /* owned */
} bf_fft;

typedef struct bf_planes {
    float *re, *im;
} bf_planes;

/* Smallest even 2^a 3^b >= n, n > 0. */
unsigned bf_fft_length(unsigned n);
/* length = 2^a 3^b, 2 or more. */
BF_MUST_CHECK bf_status bf_fft_init(bf_fft *f, unsigned length);
void bf_fft_clear(bf_fft *f);

/* Unscaled transform with exp(-2 pi i ...) of rows x cols values (the lengths
 * of fy and fx). The result is in *data; *data and *spare may have changed
 * places. For the inverse (exp(+...)) exchange re and im of data and spare. */
void bf_fft2(const bf_fft *fy, const bf_fft *fx, bf_planes *data,
             bf_planes *spare);

#endif
