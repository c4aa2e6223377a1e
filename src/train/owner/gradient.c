#include "train/owner/gradient.h"

#include <cblas.h>
#include <string.h>

#include "base/memory.h"
#include "train/owner/transform.h"

/* Rows are cut into this many runs of blocks, each with sums of its own. */
#define SLICES 16

bf_status bf_gradient_init(bf_gradient *w, const bf_matrix *u, unsigned classes,
                           bf_residual_fn residual, void *user)
{
    size_t logits = SLICES * bf_block_rows(u->rows, 0) * classes;
    size_t sums = SLICES * classes * u->cols;
    *w = (bf_gradient){
        .u = u, .classes = classes, .residual = residual, .user = user};
    w->z = bf_alloc(logits * sizeof(double));
    w->partial = bf_alloc(sums * sizeof(double));
    return w->z && w->partial ? BF_OK : BF_ERR_MEMORY;
}

void bf_gradient_clear(bf_gradient *w)
{
    bf_free(w->z);
    bf_free(w->partial);
    *w = (bf_gradient){0};
}

/* Inside a parallel region OpenBLAS works on the calling thread alone. */
static double run_slice(bf_gradient *w, unsigned slice, const double *v,
                        size_t first, size_t last)
{
    blasint k = (blasint)w->u->cols, classes = (blasint)w->classes;
    double *z = w->z + slice * bf_block_rows(w->u->rows, 0) * w->classes;
    double *g = w->partial + slice * w->classes * w->u->cols;
    double loss = 0;
    memset(g, 0, w->classes * w->u->cols * sizeof *g);
    for (size_t i = first; i < last; i += BF_ROW_BLOCK) {
        size_t rows = bf_block_rows(last, i);
        const double *u = w->u->data + i * w->u->cols;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (blasint)rows,
                    classes, k, 1, u, k, v, k, 0, z, classes);
        loss += w->residual(w->user, z, i, rows);
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, classes, k,
                    (blasint)rows, 1, z, classes, u, k, 1, g, k);
    }
    return loss;
}

double bf_gradient_run(bf_gradient *w, double *g, const double *v, size_t first,
                       size_t last)
{
    size_t blocks = (last - first + BF_ROW_BLOCK - 1) / BF_ROW_BLOCK;
    size_t values = w->classes * w->u->cols;
    double losses[SLICES], loss = 0;
#pragma omp parallel for schedule(dynamic) if (blocks > 1)
    for (unsigned s = 0; s < SLICES; s++) {
        size_t from = first + blocks * s / SLICES * BF_ROW_BLOCK;
        size_t to = first + blocks * (s + 1) / SLICES * BF_ROW_BLOCK;
        losses[s] = run_slice(w, s, v, from, to < last ? to : last);
    }
    memset(g, 0, values * sizeof *g);
    for (unsigned s = 0; s < SLICES; s++) {
        const double *partial = w->partial + s * values;
        loss += losses[s];
        for (size_t i = 0; i < values; i++) g[i] += partial[i];
    }
    return loss;
}
