/* PNG by libpng, from memory. */
#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "features/decode.h"
#include "features/image_source.h"

/* The most memory that libpng may take for text and profiles, which are not
 * used. */
#define ANCILLARY_BYTES_MAX 8000000

/* All state that must survive a longjmp out of libpng. */
typedef struct png_reader {
    png_structp png;
    png_infop info;
    const uint8_t *data;
    size_t left;
    uint8_t *pixels; /* one row, or all of an interlaced image */
    png_bytep *rows; /* of an interlaced image */
    bf_image image;
    const char *name;
    bool no_memory;   /* libpng got no memory */
    bf_status status; /* the reason of a longjmp */
} png_reader;

static png_voidp on_alloc(png_structp png, png_alloc_size_t bytes)
{
    png_reader *r = png_get_mem_ptr(png);
    void *p = malloc(bytes);
    r->no_memory |= p == NULL;
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    (void)png;
    free(p);
}

static void on_error(png_structp png, png_const_charp message)
{
    png_reader *r = png_get_error_ptr(png);
    r->status =
        r->no_memory
            ? bf_fail(BF_ERR_MEMORY, "%s: no memory for libpng", r->name)
            : bf_fail(BF_ERR_FORMAT, "%s: damaged PNG (%s)", r->name, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void on_read(png_structp png, png_bytep to, size_t bytes)
{
    png_reader *r = png_get_io_ptr(png);
    if (bytes > r->left) png_error(png, "cut short");
    memcpy(to, r->data, bytes);
    r->data += bytes;
    r->left -= bytes;
}

/* Converts to 8 bits of grey or RGB. */
static void set_transforms(png_reader *r)
{
    png_set_expand(r->png); /* palettes, 1 to 4 bits; transparency to alpha */
    png_set_scale_16(r->png);
    png_set_strip_alpha(r->png);
}

static bf_status read_rows(png_reader *r)
{
    unsigned height = r->image.height;
    size_t stride = (size_t)r->image.width * r->image.channels;
    bool interlaced = png_set_interlace_handling(r->png) > 1;
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != stride)
        return bf_fail(BF_ERR_INTERNAL, "%s: PNG rows of %zu bytes", r->name,
                       png_get_rowbytes(r->png, r->info));
    r->pixels = bf_alloc(interlaced ? stride * height : stride);
    if (r->pixels == NULL) return BF_ERR_MEMORY;
    if (interlaced) {
        r->rows = bf_alloc(height * sizeof *r->rows);
        if (r->rows == NULL) return BF_ERR_MEMORY;
        for (unsigned y = 0; y < height; y++)
            r->rows[y] = r->pixels + y * stride;
        png_read_image(r->png, r->rows);
    }
    for (unsigned y = 0; y < height; y++) {
        if (!interlaced) png_read_row(r->png, r->pixels, NULL);
        bf_decode_row(&r->image, y, r->pixels + (interlaced ? y * stride : 0));
    }
    png_read_end(r->png, NULL);
    return BF_OK;
}

static bf_status read_picture(png_reader *r)
{
    if (setjmp(png_jmpbuf(r->png))) return r->status;
    png_set_read_fn(r->png, r, on_read);
    png_set_user_limits(r->png, BF_IMAGE_SIDE_MAX, BF_IMAGE_SIDE_MAX);
    png_set_chunk_malloc_max(r->png, ANCILLARY_BYTES_MAX);
    png_read_info(r->png, r->info);
    bool colour = png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR;
    BF_TRY(bf_image_alloc(&r->image, png_get_image_width(r->png, r->info),
                          png_get_image_height(r->png, r->info), colour ? 3 : 1,
                          r->name));
    set_transforms(r);
    return read_rows(r);
}

bf_status bf_decode_png(bf_image *out, const uint8_t *data, size_t bytes,
                        const char *name)
{
    png_reader r = {.data = data, .left = bytes, .name = name};
    r.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &r, on_error,
                                     on_warning, &r, on_alloc, on_free);
    if (r.png != NULL) r.info = png_create_info_struct(r.png);
    bf_status status =
        r.info == NULL
            ? bf_fail(BF_ERR_MEMORY, "%s: no memory for libpng", name)
            : read_picture(&r);
    png_destroy_read_struct(&r.png, &r.info, NULL);
    bf_free(r.rows);
    bf_free(r.pixels);
    if (status != BF_OK) {
        bf_image_clear(&r.image);
        return status;
    }
    *out = r.image;
    return BF_OK;
}
