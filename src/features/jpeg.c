/* JPEG by libjpeg, from memory. */
#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
#include <jerror.h>

#include "base/memory.h"
#include "features/decode.h"
#include "features/image_source.h"

/* A hostile progressive image may contain very many scans; encoders write about
 * ten. */
#define SCANS_MAX 100

/* All state that must survive a longjmp out of libjpeg. */
typedef struct jpeg_reader {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    uint8_t *row;
    bf_image image;
    const char *name;
    bf_status status; /* the reason of a longjmp */
} jpeg_reader;

static void fail(jpeg_reader *r)
{
    char message[JMSG_LENGTH_MAX];
    r->errors.format_message((j_common_ptr)&r->jpeg, message);
    r->status =
        r->errors.msg_code == JERR_OUT_OF_MEMORY
            ? bf_fail(BF_ERR_MEMORY, "%s: no memory for libjpeg", r->name)
            : bf_fail(BF_ERR_FORMAT, "%s: damaged JPEG (%s)", r->name, message);
    longjmp(r->escape, 1);
}

static void on_error(j_common_ptr jpeg)
{
    fail(jpeg->client_data);
}

/* libjpeg fills missing data with grey and continues, so that only warnings
 * that do not affect pixels are accepted. */
static bool is_harmless(int code)
{
    return code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM ||
           code == JWRN_JFIF_MAJOR || code == JWRN_TOO_MUCH_DATA;
}

static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0 && !is_harmless(jpeg->err->msg_code)) fail(jpeg->client_data);
}

static void on_output(j_common_ptr jpeg)
{
    (void)jpeg;
}

static void on_progress(j_common_ptr jpeg)
{
    jpeg_reader *r = jpeg->client_data;
    if (r->jpeg.input_scan_number <= SCANS_MAX) return;
    r->status = bf_fail(BF_ERR_FORMAT, "%s: JPEG of more than %d scans",
                        r->name, SCANS_MAX);
    longjmp(r->escape, 1);
}

static bf_status choose_colours(jpeg_reader *r)
{
    switch (r->jpeg.jpeg_color_space) {
    case JCS_GRAYSCALE:
        r->jpeg.out_color_space = JCS_GRAYSCALE;
        return BF_OK;
    case JCS_YCbCr:
    case JCS_RGB:
        r->jpeg.out_color_space = JCS_RGB;
        return BF_OK;
    case JCS_CMYK:
    case JCS_YCCK:
        return bf_fail(BF_ERR_FORMAT,
                       "%s: CMYK JPEG, made for printing; convert it to RGB",
                       r->name);
    default:
        return bf_fail(BF_ERR_FORMAT, "%s: JPEG of %d unknown components",
                       r->name, r->jpeg.num_components);
    }
}

static bf_status read_rows(jpeg_reader *r)
{
    struct jpeg_decompress_struct *j = &r->jpeg;
    BF_TRY(bf_image_alloc(&r->image, j->image_width, j->image_height,
                          j->out_color_space == JCS_GRAYSCALE ? 1 : 3,
                          r->name));
    r->row = bf_alloc((size_t)r->image.width * r->image.channels);
    if (r->row == NULL) return BF_ERR_MEMORY;
    jpeg_start_decompress(j);
    while (j->output_scanline < j->output_height) {
        unsigned y = j->output_scanline;
        jpeg_read_scanlines(j, &r->row, 1);
        bf_decode_row(&r->image, y, r->row);
    }
    jpeg_finish_decompress(j);
    return BF_OK;
}

static bf_status read_picture(jpeg_reader *r, const uint8_t *data, size_t bytes)
{
    if (setjmp(r->escape)) return r->status;
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.progress = &r->progress;
    jpeg_mem_src(&r->jpeg, data, bytes);
    jpeg_read_header(&r->jpeg, TRUE);
    BF_TRY(choose_colours(r));
    return read_rows(r);
}

bf_status bf_decode_jpeg(bf_image *out, const uint8_t *data, size_t bytes,
                         const char *name)
{
    jpeg_reader r = {.name = name, .progress.progress_monitor = on_progress};
    r.jpeg.err = jpeg_std_error(&r.errors);
    r.jpeg.client_data = &r; /* jpeg_create_decompress keeps both */
    r.errors.error_exit = on_error;
    r.errors.emit_message = on_message;
    r.errors.output_message = on_output;
    bf_status status = read_picture(&r, data, bytes);
    jpeg_destroy_decompress(&r.jpeg);
    bf_free(r.row);
    if (status != BF_OK) {
        bf_image_clear(&r.image);
        return status;
    }
    *out = r.image;
    return BF_OK;
}
