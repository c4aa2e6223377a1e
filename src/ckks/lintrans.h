/* Linear maps on slots: y = M x as a sum of diagonals,
 *   y_j = sum_d D_d[j] x_{j+d},  D_d[j] = M[j][(j+d) mod dim],
 * by baby steps and giant steps of a stride, d = stride (g*n1 + b) ([HS18]):
 *   y = sum_g rot_{g G}( w_g ),  w_g = sum_b rot_{-g G}(D_d) . rot_{stride
 * b}(x) with G = stride*n1. The baby rotations share one decomposition of x,
 * stay in the basis q+P and are multiplied and summed there by diagonals
 * encoded modulo P too ([BMTH21]). Giant steps follow Horner's rule in that
 * basis, y = w_0 + rot_G( w_1 + rot_G( w_2 + ...)). A giant step takes a
 * ModDown, a ModUp and an inner product. Keys of their own for the giant steps
 * would not save work; with Horner's rule one key serves all giant steps, and
 * the last ModDown can also divide by a prime of q.
 *
 * A map is immutable once made and may be used by many threads.
 */
#ifndef BF_CKKS_LINTRANS_H
#define BF_CKKS_LINTRANS_H

#include "ckks/ckks.h"

#define BF_LINTRANS_BABY_MAX 64

typedef struct bf_diagonal {
    size_t index;                 /* d < dim */
    const double complex *values; /* [dim]; NULL in symbolic maps: values of
                                   * modulus 1 */
} bf_diagonal;

/* The encoding of a map, for ciphertexts of up to `limbs` limbs. */
typedef struct bf_lintrans_form {
    double scale;
    unsigned limbs;
    unsigned baby; /* n1, up to BF_LINTRANS_BABY_MAX; 0: the n1 of least work */
    bool symbolic; /* metadata only */
} bf_lintrans_form;

typedef struct bf_lintrans {
    const bf_context *ctx;
    size_t dim;    /* the period of the diagonals */
    size_t stride; /* the largest power of two that divides all d */
    size_t baby;   /* n1 */
    size_t giants; /* 1 + the largest g */
    size_t count;  /* diagonals, by increasing index */
    size_t *index; /* [count] d/stride */
    double *bound; /* [count] largest |entry| */
    unsigned limbs;
    double scale;
    double noise;  /* rounding of an encoded diagonal, as bf_pt.noise */
    double *data;  /* [count][limbs + K][2 dim], evaluation form, each value of
                    * a run once (bf_limb_compact); NULL symbolic */
} bf_lintrans;

/* dim is a power of two up to N/2. Diagonals repeat with period dim, and
 * x_{j+d} is slot j+d, without reduction modulo dim: the map is M if the input
 * has period dim, or a divisor of dim. BF_ERR_ARGUMENT when an index is
 * repeated or out of range, or there is none; BF_ERR_RANGE as bf_encode_slots.
 */
BF_MUST_CHECK bf_status bf_lintrans_make(bf_lintrans *out,
                                         const bf_context *ctx,
                                         const bf_diagonal *diagonals,
                                         size_t count, size_t dim,
                                         const bf_lintrans_form *form);
/* The same from M, dim x dim, row-major; zero diagonals are left out. */
BF_MUST_CHECK bf_status bf_lintrans_matrix(bf_lintrans *out,
                                           const bf_context *ctx,
                                           const double complex *matrix,
                                           size_t dim,
                                           const bf_lintrans_form *form);
void bf_lintrans_clear(bf_lintrans *t); /* safe on zeroed objects */
/* Bytes of the map's data; for a symbolic map, the bytes that its data would
 * take. 0 for a zeroed object. */
size_t bf_lintrans_bytes(const bf_lintrans *t);

/* Memory that an application on this number of threads takes beside
 * ciphertexts: a sum for each giant step, and each thread's current rotations.
 */
size_t bf_lintrans_work_bytes(const bf_lintrans *t, unsigned threads);

/* The rotations other than 0 that bf_lintrans_apply uses, each once. Stores the
 * first *count rotations in r, unless r is NULL, and sets *count to their
 * number. */
void bf_lintrans_rotations(const bf_lintrans *t, int *r, size_t *count);

/* out = M a. Scales multiply; no level: the caller rescales, once for several
 * maps in a row. Uses a at no more limbs than the map has. */
BF_MUST_CHECK bf_status bf_lintrans_apply(bf_eval *ev, bf_ct *out,
                                          const bf_ct *a,
                                          const bf_lintrans *t);
/* The same and bf_rescale, in one ModDown. */
BF_MUST_CHECK bf_status bf_lintrans_apply_rescale(bf_eval *ev, bf_ct *out,
                                                  const bf_ct *a,
                                                  const bf_lintrans *t);

#endif
