/* Products of matrices by OpenBLAS on the threads of the env. */
#ifndef BF_TRAIN_OWNER_PRODUCT_H
#define BF_TRAIN_OWNER_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

/* A row-major matrix, or its transpose. */
typedef struct bf_factor {
    const double *data;
    size_t stride; /* from row to row in memory */
    bool turned;
} bf_factor;

/* c[rows][cols] = alpha a b + beta c over a sum of `depth` terms. Where beta is
 * 0, c may hold anything before. */
typedef struct bf_product {
    size_t rows, cols, depth;
    double alpha, beta;
    bf_factor a, b;
    double *c;
    size_t stride;
    bool upper; /* b is a's transpose: c's upper triangle alone, where rows ==
                 * cols; what is below is left as it is */
} bf_product;

/* The same bits for any number of threads, unlike OpenBLAS' own threads: these
 * cut c by their number, and sums at an edge go in another order. */
void bf_multiply(const bf_product *product);

#endif
