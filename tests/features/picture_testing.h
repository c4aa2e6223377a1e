/* PNG and JPEG files made by hand for the tests of images. */
#ifndef PICTURE_TESTING_H
#define PICTURE_TESTING_H

#include "regnet_testing.h"

#include <jpeglib.h>
#include <png.h>
#include <zlib.h>

typedef struct bytes {
    uint8_t *data;
    size_t count, room;
} bytes;

static inline void bytes_clear(bytes *b)
{
    bf_free(b->data);
    *b = (bytes){0};
}

static inline void bytes_add(bytes *b, const void *data, size_t count)
{
    if (b->count + count > b->room) {
        size_t room = 2 * (b->count + count);
        uint8_t *larger = must_alloc(room);
        if (b->count) memcpy(larger, b->data, b->count);
        bf_free(b->data);
        b->data = larger;
        b->room = room;
    }
    memcpy(b->data + b->count, data, count);
    b->count += count;
}

static inline void png_sink(png_structp png, png_bytep data, size_t count)
{
    bytes_add(png_get_io_ptr(png), data, count);
}

/* Description of a PNG file: `samples` are its rows as PNG stores them. */
typedef struct png_shape {
    unsigned width, height;
    int bits, type; /* PNG_COLOR_TYPE_* */
    bool interlaced;
    const png_color *palette; /* [256] */
    bool transparent;         /* a tRNS chunk */
} png_shape;

static inline bytes make_png(const png_shape *s, const uint8_t *samples)
{
    bytes out = {0};
    png_structp png =
        png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &out, png_sink, NULL);
    png_set_IHDR(png, info, s->width, s->height, s->bits, s->type,
                 s->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    if (s->palette) png_set_PLTE(png, info, s->palette, 1 << s->bits);
    png_byte alpha[4] = {0, 100, 200, 255};
    png_color_16 clear = {.gray = 1, .red = 1, .green = 2, .blue = 3};
    if (s->transparent && s->palette) png_set_tRNS(png, info, alpha, 4, NULL);
    if (s->transparent && !s->palette) png_set_tRNS(png, info, NULL, 0, &clear);
    png_write_info(png, info);
    png_bytep *rows = must_alloc(s->height * sizeof *rows);
    size_t stride = png_get_rowbytes(png, info);
    for (unsigned y = 0; y < s->height; y++)
        rows[y] = (png_bytep)samples + y * stride;
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    bf_free(rows);
    return out;
}

/* `samples` are rows of 1, 3 or 4 interleaved channels. */
static inline bytes make_jpeg(unsigned width, unsigned height,
                              J_COLOR_SPACE space, bool progressive,
                              const uint8_t *samples)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    unsigned char *data = NULL;
    unsigned long count = 0;
    bytes out = {0};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &count);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = space == JCS_GRAYSCALE ? 1
                            : space == JCS_RGB     ? 3
                                                   : 4;
    jpeg.in_color_space = space;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, 100, TRUE);
    jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    while (jpeg.next_scanline < height) {
        JSAMPROW row = (JSAMPROW)samples + (size_t)jpeg.next_scanline * width *
                                               (size_t)jpeg.input_components;
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    bytes_add(&out, data, count);
    jpeg_destroy_compress(&jpeg);
    free(data);
    return out;
}

#endif
