#include "features/decode.h"

#include <string.h>

#include "features/file_kind.h"

static bool begins(const uint8_t *data, size_t bytes, const char *magic,
                   size_t length)
{
    return bytes >= length && memcmp(data, magic, length) == 0;
}

bf_status bf_decode_picture(bf_image *out, const uint8_t *data, size_t bytes,
                            const char *name)
{
    if (bytes == 0) return bf_fail(BF_ERR_FORMAT, "%s: empty file", name);
    if (begins(data, bytes, "\x89PNG\r\n\x1a\n", 8))
        return bf_decode_png(out, data, bytes, name);
    if (begins(data, bytes, "\xff\xd8\xff", 3))
        return bf_decode_jpeg(out, data, bytes, name);
    const char *kind = bf_file_kind(data, bytes);
    return bf_fail(BF_ERR_FORMAT, "%s: neither a PNG nor a JPEG image%s%s",
                   name, kind ? " but " : "", kind ? kind : "");
}

/* Divides by 255 (no product with 1/255), so that the float equals
 * torchvision's. */
void bf_decode_row(bf_image *img, unsigned y, const uint8_t *row)
{
    size_t plane = (size_t)img->width * img->height;
    for (unsigned c = 0; c < img->channels; c++) {
        float *to = img->pixels + c * plane + (size_t)y * img->width;
        const uint8_t *from = row + c;
        for (unsigned x = 0; x < img->width; x++, from += img->channels)
            to[x] = (float)*from / 255.0f;
    }
}
