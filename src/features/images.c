#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "features/class_names.h"
#include "features/dataset.h"
#include "features/image_source.h"

/* The formats that recognise their files most reliably come first. */
static const bf_image_format *const formats[] = {
    &bf_image_format_folder,
    &bf_image_format_npy,
    &bf_image_format_idx,
    &bf_image_format_cifar,
};

void bf_image_clear(bf_image *img)
{
    bf_free(img->pixels);
    *img = (bf_image){0};
}

bf_status bf_image_alloc(bf_image *img, unsigned width, unsigned height,
                         unsigned channels, const char *name)
{
    if (width == 0 || height == 0 || width > BF_IMAGE_SIDE_MAX ||
        height > BF_IMAGE_SIDE_MAX ||
        (size_t)width * height > BF_IMAGE_PIXELS_MAX)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %u x %u pixels; at least 1 x 1 and at most %u on "
                       "a side and %zu in all are read",
                       name, width, height, BF_IMAGE_SIDE_MAX,
                       BF_IMAGE_PIXELS_MAX);
    if (channels != 1 && channels != 3)
        return bf_fail(BF_ERR_FORMAT, "%s: %u channels, expected 1 or 3", name,
                       channels);
    float *pixels =
        bf_alloc((size_t)width * height * channels * sizeof *pixels);
    if (!pixels) return bf_fail_in(BF_ERR_MEMORY, "%s", name);
    *img = (bf_image){.width = width,
                      .height = height,
                      .channels = channels,
                      .pixels = pixels,
                      .label = -1};
    return BF_OK;
}

bf_status bf_image_labels_load(int32_t **labels, unsigned *classes,
                               size_t count, const char *labels_path,
                               const char *path)
{
    int32_t *l;
    size_t n;
    BF_TRY(bf_labels_read(&l, &n, labels_path));
    bf_status status = BF_OK;
    if (n != count)
        status =
            bf_fail(BF_ERR_MISMATCH, "%s has %zu labels, %s has %zu images",
                    labels_path, n, path, count);
    if (status == BF_OK) status = bf_labels_check(classes, l, n, labels_path);
    if (status != BF_OK) {
        bf_free(l);
        return status;
    }
    *labels = l;
    return BF_OK;
}

static bf_status probe_path(bf_image_probe *p, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return bf_fail_errno(errno, "%s", path);
    *p = (bf_image_probe){.path = path, .directory = S_ISDIR(st.st_mode)};
    if (p->directory) return BF_OK;
    BF_TRY(bf_refuse_pipe(path));
    if (!S_ISREG(st.st_mode))
        return bf_fail(BF_ERR_ARGUMENT, "%s: neither a file nor a folder",
                       path);
    p->bytes = (uint64_t)st.st_size;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return bf_fail_errno(errno, "%s", path);
    ssize_t n = read(fd, p->head, sizeof p->head);
    int err = errno;
    close(fd);
    if (n < 0) return bf_fail_errno(err, "%s", path);
    p->head_bytes = (unsigned)n;
    return BF_OK;
}

/* Names the file's type by its first bytes if known; names an incomplete CIFAR
 * binary by the file's name; else says that no format matches. */
static bf_status refuse(const bf_image_probe *p)
{
    static const char read[] =
        "a folder of images, an IDX, CIFAR or .npy file";
    const char *kind = bf_file_kind(p->head, p->head_bytes);
    if (p->bytes == 0) kind = "an empty file";
    if (kind)
        return bf_fail(BF_ERR_FORMAT, "%s: %s; images are %s", p->path, kind,
                       read);
    if (bf_path_has_extension(p->path, ".bin"))
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %llu bytes; a CIFAR binary has a multiple of 3073 "
                       "(CIFAR-10) or 3074 (CIFAR-100): cut short?",
                       p->path, (unsigned long long)p->bytes);
    return bf_fail(BF_ERR_FORMAT, "%s: not %s", p->path, read);
}

/* Takes ownership of the names, which belong to the new numbers of the labels.
 */
static void name_classes(bf_images *s, char **names, size_t count)
{
    s->class_names = s->given_names = names;
    s->given_count = count;
    s->classes = (unsigned)count;
}

/* Names that lie beside a file of labels. */
static bf_status name_by_labels(bf_images *s, const char *labels_path)
{
    int32_t *labels;
    size_t n, count;
    char **names;
    BF_TRY(bf_labels_read(&labels, &n, labels_path));
    bf_status status =
        bf_label_names_read(&names, &count, labels_path, labels, n);
    bf_free(labels);
    if (status == BF_OK && names) name_classes(s, names, count);
    return status;
}

static bf_status check_labels(const bf_images *s, const int32_t *map,
                              const char *const *names, size_t count)
{
    char known[256];
    for (size_t i = 0; i < s->count; i++) {
        int32_t label = bf_images_label(s, i);
        if (map[label] >= 0) continue;
        bf_class_names_text(names, count, known, sizeof known);
        if (s->class_names)
            return bf_fail(BF_ERR_MISMATCH,
                           "image %zu is of class '%s', which is none of the "
                           "classes given: %s",
                           i, s->class_names[label], known);
        return bf_fail(BF_ERR_MISMATCH,
                       "image %zu has label %d, the classes given are %s", i,
                       label, known);
    }
    return BF_OK;
}

static bf_status map_labels(int32_t *map, const bf_images *s,
                            const char *const *names, size_t count)
{
    if (s->classes == 0)
        return bf_fail(BF_ERR_ARGUMENT, "has no labels, so no classes either");
    BF_TRY(bf_class_names_check(names, count, "class names"));
    for (int32_t c = 0; c < BF_CLASSES_MAX; c++)
        map[c] = (size_t)c < count ? c : -1;
    if (s->class_names)
        BF_TRY(bf_class_names_map(map, (const char *const *)s->class_names,
                                  s->classes, names, count));
    return check_labels(s, map, names, count);
}

static bf_status take_classes(bf_images *s, const char *const *names,
                              size_t count)
{
    char **copy;
    int32_t *map = bf_alloc(BF_CLASSES_MAX * sizeof *map);
    if (!map) return BF_ERR_MEMORY;
    bf_status status = map_labels(map, s, names, count);
    if (status == BF_OK) status = bf_class_names_copy(&copy, names, count);
    if (status != BF_OK) {
        bf_free(map);
        return bf_fail_in(status, "%s", s->path);
    }
    bf_class_names_free(s->given_names, s->given_count);
    name_classes(s, copy, count);
    s->relabel = map;
    return BF_OK;
}

bf_status bf_images_open(bf_images **out, const char *path,
                         const char *labels_path, bool strict)
{
    return bf_images_open_as(out, path, labels_path, strict, NULL, 0);
}

bf_status bf_images_open_as(bf_images **out, const char *path,
                            const char *labels_path, bool strict,
                            const char *const *classes, size_t count)
{
    bf_image_probe probe;
    BF_TRY(probe_path(&probe, path));
    const bf_image_format *format = NULL;
    for (size_t i = 0; !format && i < sizeof formats / sizeof *formats; i++)
        if (formats[i]->recognise(&probe)) format = formats[i];
    if (!format) return refuse(&probe);
    bf_images *s = bf_alloc_zero(sizeof *s);
    if (!s) return bf_fail_in(BF_ERR_MEMORY, "%s", path);
    s->path = bf_alloc(strlen(path) + 1);
    s->open_as = classes != NULL;
    bf_status status = BF_ERR_MEMORY;
    if (s->path)
        status = format->open(s, strcpy(s->path, path), labels_path, strict);
    if (status == BF_OK && s->count == 0)
        status = bf_fail(BF_ERR_FORMAT, "%s: no images", path);
    if (status == BF_OK && labels_path) status = name_by_labels(s, labels_path);
    if (status == BF_OK && classes) status = take_classes(s, classes, count);
    if (status != BF_OK) {
        bf_images_close(s);
        return status;
    }
    *out = s;
    return BF_OK;
}

void bf_images_close(bf_images *s)
{
    if (!s) return;
    if (s->self) s->ops->close(s->self);
    bf_class_names_free(s->given_names, s->given_count);
    bf_free(s->relabel);
    bf_free(s->path);
    bf_free(s);
}

size_t bf_images_count(const bf_images *s)
{
    return s->count;
}

bf_status bf_images_read(bf_images *s, size_t i, bf_image *out)
{
    if (i >= s->count)
        return bf_fail(BF_ERR_ARGUMENT, "image %zu of %zu", i, s->count);
    BF_TRY(s->ops->read(s->self, i, out));
    if (s->relabel) out->label = s->relabel[out->label];
    return BF_OK;
}

int32_t bf_images_label(const bf_images *s, size_t i)
{
    if (i >= s->count) return -1;
    int32_t label = s->ops->label(s->self, i);
    return s->relabel ? s->relabel[label] : label;
}

unsigned bf_images_classes(const bf_images *s)
{
    return s->classes;
}

const char *const *bf_images_class_names(const bf_images *s)
{
    return (const char *const *)s->class_names;
}
