/* Decodes compressed images to pixels.
 *
 * The result is that of torchvision's ImageFolder and ToTensor for the same
 * file: samples of 8 bits divided by 255, grey images with one channel, colour
 * images with three. Colour profiles, gamma and EXIF orientation are not
 * applied. An image that is cut short or damaged is refused as a whole. */
#ifndef BF_FEATURES_DECODE_H
#define BF_FEATURES_DECODE_H

#include "base/status.h"
#include "blindfit/features.h"

/* All functions return BF_ERR_FORMAT for a file that is no such image, is
 * damaged or is beyond the limits of image_source.h, and BF_ERR_MEMORY;
 * messages begin with `name`. *out is unchanged on failure. out->label is -1
 * and out->name unset. Thread-safe. */

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
