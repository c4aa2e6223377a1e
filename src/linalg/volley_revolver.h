/* Volley Revolver: the matrix encoding of [Chi22], as [Chi23] trains with it.
 *
 * C = A B, A of m x f, B of f x p. A ciphertext is a grid of R rows by w
 * columns, slot i*w + j, w the power of two that holds f and R*w = N/2.
 *   A: rows as they are, R of them a ciphertext ("block").
 *   B: its transpose, "revolving": row i holds column g*P + i mod P of B, P the
 *      power of two that holds p, at most R and w; more columns take more
 *      ciphertexts ("groups"). With the grid rotated by k rows, row i meets
 * column (i + k) mod P, cyclically, because P divides R. C: by diagonal: column
 * k < P of row i holds C[i][g*P + (i+k) mod P], the other columns zero. (The
 * papers leave an entry at column (i+k) mod P, which takes log2(w) more
 * rotations and one more mask a column; the order by diagonal takes one, and is
 * the one that the transposed product needs.) Matrix entries beyond m, f, p are
 * zero. Sources: [Chi22], [Chi23].
 */
#ifndef BF_LINALG_VOLLEY_REVOLVER_H
#define BF_LINALG_VOLLEY_REVOLVER_H

#include "blindfit/matrix.h"
#include "ckks/ckks.h"
#include "linalg/sigmoid.h"

typedef struct bf_volley {
    size_t m, f, p;
    size_t width, rows, period; /* w, R, P */
    size_t blocks, groups;      /* of A; of B */
} bf_volley;

/* BF_ERR_ARGUMENT when a size is zero or f exceeds the slots. */
BF_MUST_CHECK bf_status bf_volley_make(bf_volley *out, unsigned log_n, size_t m,
                                       size_t f, size_t p);

/* Between matrices and slots[N/2]; B is given and taken transposed (p x f), C
 * is m x p. get fills the entries that lie in this ciphertext. */
void bf_volley_put_a(const bf_volley *l, const bf_matrix *a, size_t block,
                     double *slots);
void bf_volley_put_b(const bf_volley *l, const bf_matrix *bt, size_t group,
                     double *slots);
void bf_volley_put_c(const bf_volley *l, const bf_matrix *c, size_t block,
                     size_t group, double *slots);
void bf_volley_get_b(const bf_volley *l, const double complex *slots,
                     size_t group, bf_matrix *bt);
void bf_volley_get_c(const bf_volley *l, const double complex *slots,
                     size_t block, size_t group, bf_matrix *c);

/* Ones in column 0, zeros elsewhere: the only mask. symbolic: metadata. */
BF_MUST_CHECK bf_status bf_volley_mask(bf_pt *out, const bf_context *ctx,
                                       const bf_volley *l, double scale,
                                       unsigned limbs, bool symbolic);

/* c[block*groups + g] = A B for a[blocks] and b[groups]. Scales of a, b and
 * mask multiply, then one rescale. `bound`: the largest entry of C. */
BF_MUST_CHECK bf_status bf_volley_product(bf_eval *ev, const bf_volley *l,
                                          const bf_pt *mask, const bf_ct *a,
                                          const bf_ct *b, bf_ct *c,
                                          double bound);

/* g[group] = (C^T A) in the encoding of B^T, for c[block*groups + g]: row i
 * holds sum_r C[r][gP + i mod P] A[r]. Scales as above, one rescale. */
BF_MUST_CHECK bf_status bf_volley_transposed(bf_eval *ev, const bf_volley *l,
                                             const bf_pt *mask, const bf_ct *c,
                                             const bf_ct *a, bf_ct *g,
                                             double bound);

/* Magnitudes that a training step assumes. */
typedef struct bf_volley_bounds {
    double score;    /* |z| */
    double gradient; /* |g| before the product with bbar */
} bf_volley_bounds;

/* One gradient of [Chi23]: G = ((Y - p(X V^T))^T X) (.) Bbar, p by `form`.
 * x[blocks], v[groups] and bbar[groups] in the encodings of A and B^T; y holds
 * Y - 1/2 in that of C, zero in the padding. out[groups]. Consumes 3 +
 * form->primes levels of v; y needs one limb more than the scores keep. */
BF_MUST_CHECK bf_status bf_volley_step(bf_eval *ev, const bf_volley *l,
                                       const bf_pt *mask,
                                       const bf_sigmoid_form *form,
                                       const bf_ct *x, const bf_ct *y,
                                       const bf_ct *v, const bf_ct *bbar,
                                       const bf_volley_bounds *bounds,
                                       bf_ct *out);

#endif
