/* Tables of the scattering transform for one image size: padding, transforms,
 * filters and windows. Immutable once made.
 *
 * Filters are Morlet wavelets ([BM13], section 2.1) of 2 scales and 6 angles,
 *   psi(u) = g(u) (exp(i xi e.u) - beta),   e = (cos theta, sin theta),
 * with g a Gaussian of deviation sigma along e and sigma/slant across, of sum
 * 1, beta such that psi has sum 0, and at scale j = 0, 1
 *   xi = 3 pi / 4 / 2^j,   sigma = 0.8 * 2^j,   slant = 2/3,
 *   theta = pi * a / 6, a = 0..5,
 * repeated with the period of the padded image. u = (x, y), y downwards. */
#ifndef BF_FEATURES_SCATTERING_PLAN_H
#define BF_FEATURES_SCATTERING_PLAN_H

#include "features/scattering_fft.h"

#define BF_SCAT_SCALES 2
#define BF_SCAT_ANGLES 6
#define BF_SCAT_SIDE_MIN 8
#define BF_SCAT_SIDE_MAX 48 /* larger images are averaged down first */
#define BF_SCAT_PAD 10 /* at least, on either side: four deviations across */
#define BF_SCAT_PADDED_MAX 72

/* Cells in each direction of the grids over which orders 0, 1 and 2 are
 * averaged. More angles or finer grids gain on one data set and lose on
 * another: 4 angles and 7, 9, 4 cells gain 0.5 points on Fashion-MNIST and lose
 * 2.5 on 128 digits. */
#define BF_SCAT_GRID_0 7
#define BF_SCAT_GRID_1 5
#define BF_SCAT_GRID_2 4
#define BF_SCAT_GRID_MAX 7
#define BF_SCAT_PATHS_1 (BF_SCAT_SCALES * BF_SCAT_ANGLES)
#define BF_SCAT_PATHS_2 (BF_SCAT_ANGLES * BF_SCAT_ANGLES)
#define BF_SCAT_OUTPUTS                                                        \
    (BF_SCAT_GRID_0 * BF_SCAT_GRID_0 +                                         \
     BF_SCAT_PATHS_1 * BF_SCAT_GRID_1 * BF_SCAT_GRID_1 +                       \
     BF_SCAT_PATHS_2 * BF_SCAT_GRID_2 * BF_SCAT_GRID_2)

/* Weighted means of samples start[g] .. start[g]+count[g]-1 along one axis. */
typedef struct bf_scat_pool {
    unsigned cells;
    unsigned start[BF_SCAT_GRID_MAX], count[BF_SCAT_GRID_MAX];
    float weight[BF_SCAT_GRID_MAX][BF_SCAT_PADDED_MAX];
} bf_scat_pool;

typedef struct bf_scat_axis {
    unsigned length;                   /* of the image */
    unsigned padded;                   /* even, a transform length */
    unsigned before;                   /* padding in front, even */
    unsigned from[BF_SCAT_PADDED_MAX]; /* padded index -> image index */
    bf_fft full, half;                 /* transforms of padded and padded / 2 */
    bf_scat_pool order0, order1_full, order1_half, order2;
} bf_scat_axis;

typedef struct bf_scat_plan {
    bf_scat_axis x, y;
    /* Fourier transforms of the filters, real, [y][x], divided by the number of
     * values. */
    float *filter[BF_SCAT_SCALES][BF_SCAT_ANGLES];
} bf_scat_plan;

BF_MUST_CHECK bf_status bf_scat_plan_create(bf_scat_plan **out, unsigned width,
                                            unsigned height);
void bf_scat_plan_destroy(bf_scat_plan *p);

#endif
