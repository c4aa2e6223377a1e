/* Antialiased bilinear resizing, as torchvision's
 * Resize((height, width), antialias=True) does it on float tensors.
 *
 * Each output value is a weighted mean under a triangle centred on it. The base
 * of the triangle is two output pixels or two input pixels wide, whichever is
 * more. Weights beyond the border are dropped, and the others are scaled to sum
 * 1. */
#ifndef BF_FEATURES_RESIZE_H
#define BF_FEATURES_RESIZE_H

#include "base/status.h"

/* [channels][height][width] to [channels][out_height][out_width]. Sides are
 * 1 or more; pixels stay within the range of the input. Thread-safe. */
BF_MUST_CHECK bf_status bf_resize(const float *in, unsigned channels,
                                  unsigned width, unsigned height, float *out,
                                  unsigned out_width, unsigned out_height);

#endif
