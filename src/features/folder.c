/* A folder of images: one subfolder for each class, with the class's name, or
 * images side by side without labels. Names are in the order of folder_names.c;
 * hidden names are skipped. Every file in a class folder counts as an image, so
 * that no file is skipped silently: reading a file that is no image fails. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/env.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "features/decode.h"
#include "features/folder_names.h"
#include "features/image_source.h"

/* Compressed bytes of one image. */
#define PICTURE_BYTES_MAX ((size_t)256 << 20)

typedef struct picture {
    char *path;
    int32_t label;
} picture;

typedef struct folder {
    picture *pictures; /* [count], room for `room` */
    size_t count, room;
    char **class_names;
    unsigned classes;
    bool strict;
    bool lacking; /* a class folder may be empty */
} folder;

typedef struct listing {
    struct dirent **entries;
    int count;
} listing;

static int is_visible(const struct dirent *d)
{
    return d->d_name[0] != '.';
}

static int in_order(const struct dirent **a, const struct dirent **b)
{
    return bf_folder_order((*a)->d_name, (*b)->d_name);
}

static bf_status list(listing *out, const char *path)
{
    out->count = scandir(path, &out->entries, is_visible, in_order);
    if (out->count >= 0) return BF_OK;
    out->count = 0;
    return bf_fail_errno(errno, "%s", path);
}

static void listing_clear(listing *l)
{
    for (int i = 0; i < l->count; i++) free(l->entries[i]);
    free(l->entries);
}

static char *copy_text(const char *text)
{
    char *copy = bf_alloc(strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* "path/name"; NULL when memory is out. */
static char *join(const char *path, const char *name)
{
    size_t bytes = strlen(path) + strlen(name) + 2;
    char *joined = bf_alloc(bytes);
    if (joined) snprintf(joined, bytes, "%s/%s", path, name);
    return joined;
}

/* True if the file is gone or may not be read: a fault of the image. Other
 * errors, such as too many open files or a bad disk, are faults of the machine.
 */
static bool is_gone(int err)
{
    return err == ENOENT || err == EACCES || err == ELOOP || err == ENOTDIR;
}

/* An entry whose type cannot be determined counts as an image: reading it
 * fails, so that it is skipped and counted like any unreadable image. */
static bf_status kind_of(const char *path, bool *directory)
{
    struct stat st;
    *directory = false;
    if (stat(path, &st) != 0)
        return is_gone(errno) ? BF_OK : bf_fail_errno(errno, "%s", path);
    *directory = S_ISDIR(st.st_mode);
    if (*directory || S_ISREG(st.st_mode)) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: neither a file nor a folder", path);
}

static bf_status leave_out(folder *f, const char *path)
{
    static const char what[] = "not a class but a folder of the system";
    if (f->strict) return bf_fail(BF_ERR_FORMAT, "%s: %s", path, what);
    bf_note("%s: skipped: %s", path, what);
    return BF_OK;
}

static bf_status make_room(folder *f)
{
    if (f->count < f->room) return BF_OK;
    size_t room = f->room ? 2 * f->room : 256;
    picture *larger = bf_alloc(room * sizeof *larger);
    if (larger == NULL) return BF_ERR_MEMORY;
    if (f->count) memcpy(larger, f->pictures, f->count * sizeof *larger);
    bf_free(f->pictures);
    f->pictures = larger;
    f->room = room;
    return BF_OK;
}

/* Takes ownership of `path`. */
static bf_status add_picture(folder *f, char *path, int32_t label)
{
    bf_status status = make_room(f);
    if (status != BF_OK) {
        bf_free(path);
        return status;
    }
    f->pictures[f->count++] = (picture){.path = path, .label = label};
    return BF_OK;
}

/* Takes ownership of `path`, an entry of a folder that holds only images. */
static bf_status add_to_class(folder *f, char *path, const char *name,
                              int32_t label)
{
    bool directory;
    bf_status status = kind_of(path, &directory);
    if (status == BF_OK && !directory) return add_picture(f, path, label);
    if (status == BF_OK)
        status = bf_folder_is_systems(name)
                     ? leave_out(f, path)
                     : bf_fail(BF_ERR_FORMAT,
                               "%s: a folder among images; each class has "
                               "one folder, with its images directly in it",
                               path);
    bf_free(path);
    return status;
}

static bf_status add_pictures(folder *f, const char *path, const listing *l,
                              int32_t label)
{
    for (int i = 0; i < l->count; i++) {
        const char *name = l->entries[i]->d_name;
        char *each = join(path, name);
        if (each == NULL) return BF_ERR_MEMORY;
        BF_TRY(add_to_class(f, each, name, label));
    }
    return BF_OK;
}

static bf_status check_class(const folder *f, const char *path,
                             const char *name)
{
    if (f->classes == BF_CLASSES_MAX)
        return bf_fail(BF_ERR_FORMAT, "%s: more than %d class folders", path,
                       BF_CLASSES_MAX);
    if (bf_utf8_valid(name)) return BF_OK;
    return bf_fail(BF_ERR_FORMAT,
                   "%s: a class folder whose name is not UTF-8; rename it",
                   path);
}

static bf_status add_class(folder *f, const char *path, const char *name)
{
    listing l = {0};
    size_t before = f->count;
    int32_t label = (int32_t)f->classes;
    BF_TRY(check_class(f, path, name));
    bf_status status = list(&l, path);
    if (status == BF_OK) {
        f->class_names[f->classes] = copy_text(name);
        status = f->class_names[f->classes++] ? BF_OK : BF_ERR_MEMORY;
    }
    if (status == BF_OK) status = add_pictures(f, path, &l, label);
    listing_clear(&l);
    if (status == BF_OK && f->count == before && !f->lacking)
        return bf_fail(BF_ERR_FORMAT, "%s: class folder without images",
                       path);
    return status;
}

/* Adds an entry at the level of the class folders: a class, or a file, which is
 * skipped unless `strict`. */
static bf_status add_entry(folder *f, const char *path, const char *name)
{
    bool directory;
    char *each = join(path, name);
    if (each == NULL) return BF_ERR_MEMORY;
    bf_status status = kind_of(each, &directory);
    if (status == BF_OK && !directory && f->strict)
        status =
            bf_fail(BF_ERR_FORMAT, "%s: a file beside class folders", each);
    if (status == BF_OK && directory)
        status = bf_folder_is_systems(name) ? leave_out(f, each)
                                            : add_class(f, each, name);
    bf_free(each);
    return status;
}

static bf_status add_classes(folder *f, const char *path, const listing *l)
{
    f->class_names = bf_alloc_zero(BF_CLASSES_MAX * sizeof *f->class_names);
    if (f->class_names == NULL) return BF_ERR_MEMORY;
    for (int i = 0; i < l->count; i++)
        BF_TRY(add_entry(f, path, l->entries[i]->d_name));
    return BF_OK;
}

static bf_status has_folder(const char *path, const listing *l, bool *found)
{
    for (int i = 0; i < l->count && !*found; i++) {
        const char *name = l->entries[i]->d_name;
        if (bf_folder_is_systems(name)) continue;
        char *each = join(path, name);
        if (each == NULL) return BF_ERR_MEMORY;
        bf_status status = kind_of(each, found);
        bf_free(each);
        BF_TRY(status);
    }
    return BF_OK;
}

/* Notes the order, as a program that numbered the images for --labels may have
 * sorted names bytewise. */
static void note_order(const char *path, const listing *l)
{
    for (int i = 1; i < l->count; i++) {
        const char *a = l->entries[i - 1]->d_name, *b = l->entries[i]->d_name;
        if (strcmp(a, b) <= 0) continue;
        bf_note("%s: numbers in names count as numbers: %s comes before %s",
                path, a, b);
        return;
    }
}

static bf_status collect(folder *f, const char *path, const char *labels_path)
{
    listing l = {0};
    bool classes = false;
    bf_status status = list(&l, path);
    if (status == BF_OK) status = has_folder(path, &l, &classes);
    if (status == BF_OK && classes && labels_path != NULL)
        status = bf_fail(BF_ERR_ARGUMENT,
                         "%s: its class folders are the labels, %s is not "
                         "read (--labels-out writes them)",
                         path, labels_path);
    if (status == BF_OK) note_order(path, &l);
    if (status == BF_OK)
        status =
            classes ? add_classes(f, path, &l) : add_pictures(f, path, &l, -1);
    listing_clear(&l);
    return status;
}

static bf_status read_bytes(const char *path, uint8_t **data, size_t *bytes)
{
    bf_status s = bf_read_file(path, PICTURE_BYTES_MAX, data, bytes);
    if (s == BF_ERR_IO && access(path, R_OK) != 0 && is_gone(errno))
        return BF_ERR_FORMAT;
    return s;
}

static bf_status folder_read(void *self, size_t i, bf_image *out)
{
    const folder *f = self;
    const char *path = f->pictures[i].path;
    uint8_t *data = NULL;
    size_t bytes = 0;
    BF_TRY(read_bytes(path, &data, &bytes));
    bf_status status = bf_decode_picture(out, data, bytes, path);
    bf_free(data);
    if (status != BF_OK) return status;
    out->label = f->pictures[i].label;
    out->name = path;
    return BF_OK;
}

static int32_t folder_label(const void *self, size_t i)
{
    const folder *f = self;
    return f->pictures[i].label;
}

static void folder_close(void *self)
{
    folder *f = self;
    for (size_t i = 0; i < f->count; i++) bf_free(f->pictures[i].path);
    for (unsigned c = 0; c < f->classes; c++) bf_free(f->class_names[c]);
    bf_free(f->class_names);
    bf_free(f->pictures);
    bf_free(f);
}

static bf_status set_labels(folder *f, unsigned *classes, const char *path,
                            const char *labels_path)
{
    int32_t *labels = NULL;
    BF_TRY(bf_image_labels_load(&labels, classes, f->count, labels_path, path));
    for (size_t i = 0; i < f->count; i++) f->pictures[i].label = labels[i];
    bf_free(labels);
    return BF_OK;
}

static const bf_image_source_ops ops = {folder_read, folder_label,
                                        folder_close};

static bool recognise(const bf_image_probe *probe)
{
    return probe->directory;
}

static bf_status folder_open(bf_images *out, const char *path,
                             const char *labels_path, bool strict)
{
    folder *f = bf_alloc_zero(sizeof *f);
    if (f == NULL) return BF_ERR_MEMORY;
    out->ops = &ops;
    out->self = f;
    f->strict = strict;
    f->lacking = out->open_as;
    BF_TRY(collect(f, path, labels_path));
    out->count = f->count;
    out->classes = f->classes;
    out->class_names = f->class_names;
    if (labels_path == NULL) return BF_OK;
    return set_labels(f, &out->classes, path, labels_path);
}

const bf_image_format bf_image_format_folder = {"a folder of images",
                                                recognise, folder_open};
