/* Bootstrapping raises a ciphertext of one limb to many limbs ([CHKKS18a]).
 *
 * The message is a real polynomial in Y = X^{N/2n}: 2n coefficients, a sparse
 * packing with n complex slots; n = N/2 allows any polynomial. One refresh has
 * these steps:
 *   1. s -> s' of weight 32, modulo q_0, in a ring of its own (the sparse
 * secret encapsulation of [BTH22]);
 *   2. ModRaise: c_0 + c_1 s' = m + q_0 I over the integers, with |I| <= 16 for
 *      any ciphertext, as 33 terms of at most q_0/2 add up; s' -> s;
 *   3. the trace to Z[Y], after which I lies in Z[Y] as m does;
 *   4. CoeffToSlot (dft.h);
 *   5. EvalMod: a cosine of an eighth of the angle, even and of degree 30, and
 *      three doublings give sin(2 pi m/q_0); for sparse packings once, for full
 *      slots for real and imaginary parts. With the arcsine, s + s^3/6 of it;
 *   6. SlotToCoeff, and the sum of the two halves that a sparse packing had.
 * The result has the planned scale to the last bit, whatever the scale of the
 * input: EvalMod's polynomial is evaluated to the scale that leads to the
 * planned one. So errors of scales do not add up over many refreshes.
 *
 * Errors: step 5 rounds slots and not coefficients. The errors of slots are
 * products with the secret's slots, so that the largest of many errors is 6 to
 * 13 times their rms. The sine changes a message by the relative error (2 pi
 * m/q_0)^2/6, or 3 (2 pi m/q_0)^4/40 with the arcsine. For messages beyond
 * q_0/50 together with |I| = 16 (1 in 2^100) the error is unbounded. */
#ifndef BF_CKKS_BOOTSTRAP_H
#define BF_CKKS_BOOTSTRAP_H

#include "ckks/dft.h"

#define BF_BOOT_WEIGHT 32 /* of s' */

/* The caller's requirements. */
typedef struct bf_boot_request {
    unsigned log_n;
    unsigned log_slots; /* n */
    unsigned limbs;     /* limbs after a refresh */
    const uint64_t *q; /* [limbs], chain from q_0 up; NULL: chosen */
    double q0_bits, limb_bits; /* sizes of chosen primes */
    double bound;   /* largest |coefficient| of a message */
    double typical; /* their rms; 0: bound/16 */
    double ratio;   /* log2(q_0/(scale*bound)) of inputs: 5 to 12. Every bit
                     * costs a bit of precision and makes the sine straighter */
    double scale;   /* of results */
    double precision; /* bits from the rms error up to the bound */
    bool arcsine;
    bool few_keys;    /* two thirds of the keys, at half the speed */
    bool insecure;
} bf_boot_request;

/* A literal like bf_params. The chain from the bottom: the `limbs` primes that
 * a refresh leaves, `s2c_primes`, the primes of EvalMod, one for each group of
 * c2s. */
typedef struct bf_boot_params {
    bf_params ring;
    bf_params encapsulation; /* q_0 and one special prime */
    unsigned limbs, s2c_primes;
    bf_dft c2s, s2c; /* log_slots is c2s.log_slots */
    bool arcsine, few_keys;
    double bound, typical, ratio, scale;
} bf_boot_params;

/* BF_ERR_RANGE when no primes of 49 bits give the precision, BF_ERR_SECURITY
 * when the chain is too long for the ring. */
BF_MUST_CHECK bf_status bf_boot_params_make(bf_boot_params *out,
                                            const bf_boot_request *request);
/* The same primes for messages of another number of slots; the precision
 * follows. BF_ERR_RANGE when the maps of this number of slots need other
 * groups.
 */
BF_MUST_CHECK bf_status bf_boot_params_slots(bf_boot_params *p,
                                             unsigned log_slots);
/* Sets the transforms of p, with the given numbers of groups. The radices
 * follow from log_slots and the number of groups. */
void bf_boot_params_split(bf_boot_params *p, unsigned log_slots,
                          unsigned groups);
/* The encapsulation ring of p with this special prime. */
void bf_boot_params_encapsulate(bf_boot_params *p, uint64_t special);
/* BF_ERR_ARGUMENT for parts that do not belong together or numbers that no
 * request leads to, BF_ERR_SECURITY for an encapsulation ring of too large a
 * modulus. The rings' own checks are those of their contexts. */
BF_MUST_CHECK bf_status bf_boot_params_check(const bf_boot_params *p);
/* The planned scale of inputs: q_0/(bound 2^ratio). */
double bf_boot_scale_in(const bf_boot_params *p);
/* Limbs that EvalMod takes. */
unsigned bf_boot_sine_limbs(const bf_boot_params *p);
/* Error of the sine, or of the arcsine of the sine, at a coefficient of
 * absolute value c, where q_0 = u in the units of c. */
double bf_boot_bend(bool arcsine, double c, double u);

/* Maps and polynomial; immutable, for all threads. The contexts are those of p,
 * and outlive it. symbolic: for symbolic evaluators, without the maps' data. */
typedef struct bf_boot bf_boot;
BF_MUST_CHECK bf_status bf_boot_create(bf_boot **out, const bf_context *ctx,
                                       const bf_context *encapsulation,
                                       const bf_boot_params *p, bool symbolic);
void bf_boot_destroy(bf_boot *b);
const bf_boot_params *bf_boot_get_params(const bf_boot *b);
/* Memory that the maps take, symbolic or not. */
size_t bf_boot_bytes(const bf_boot *b);
/* Memory that a refresh on this number of threads takes beside ciphertexts. */
size_t bf_boot_work_bytes(const bf_boot *b, unsigned threads);

/* Error (rms, in units of the message) that a refresh of this scale adds: to a
 * coefficient in Z[Y], from the maps and the bend of the sine; and to any of
 * the N coefficients, which includes EvalMod's roundings. `same` is the part of
 * `inside` that depends on the message alone: a refresh of nearly the same
 * message adds nearly the same error. */
typedef struct bf_boot_errors {
    double inside, same, all;
} bf_boot_errors;
bf_boot_errors bf_boot_errors_of(const bf_boot *b, double scale_in);

/* out = a at `limbs` limbs and the planned scale, an element of ev's ring. a
 * has at least one limb, of which the lowest is used, and lies in that ring or
 * in a smaller one that shares q_0; its scale is the planned one within a
 * factor of two (BF_ERR_MISMATCH). Keys: ev's, one of use DECAPSULATE; the
 * encapsulation evaluator's, one of use ENCAPSULATE. The evaluators are both
 * real or both symbolic, like b. out may be a where that lies in ev's ring.
 *
 * out->noise is the rms error over all N coefficients; the error is larger in
 * Z[Y] than outside. The noise includes the error of the sine at the typical
 * coefficient. The bound does not change. */
BF_MUST_CHECK bf_status bf_boot_refresh(bf_eval *ev, bf_eval *encapsulation,
                                     bf_ct *out, const bf_ct *a,
                                     const bf_boot *b);

#endif
