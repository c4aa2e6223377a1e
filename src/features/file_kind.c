#include "features/file_kind.h"

#include <string.h>

#define MAGIC(text, name) {text, sizeof text - 1, name}

static const struct {
    const char *magic;
    size_t bytes;
    const char *name;
} kinds[] = {
    MAGIC("\x1f\x8b", "compressed by gzip"),
    MAGIC("BZh", "compressed by bzip2"),
    MAGIC("\xfd"
          "7zXZ",
          "compressed by xz"),
    MAGIC("\x28\xb5\x2f\xfd", "compressed by zstd"),
    MAGIC("PK\3\4", "a zip archive (.npz and spreadsheets are such)"),
    MAGIC("\x93NUMPY", "an .npy array"),
    MAGIC("PAR1", "a Parquet table"),
    MAGIC("\x89HDF", "an HDF5 file"),
    MAGIC("SQLite format 3", "an SQLite database"),
    MAGIC("\xff\xfe", "UTF-16 text"),
    MAGIC("\xfe\xff", "UTF-16 text"),
    MAGIC("<!DOCTYPE", "a web page"),
    MAGIC("<!doctype", "a web page"),
    MAGIC("<html", "a web page"),
};

const char *bf_file_kind(const uint8_t *head, size_t bytes)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (bytes >= kinds[i].bytes &&
            memcmp(head, kinds[i].magic, kinds[i].bytes) == 0)
            return kinds[i].name;
    /* A byte-order mark may be missing. */
    if (bytes >= 2 && (head[0] == 0) != (head[1] == 0)) return "UTF-16 text";
    return NULL;
}
