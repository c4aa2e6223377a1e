/* The embedding's transform as linear maps on slots: CoeffToSlot and
 * SlotToCoeff ([CHH18] for the factors, [CHKKS18a] for their use).
 *
 * n complex numbers t_k = c_k + i c_{k+n} are the coefficients of a polynomial
 * in Y = X^{N/(2n)}, and z_j = sum_k t_k zeta^{5^j k}, zeta = exp(i pi/2n), its
 * slots, of period n (embed.c). S_2, S_4, .., S_n being the butterflies of the
 * fast transform and R the bit-reversed order,
 *     SlotToCoeff: z = S_n .. S_4 S_2 (R t)
 *     CoeffToSlot: n R t = S_2^{-1} S_4^{-1} .. S_n^{-1} z, each times two.
 * A group is a product of some of them. A butterfly of length l has diagonals
 * 0, l/2, -l/2; those of a group have a common stride, and are rotated so that
 * none is negative, which neighbours take back.
 *
 * `wide`: 2n real numbers, Re t in the first n slots and Im t behind.
 * CoeffToSlot gives [t, -i t] of period 2n, which its conjugate completes to
 * twice that. SlotToCoeff takes it and leaves z in two parts: y_j + y_{j+n} =
 * z_j. */
#ifndef BF_CKKS_DFT_H
#define BF_CKKS_DFT_H

#include "ckks/lintrans.h"

#define BF_DFT_GROUPS_MAX 6

typedef struct bf_dft {
    unsigned log_slots; /* n = 2^log_slots */
    bool to_slots;      /* CoeffToSlot, or SlotToCoeff */
    bool wide;
    unsigned groups;
    unsigned radix[BF_DFT_GROUPS_MAX]; /* butterflies of each, first applied
                                        * first; together log_slots */
} bf_dft;

typedef struct bf_dft_group {
    size_t dim; /* n, or 2n for the group on the side of the parts when wide */
    size_t count;
    bf_diagonal *diagonals; /* in no order */
    double complex *values; /* theirs, or NULL */
} bf_dft_group;

/* out[groups], first applied first. BF_ERR_ARGUMENT for radices that do not
 * make up the transform. indices: without values, for symbolic maps. */
BF_MUST_CHECK bf_status bf_dft_make(bf_dft_group *out, const bf_dft *d,
                                    bool indices);
void bf_dft_clear(bf_dft_group *g); /* safe on zeroed objects */

#endif
