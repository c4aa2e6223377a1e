/* Gradients of sums over rows, r(U V^T)^T U, by many threads. */
#ifndef BF_TRAIN_OWNER_GRADIENT_H
#define BF_TRAIN_OWNER_GRADIENT_H

#include "base/status.h"
#include "blindfit/train.h"

/* Turns logits z[rows][C] of rows first.. into residuals, in place, and returns
 * the loss of these rows. Called by several threads at once. */
typedef double (*bf_residual_fn)(void *user, double *z, size_t first,
                                 size_t rows);

typedef struct bf_gradient {
    const bf_matrix *u; /* n x k, not owned */
    unsigned classes;
    bf_residual_fn residual;
    void *user;
    double *z;       /* logits, one block a slice */
    double *partial; /* gradients, C x k a slice */
} bf_gradient;

BF_MUST_CHECK bf_status bf_gradient_init(bf_gradient *w, const bf_matrix *u,
                                         unsigned classes,
                                         bf_residual_fn residual, void *user);
void bf_gradient_clear(bf_gradient *w);

/* g = sum over rows [first, last) of residual^T u, C x k; returns the loss. The
 * order of the sums, and so every bit, is the same for any number of threads.
 */
double bf_gradient_run(bf_gradient *w, double *g, const double *v,
                       size_t first, size_t last);

#endif
