#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "features/npy.h"

#define PREAMBLE 10 /* magic, version 1.0, header length */
#define HEADER_ALIGN 64

static bf_status write_header(bf_outfile *f, const char *descr, size_t rows,
                              size_t cols)
{
    char head[2 * HEADER_ALIGN + PREAMBLE], shape[48];
    if (cols == 0)
        snprintf(shape, sizeof shape, "%zu,", rows);
    else
        snprintf(shape, sizeof shape, "%zu, %zu", rows, cols);
    int text = snprintf(head + PREAMBLE, sizeof head - PREAMBLE,
                        "{'descr': '%s', 'fortran_order': False, "
                        "'shape': (%s), }",
                        descr, shape);
    /* Spaces and a newline up to a multiple of 64, as numpy aligns. */
    size_t bytes = PREAMBLE + (size_t)text + 1;
    size_t padded = (bytes + HEADER_ALIGN - 1) / HEADER_ALIGN * HEADER_ALIGN;
    memset(head + bytes - 1, ' ', padded - bytes);
    head[padded - 1] = '\n';
    memcpy(head, "\x93NUMPY\x01", 7);
    head[7] = 0;
    head[8] = (char)((padded - PREAMBLE) & 0xff);
    head[9] = (char)((padded - PREAMBLE) >> 8);
    return bf_outfile_write(f, head, padded);
}

static bf_status write_float32(bf_outfile *f, const bf_matrix *m)
{
    float block[4096];
    const double *data = m->data;
    size_t count = m->rows * m->cols;
    for (size_t done = 0; done < count;) {
        size_t n = sizeof block / sizeof *block;
        if (count - done < n) n = count - done;
        for (size_t i = 0; i < n; i++) {
            size_t at = done + i;
            block[i] = (float)data[at];
            if (isfinite(data[at]) && !isfinite(block[i]))
                return bf_fail(BF_ERR_RANGE,
                               "%s: row %zu, column %zu: %g is too large for "
                               "a float",
                               bf_outfile_path(f), at / m->cols + 1,
                               at % m->cols + 1, data[at]);
        }
        BF_TRY(bf_outfile_write(f, block, n * sizeof *block));
        done += n;
    }
    return BF_OK;
}

bf_status bf_npy_write_to(bf_outfile *f, const bf_matrix *m, bool float32)
{
    if (m->rows == 0 || m->cols == 0)
        return bf_fail(BF_ERR_ARGUMENT, "%s: an empty matrix",
                       bf_outfile_path(f));
    BF_TRY(write_header(f, float32 ? "<f4" : "<f8", m->rows, m->cols));
    if (float32) return write_float32(f, m);
    return bf_outfile_write(f, m->data, m->rows * m->cols * sizeof *m->data);
}

static bf_status finish(bf_outfile *f, bf_status status)
{
    if (status == BF_OK) return bf_outfile_commit(f);
    bf_outfile_abort(f);
    return status;
}

bf_status bf_npy_write(const char *path, const bf_matrix *m, bool float32)
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, 0644));
    return finish(f, bf_npy_write_to(f, m, float32));
}

bf_status bf_npy_write_labels_to(bf_outfile *f, const int32_t *labels, size_t n)
{
    if (n == 0)
        return bf_fail(BF_ERR_ARGUMENT, "%s: no labels", bf_outfile_path(f));
    BF_TRY(write_header(f, "<i4", n, 0));
    return bf_outfile_write(f, labels, n * sizeof *labels);
}

bf_status bf_npy_write_labels(const char *path, const int32_t *labels, size_t n)
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, 0644));
    return finish(f, bf_npy_write_labels_to(f, labels, n));
}
