#include "features/idx.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/memory.h"
#include "blindfit/files.h"
#include "features/file_kind.h"

#define TYPE_BYTES 8
/* Deflate spends at least 2 bits on 258 bytes of output (RFC 1951, 3.2.5). */
#define DEFLATE_RATIO_MAX 1032
#define READ_CHUNK ((size_t)1 << 28) /* gzread counts in int */

/* Reads up to `bytes` bytes; *got is less only at the end of the file. */
static bf_status read_some(gzFile f, const char *path, void *out, size_t bytes,
                           size_t *got)
{
    *got = 0;
    while (*got < bytes) {
        size_t want = bytes - *got < READ_CHUNK ? bytes - *got : READ_CHUNK;
        errno = 0;
        int n = gzread(f, (char *)out + *got, (unsigned)want);
        if (n > 0) *got += (size_t)n;
        if (n == (int)want) continue;
        int code;
        const char *why = gzerror(f, &code);
        if (code == Z_ERRNO) return bf_fail_errno(errno, "%s", path);
        if (code == Z_MEM_ERROR)
            return bf_fail(BF_ERR_MEMORY, "%s: out of memory", path);
        if (code != Z_OK && code != Z_STREAM_END)
            return bf_fail(BF_ERR_FORMAT, "%s: damaged gzip data (%s)", path,
                           code == Z_BUF_ERROR ? "cut short" : why);
        break;
    }
    return BF_OK;
}

/* `got` bytes of the head were read; for a gzip file these are the unpacked
 * bytes. */
static bf_status refuse(gzFile f, const char *path, const uint8_t *head,
                        size_t got)
{
    uint8_t more[BF_FILE_KIND_BYTES];
    size_t rest = 0;
    memcpy(more, head, got);
    BF_TRY(read_some(f, path, more + got, sizeof more - got, &rest));
    const char *kind = bf_file_kind(more, got + rest);
    if (kind)
        return bf_fail(BF_ERR_FORMAT, "%s: not an IDX file but %s%s", path,
                       gzdirect(f) ? "" : "in gzip ", kind);
    return bf_fail(BF_ERR_FORMAT, "%s: not an IDX file", path);
}

static bf_status read_header(gzFile f, const char *path, bf_idx *a)
{
    uint8_t head[4 + 4 * BF_IDX_DIMS_MAX];
    size_t got;
    BF_TRY(read_some(f, path, head, 4, &got));
    if (got < 4 || head[0] != 0 || head[1] != 0)
        return refuse(f, path, head, got);
    if (head[2] != TYPE_BYTES)
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "%s: IDX values of type 0x%02x, only bytes (0x08) are "
                       "read",
                       path, head[2]);
    a->dims = head[3];
    if (a->dims < 1 || a->dims > BF_IDX_DIMS_MAX)
        return bf_fail(BF_ERR_FORMAT, "%s: %u dimensions, expected 1 to %d",
                       path, a->dims, BF_IDX_DIMS_MAX);
    BF_TRY(read_some(f, path, head + 4, (size_t)4 * a->dims, &got));
    if (got < (size_t)4 * a->dims)
        return bf_fail(BF_ERR_FORMAT, "%s: ends inside its header", path);
    a->bytes = 1;
    for (unsigned i = 0; i < a->dims; i++) {
        const uint8_t *b = head + 4 + 4 * i;
        a->dim[i] =
            (size_t)b[0] << 24 | (size_t)b[1] << 16 | (size_t)b[2] << 8 | b[3];
        if (!bf_mul_size(a->bytes, a->dim[i], &a->bytes))
            return bf_fail(BF_ERR_FORMAT, "%s: impossible sizes", path);
    }
    if (a->bytes == 0)
        return bf_fail(BF_ERR_FORMAT, "%s: holds no values", path);
    return BF_OK;
}

/* Refuses a header that claims more data than a file of this length can hold.
 */
static bf_status check_length(gzFile f, const char *path, const bf_idx *a)
{
    struct stat st;
    if (stat(path, &st) != 0) return bf_fail_errno(errno, "%s", path);
    size_t most = (size_t)st.st_size;
    if (!gzdirect(f) && !bf_mul_size(most, DEFLATE_RATIO_MAX, &most))
        most = SIZE_MAX;
    if (a->bytes > most)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: its header promises %zu bytes, more than the file "
                       "can hold",
                       path, a->bytes);
    return BF_OK;
}

static bf_status read_values(gzFile f, const char *path, bf_idx *a)
{
    BF_TRY(check_length(f, path, a));
    a->data = bf_alloc(a->bytes);
    if (!a->data)
        return bf_fail(BF_ERR_MEMORY, "%s: no memory for %zu bytes", path,
                       a->bytes);
    size_t got;
    BF_TRY(read_some(f, path, a->data, a->bytes, &got));
    if (got < a->bytes)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: cut short: its header promises %zu bytes, there "
                       "are %zu",
                       path, a->bytes, got);
    uint8_t extra; /* reading to the end also checks the gzip checksum */
    BF_TRY(read_some(f, path, &extra, 1, &got));
    if (got > 0)
        return bf_fail(BF_ERR_FORMAT, "%s: bytes left over behind %zu values",
                       path, a->bytes);
    return BF_OK;
}

bf_status bf_idx_read(bf_idx *out, const char *path)
{
    BF_TRY(bf_refuse_pipe(path)); /* its length is compared with the header */
    errno = 0;
    gzFile f = gzopen(path, "rb");
    if (!f) return bf_fail_errno(errno ? errno : ENOMEM, "%s", path);
    bf_idx a = {0};
    bf_status status = read_header(f, path, &a);
    if (status == BF_OK) status = read_values(f, path, &a);
    gzclose(f);
    if (status != BF_OK) {
        bf_idx_clear(&a);
        return status;
    }
    *out = a;
    return BF_OK;
}

void bf_idx_clear(bf_idx *a)
{
    bf_free(a->data);
    *a = (bf_idx){0};
}
