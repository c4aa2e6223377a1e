/* Grey images from IDX files. */
#include <stdio.h>

#include "base/memory.h"
#include "features/idx.h"
#include "features/image_source.h"

typedef struct idx_images {
    bf_idx pixels;
    int32_t *labels; /* or NULL */
    unsigned width, height;
} idx_images;

static bool recognise(const bf_image_probe *p)
{
    const unsigned char *h = p->head;
    bool gzip = p->head_bytes >= 2 && h[0] == 0x1f && h[1] == 0x8b;
    /* The zero bytes and the type alone would also fit a CIFAR record. */
    bool plain = p->head_bytes >= 4 && h[0] == 0 && h[1] == 0 &&
                 h[2] >= 0x08 && h[2] <= 0x0e && h[3] >= 1 && h[3] <= 4;
    return gzip || plain;
}

static bf_status idx_read(void *self, size_t i, bf_image *out)
{
    const idx_images *s = self;
    size_t n = (size_t)s->width * s->height;
    char name[32];
    snprintf(name, sizeof name, "image %zu", i);
    BF_TRY(bf_image_alloc(out, s->width, s->height, 1, name));
    const uint8_t *from = s->pixels.data + i * n;
    for (size_t k = 0; k < n; k++) out->pixels[k] = (float)from[k] / 255.0f;
    if (s->labels) out->label = s->labels[i];
    return BF_OK;
}

static int32_t idx_label(const void *self, size_t i)
{
    const idx_images *s = self;
    return s->labels ? s->labels[i] : -1;
}

static void idx_close(void *self)
{
    idx_images *s = self;
    bf_idx_clear(&s->pixels);
    bf_free(s->labels);
    bf_free(s);
}

static const bf_image_source_ops ops = {idx_read, idx_label, idx_close};

static bf_status idx_open(bf_images *out, const char *path,
                          const char *labels_path, bool strict)
{
    (void)strict; /* every image of an IDX file can be read */
    idx_images *s = bf_alloc_zero(sizeof *s);
    if (!s) return bf_fail_in(BF_ERR_MEMORY, "%s", path);
    out->ops = &ops;
    out->self = s;
    BF_TRY(bf_idx_read(&s->pixels, path));
    const size_t *dim = s->pixels.dim;
    if (s->pixels.dims != 3)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %u dimensions, images have 3 (labels have 1)",
                       path, s->pixels.dims);
    if (dim[1] > BF_IMAGE_SIDE_MAX || dim[2] > BF_IMAGE_SIDE_MAX)
        return bf_fail(BF_ERR_FORMAT, "%s: images of %zu x %zu pixels", path,
                       dim[2], dim[1]);
    s->height = (unsigned)dim[1];
    s->width = (unsigned)dim[2];
    out->count = dim[0];
    if (!labels_path) return BF_OK;
    return bf_image_labels_load(&s->labels, &out->classes, out->count,
                                labels_path, path);
}

const bf_image_format bf_image_format_idx = {"an IDX file", recognise,
                                             idx_open};
