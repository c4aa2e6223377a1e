/* Products of matrices by OpenBLAS, on the threads of the environment. */
#ifndef BF_TRAIN_OWNER_PRODUCT_H
#define BF_TRAIN_OWNER_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* A row-major matrix, or its transpose. */
typedef struct bf_factor {
    const double *data;
    size_t stride; /* from row to row in memory */
    bool transposed;
} bf_factor;

/* c[rows][cols] = alpha a b + beta c over a sum of `depth` terms. If beta is 0,
 * the old content of c does not matter. */
typedef struct bf_product {
    size_t rows, cols, depth;
    double alpha, beta;
    bf_factor a, b;
    double *c;
    size_t stride;
    bool upper; /* b is a's transpose: c's upper triangle alone, where rows ==
                 * cols; what is below is left as it is */
} bf_product;

/* The result has the same bits for any number of threads. OpenBLAS' own threads
 * would cut c by their number, with another order of sums at the edges. */
void bf_multiply(const bf_product *product);

#endif
