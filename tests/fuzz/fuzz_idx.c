/* Any bytes as an IDX file, plain or gz: as an array, as labels, as images. */
#include "memory_file.h"

#include "base/memory.h"
#include "features/idx.h"
#include "features/image_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void idx_as_array(const char *path)
{
    bf_idx a = {0};
    if (bf_idx_read(&a, path) != BF_OK) return;
    size_t bytes = 1;
    for (unsigned i = 0; i < a.dims; i++) bytes *= a.dim[i];
    if (bytes != a.bytes) abort();
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++) sum += a.data[i];
    volatile unsigned seen = sum; /* every byte was written */
    (void)seen;
    bf_idx_clear(&a);
}

static void idx_as_labels(const char *path)
{
    int32_t *labels;
    size_t n;
    if (bf_labels_read(&labels, &n, path) != BF_OK) return;
    for (size_t i = 0; i < n; i++)
        if (labels[i] < 0 || labels[i] > 255) abort();
    bf_free(labels);
}

static void idx_as_images(const char *path)
{
    bf_images images = {0};
    bf_status status = bf_image_format_idx.open(&images, path, NULL, true);
    for (size_t i = 0; status == BF_OK && i < images.count && i < 4; i++) {
        bf_image img = {0};
        if (images.ops->read(images.self, i, &img) == BF_OK)
            bf_image_clear(&img);
    }
    if (images.self) images.ops->close(images.self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_file f = memory_file_open(data, size);
    idx_as_array(f.path);
    idx_as_labels(f.path);
    idx_as_images(f.path);
    memory_file_close(&f);
    return 0;
}
