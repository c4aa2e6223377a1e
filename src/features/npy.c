#include "features/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "features/file_kind.h"
#include "features/half.h"
#include "features/npy_header.h"

#define HEADER_MAX 65536
#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6

static bf_status read_at(int fd, const char *path, uint64_t offset, void *out,
                         size_t bytes)
{
    for (size_t done = 0; done < bytes;) {
        ssize_t n =
            pread(fd, (char *)out + done, bytes - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return bf_fail_errno(errno, "%s", path);
        if (n == 0) return bf_fail(BF_ERR_FORMAT, "%s: ends too early", path);
        done += (size_t)n;
    }
    return BF_OK;
}

static bf_status read_header(bf_npy *a, const char *path)
{
    uint8_t head[12];
    BF_TRY(read_at(a->fd, path, 0, head, 10));
    if (memcmp(head, MAGIC, MAGIC_BYTES) != 0) {
        const char *kind = bf_file_kind(head, 10);
        return bf_fail(BF_ERR_FORMAT, "%s: not an .npy file%s%s", path,
                       kind ? ", but " : "", kind ? kind : "");
    }
    if (head[6] < 1 || head[6] > 3)
        return bf_fail(BF_ERR_UNSUPPORTED, "%s: .npy version %d", path,
                       head[6]);
    size_t start = 10, bytes = head[8] | (size_t)head[9] << 8;
    if (head[6] > 1) { /* version 1 has two bytes of length, later ones four */
        BF_TRY(read_at(a->fd, path, 10, head + 10, 2));
        bytes |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
        start = 12;
    }
    if (bytes > HEADER_MAX)
        return bf_fail(BF_ERR_FORMAT, "%s: an .npy header of %zu bytes", path,
                       bytes);
    char *text = bf_alloc(bytes + 1);
    if (!text) return bf_fail(BF_ERR_MEMORY, "%s: out of memory", path);
    bf_status status = read_at(a->fd, path, start, text, bytes);
    if (status == BF_OK) {
        text[bytes] = '\0';
        status = bf_npy_parse_header(a, text, bytes, path);
    }
    bf_free(text);
    a->offset = start + bytes;
    return status;
}

static bf_status check_length(const bf_npy *a, const char *path)
{
    struct stat st;
    if (fstat(a->fd, &st) != 0) return bf_fail_errno(errno, "%s", path);
    size_t bytes;
    if (!bf_mul_size(a->count, a->item, &bytes))
        return bf_fail(BF_ERR_FORMAT, "%s: impossible sizes", path);
    uint64_t there = (uint64_t)st.st_size - a->offset;
    if (there != bytes)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %s: its header promises %zu bytes, there are %llu",
                       path, there < bytes ? "cut short" : "too long", bytes,
                       (unsigned long long)there);
    return BF_OK;
}

bf_status bf_npy_open(bf_npy *out, const char *path)
{
    BF_TRY(bf_refuse_pipe(path));
    bf_npy a = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
    if (a.fd < 0) return bf_fail_errno(errno, "%s", path);
    bf_status status = read_header(&a, path);
    if (status == BF_OK) status = check_length(&a, path);
    if (status != BF_OK) {
        bf_npy_close(&a);
        return status;
    }
    *out = a;
    return BF_OK;
}

void bf_npy_close(bf_npy *a)
{
    close(a->fd);
    *a = (bf_npy){.fd = -1};
}

#define CONVERT(type)                                                          \
    for (size_t i = 0; i < count; i++) {                                       \
        type v;                                                                \
        memcpy(&v, raw + i * sizeof v, sizeof v);                              \
        out[i] = (double)v;                                                    \
    }                                                                          \
    break

static void convert(bf_npy_type t, const char *raw, size_t count, double *out)
{
    switch (t) {
    case BF_NPY_F2:
        for (size_t i = 0; i < count; i++) {
            uint16_t v;
            memcpy(&v, raw + i * sizeof v, sizeof v);
            out[i] = bf_float_from_half(v);
        }
        break;
    case BF_NPY_F4:
        CONVERT(float);
    case BF_NPY_F8:
        CONVERT(double);
    case BF_NPY_I1:
        CONVERT(int8_t);
    case BF_NPY_I2:
        CONVERT(int16_t);
    case BF_NPY_I4:
        CONVERT(int32_t);
    case BF_NPY_I8:
        CONVERT(int64_t);
    case BF_NPY_U2:
        CONVERT(uint16_t);
    case BF_NPY_U4:
        CONVERT(uint32_t);
    case BF_NPY_U8:
        CONVERT(uint64_t);
    case BF_NPY_BOOL:
    case BF_NPY_U1:
        CONVERT(uint8_t);
    }
}

/* Reverses the bytes of each value. */
static void reverse_bytes(char *raw, size_t item, size_t count)
{
    for (char *v = raw; v < raw + count * item; v += item)
        for (size_t i = 0; i < item / 2; i++) {
            char low = v[i];
            v[i] = v[item - 1 - i];
            v[item - 1 - i] = low;
        }
}

bf_status bf_npy_fetch(const bf_npy *a, const char *path, size_t first,
                       size_t count, double *out)
{
    char raw[16384];
    size_t most = sizeof raw / a->item;
    for (size_t done = 0; done < count;) {
        size_t n = count - done < most ? count - done : most;
        BF_TRY(read_at(a->fd, path, a->offset + (first + done) * a->item, raw,
                       n * a->item));
        if (a->big_endian) reverse_bytes(raw, a->item, n);
        convert(a->type, raw, n, out + done);
        done += n;
    }
    return BF_OK;
}

bf_status bf_npy_fetch_rows(const bf_npy *a, const char *path, size_t first,
                            size_t last, double *out)
{
    size_t rows = last - first, cols = a->dim[1];
    if (!a->fortran)
        return bf_npy_fetch(a, path, first * cols, rows * cols, out);
    double *column = bf_alloc(rows * sizeof *column);
    if (!column) return bf_fail(BF_ERR_MEMORY, "%s: out of memory", path);
    bf_status status = BF_OK;
    for (size_t j = 0; j < cols && status == BF_OK; j++) {
        status = bf_npy_fetch(a, path, j * a->dim[0] + first, rows, column);
        for (size_t i = 0; i < rows && status == BF_OK; i++)
            out[i * cols + j] = column[i];
    }
    bf_free(column);
    return status;
}
