/* Images from an .npy array, read from the file one at a time. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/memory.h"
#include "features/image_source.h"
#include "features/npy.h"

typedef struct npy_images {
    bf_npy array;
    char *path;
    int32_t *labels; /* or NULL */
    unsigned width, height, channels;
} npy_images;

static bool recognise(const bf_image_probe *p)
{
    return p->head_bytes >= 6 && memcmp(p->head, "\x93NUMPY", 6) == 0;
}

#define BLOCK ((size_t)3 * 512)

/* [y][x][channel] in the file, [channel][y][x] in the image. check_range has
 * checked floats, so that clamping only removes rounding errors. */
static bf_status fetch_pixels(const npy_images *s, size_t i, bf_image *out)
{
    unsigned c = s->channels;
    size_t pixels = (size_t)s->width * s->height, count = pixels * c;
    double scale = s->array.type == BF_NPY_U1 ? 1.0 / 255.0 : 1.0;
    double block[BLOCK];
    for (size_t done = 0; done < count;) {
        size_t n = count - done < BLOCK ? count - done : BLOCK;
        BF_TRY(bf_npy_fetch(&s->array, s->path, i * count + done, n, block));
        for (size_t k = 0; k < n; k++) {
            size_t at = done + k;
            out->pixels[at % c * pixels + at / c] =
                (float)fmin(fmax(block[k] * scale, 0), 1);
        }
        done += n;
    }
    return BF_OK;
}

/* Interpolation in single precision leaves 0..1 by a few units of 2^-24. */
#define ROUNDING 0x1p-20

static bf_status refuse_pixel(const npy_images *s, size_t image, double v)
{
    const char *hint = "";
    if (v > 1 && v <= 255) hint = "; divide by 255, or save them as uint8";
    if (v < 0) hint = "; images are not to be normalised";
    return bf_fail(BF_ERR_RANGE,
                   "%s: image %zu has a pixel of %g; floats are from 0 to 1%s",
                   s->path, image, v, hint);
}

/* Checks all values before any is used: in a file with values 0..255 a dark
 * image may lie within 0..1, and would be read as a bright image. */
static bf_status check_range(const npy_images *s)
{
    size_t count = s->array.count, image = count / s->array.dim[0];
    double block[BLOCK];
    if (s->array.type == BF_NPY_U1) return BF_OK;
    for (size_t done = 0; done < count;) {
        size_t n = count - done < BLOCK ? count - done : BLOCK;
        BF_TRY(bf_check_interrupt());
        BF_TRY(bf_npy_fetch(&s->array, s->path, done, n, block));
        for (size_t k = 0; k < n; k++)
            if (!(block[k] >= -ROUNDING && block[k] <= 1 + ROUNDING))
                return refuse_pixel(s, (done + k) / image, block[k]);
        done += n;
    }
    return BF_OK;
}

static bf_status npy_read(void *self, size_t i, bf_image *out)
{
    const npy_images *s = self;
    BF_TRY(bf_image_alloc(out, s->width, s->height, s->channels, s->path));
    bf_status status = fetch_pixels(s, i, out);
    if (status != BF_OK) {
        bf_image_clear(out);
        return status;
    }
    if (s->labels) out->label = s->labels[i];
    return BF_OK;
}

static int32_t npy_label(const void *self, size_t i)
{
    const npy_images *s = self;
    return s->labels ? s->labels[i] : -1;
}

static void npy_close(void *self)
{
    npy_images *s = self;
    if (s->path) bf_npy_close(&s->array);
    bf_free(s->path);
    bf_free(s->labels);
    bf_free(s);
}

static const bf_image_source_ops ops = {npy_read, npy_label, npy_close};

static bf_status check_shape(npy_images *s)
{
    const bf_npy *a = &s->array;
    bool shaped =
        a->dims == 3 || (a->dims == 4 && (a->dim[3] == 1 || a->dim[3] == 3));
    if (!shaped || a->fortran)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: images are n x h x w or n x h x w x 3, in C order",
                       s->path);
    if (a->type != BF_NPY_U1 && a->type != BF_NPY_F2 && a->type != BF_NPY_F4 &&
        a->type != BF_NPY_F8)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: pixels are uint8 (0..255) or floats (0..1)",
                       s->path);
    if (a->count == 0 || a->dim[1] > BF_IMAGE_SIDE_MAX ||
        a->dim[2] > BF_IMAGE_SIDE_MAX)
        return bf_fail(BF_ERR_FORMAT, "%s: %zu images of %zu x %zu pixels",
                       s->path, a->dim[0], a->dim[2], a->dim[1]);
    s->height = (unsigned)a->dim[1];
    s->width = (unsigned)a->dim[2];
    s->channels = a->dims == 4 ? (unsigned)a->dim[3] : 1;
    return BF_OK;
}

static bf_status npy_open(bf_images *out, const char *path,
                          const char *labels_path, bool strict)
{
    (void)strict; /* the file holds only images */
    npy_images *s = bf_alloc_zero(sizeof *s);
    if (!s) return bf_fail_in(BF_ERR_MEMORY, "%s", path);
    out->ops = &ops;
    out->self = s;
    size_t bytes = strlen(path) + 1;
    bf_npy array;
    BF_TRY(bf_npy_open(&array, path));
    s->path = bf_alloc(bytes); /* after this, close closes the array */
    if (!s->path) {
        bf_npy_close(&array);
        return bf_fail_in(BF_ERR_MEMORY, "%s", path);
    }
    memcpy(s->path, path, bytes);
    s->array = array;
    BF_TRY(check_shape(s));
    BF_TRY(check_range(s));
    out->count = s->array.dim[0];
    if (!labels_path) return BF_OK;
    return bf_image_labels_load(&s->labels, &out->classes, out->count,
                                labels_path, path);
}

const bf_image_format bf_image_format_npy = {"an .npy file", recognise,
                                             npy_open};
