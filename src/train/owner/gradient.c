#include "train/owner/gradient.h"

#include <cblas.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"
#include "train/owner/blas.h"
#include "train/owner/transform.h"

/* Number of runs of blocks into which rows are cut; each run has its own sums.
 */
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

/* Rows first..last-1 in runs of blocks. */
typedef struct slices_job {
    bf_gradient *w;
    const double *v;
    size_t first, last, blocks;
    double losses[SLICES];
} slices_job;

static void run_slice(void *user, size_t slice)
{
    slices_job *job = user;
    bf_gradient *w = job->w;
    size_t from = job->blocks * slice / SLICES * BF_ROW_BLOCK;
    size_t to = job->blocks * (slice + 1) / SLICES * BF_ROW_BLOCK;
    size_t first = job->first + from, last = job->first + to;
    const double *v = job->v;
    if (last > job->last) last = job->last;
    BF_BLAS_ALONE();
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
    job->losses[slice] = loss;
}

double bf_gradient_run(bf_gradient *w, double *g, const double *v, size_t first,
                       size_t last)
{
    size_t blocks = (last - first + BF_ROW_BLOCK - 1) / BF_ROW_BLOCK;
    size_t values = w->classes * w->u->cols;
    slices_job job = {w, v, first, last, blocks, {0}};
    double loss = 0;
    BF_THREADS(blocks > 1 ? bf_env_threads(NULL) : 1);
    bf_parallel(SLICES, run_slice, &job);
    memset(g, 0, values * sizeof *g);
    for (unsigned s = 0; s < SLICES; s++) {
        const double *partial = w->partial + s * values;
        loss += job.losses[s];
        for (size_t i = 0; i < values; i++) g[i] += partial[i];
    }
    return loss;
}
