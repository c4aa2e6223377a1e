/* The embedding's transform as linear maps on slots: CoeffToSlot and
 * SlotToCoeff ([CHH18] for the factors, [CHKKS18a] for their use).
 *
 * n complex numbers t_k = c_k + i c_{k+n} are the coefficients of a polynomial
 * in Y = X^{N/(2n)}, and z_j = sum_k t_k zeta^{5^j k}, zeta = exp(i pi/2n), its
 * slots, of period n (embed.c). S_2, S_4, .., S_n being the butterflies of the
 * fast transform and R the bit-reversed order,
 *     SlotToCoeff: z = S_n .. S_4 S_2 (R t)
 *     CoeffToSlot: n R t = S_2^{-1} S_4^{-1} .. S_n^{-1} z, each times two.
 * A group is a product of some of these butterflies. A butterfly of length l
 * has diagonals 0, l/2, -l/2. The diagonals of a group have a common stride; a
 * rotation makes all of them nonnegative, and the neighbouring groups undo this
 * rotation.
 *
 * `wide`: 2n real numbers, Re t in slots 0..n-1 and Im t in slots n..2n-1.
 * CoeffToSlot returns [t, -i t], of period 2n; the sum with its conjugate is
 * twice these real numbers. SlotToCoeff takes the real numbers and returns z in
 * two parts: y_j + y_{j+n} = z_j. */
#ifndef BF_CKKS_DFT_H
#define BF_CKKS_DFT_H

#include "ckks/lintrans.h"

#define BF_DFT_GROUPS_MAX 6

typedef struct bf_dft {
    unsigned log_slots; /* n = 2^log_slots */
    bool to_slots;      /* CoeffToSlot, or SlotToCoeff */
    bool wide;
    unsigned groups;
    unsigned radix[BF_DFT_GROUPS_MAX]; /* butterflies of each group, in order of
                                        * application; the sum is log_slots */
} bf_dft;

typedef struct bf_dft_group {
    size_t dim; /* n, or 2n for the group on the side of the parts when wide */
    size_t count;
    bf_diagonal *diagonals; /* in no order */
    double complex *values; /* of the diagonals, or NULL */
} bf_dft_group;

/* out[groups], in order of application. BF_ERR_ARGUMENT for radices that do not
 * add up to the transform. indices: without values, for symbolic maps. */
BF_MUST_CHECK bf_status bf_dft_make(bf_dft_group *out, const bf_dft *d,
                                    bool indices);
void bf_dft_clear(bf_dft_group *g); /* safe on zeroed objects */

#endif
