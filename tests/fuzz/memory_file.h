/* Bytes as a named file, for readers that take a path; and a folder, for
 * readers that decide by endings. */
#ifndef MEMORY_FILE_H
#define MEMORY_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

typedef struct memory_file {
    int fd;
    char path[64];
} memory_file;

static inline memory_file memory_file_open(const uint8_t *data, size_t size)
{
    memory_file f = {.fd = memfd_create("fuzz", MFD_CLOEXEC)};
    if (f.fd < 0 || write(f.fd, data, size) != (ssize_t)size) abort();
    snprintf(f.path, sizeof f.path, "/proc/self/fd/%d", f.fd);
    return f;
}

static inline void memory_file_close(memory_file *f)
{
    close(f->fd);
}

static char fuzz_folder[32];

static inline void fuzz_folder_remove(void)
{
    if (bf_remove_tree(fuzz_folder) != BF_OK) abort();
}

/* A file in a folder of this process, in memory if the system has a file system
 * for this; removed at the end. Names are short. */
static inline void fuzz_path(char out[64], const char *name)
{
    if (!fuzz_folder[0]) {
        bool shm = access("/dev/shm", W_OK) == 0;
        snprintf(fuzz_folder, sizeof fuzz_folder, "%s/bf-fuzz-XXXXXX",
                 shm ? "/dev/shm" : "/tmp");
        if (!mkdtemp(fuzz_folder) || atexit(fuzz_folder_remove) != 0) abort();
    }
    snprintf(out, 64, "%s/%s", fuzz_folder, name);
}

static inline void fuzz_write(const char *path, const uint8_t *data,
                              size_t size)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f) != 0) abort();
}

#endif
