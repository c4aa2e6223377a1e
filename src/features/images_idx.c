/* Grey images from IDX files. */
#include "base/memory.h"
#include "features/idx.h"
#include "features/image_source.h"

typedef struct idx_images {
    bf_idx pixels;
    int32_t *labels; /* or NULL */
    unsigned width, height;
    const char *path; /* of the bf_images */
} idx_images;

/* Length of a plain IDX file with up to three dimensions; 0 if it is none. */
static uint64_t plain_length(const bf_image_probe *p)
{
    const unsigned char *h = p->head;
    if (p->head_bytes < 8 || h[0] != 0 || h[1] != 0 || h[2] != 8 || h[3] < 1 ||
        h[3] > 3 || p->head_bytes < 4 + 4u * h[3])
        return 0;
    size_t bytes = 1;
    for (unsigned i = 0; i < h[3]; i++) {
        const unsigned char *b = h + 4 + 4 * i;
        size_t dim =
            (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
        if (!bf_mul_size(bytes, dim, &bytes)) return 0;
    }
    return bytes + 4 + 4u * h[3];
}

/* A CIFAR record may begin with the bytes of an IDX header: a file whose length
 * is a multiple of a CIFAR record counts as IDX only if the IDX header implies
 * exactly this length. */
static bool recognise(const bf_image_probe *p)
{
    const unsigned char *h = p->head;
    if (p->head_bytes >= 2 && h[0] == 0x1f && h[1] == 0x8b) return true;
    if (plain_length(p) == p->bytes && p->bytes > 0) return true;
    bool magic = p->head_bytes >= 4 && h[0] == 0 && h[1] == 0 && h[2] >= 8 &&
                 h[2] <= 14 && h[3] >= 1 && h[3] <= 4;
    return magic && p->bytes % 3073 != 0 && p->bytes % 3074 != 0;
}

static bf_status idx_read(void *self, size_t i, bf_image *out)
{
    const idx_images *s = self;
    size_t n = (size_t)s->width * s->height;
    BF_TRY(bf_image_alloc(out, s->width, s->height, 1, s->path));
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
    (void)strict; /* every image of an IDX file is readable */
    idx_images *s = bf_alloc_zero(sizeof *s);
    if (!s) return bf_fail_in(BF_ERR_MEMORY, "%s", path);
    out->ops = &ops;
    out->self = s;
    s->path = out->path;
    BF_TRY(bf_idx_read(&s->pixels, path));
    const size_t *dim = s->pixels.dim;
    if (s->pixels.dims != 3)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %u dimensions, images have 3 (labels have 1)", path,
                       s->pixels.dims);
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
