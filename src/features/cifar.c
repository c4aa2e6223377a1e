/* CIFAR-10 and CIFAR-100 binary files [Kri09]: records of one label byte
 * (CIFAR-100: two, coarse and fine, of which the fine one counts) and 32x32
 * pixels, all red ones first, then green, then blue.
 * https://www.cs.toronto.edu/~kriz/cifar.html */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "features/image_source.h"

#define SIDE 32
#define PIXEL_BYTES ((size_t)3 * SIDE * SIDE)
#define FILE_BYTES_MAX ((size_t)1 << 30)
#define NAMES_BYTES_MAX ((size_t)1 << 16)

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
    uint8_t *names_text;
    char *names[BF_CLASSES_MAX]; /* into names_text */
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
    bf_free(s->names_text);
    bf_free(s);
}

static bf_status check_labels(const cifar *s, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int32_t label = cifar_label(s, i);
        if ((unsigned)label >= s->kind->classes)
            return bf_fail(BF_ERR_FORMAT,
                           "%s: picture %zu has label %d of %u classes",
                           s->path, i, label, s->kind->classes);
    }
    return BF_OK;
}

/* Lines of names_text into names[]. */
static bf_status split_names(cifar *s, const char *path)
{
    unsigned count = 0;
    char *rest = NULL;
    for (char *line = strtok_r((char *)s->names_text, "\r\n", &rest);
         line != NULL; line = strtok_r(NULL, "\r\n", &rest)) {
        if (count < s->kind->classes) s->names[count] = line;
        count++;
    }
    if (count == s->kind->classes) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: %u class names, expected %u", path,
                   count, s->kind->classes);
}

/* *found is false where there is no such file. */
static bf_status read_names(cifar *s, bool *found)
{
    const char *slash = strrchr(s->path, '/');
    size_t folder = slash ? (size_t)(slash - s->path) + 1 : 0, bytes;
    size_t room = folder + strlen(s->kind->names) + 1;
    char *path = bf_alloc(room);
    if (path == NULL) return BF_ERR_MEMORY;
    snprintf(path, room, "%.*s%s", (int)folder, s->path, s->kind->names);
    FILE *present = fopen(path, "rb");
    *found = present != NULL;
    bf_status status = BF_OK;
    if (present != NULL) {
        fclose(present);
        status = bf_read_file(path, NAMES_BYTES_MAX, &s->names_text, &bytes);
        if (status == BF_OK) status = split_names(s, path);
    }
    bf_free(path);
    return status;
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
    (void)strict; /* every picture of such a file can be read */
    bool named = false;
    if (labels_path != NULL)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: a CIFAR binary holds its labels, %s is not read",
                       path, labels_path);
    cifar *s = bf_alloc_zero(sizeof *s);
    if (s == NULL) return BF_ERR_MEMORY;
    out->ops = &ops;
    out->self = s;
    BF_TRY(load(s, path, &out->count));
    BF_TRY(read_names(s, &named));
    out->classes = s->kind->classes;
    out->class_names = named ? s->names : NULL;
    return BF_OK;
}

const bf_image_format bf_image_format_cifar = {"a CIFAR binary", recognise,
                                               cifar_open};
