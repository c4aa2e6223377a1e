/* Reduces an image of any size to the grey image that is scattered. */
#ifndef BF_FEATURES_SCATTERING_PICTURE_H
#define BF_FEATURES_SCATTERING_PICTURE_H

#include "blindfit/features.h"

/* The side after reduction: unchanged up to BF_SCAT_SIDE_MAX, else
 * BF_SCAT_SIDE_REDUCED. */
#define BF_SCAT_SIDE_REDUCED 32
unsigned bf_scat_side(unsigned side);

/* Luminance (0.299 R + 0.587 G + 0.114 B, ITU-R BT.601) averaged over the area
 * of each new pixel: bf_scat_side(height) x bf_scat_side(width) floats. */
void bf_scat_picture(const bf_image *img, float *out);

#endif
