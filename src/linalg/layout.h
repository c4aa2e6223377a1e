/* The layout of a training set and its weights in ciphertexts
 * (docs/algorithms.md).
 *
 * Ring of N, F features by T rows a ciphertext, F*T = N/2, both powers of
 * two; slot j = s*F + f. Feature column j is chunk phi = j/F, place f = j%F;
 * chunks go in pairs psi: 2psi in the real part, 2psi+1 in the imaginary part.
 *   U[t,psi]  = X[tT+s, 2psi F+f] + i X[tT+s, (2psi+1)F+f]
 *   P[psi,c]  = V[c, 2psi F+f] + i V[c, (2psi+1)F+f], constant over s
 *   packed V  = sum_m X^{u m} P[m], m = psi*C + c, u = T/2^log_m
 *   Re(U * conj(P)) summed over psi and f is the score z of class c.
 * Scores and errors are dense: output o = t*C + c is in group o/K, at the
 * places f = o%K (mod K) of every row. Blocks of rows (mini-batches) begin with
 * a chunk and a group of their own; t and o count within the block.
 *
 * Row r of one owner is at place r: place s of chunk r/T. Between the rows of
 * several owners places may be empty (bf_layout_divide).
 */
#ifndef BF_LINALG_LAYOUT_H
#define BF_LINALG_LAYOUT_H

#include "blindfit/matrix.h"
#include "ckks/ckks.h"

typedef struct bf_layout {
    size_t n, cols, classes;
    unsigned log_n;
    size_t f, t, k;        /* F, T, K */
    size_t places;         /* of rows, empty ones among them; n or more */
    size_t batch, blocks;  /* places per block, all for one block */
    size_t chunks, groups; /* of all blocks */
    size_t pairs;          /* of feature chunks */
    size_t m;              /* pairs*classes packed elements */
    unsigned log_m;
} bf_layout;

typedef struct bf_block {
    size_t first_chunk, chunks;
    size_t first_group, groups;
    size_t outs; /* chunks*classes */
} bf_block;

/* Most ciphertexts of rows and scores, over all chunks. In the smallest ring
 * that many take 100 GB, and a symbolic walk over them takes minutes. */
#define BF_LAYOUT_MOST ((size_t)1 << 20)

/* batch 0 is one block of all rows. BF_ERR_ARGUMENT when the packed weights do
 * not fit one ciphertext (2^log_m > T), F or K is no power of two, K > F,
 * F > N/2, a size is zero, there are fewer than two classes, or more than
 * BF_LAYOUT_MOST ciphertexts. */
BF_MUST_CHECK bf_status bf_layout_make(bf_layout *out, unsigned log_n, size_t n,
                                       size_t cols, size_t classes,
                                       size_t batch, size_t f, size_t k);
/* Packs weights into at least 2^log_m places, so that jobs of fewer classes use
 * the keys of jobs with more. BF_ERR_ARGUMENT if the layout has fewer places.
 */
BF_MUST_CHECK bf_status bf_layout_widen(bf_layout *l, unsigned log_m);
/* Gives each owner, who has rows[i] of the n rows, places of its own, in the
 * order of owners. An owner who would reach into one chunk more than its rows
 * fill begins with a chunk of its own, and so encrypts no chunk more than it
 * must. Chunks are at most 5/4 of those without empty places; beyond that,
 * owners share them. BF_ERR_ARGUMENT for more than one block, by
 * bf_layout_check_owners, and for more than BF_LAYOUT_MOST ciphertexts. */
BF_MUST_CHECK bf_status bf_layout_divide(bf_layout *l, const size_t *rows,
                                         unsigned owners);
/* BF_ERR_ARGUMENT for an owner without rows, and rows that are not n in all. */
BF_MUST_CHECK bf_status bf_layout_check_owners(size_t n, const size_t *rows,
                                               unsigned owners);
/* The first place of an owner of a divided layout. */
size_t bf_layout_first(const bf_layout *l, const size_t *rows, unsigned owner);
bf_block bf_layout_block(const bf_layout *l, size_t block);
/* Of C/gcd(C, K) groups, which hold the outputs of K/gcd(C, K) chunks, the
 * first begins with a chunk. */
size_t bf_layout_period(const bf_layout *l);
/* Parts of a block, as even as periods allow: a part begins with a chunk and a
 * group of its own. There are at most bf_layout_most_parts, of which the last
 * block, which may be smaller, leaves some empty; the last part never is. */
size_t bf_layout_most_parts(const bf_layout *l);
bf_block bf_layout_part(const bf_layout *l, size_t block, size_t part,
                        size_t parts);
/* The block of a chunk, and of a group. */
size_t bf_layout_chunk_block(const bf_layout *l, size_t chunk);
size_t bf_layout_group_block(const bf_layout *l, size_t group);
/* Places [first, first + count) of a chunk. */
void bf_layout_rows(const bf_layout *l, size_t chunk, size_t *first,
                    size_t *count);
/* Outputs in a group of this block, g counted within it. */
static inline size_t bf_block_group_size(const bf_layout *l, const bf_block *b,
                                         size_t g)
{
    return g + 1 < b->groups ? l->k : b->outs - g * l->k;
}

/* The places of the rows that the scores of a group belong to. */
void bf_layout_group_rows(const bf_layout *l, size_t group, size_t *first,
                          size_t *count);

/* Slot vectors (N/2 values) of the owner's plaintext. u is n x cols, and no
 * place is empty. */
void bf_layout_x(const bf_layout *l, const bf_matrix *u, size_t chunk,
                 size_t pair, double complex *slots);
/* Labels of the n rows, column by column. Each column numbers its own classes
 * from 0; the classes of all columns are also numbered consecutively. */
typedef struct bf_labels {
    const int32_t *at; /* [columns][n] */
    unsigned columns;
    const unsigned *classes; /* [columns] */
} bf_labels;
/* One-hot minus 1/2, zero for padding rows and absent outputs. */
void bf_layout_y(const bf_layout *l, const bf_labels *labels, size_t group,
                 double *slots);
/* The same for one of several owners, who holds u->rows rows, or count labels
 * of each column, from place `first` on. Zero for all other rows. */
void bf_layout_x_part(const bf_layout *l, const bf_matrix *u, size_t first,
                      size_t chunk, size_t pair, double complex *slots);
void bf_layout_y_part(const bf_layout *l, const bf_labels *labels,
                      size_t first, size_t count, size_t group, double *slots);
/* Indices of the 2 F m coefficients that hold packed weights, ordered by
 * element and then by power. */
void bf_layout_weight_places(const bf_layout *l, uint32_t *places);
/* Packed weights <-> N coefficients. weights is C x cols; unpacking allocates
 * it, and leaves it unchanged on failure. */
BF_MUST_CHECK bf_status bf_layout_pack_weights(const bf_layout *l,
                                               const bf_matrix *weights,
                                               double *coeffs);
BF_MUST_CHECK bf_status bf_layout_unpack_weights(const bf_layout *l,
                                                 const double *coeffs,
                                                 bf_matrix *weights);

#endif
