/* Some images of a stream. */
#include <string.h>

#include "base/memory.h"
#include "features/dataset.h"
#include "features/image_source.h"

typedef struct window {
    bf_images *all;
    size_t first;
} window;

static bf_status window_read(void *self, size_t i, bf_image *out)
{
    window *w = self;
    return bf_images_read(w->all, w->first + i, out);
}

static int32_t window_label(const void *self, size_t i)
{
    const window *w = self;
    return bf_images_label(w->all, w->first + i);
}

static void window_close(void *self)
{
    window *w = self;
    bf_images_close(w->all);
    bf_free(w);
}

static const bf_image_source_ops window_ops = {window_read, window_label,
                                               window_close};

/* The path of a stream, for messages, is a copy of its own. */
static bf_status copy_path(char **out, const char *path)
{
    size_t bytes = path ? strlen(path) + 1 : 0;
    *out = NULL;
    if (!path) return BF_OK;
    *out = bf_alloc(bytes);
    if (!*out) return BF_ERR_MEMORY;
    memcpy(*out, path, bytes);
    return BF_OK;
}

bf_status bf_images_select(bf_images **s, bf_rows rows)
{
    bf_images *all = *s;
    char *path;
    BF_TRY(
        bf_rows_resolve(&rows, all->count, all->path ? all->path : "images"));
    BF_TRY(copy_path(&path, all->path));
    bf_images *some = bf_alloc(sizeof *some);
    window *w = bf_alloc(sizeof *w);
    if (!some || !w) {
        bf_free(some);
        bf_free(w);
        bf_free(path);
        return BF_ERR_MEMORY;
    }
    *w = (window){all, rows.first};
    *some = *all; /* classes and their names, which `all` keeps */
    some->ops = &window_ops;
    some->self = w;
    some->count = rows.last - rows.first;
    some->first = all->first + rows.first;
    some->path = path;
    some->given_names = NULL;
    some->given_count = 0;
    some->relabel = NULL; /* `all` closes it */
    *s = some;
    return BF_OK;
}
