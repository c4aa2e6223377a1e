/* CIFAR-10 and CIFAR-100 binary files [Kri09]: records of one label byte
 * (CIFAR-100: two, coarse and fine, of which the fine label counts) and 32x32
 * pixels, first all red values, then green, then blue.
 * https://www.cs.toronto.edu/~kriz/cifar.html */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "features/image_source.h"

#define SIDE 32
#define PIXEL_BYTES ((size_t)3 * SIDE * SIDE)
#define FILE_BYTES_MAX ((size_t)1 << 30)

typedef struct layout {
    size_t label_bytes;
    unsigned classes;
    const char *names; /* file of class names, beside the data */
} layout;

static const layout cifar10 = {1, 10, "batches.meta.txt"};
static const layout cifar100 = {2, 100, "fine_label_names.txt"};

typedef struct cifar {
    const layout *kind;
    uint8_t *data;
    char *path;
    char **names; /* or NULL */
    size_t names_count;
} cifar;

static size_t record_bytes(const layout *kind)
{
    return kind->label_bytes + PIXEL_BYTES;
}

static bool fits(const layout *kind, uint64_t bytes, const uint8_t *head)
{
    return bytes > 0 && bytes % record_bytes(kind) == 0 &&
           head[kind->label_bytes - 1] < kind->classes;
}

static const layout *kind_of(uint64_t bytes, const uint8_t *head)
{
    if (fits(&cifar10, bytes, head)) return &cifar10;
    if (fits(&cifar100, bytes, head)) return &cifar100;
    return NULL;
}

static bool recognise(const bf_image_probe *probe)
{
    return !probe->directory && probe->head_bytes >= 2 &&
           kind_of(probe->bytes, probe->head) != NULL;
}

static const uint8_t *record(const cifar *s, size_t i)
{
    return s->data + i * record_bytes(s->kind);
}

static int32_t cifar_label(const void *self, size_t i)
{
    const cifar *s = self;
    return record(s, i)[s->kind->label_bytes - 1];
}

static bf_status cifar_read(void *self, size_t i, bf_image *out)
{
    const cifar *s = self;
    BF_TRY(bf_image_alloc(out, SIDE, SIDE, 3, s->path));
    const uint8_t *from = record(s, i) + s->kind->label_bytes;
    for (size_t k = 0; k < PIXEL_BYTES; k++)
        out->pixels[k] = (float)from[k] / 255.0f;
    out->label = cifar_label(s, i);
    out->name = s->path;
    return BF_OK;
}

static void cifar_close(void *self)
{
    cifar *s = self;
    bf_free(s->data);
    bf_free(s->path);
    bf_class_names_free(s->names, s->names_count);
    bf_free(s);
}

static bf_status check_labels(const cifar *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int32_t label = cifar_label(s, i);
        if ((unsigned)label >= s->kind->classes)
            return bf_fail(BF_ERR_FORMAT,
                           "%s: image %zu has label %d of %u classes",
                           s->path, i, label, s->kind->classes);
    }
    return BF_OK;
}

/* *names is NULL if there is no such file. */
static bf_status read_names(cifar *s)
{
    char path[PATH_MAX];
    const char *slash = strrchr(s->path, '/');
    int folder = slash ? (int)(slash - s->path) + 1 : 0;
    int n = snprintf(path, sizeof path, "%.*s%s", folder, s->path,
                     s->kind->names);
    if (n < 0 || n >= (int)sizeof path || access(path, F_OK) != 0) return BF_OK;
    BF_TRY(bf_class_names_load(&s->names, &s->names_count, path));
    if (s->names_count == s->kind->classes) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: %zu class names, expected %u", path,
                   s->names_count, s->kind->classes);
}

static const bf_image_source_ops ops = {cifar_read, cifar_label, cifar_close};

static bf_status load(cifar *s, const char *path, size_t *count)
{
    size_t bytes = 0, length = strlen(path) + 1;
    s->path = bf_alloc(length);
    if (s->path == NULL) return BF_ERR_MEMORY;
    memcpy(s->path, path, length);
    BF_TRY(bf_read_file(path, FILE_BYTES_MAX, &s->data, &bytes));
    s->kind = bytes < 2 ? NULL : kind_of(bytes, s->data);
    if (s->kind == NULL)
        return bf_fail(BF_ERR_FORMAT, "%s: not a CIFAR binary", path);
    *count = bytes / record_bytes(s->kind);
    return check_labels(s, *count);
}

static bf_status cifar_open(bf_images *out, const char *path,
                            const char *labels_path, bool strict)
{
    (void)strict; /* every image of such a file is readable */
    if (labels_path != NULL)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: a CIFAR binary holds its labels, %s is not read",
                       path, labels_path);
    cifar *s = bf_alloc_zero(sizeof *s);
    if (s == NULL) return BF_ERR_MEMORY;
    out->ops = &ops;
    out->self = s;
    BF_TRY(load(s, path, &out->count));
    BF_TRY(read_names(s));
    out->classes = s->kind->classes;
    out->class_names = s->names;
    return BF_OK;
}

const bf_image_format bf_image_format_cifar = {"a CIFAR binary", recognise,
                                               cifar_open};
