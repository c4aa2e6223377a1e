/* Any bytes as class names: the JSON beside labels, and a .txt. Accepted names
 * are written beside labels and read again. */
#include "memory_file.h"

#include <string.h>

#include "features/class_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_and_read(char **names, size_t count)
{
    char path[64], **again;
    size_t n;
    bf_outfile *f;
    int32_t label = 0;
    bf_dataset d = {.x = {.rows = 1},
                    .labels = &label,
                    .classes = (unsigned)count,
                    .class_names = names};
    fuzz_path(path, "again.npy");
    if (bf_class_names_prepare(&f, path, &d, true) != BF_OK ||
        bf_outfile_commit(f) != BF_OK ||
        bf_label_names_read(&again, &n, path, &label, 1) != BF_OK || n != count)
        abort();
    for (size_t c = 0; c < count; c++)
        if (strcmp(names[c], again[c]) != 0) abort();
    bf_class_names_free(again, n);
}

static void load(const char *file, const uint8_t *data, size_t size,
                 const char *list)
{
    char path[64], **names;
    size_t count;
    fuzz_path(path, file);
    fuzz_write(path, data, size);
    fuzz_path(path, list);
    if (bf_class_names_load(&names, &count, path) != BF_OK) return;
    if (count > BF_CLASSES_MAX) abort();
    if (count > 0) write_and_read(names, count);
    bf_class_names_free(names, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int32_t labels[2] = {0, 1};
    char path[64], **names;
    size_t count;
    load("y.npy.json", data, size, "y.npy");
    load("y.txt", data, size, "y.txt");
    fuzz_path(path, "y.npy");
    if (bf_label_names_read(&names, &count, path, labels, 2) == BF_OK) {
        if (count < 2) abort();
        bf_class_names_free(names, count);
    }
    return 0;
}
