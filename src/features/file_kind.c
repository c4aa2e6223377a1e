#include "features/file_kind.h"

#include <string.h>

static const struct {
    size_t at;
    const char *magic;
    size_t length;
    const char *kind;
} kinds[] = {
#define MAGIC(at, text, kind)                                                  \
    {                                                                          \
        at, text, sizeof text - 1, kind                                        \
    }
    MAGIC(0, "\x93NUMPY", "an .npy array"),
    MAGIC(0, "PK\3\4",
          "a zip archive, as .npz and spreadsheets are (unpack it)"),
    MAGIC(257, "ustar", "a tar archive (unpack it)"),
    MAGIC(0, "\x1f\x8b", "compressed by gzip (unpack it)"),
    MAGIC(0, "BZh", "compressed by bzip2 (unpack it)"),
    MAGIC(0,
          "\xfd"
          "7zXZ",
          "compressed by xz (unpack it)"),
    MAGIC(0, "\x28\xb5\x2f\xfd", "compressed by zstd (unpack it)"),
    MAGIC(0, "7z\xbc\xaf\x27\x1c", "a 7z archive (unpack it)"),
    MAGIC(0, "Rar!", "a rar archive (unpack it)"),
    /* protocols 2 to 5; those before have no mark */
    MAGIC(0, "\x80\2",
          "a Python pickle, as CIFAR's Python version has them "
          "(its binary version is read)"),
    MAGIC(0, "\x80\3", "a Python pickle"),
    MAGIC(0, "\x80\4", "a Python pickle"),
    MAGIC(0, "\x80\5", "a Python pickle"),
    MAGIC(0, "\x89PNG", "a PNG image (give the folder it lies in)"),
    MAGIC(0, "\xff\xd8\xff", "a JPEG image (give the folder it lies in)"),
    MAGIC(0, "GIF8", "a GIF image"),
    MAGIC(0, "II*\0", "a TIFF image"),
    MAGIC(0, "MM\0*", "a TIFF image"),
    MAGIC(8, "WEBP", "a WebP image"),
    MAGIC(4, "ftypavif", "an AVIF image"),
    MAGIC(4, "ftyphei", "a HEIF image"),
    MAGIC(0, "\x89HDF", "an HDF5 file"),
    MAGIC(0, "MATLAB 5.0", "a file of MATLAB"),
    MAGIC(0, "PAR1", "a Parquet table"),
    MAGIC(0, "SQLite format 3", "an SQLite database"),
    MAGIC(0, "\xff\xfe", "UTF-16 text"),
    MAGIC(0, "\xfe\xff", "UTF-16 text"),
    MAGIC(0, "%PDF", "a PDF file"),
    MAGIC(0, "version https://git-lfs", "a pointer of Git LFS (git lfs pull)"),
    MAGIC(0, "<!DOCTYPE", "a web page"),
    MAGIC(0, "<!doctype", "a web page"),
    MAGIC(0, "<html", "a web page"),
    MAGIC(0, "BLINDFIT", "a blindfit file (blindfit inspect)"),
#undef MAGIC
};

const char *bf_file_kind(const uint8_t *head, size_t bytes)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].at + kinds[i].length <= bytes &&
            memcmp(head + kinds[i].at, kinds[i].magic, kinds[i].length) == 0)
            return kinds[i].kind;
    return NULL;
}
