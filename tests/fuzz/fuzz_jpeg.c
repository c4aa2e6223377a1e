/* Any bytes as a JPEG image. An accepted image holds values from 0 to 1. */
#include <stdlib.h>

#include "features/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bf_image img = {0};
    if (bf_decode_jpeg(&img, data, size, "fuzz") != BF_OK) return 0;
    size_t count = (size_t)img.width * img.height * img.channels;
    for (size_t i = 0; i < count; i++)
        if (!(img.pixels[i] >= 0 && img.pixels[i] <= 1)) abort();
    bf_image_clear(&img);
    return 0;
}
