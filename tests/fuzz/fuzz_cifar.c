/* Any bytes as a CIFAR binary, by way of a file, as users have them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "features/image_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all(const char *path)
{
    bf_images images = {0};
    bf_status status = bf_image_format_cifar.open(&images, path, NULL, true);
    for (size_t i = 0; status == BF_OK && i < images.count; i++) {
        bf_image img = {0};
        if (images.ops->read(images.self, i, &img) != BF_OK) abort();
        if (img.label < 0 || (unsigned)img.label >= images.classes) abort();
        bf_image_clear(&img);
    }
    if (images.self != NULL) images.ops->close(images.self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("cifar", MFD_CLOEXEC);
    if (fd < 0) abort();
    if (write(fd, data, size) == (ssize_t)size) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        read_all(path);
    }
    close(fd);
    return 0;
}
