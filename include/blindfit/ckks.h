/* Arithmetic on encrypted vectors: CKKS [CKKS17], in its residue form.
 *
 *     parameters -> context -> keys -> encrypt -> evaluate -> decrypt
 *
 * A ciphertext holds `slots` numbers, real or complex; operations act on all of
 * them at once. A level is one product: a ciphertext of level l can take part
 * in l products, one after another, and each product lowers the level by one.
 *
 * There are two ways to compute. The *plain* operations (section 4) keep every
 * ciphertext at the scale of its level: products relinearise and rescale, and
 * sums bring their operands together. The *exact* operations (section 5) do one
 * step each, at scales that the caller chooses. A program may use both; each
 * operation says which operands it takes.
 *
 * Outputs `T **out`: if *out is NULL, the function makes an object; otherwise
 * the function replaces the content of *out, which may be an input. Outputs
 * stay unchanged on failure. The caller destroys the objects that it receives;
 * destroy accepts NULL. The context must outlive everything made with it, and
 * keys must outlive their evaluators; ciphertexts may outlive an evaluator.
 *
 * Threads: many threads may read contexts, keys, plaintexts, ciphertexts and
 * maps at the same time. An evaluator belongs to one thread at a time; each
 * thread makes its own. Within an operation the library uses the threads of the
 * caller's bf_env (bf_env_enter).
 *
 * BF_ERR_MISMATCH for objects of other parameters or of another key.
 * BF_ERR_ARGUMENT for operands that an operation cannot take, and if too few
 * levels are left. Messages name the operation.
 *
 * Decrypted results are approximate, and exact decryptions would betray the
 * key: docs/security.md says who may see which. */
#ifndef BLINDFIT_CKKS_H
#define BLINDFIT_CKKS_H

#include <stdbool.h>

#include "blindfit/matrix.h"

/* A complex number of C and C++: two doubles. */
#ifdef __cplusplus
#include <complex>
typedef std::complex<double> bf_complex;
extern "C" {
#else
#include <complex.h>
typedef double complex bf_complex;
#endif

/* ---- 1. parameters and context ------------------------------------------- */

/* The requirements of a circuit. bf_ckks_create chooses the smallest ring that
 * meets them with 128 bits of security (the table of [BCC+24]), and its primes.
 */
typedef struct bf_ckks_request {
    unsigned depth;     /* products one after another, 1 to 47; 0: 1 */
    size_t slots;       /* least number of values in a ciphertext; 0: any */
    unsigned precision; /* bits behind the binary point that encryption and the
                         * rounding of a product leave right; 0: 20. At most 29,
                         * one bit less for each doubling of a ring of 2^13 */
    double largest;     /* |value| that any slot ever has, at most
                         * 2^(49 - precision); 0: 1 */
} bf_ckks_request;

/* Parameters by hand: bit lengths of the primes, 20 to 49, in order. The last
 * entry of q_bits gives the scale, 2^bits. The leading entries whose length
 * differs, at least one, are the base, which is below level 0. digit_limbs: the
 * number of primes of q in a digit of key switching; the product of the special
 * primes p must exceed that of each digit. BF_ERR_ARGUMENT otherwise. */
typedef struct bf_ckks_chain {
    unsigned log_n; /* ring of degree 2^log_n, twice the slots; 13 to 17 */
    const unsigned *q_bits, *p_bits;
    unsigned q_count, p_count; /* 1 to 48, 1 to 16 */
    unsigned digit_limbs;      /* 1 to q_count */
} bf_ckks_chain;

typedef struct bf_ckks bf_ckks;
/* BF_ERR_ARGUMENT, with the reason, if no ring meets the request. */
BF_API BF_MUST_CHECK bf_status bf_ckks_create(bf_ckks **out,
                                              const bf_ckks_request *request);
/* BF_ERR_SECURITY below 128 bits, as every ring below 2^13 is. */
BF_API BF_MUST_CHECK bf_status bf_ckks_create_chain(bf_ckks **out,
                                                    const bf_ckks_chain *chain);
/* Reads the parameters from a file of any kind: of keys or of ciphertexts. */
BF_API BF_MUST_CHECK bf_status bf_ckks_load(bf_ckks **out, const char *path);
BF_API void bf_ckks_destroy(bf_ckks *ckks);

BF_API size_t bf_ckks_slots(const bf_ckks *ckks);
BF_API unsigned bf_ckks_levels(const bf_ckks *ckks); /* of a fresh ciphertext */
/* The scale of ciphertexts of this level: s(0) = 2^bits. The product of two
 * ciphertexts of level l, divided by their last prime q, has the scale s(l)^2/q
 * = s(l-1). */
BF_API double bf_ckks_scale(const bf_ckks *ckks, unsigned level);
/* The largest |value| of a slot. The base has room for four times this value.
 */
BF_API double bf_ckks_largest(const bf_ckks *ckks);
/* Primes of a ciphertext of this level: those of the base, and one a level. */
BF_API unsigned bf_ckks_limbs(const bf_ckks *ckks, unsigned level);
/* Prime number i, from 0: a ciphertext of l limbs is modulo primes 0 to l - 1,
 * and bf_cipher_rescale divides it by prime l - 1. 0 if there is no such prime.
 */
BF_API uint64_t bf_ckks_prime(const bf_ckks *ckks, unsigned i);
BF_API double bf_ckks_log2_q(const bf_ckks *ckks);
BF_API double bf_ckks_log2_qp(const bf_ckks *ckks);  /* what security is of */
BF_API double bf_ckks_security(const bf_ckks *ckks); /* bits, classical */

/* ---- 2. plaintexts: encoded vectors -------------------------------------- */

/* A plaintext is in secret memory, and is wiped when destroyed. */
typedef struct bf_plain bf_plain;
/* Encodes values[count], 1 <= count <= slots, at the highest level and its
 * scale. Zeros fill the values up to the next power of two; the slots repeat
 * this block, so that rotations rotate the block. BF_ERR_RANGE for a value that
 * exceeds bf_ckks_largest or is not finite. */
BF_API BF_MUST_CHECK bf_status bf_plain_encode(bf_plain **out,
                                               const bf_ckks *ckks,
                                               const double *values,
                                               size_t count);
/* Encodes complex values at this scale, for ciphertexts of up to this level. */
BF_API BF_MUST_CHECK bf_status bf_plain_encode_at(bf_plain **out,
                                                  const bf_ckks *ckks,
                                                  const bf_complex *values,
                                                  size_t count, double scale,
                                                  unsigned level);
/* Encodes coeffs[count], the coefficients of the polynomial instead of slots;
 * count is at most twice the slots. BF_ERR_RANGE if the polynomial has a slot
 * that exceeds bf_ckks_largest: a slot is up to the sum of all |coefficients|.
 */
BF_API BF_MUST_CHECK bf_status bf_plain_encode_coeffs(
    bf_plain **out, const bf_ckks *ckks, const double *coeffs, size_t count,
    double scale, unsigned level);
/* The first count slots (their real parts, or complex), or the first count
 * coefficients. */
BF_API BF_MUST_CHECK bf_status bf_plain_decode(double *values, size_t count,
                                               const bf_plain *plain);
BF_API BF_MUST_CHECK bf_status bf_plain_decode_complex(bf_complex *values,
                                                       size_t count,
                                                       const bf_plain *plain);
BF_API BF_MUST_CHECK bf_status bf_plain_decode_coeffs(double *coeffs,
                                                      size_t count,
                                                      const bf_plain *plain);
BF_API void bf_plain_destroy(bf_plain *plain);

/* ---- 3. keys, encryption, decryption ------------------------------------- */

typedef struct bf_cipher bf_cipher; /* an encrypted vector */

/* The secret key: ternary, in locked memory, wiped when destroyed. Its
 * functions are the owner's, and in libblindfit alone. */
typedef struct bf_secret bf_secret;
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_generate(bf_secret **out,
                                                        const bf_ckks *ckks);
BF_OWNER_API void bf_secret_destroy(bf_secret *secret);
/* Writes a file of mode 0600. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_save(const bf_secret *secret,
                                                    const char *path);
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_load(bf_secret **out,
                                                    const bf_ckks *ckks,
                                                    const char *path);
/* Encrypts values as bf_plain_encode encodes them. Compared with
 * bf_public_encrypt, the file has half the bytes, since half of the ciphertext
 * is the expansion of a seed, and the ciphertext has less noise. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_encrypt(bf_cipher **out,
                                                       const bf_secret *secret,
                                                       const double *values,
                                                       size_t count);
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_encrypt_plain(
    bf_cipher **out, const bf_secret *secret, const bf_plain *plain);
/* The real parts of the first count slots. BF_ERR_MISMATCH for a ciphertext of
 * another key. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_decrypt(double *values,
                                                       size_t count,
                                                       const bf_secret *secret,
                                                       const bf_cipher *a);
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_decrypt_plain(
    bf_plain **out, const bf_secret *secret, const bf_cipher *a);

/* The public key, which can encrypt and nothing else. */
typedef struct bf_public bf_public;
BF_OWNER_API BF_MUST_CHECK bf_status bf_public_create(bf_public **out,
                                                      const bf_secret *secret);
BF_API void bf_public_destroy(bf_public *key);
BF_API BF_MUST_CHECK bf_status bf_public_encrypt(bf_cipher **out,
                                                 const bf_public *key,
                                                 const double *values,
                                                 size_t count);
BF_API BF_MUST_CHECK bf_status bf_public_encrypt_plain(bf_cipher **out,
                                                       const bf_public *key,
                                                       const bf_plain *plain);

/* Evaluation keys are public. An evaluator needs them for products of
 * ciphertexts, rotations, conjugation and automorphisms. */
typedef struct bf_keys_request {
    bool products;        /* of two ciphertexts */
    bool conjugation;     /* bf_cipher_conjugate */
    bool sums;            /* rotations by powers of two: bf_cipher_sum */
    const int *rotations; /* [count], or NULL */
    size_t count;
    bool bootstrap;           /* bf_bootstrap (section 8) */
    const uint32_t *elements; /* [element_count], of bf_cipher_automorphism */
    size_t element_count;
    const bf_secret *smaller; /* of a smaller ring, to which and from which
                               * ciphertexts go (section 9), or NULL */
} bf_keys_request;
typedef struct bf_keys bf_keys;
typedef struct bf_evaluator bf_evaluator;
BF_OWNER_API BF_MUST_CHECK bf_status
bf_keys_create(bf_keys **out, const bf_secret *secret,
               const bf_keys_request *request, bf_env *env);
/* Makes exactly the keys that the operations on a dry evaluator needed, at the
 * levels at which they needed them (section 6). If they needed none, the object
 * and its file hold no key, and serve such operations. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_keys_create_for(bf_keys **out,
                                                        const bf_secret *secret,
                                                        const bf_evaluator *dry,
                                                        bf_env *env);
/* The same for a dry run in which ciphertexts went to a smaller ring or came
 * from it; `smaller` is the secret of that ring. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_keys_create_for_rings(
    bf_keys **out, const bf_secret *secret, const bf_secret *smaller,
    const bf_evaluator *dry, bf_env *env);
BF_API void bf_keys_destroy(bf_keys *keys);

/* ---- 4. plain operations ------------------------------------------------- */

/* Values are right up to bf_ckks_largest. Larger ones may wrap around the
 * modulus, unnoticed: bf_cipher_describe's bound tells how large values can be.
 */

/* keys may be NULL: sums, and products with numbers, need none. */
BF_API BF_MUST_CHECK bf_status bf_evaluator_create(bf_evaluator **out,
                                                   const bf_ckks *ckks,
                                                   const bf_keys *keys);
BF_API void bf_evaluator_destroy(bf_evaluator *ev);

BF_API void bf_cipher_destroy(bf_cipher *a);
BF_API BF_MUST_CHECK bf_status bf_cipher_copy(bf_evaluator *ev, bf_cipher **out,
                                              const bf_cipher *a);

/* Use no level. If the operands differ in level, the higher one is first
 * brought down to the lower. At the same level their scales must agree to
 * 2^-20. */
BF_API BF_MUST_CHECK bf_status bf_cipher_add(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a,
                                             const bf_cipher *b);
BF_API BF_MUST_CHECK bf_status bf_cipher_sub(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a,
                                             const bf_cipher *b);
BF_API BF_MUST_CHECK bf_status bf_cipher_negate(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a);
/* Adds c to every slot; adds values, encoded as bf_plain_encode encodes them.
 * BF_ERR_RANGE for numbers beyond bf_ckks_largest. */
BF_API BF_MUST_CHECK bf_status bf_cipher_add_const(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a,
                                                   double c);
BF_API BF_MUST_CHECK bf_status bf_cipher_add_values(bf_evaluator *ev,
                                                    bf_cipher **out,
                                                    const bf_cipher *a,
                                                    const double *values,
                                                    size_t count);
/* Exact; uses no level. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_int(bf_evaluator *ev,
                                                 bf_cipher **out,
                                                 const bf_cipher *a, int64_t c);
/* Products use one level, counted from the lower operand. Products of
 * ciphertexts need the key of products; bf_cipher_mul first relinearises
 * operands of three polynomials (bf_cipher_tensor), as sums do if need be. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a,
                                             const bf_cipher *b);
/* Multiplies by c, which may be 0. The relative error of the factor is at most
 * 1/(2 |c| s) + 2^-51, with s the scale of the level, or 2^-25 where this is an
 * eighth of a's error at most; `error` of the product contains it. BF_ERR_RANGE
 * unless c is 0 or |c| s from 2^10 to 2^200. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_const(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a,
                                                   double c);
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_values(bf_evaluator *ev,
                                                    bf_cipher **out,
                                                    const bf_cipher *a,
                                                    const double *values,
                                                    size_t count);
/* sum_k a[k] b[k], with one relinearisation and one division. */
BF_API BF_MUST_CHECK bf_status bf_cipher_dot(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *const *a,
                                             const bf_cipher *const *b,
                                             size_t terms);

/* Uses no level. Slot j receives slot j + r; r may be negative. Needs the key
 * of rotation r; r = 0 copies. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rotate(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a, int r);
/* out[i] = a rotated by r[i], for less work than count rotations: they share
 * one decomposition of a. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rotate_many(bf_evaluator *ev,
                                                     bf_cipher **out,
                                                     const bf_cipher *a,
                                                     const int *r,
                                                     size_t count);
/* Sum over i of a[i] rotated by r[i], with one division for all. Entries of a[]
 * may repeat, and must have the same level and scale. Entries of three
 * polynomials (bf_cipher_tensor) are relinearised in the same step, with other
 * keys, which a dry run finds. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rotate_sum(bf_evaluator *ev,
                                                    bf_cipher **out,
                                                    const bf_cipher *const *a,
                                                    const int *r, size_t count);
/* Slot j receives the sum of slots j to j + count - 1, count a power of two.
 * Takes log2(count) rotations; needs the keys of `sums`. */
BF_API BF_MUST_CHECK bf_status bf_cipher_sum(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a, size_t count);
BF_API BF_MUST_CHECK bf_status bf_cipher_conjugate(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a);

/* y = M x, where x has the period of cols rounded up to a power of two. M is
 * encoded once, for ciphertexts of this level at least; rows and cols are at
 * most slots. BF_ERR_RANGE for an entry that is not finite, or so large that a
 * diagonal does not fit the primes of the level. */
typedef struct bf_linear bf_linear;
BF_API BF_MUST_CHECK bf_status bf_linear_create(bf_linear **out,
                                                const bf_ckks *ckks,
                                                const bf_view *matrix,
                                                unsigned level);
/* The same for complex M; matrix[i*stride + j] is entry (i, j). */
BF_API BF_MUST_CHECK bf_status bf_linear_create_complex(
    bf_linear **out, const bf_ckks *ckks, const bf_complex *matrix, size_t rows,
    size_t cols, size_t stride, unsigned level);
/* A map from some of its diagonals:
 *   y_j = sum_k values[k*dim + j % dim] x_{j + index[k]},
 * k < count, slots numbered modulo their count; dim is a power of two up to
 * slots, and index[k] < dim occurs once. For x of period dim this is the dim x
 * dim matrix with M[j][(j + index[k]) % dim] = values[k*dim + j]. If the
 * indices are equally spaced, the map takes about 2 sqrt(count) rotations. */
BF_API BF_MUST_CHECK bf_status bf_linear_create_diagonals(
    bf_linear **out, const bf_ckks *ckks, size_t dim, const size_t *index,
    const bf_complex *values, size_t count, unsigned level);
/* Coefficients to slots, or slots to coefficients, for vectors of period n, a
 * power of two from 2 to slots. The polynomial of such a vector has 2n
 * coefficients c_0, ..., c_{2n-1}, at distance slots/n from each other. Let
 * t_k = c_k + i c_{k+n}. With to_slots the maps take a vector to slots j =
 * t_{r(j)}, r(j) the log2(n) bits of j in reverse order; without to_slots they
 * take these slots back to the vector. maps[groups], 1 to 6 and at most
 * log2(n), are applied in order: maps[0] at `level`, maps[1] at level - 1, and
 * so on. A map has about 2 n^(1/groups) diagonals ([CHH18]). */
BF_API BF_MUST_CHECK bf_status bf_linear_create_transform(
    bf_linear **maps, const bf_ckks *ckks, size_t n, bool to_slots,
    unsigned groups, unsigned level);
BF_API void bf_linear_destroy(bf_linear *map);
BF_API size_t bf_linear_bytes(const bf_linear *map); /* of memory */
/* Returns the number of rotations whose keys the map needs, and writes at most
 * `room` of them to r, which may be NULL. */
BF_API size_t bf_linear_rotations(const bf_linear *map, int *r, size_t room);
/* Takes a from the map's level to the next lower level. The first `rows` slots
 * are M x; zeros follow up to the larger of rows and cols, rounded up to a
 * power of two, and the slots repeat this block. */
BF_API BF_MUST_CHECK bf_status bf_linear_apply(bf_evaluator *ev,
                                               bf_cipher **out,
                                               const bf_cipher *a,
                                               const bf_linear *map);

/* p(x) = sum_k c[k] B_k of real slots x, degree 1 to 1023. B_k are the powers
 * of x, or the Chebyshev polynomials of [lo, hi], which grow steeply outside
 * the interval. Uses bf_polynomial_levels, the least possible number [PS73];
 * bf_cipher_chebyshev uses one more unless (hi - lo)/2 is between 1/2 and 2.
 * Needs the key of products. */
BF_API BF_MUST_CHECK bf_status bf_cipher_power_series(bf_evaluator *ev,
                                                      bf_cipher **out,
                                                      const bf_cipher *a,
                                                      const double *c,
                                                      unsigned degree);
BF_API BF_MUST_CHECK bf_status
bf_cipher_chebyshev(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                    const double *c, unsigned degree, double lo, double hi);
/* c[0..degree] of a function on [lo, hi], by interpolation: within a factor 2 +
 * (2/pi) log(degree + 1) of the best polynomial [Tre19]. BF_ERR_ARGUMENT unless
 * lo < hi, BF_ERR_RANGE if f is not finite at a node. */
BF_API BF_MUST_CHECK bf_status
bf_chebyshev_coefficients(double *c, unsigned degree, double lo, double hi,
                          double (*f)(double x, void *user), void *user);

/* Levels that a polynomial with these coefficients takes, powers or Chebyshev:
 * ceil(log2(degree + 1)), where leading zeros do not count. */
BF_API unsigned bf_polynomial_levels(const double *c, unsigned degree);
/* The value of a polynomial with these Chebyshev coefficients at a number x. */
BF_API double bf_chebyshev_at(const double *c, unsigned degree, double lo,
                              double hi, double x);

/* The facts about a ciphertext that do not depend on its values. */
typedef struct bf_cipher_facts {
    unsigned level;
    unsigned limbs; /* primes that are left, those of the base included */
    unsigned polys; /* 2, or 3 before relinearisation */
    double scale;
    double error; /* standard deviation of a slot's error, estimated */
    double bound; /* |value| that the estimate assumes */
} bf_cipher_facts;
BF_API bf_cipher_facts bf_cipher_describe(const bf_cipher *a);

/* ---- 5. exact operations ------------------------------------------------- */

/* Each operation does one step: scales multiply and divide, limbs go one by
 * one, and nothing is adjusted. Ciphertexts of different limbs are taken at the
 * lower number of limbs; a plaintext has at least the limbs of the ciphertext
 * that it meets (BF_ERR_ARGUMENT). */
BF_API BF_MUST_CHECK bf_status bf_cipher_add_plain(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a,
                                                   const bf_plain *b);
/* A product with complex numbers, or with a plaintext that serves many
 * products. If b is encoded at bf_ckks_scale of a's level, bf_cipher_rescale
 * brings the product to the scale of the next level. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_plain(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a,
                                                   const bf_plain *b);
/* *out += a b, so that a sum of products is rescaled once. If *out is NULL,
 * *out becomes a b. Otherwise *out is not a, has the scale of a b to 2^-20
 * (BF_ERR_MISMATCH), and has a's polynomials and at most the limbs of a and b
 * (BF_ERR_ARGUMENT). */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_plain_add(bf_evaluator *ev,
                                                       bf_cipher **out,
                                                       const bf_cipher *a,
                                                       const bf_plain *b);
/* sum_k a[k] b[k], not relinearised: 3 polynomials, at the product of the
 * scales. */
BF_API BF_MUST_CHECK bf_status bf_cipher_tensor(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *const *a,
                                                const bf_cipher *const *b,
                                                size_t terms);
/* The product of a rows x terms matrix and a terms x cols matrix, whose entries
 * are ciphertexts: out[r*cols + c] = sum_k a[r*terms + k] b[k*cols + c], each
 * as bf_cipher_tensor makes it, for less time in all. */
BF_API BF_MUST_CHECK bf_status bf_cipher_tensor_matrix(
    bf_evaluator *ev, bf_cipher **out, const bf_cipher *const *a,
    const bf_cipher *const *b, size_t rows, size_t terms, size_t cols);
BF_API BF_MUST_CHECK bf_status bf_cipher_relinearize(bf_evaluator *ev,
                                                     bf_cipher **out,
                                                     const bf_cipher *a);
/* Divides by the last prime. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rescale(bf_evaluator *ev,
                                                 bf_cipher **out,
                                                 const bf_cipher *a);
/* Relinearises and divides by the last prime, with one division for both. */
BF_API BF_MUST_CHECK bf_status bf_cipher_relinearize_rescale(
    bf_evaluator *ev, bf_cipher **out, const bf_cipher *a);
/* Drops primes until `limbs` are left; the scale does not change. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mod_drop(bf_evaluator *ev,
                                                  bf_cipher **out,
                                                  const bf_cipher *a,
                                                  unsigned limbs);
/* factor * a at exactly this scale, above 0, with `limbs` limbs, fewer than a
 * has. */
BF_API BF_MUST_CHECK bf_status bf_cipher_adjust(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a,
                                                double factor, double scale,
                                                unsigned limbs);
/* Brings a down to a level and its scale; copies a ciphertext that has
 * them (the scale to 2^-20). */
BF_API BF_MUST_CHECK bf_status bf_cipher_lower(bf_evaluator *ev,
                                               bf_cipher **out,
                                               const bf_cipher *a,
                                               unsigned level);
/* X^e a, without noise. X^slots multiplies every slot by the imaginary unit. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_monomial(bf_evaluator *ev,
                                                      bf_cipher **out,
                                                      const bf_cipher *a,
                                                      int64_t e);
/* X -> X^g, g odd and below 4 slots: coefficient i moves to g i modulo 2 slots,
 * with the sign of X^{g i}. Powers of 5 rotate slots, 4 slots - 1 conjugates.
 * Needs the key of `elements`, or of the rotation or conjugation that g is; g =
 * 1 copies. */
BF_API BF_MUST_CHECK bf_status bf_cipher_automorphism(bf_evaluator *ev,
                                                      bf_cipher **out,
                                                      const bf_cipher *a,
                                                      uint32_t g);
/* Packing and expansion [CDKS20]. f divides the slots, and 2^log_m is at most
 * slots/f. bf_cipher_pack computes out = sum_m X^{u m} Tr(g[m]), with u =
 * slots/(f 2^log_m), m < count <= 2^log_m; Tr sums the slots that are congruent
 * modulo f. g[] have 2 or 3 polynomials and do not change; the caller knows
 * that no sum exceeds `bound`. bf_cipher_expand is the inverse, with X^{sign u
 * m}, sign 1 or -1; its results are 2^log_m times as large, which their scale
 * shows. A dry run finds the keys. */
BF_API BF_MUST_CHECK bf_status bf_cipher_pack(bf_evaluator *ev, bf_cipher **out,
                                              const bf_cipher *const *g,
                                              size_t count, unsigned log_m,
                                              unsigned f, double bound);
BF_API BF_MUST_CHECK bf_status bf_cipher_expand(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a,
                                                size_t count, unsigned log_m,
                                                unsigned f, int sign);

/* The same from elements that make(user, &g, m) makes, for each m < count once
 * and in no order, shortly before they are packed: for 2^log_m >= 64 only a
 * quarter of them is in memory. g is NULL before the call, and
 * bf_cipher_pack_made destroys it. All elements have the same level, scale and
 * polynomials. make runs on the caller's thread, and may use ev; an error of
 * make ends the packing. */
typedef bf_status (*bf_cipher_make)(void *user, bf_cipher **g, size_t m);
BF_API BF_MUST_CHECK bf_status bf_cipher_pack_made(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   size_t count, unsigned log_m,
                                                   unsigned f, double bound,
                                                   bf_cipher_make make,
                                                   void *user);
/* M a, at the product of both scales and at the map's limbs or a's, whichever
 * are fewer. The map's scale is s(l-1) q/s(l), with s the scales of levels, l
 * the map's level and q the prime of that level: a rescale of the result, or of
 * a sum of results, divides by q. */
BF_API BF_MUST_CHECK bf_status bf_linear_apply_exact(bf_evaluator *ev,
                                                     bf_cipher **out,
                                                     const bf_cipher *a,
                                                     const bf_linear *map);
/* p(a) as bf_cipher_power_series and bf_cipher_chebyshev, at exactly this
 * scale, bf_polynomial_levels limbs below a. The interval [lo, hi] takes no
 * level. `scale`, and a's scale (times (hi - lo)/2 for Chebyshev polynomials),
 * should be near the primes of the levels: a ratio of 2^r costs about r*degree
 * bits of precision, and is BF_ERR_RANGE if a constant exceeds 63 bits. */
BF_API BF_MUST_CHECK bf_status bf_cipher_power_series_at(
    bf_evaluator *ev, bf_cipher **out, const bf_cipher *a, const double *c,
    unsigned degree, double scale);
BF_API BF_MUST_CHECK bf_status bf_cipher_chebyshev_at(
    bf_evaluator *ev, bf_cipher **out, const bf_cipher *a, const double *c,
    unsigned degree, double lo, double hi, double scale);

/* ---- 6. dry runs --------------------------------------------------------- */

/* A dry evaluator computes without numbers. It takes and gives stand-ins;
 * operations check their operands as always, count their work, and note the
 * keys that they need, for bf_keys_create_for. So one function of a program
 * finds the keys of its circuit, and then computes it. */
BF_API BF_MUST_CHECK bf_status bf_evaluator_create_dry(bf_evaluator **out,
                                                       const bf_ckks *ckks);
/* Stands for an encryption at this level. */
BF_API BF_MUST_CHECK bf_status bf_cipher_stand_in(bf_cipher **out,
                                                  const bf_ckks *ckks,
                                                  unsigned level);

/* The work of an evaluator's operations so far, dry or not: what a circuit will
 * cost, if a dry evaluator computed it. */
typedef struct bf_evaluator_facts {
    uint64_t key_switches; /* products with a key: one for each rotation,
                            * conjugation, automorphism, relinearisation */
    uint64_t decompositions, divisions; /* on which operations of many key
                                         * switches save: one for all of them */
    uint64_t products;       /* of ciphertexts */
    uint64_t plain_products; /* of ciphertexts and plaintexts */
    uint64_t rescales;
    unsigned lowest_level; /* of a result; the highest before the first result.
                            * Without bootstrapping, a circuit takes the levels
                            * from the highest down to this one */
    size_t keys;           /* dry evaluators: keys that the operations need */
    size_t key_bytes;      /* and the memory that these keys take */
    size_t peak_bytes;     /* most memory of ciphertexts at one time; with
                            * scratch memory, if the evaluator is not dry */
} bf_evaluator_facts;
BF_API bf_evaluator_facts bf_evaluator_describe(const bf_evaluator *ev);

/* ---- 7. files and memory ------------------------------------------------- */

/* Files appear whole or not at all. Reading checks everything
 * (docs/formats.md): BF_ERR_FORMAT for damage, BF_ERR_MISMATCH for other
 * parameters or contents.
 *
 * `_write` gives the same bytes in memory: free *data with bf_free. */
BF_API BF_MUST_CHECK bf_status bf_cipher_save(const bf_cipher *const *a,
                                              size_t count, const char *path);
BF_API BF_MUST_CHECK bf_status bf_cipher_load(bf_cipher **out, size_t count,
                                              const bf_ckks *ckks,
                                              const char *path);
BF_API BF_MUST_CHECK bf_status bf_cipher_write(void **data, size_t *bytes,
                                               const bf_cipher *const *a,
                                               size_t count);
BF_API BF_MUST_CHECK bf_status bf_cipher_read(bf_cipher **out, size_t count,
                                              const bf_ckks *ckks,
                                              const void *data, size_t bytes);
BF_API BF_MUST_CHECK bf_status bf_keys_save(const bf_keys *keys,
                                            const char *path, bf_env *env);
BF_API BF_MUST_CHECK bf_status bf_keys_load(bf_keys **out, const bf_ckks *ckks,
                                            const char *path, bf_env *env);
BF_API BF_MUST_CHECK bf_status bf_keys_write(void **data, size_t *bytes,
                                             const bf_keys *keys, bf_env *env);
BF_API BF_MUST_CHECK bf_status bf_keys_read(bf_keys **out, const bf_ckks *ckks,
                                            const void *data, size_t bytes,
                                            bf_env *env);
BF_API BF_MUST_CHECK bf_status bf_public_save(const bf_public *key,
                                              const char *path);
BF_API BF_MUST_CHECK bf_status bf_public_load(bf_public **out,
                                              const bf_ckks *ckks,
                                              const char *path);
BF_API BF_MUST_CHECK bf_status bf_public_write(void **data, size_t *bytes,
                                               const bf_public *key);
BF_API BF_MUST_CHECK bf_status bf_public_read(bf_public **out,
                                              const bf_ckks *ckks,
                                              const void *data, size_t bytes);
/* Reads the parameters from such bytes. */
BF_API BF_MUST_CHECK bf_status bf_ckks_read(bf_ckks **out, const void *data,
                                            size_t bytes);

/* ---- 8. bootstrapping ---------------------------------------------------- */

/* Bootstrapping gives levels back to ciphertexts that have used them up
 * [CHKKS18a]. It takes parameters whose chain goes on above the highest level,
 * keys of `bootstrap`, which are public like others, and a refresher. */
typedef struct bf_bootstrap_request {
    size_t slots;       /* values in the vectors that are refreshed; up to the
                         * next power of two, n. The fewer, the faster */
    unsigned depth;     /* levels that a refresh leaves; 0: 1 */
    unsigned precision; /* bits behind the binary point that it leaves right,
                         * as bf_ckks_request has it; 0: 10 */
    double largest;     /* |value| that any slot ever has; 0: 1 */
    /* The largest |coefficient| of the polynomial of a refreshed vector: a mean
     * of the vector's slots, each times a root of unity. 0: `largest`, which no
     * coefficient exceeds. The coefficient of a constant vector is that large.
     * The coefficients of independent values around 0 are about sqrt(n) times
     * smaller; with this smaller bound more bits stay right. */
    double largest_coefficient;
    bool few_keys; /* two thirds of the keys, for half the speed */
} bf_bootstrap_request;
/* Chooses the smallest ring of 128 bits, from 2^15, that meets the request.
 * BF_ERR_ARGUMENT if none does. */
BF_API BF_MUST_CHECK bf_status
bf_ckks_create_bootstrap(bf_ckks **out, const bf_bootstrap_request *request);
BF_API size_t bf_ckks_refreshed(const bf_ckks *ckks); /* n; 0: none */

/* The maps of a refresh: public, made once, for all threads. Making them takes
 * a second, and bf_refresher_bytes of memory. */
typedef struct bf_refresher bf_refresher;
/* BF_ERR_ARGUMENT unless bf_ckks_create_bootstrap made the parameters. */
BF_API BF_MUST_CHECK bf_status bf_refresher_create(bf_refresher **out,
                                                   const bf_ckks *ckks);
/* Serves only dry evaluators, which also accept the other kind. */
BF_API BF_MUST_CHECK bf_status bf_refresher_create_dry(bf_refresher **out,
                                                       const bf_ckks *ckks);
BF_API void bf_refresher_destroy(bf_refresher *refresher);
BF_API size_t bf_refresher_bytes(const bf_refresher *refresher);

/* out = a, real or complex, at the highest level and exactly its scale. a has
 * two polynomials and any level; at level 0 its scale must be the level's
 * within a factor of two (BF_ERR_MISMATCH). Slots that are congruent modulo n
 * come out as their mean: vectors of n values or fewer stay whole. No
 * ciphertext fails by chance. Coefficients beyond the requested largest lose
 * precision, and coefficients of many times the largest are lost. */
BF_API BF_MUST_CHECK bf_status bf_bootstrap(bf_evaluator *ev, bf_cipher **out,
                                            const bf_cipher *a,
                                            const bf_refresher *refresher);

/* ---- 9. smaller rings ---------------------------------------------------- */

/* A ciphertext with few levels left can continue in a ring of a half, a
 * quarter, ... of the degree, and return [GHPS13]. With k = slots of the larger
 * ring / slots of the smaller ring, operations in the smaller ring do 1/k of
 * the work, and files of its ciphertexts have 1/k of the bytes. Each ring has
 * parameters, a secret and evaluators of its own. The keys between two rings
 * belong to the larger ring's bf_keys (bf_keys_request.smaller, or
 * bf_keys_create_for_rings). These keys are public; a file of them names the
 * smaller ring and its secret.
 *
 * bf_ckks_create_smaller makes parameters with the same primes as `larger`, so
 * that each level has the same scale in both rings. slots: a power of two below
 * the slots of `larger`. level: the highest level of the smaller ring, at most
 * that of `larger`; 0 chooses the highest level that security allows.
 *
 * A key into the smaller ring is only as strong as the smaller ring. The primes
 * up to `level` and all special primes together must therefore stay within the
 * limit of 128 bits for the smaller degree: BF_ERR_SECURITY, with the highest
 * level that stays within the limit. Few and short special primes
 * (digit_limbs = 1) leave the most levels. BF_ERR_ARGUMENT for slots or a level
 * out of range, and for a chain made by hand whose primes up to `level` alone
 * would give the levels other scales. A server calls the same function, or
 * reads the parameters from any file of the smaller ring (bf_ckks_load). */
BF_API BF_MUST_CHECK bf_status bf_ckks_create_smaller(bf_ckks **out,
                                                      const bf_ckks *larger,
                                                      size_t slots,
                                                      unsigned level);
/* Moves a from the ring of `from` to the ring of `to`: from the larger ring
 * down to the smaller, or up. `from` and `to` are both dry, or both not. a has
 * two polynomials and a level that the smaller ring has (bf_cipher_lower);
 * *out has a's level and scale, and is under the secret of the ring of `to`.
 * With k as above and n = slots of the smaller ring:
 *   up    slot j of *out is slot j % n of a; coefficient i of a becomes
 *         coefficient k i of *out;
 *   down  slot j of *out is the mean of a's slots j, j + n, ..., j + (k-1) n;
 *         coefficient i of *out is coefficient k i of a. For the coefficients
 *         k i + r, switch X^-r a (bf_cipher_mul_monomial).
 * Vectors of a power of two of values, at most n, therefore keep their values
 * both ways. The error grows by that of one key switch in the larger ring.
 * BF_ERR_MISMATCH if the two rings do not have the same primes, or if the key
 * is missing, belongs to another ring or secret, or does not reach a's level.
 * BF_ERR_ARGUMENT for two rings of one degree, and for a level that the smaller
 * ring does not have. */
BF_API BF_MUST_CHECK bf_status bf_cipher_switch_ring(bf_evaluator *from,
                                                     bf_evaluator *to,
                                                     bf_cipher **out,
                                                     const bf_cipher *a);

#ifdef __cplusplus
}
#endif

#endif
