/* Compressed images to pixels.
 *
 * What comes out is what torchvision's ImageFolder and ToTensor make of the
 * same file: samples of 8 bits divided by 255, grey images with one channel,
 * colour images with three. Colour profiles, gamma and EXIF orientation are
 * not applied. An image that is cut short or damaged is refused as a whole. */
#ifndef BF_FEATURES_DECODE_H
#define BF_FEATURES_DECODE_H

#include "base/status.h"
#include "blindfit/features.h"

/* All: BF_ERR_FORMAT for what is no such image, damaged or beyond the limits
 * of image_source.h, BF_ERR_MEMORY; messages begin with `name`. On failure *out
 * is as before. out->label is -1 and out->name unset. Thread-safe. */

/* PNG or JPEG by its first bytes, whatever the file is called. */
BF_MUST_CHECK bf_status bf_decode_picture(bf_image *out, const uint8_t *data,
                                          size_t bytes, const char *name);
/* Palettes are looked up, 1, 2 and 4 bits widened, 16 bits rounded to 8, and
 * alpha is dropped, as PIL's convert("RGB") does. */
BF_MUST_CHECK bf_status bf_decode_png(bf_image *out, const uint8_t *data,
                                      size_t bytes, const char *name);
/* Grey, YCbCr and RGB, baseline or progressive; CMYK is refused. */
BF_MUST_CHECK bf_status bf_decode_jpeg(bf_image *out, const uint8_t *data,
                                       size_t bytes, const char *name);

/* One row of `channels` interleaved bytes into row y of the image's planes. */
void bf_decode_row(bf_image *img, unsigned y, const uint8_t *row);

#endif
