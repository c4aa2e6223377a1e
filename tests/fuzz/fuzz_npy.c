/* Any bytes as an .npy file: as a matrix and as images. */
#include "memory_file.h"

#include "features/image_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void npy_as_matrix(const char *path)
{
    bf_matrix m;
    if (bf_npy_read(&m, path) != BF_OK) return;
    if (m.rows == 0 || m.cols == 0) abort();
    bf_matrix_clear(&m);
}

static void npy_as_images(const char *path)
{
    bf_images images = {0};
    bf_status status = bf_image_format_npy.open(&images, path, NULL, true);
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
    npy_as_matrix(f.path);
    npy_as_images(f.path);
    memory_file_close(&f);
    return 0;
}
