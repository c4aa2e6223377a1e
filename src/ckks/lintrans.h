/* Linear maps on slots: y = M x as a sum of diagonals,
 *   y_j = sum_d D_d[j] x_{j+d},  D_d[j] = M[j][(j+d) mod dim],
 * by baby steps and giant steps, d = g*n1 + b ([HS18]):
 *   y = sum_g rot_{g n1}( sum_b rot_{-g n1}(D_d) . rot_b(x) ).
 * The baby rotations share one decomposition of x, stay in the basis q+P and
 * are multiplied and summed there by diagonals encoded modulo P too, so that
 * each giant step takes one ModDown ([BMTH21]); the giant rotations share the
 * last one.
 *
 * A map is immutable once made and may be used by many threads.
 */
#ifndef BF_CKKS_LINTRANS_H
#define BF_CKKS_LINTRANS_H

#include "ckks/ckks.h"

#define BF_LINTRANS_BABY_MAX 64

typedef struct bf_diagonal {
    size_t index;                 /* d < dim */
    const double complex *values; /* [dim] */
} bf_diagonal;

typedef struct bf_lintrans {
    const bf_context *ctx;
    size_t dim;      /* slot values have this period */
    size_t baby;     /* n1, a power of two */
    size_t count;    /* diagonals, by increasing index */
    size_t *index;   /* [count] */
    double *bound;   /* [count] largest |entry| */
    unsigned limbs;
    double scale;
    double noise;    /* rounding of an encoded diagonal, as bf_pt.noise */
    double *data;    /* [count][limbs + K][N], evaluation form; NULL symbolic */
} bf_lintrans;

/* Encodes diagonals at `scale` for ciphertexts of up to `limbs` limbs. dim is a
 * power of two up to N/2; for dim < N/2 inputs must repeat with period dim.
 * symbolic: metadata only. BF_ERR_ARGUMENT when an index is repeated or out of
 * range, or there is none; BF_ERR_RANGE as bf_encode_slots. */
BF_MUST_CHECK bf_status bf_lintrans_make(bf_lintrans *out,
                                         const bf_context *ctx,
                                         const bf_diagonal *diagonals,
                                         size_t count, size_t dim, double scale,
                                         unsigned limbs, bool symbolic);
/* The same from M, dim x dim, row-major; zero diagonals are left out. */
BF_MUST_CHECK bf_status bf_lintrans_matrix(bf_lintrans *out,
                                           const bf_context *ctx,
                                           const double complex *matrix,
                                           size_t dim, double scale,
                                           unsigned limbs, bool symbolic);
void bf_lintrans_clear(bf_lintrans *t); /* safe on zeroed objects */

/* Rotations that apply needs, each once, not 0; at most *count of them are
 * written to r, and *count becomes their number. r may be NULL. */
void bf_lintrans_rotations(const bf_lintrans *t, int *r, size_t *count);

/* out = M a. Scale multiplies; no level: the caller rescales. Uses a at no more
 * limbs than the map has. */
BF_MUST_CHECK bf_status bf_lintrans_apply(bf_eval *ev, bf_ct *out,
                                          const bf_ct *a,
                                          const bf_lintrans *t);

#endif
