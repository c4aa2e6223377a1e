#include "train/owner/product.h"

#include <cblas.h>

#include "base/parallel.h"
#include "train/owner/blas.h"

/* Rows and columns of a piece: small, so that there are pieces for many
 * threads, but large enough for OpenBLAS to be fast. */
enum { TILE = 192 };

typedef struct span {
    size_t first, count;
} span;

static span tile(size_t i, size_t total)
{
    size_t left = total - i * TILE;
    return (span){i * TILE, left < TILE ? left : TILE};
}

/* The factor from this row on. The columns of a transpose are rows in memory.
 */
static const double *from_row(bf_factor f, size_t i)
{
    return f.data + (f.transposed ? i : i * f.stride);
}

static const double *from_column(bf_factor f, size_t j)
{
    return f.data + (f.transposed ? j * f.stride : j);
}

static CBLAS_TRANSPOSE order_of(bf_factor f)
{
    return f.transposed ? CblasTrans : CblasNoTrans;
}

static void multiply_tile(void *user, size_t index)
{
    const bf_product *p = user;
    size_t across = (p->cols + TILE - 1) / TILE, row = index / across,
           column = index % across;
    if (p->upper && row > column) return;
    span i = tile(row, p->rows), j = tile(column, p->cols);
    double *c = p->c + i.first * p->stride + j.first;
    BF_BLAS_ALONE();
    if (p->upper && row == column)
        cblas_dsyrk(CblasRowMajor, CblasUpper, order_of(p->a), (blasint)i.count,
                    (blasint)p->depth, p->alpha, from_row(p->a, i.first),
                    (blasint)p->a.stride, p->beta, c, (blasint)p->stride);
    else
        cblas_dgemm(CblasRowMajor, order_of(p->a), order_of(p->b),
                    (blasint)i.count, (blasint)j.count, (blasint)p->depth,
                    p->alpha, from_row(p->a, i.first), (blasint)p->a.stride,
                    from_column(p->b, j.first), (blasint)p->b.stride, p->beta,
                    c, (blasint)p->stride);
}

void bf_multiply(const bf_product *product)
{
    bf_product p = *product;
    size_t down = (p.rows + TILE - 1) / TILE,
           across = (p.cols + TILE - 1) / TILE;
    bf_parallel(down * across, multiply_tile, &p);
}
