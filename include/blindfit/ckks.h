/* Arithmetic on encrypted vectors: CKKS [CKKS17], in its residue form.
 *
 *     parameters -> context -> keys -> encrypt -> evaluate -> decrypt
 *
 * A ciphertext holds `slots` numbers, real or complex; operations act on all of
 * them at once. A level is one product: a ciphertext of level l can take part
 * in l products, one behind another, each of which leaves it a level lower.
 *
 * Two ways to compute. The *plain* operations (section 4) keep every ciphertext
 * at its level's own scale: products relinearise and rescale, sums bring their
 * operands together. The *exact* ones (section 5) do one step each, at scales
 * that the caller follows. Both may be mixed: an operation says what it takes.
 *
 * Outputs `T **out`: *out is NULL, and an object is made, or it is an earlier
 * one, which is replaced; it may be an input. Unchanged on failure. The caller
 * destroys what it got; destroy takes NULL. The context outlives everything
 * made with it, keys outlive their evaluators; ciphertexts may outlive an
 * evaluator.
 *
 * Threads: contexts, keys, plaintexts, ciphertexts and maps are read by many at
 * once; an evaluator belongs to one at a time, and each thread makes its own.
 * Within an operation the library takes the threads of the caller's bf_env
 * (bf_env_enter).
 *
 * BF_ERR_MISMATCH for objects of other parameters or of another key,
 * BF_ERR_ARGUMENT for what an operation cannot take, levels that have run out
 * among them; messages name the operation.
 *
 * Results of decryption are approximate, and exact ones would betray the key:
 * docs/security.md says what may be shown to whom. */
#ifndef BLINDFIT_CKKS_H
#define BLINDFIT_CKKS_H

#include <stdbool.h>

#include "blindfit/matrix.h"

/* A complex number as C and C++ have it: two doubles. */
#ifdef __cplusplus
#include <complex>
typedef std::complex<double> bf_complex;
extern "C" {
#else
#include <complex.h>
typedef double complex bf_complex;
#endif

/* ---- 1. parameters and context ------------------------------------------- */

/* What is asked for. The ring and its primes follow: the smallest ring of 128
 * bits of security (the table of [BCC+24]) that holds it all. */
typedef struct bf_ckks_request {
    unsigned depth;     /* products one behind another, at least 1; 0: 1 */
    size_t slots;       /* values in a ciphertext, at least; 0: any number */
    unsigned precision; /* bits behind the binary point that encryption and the
                         * rounding of a product leave right; 0: 20 */
    double largest;     /* |value| that any slot ever has; 0: 1 */
} bf_ckks_request;

/* The same by hand: bit lengths of primes, those of ciphertexts first to last.
 * The last of q sets the scale, 2^bits; leading ones of other lengths than
 * that, at least one, are the base below level 0. digit_limbs: primes of q in a
 * digit of key switching, whose product the special primes p have to exceed. */
typedef struct bf_ckks_chain {
    unsigned log_n; /* ring of degree 2^log_n, twice the slots */
    const unsigned *q_bits, *p_bits;
    unsigned q_count, p_count;
    unsigned digit_limbs;
} bf_ckks_chain;

typedef struct bf_ckks bf_ckks;
/* BF_ERR_ARGUMENT where no ring holds what is asked for, and why. */
BF_API BF_MUST_CHECK bf_status bf_ckks_create(bf_ckks **out,
                                              const bf_ckks_request *request);
/* BF_ERR_SECURITY below 128 bits. */
BF_API BF_MUST_CHECK bf_status bf_ckks_create_chain(bf_ckks **out,
                                                    const bf_ckks_chain *chain);
/* The parameters of a file of any kind, keys or ciphertexts. */
BF_API BF_MUST_CHECK bf_status bf_ckks_load(bf_ckks **out, const char *path);
BF_API void bf_ckks_destroy(bf_ckks *ckks);

BF_API size_t bf_ckks_slots(const bf_ckks *ckks);
BF_API unsigned bf_ckks_levels(const bf_ckks *ckks); /* of a fresh ciphertext */
/* The scale that ciphertexts of this level have: s(0) = 2^bits, and a product
 * of level l has s(l)^2/q = s(l-1) after it was divided by its prime q. */
BF_API double bf_ckks_scale(const bf_ckks *ckks, unsigned level);
/* |value| up to which slots may go: the base holds four times that. */
BF_API double bf_ckks_largest(const bf_ckks *ckks);
BF_API double bf_ckks_log2_q(const bf_ckks *ckks);
BF_API double bf_ckks_log2_qp(const bf_ckks *ckks);  /* what security is of */
BF_API double bf_ckks_security(const bf_ckks *ckks); /* bits, classical */

/* ---- 2. plaintexts: encoded vectors -------------------------------------- */

/* Kept in secret memory: wiped when destroyed. */
typedef struct bf_plain bf_plain;
/* values[count], 1 <= count <= slots: zeros up to the next power of two, and
 * that block again and again through all slots, so that rotations move the
 * block round in itself. At the highest level and its scale. BF_ERR_RANGE for a
 * value beyond bf_ckks_largest or not finite. */
BF_API BF_MUST_CHECK bf_status bf_plain_encode(bf_plain **out,
                                               const bf_ckks *ckks,
                                               const double *values,
                                               size_t count);
/* Complex values, at a scale and for ciphertexts of up to this level. */
BF_API BF_MUST_CHECK bf_status bf_plain_encode_at(bf_plain **out,
                                                  const bf_ckks *ckks,
                                                  const bf_complex *values,
                                                  size_t count, double scale,
                                                  unsigned level);
/* coeffs[count], count up to twice the slots: those of the polynomial, in place
 * of slots. */
BF_API BF_MUST_CHECK bf_status bf_plain_encode_coeffs(
    bf_plain **out, const bf_ckks *ckks, const double *coeffs, size_t count,
    double scale, unsigned level);
/* The first count slots (real parts; complex) or coefficients. */
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

/* The secret key: ternary, in locked memory, wiped when destroyed. The
 * functions of it are the owner's, and in libblindfit alone. */
typedef struct bf_secret bf_secret;
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_generate(bf_secret **out,
                                                        const bf_ckks *ckks);
BF_OWNER_API void bf_secret_destroy(bf_secret *secret);
/* A file of mode 0600. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_save(const bf_secret *secret,
                                                    const char *path);
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_load(bf_secret **out,
                                                    const bf_ckks *ckks,
                                                    const char *path);
/* Half the bytes of public encryption in a file, and less noise: half of a
 * ciphertext is the expansion of a seed. values as bf_plain_encode has them. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_encrypt(bf_cipher **out,
                                                       const bf_secret *secret,
                                                       const double *values,
                                                       size_t count);
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_encrypt_plain(
    bf_cipher **out, const bf_secret *secret, const bf_plain *plain);
/* The real parts of the first count slots. BF_ERR_MISMATCH for a ciphertext
 * under another key. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_decrypt(double *values,
                                                       size_t count,
                                                       const bf_secret *secret,
                                                       const bf_cipher *a);
BF_OWNER_API BF_MUST_CHECK bf_status bf_secret_decrypt_plain(
    bf_plain **out, const bf_secret *secret, const bf_cipher *a);

/* The public key encrypts and does nothing else. */
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

/* Evaluation keys: public, and what an evaluator needs for products of
 * ciphertexts, rotations and conjugation. */
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
/* Just the keys that operations on a dry evaluator asked for, at the levels
 * where they did (section 6). */
BF_OWNER_API BF_MUST_CHECK bf_status bf_keys_create_for(bf_keys **out,
                                                        const bf_secret *secret,
                                                        const bf_evaluator *dry,
                                                        bf_env *env);
/* The same where ciphertexts went to a smaller ring, or came from it: with the
 * secret of that ring. */
BF_OWNER_API BF_MUST_CHECK bf_status bf_keys_create_for_rings(
    bf_keys **out, const bf_secret *secret, const bf_secret *smaller,
    const bf_evaluator *dry, bf_env *env);
BF_API void bf_keys_destroy(bf_keys *keys);

/* ---- 4. plain operations ------------------------------------------------- */

/* keys may be NULL: for sums and products with numbers none is needed. */
BF_API BF_MUST_CHECK bf_status bf_evaluator_create(bf_evaluator **out,
                                                   const bf_ckks *ckks,
                                                   const bf_keys *keys);
BF_API void bf_evaluator_destroy(bf_evaluator *ev);

BF_API void bf_cipher_destroy(bf_cipher *a);
BF_API BF_MUST_CHECK bf_status bf_cipher_copy(bf_evaluator *ev, bf_cipher **out,
                                              const bf_cipher *a);

/* No level, but where operands of unlike levels meet: the higher comes down to
 * the lower. At the same level their scales have to agree to 2^-20. */
BF_API BF_MUST_CHECK bf_status bf_cipher_add(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a,
                                             const bf_cipher *b);
BF_API BF_MUST_CHECK bf_status bf_cipher_sub(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a,
                                             const bf_cipher *b);
BF_API BF_MUST_CHECK bf_status bf_cipher_negate(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a);
/* a + c in every slot; a + values, as bf_plain_encode has them. */
BF_API BF_MUST_CHECK bf_status bf_cipher_add_const(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a,
                                                   double c);
BF_API BF_MUST_CHECK bf_status bf_cipher_add_values(bf_evaluator *ev,
                                                    bf_cipher **out,
                                                    const bf_cipher *a,
                                                    const double *values,
                                                    size_t count);
/* Exact, no level. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_int(bf_evaluator *ev,
                                                 bf_cipher **out,
                                                 const bf_cipher *a, int64_t c);
/* One level each, below the lower of the operands. The key of products is
 * needed for those of ciphertexts. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a,
                                             const bf_cipher *b);
/* c by a relative error below 2^-10 divided by |c| q, q the level's prime; 0 is
 * fine, and BF_ERR_RANGE comes where that integer would lie below 2^10. */
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

/* No level. Slot j takes slot j + r; r may be negative. The key of rotation r
 * is needed; rotation by 0 is a copy. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rotate(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a, int r);
/* out[i] = a rotated by r[i], cheaper than one by one. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rotate_many(bf_evaluator *ev,
                                                     bf_cipher **out,
                                                     const bf_cipher *a,
                                                     const int *r,
                                                     size_t count);
/* sum_i of a[i] rotated by r[i]; a[] may repeat, all of one level and scale. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rotate_sum(bf_evaluator *ev,
                                                    bf_cipher **out,
                                                    const bf_cipher *const *a,
                                                    const int *r, size_t count);
/* Slot j takes the sum of slots j .. j + count - 1, count a power of two: keys
 * of `sums`, log2(count) rotations. */
BF_API BF_MUST_CHECK bf_status bf_cipher_sum(bf_evaluator *ev, bf_cipher **out,
                                             const bf_cipher *a, size_t count);
BF_API BF_MUST_CHECK bf_status bf_cipher_conjugate(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a);

/* y = M x, for x of the period that cols fills up to a power of two: M is
 * encoded once, for ciphertexts of this level at least. rows and cols up to
 * slots. BF_ERR_RANGE for an entry that is not finite, or so large that a
 * diagonal does not fit the level's primes. */
typedef struct bf_linear bf_linear;
BF_API BF_MUST_CHECK bf_status bf_linear_create(bf_linear **out,
                                                const bf_ckks *ckks,
                                                const bf_view *matrix,
                                                unsigned level);
/* The same for complex M, whose entry (i, j) is matrix[i*stride + j]. */
BF_API BF_MUST_CHECK bf_status bf_linear_create_complex(
    bf_linear **out, const bf_ckks *ckks, const bf_complex *matrix, size_t rows,
    size_t cols, size_t stride, unsigned level);
/* From some diagonals of it alone:
 *   y_j = sum_k values[k*dim + j % dim] x_{j + index[k]},
 * k < count, indices of slots modulo their number; dim a power of two up to
 * slots, index[k] below it, each once. For x of period dim that is M of dim x
 * dim with M[j][(j + index[k]) % dim] = values[k*dim + j]. Rotations that a map
 * takes are some 2 sqrt(count) where indices are equally spaced. */
BF_API BF_MUST_CHECK bf_status bf_linear_create_diagonals(
    bf_linear **out, const bf_ckks *ckks, size_t dim, const size_t *index,
    const bf_complex *values, size_t count, unsigned level);
BF_API void bf_linear_destroy(bf_linear *map);
BF_API size_t bf_linear_bytes(const bf_linear *map); /* of memory */
/* The rotations whose keys it needs: as many as there are are returned, at most
 * `room` of them written to r, which may be NULL. */
BF_API size_t bf_linear_rotations(const bf_linear *map, int *r, size_t room);
/* From the map's level to the next lower. The first `rows` slots are M x, then
 * zeros up to a power of two, and so on. */
BF_API BF_MUST_CHECK bf_status bf_linear_apply(bf_evaluator *ev,
                                               bf_cipher **out,
                                               const bf_cipher *a,
                                               const bf_linear *map);

/* p(x) = sum_k c[k] B_k, degree 1 to 1023, of slots that are real: powers of x,
 * or the Chebyshev polynomials of [lo, hi], outside of which values explode.
 * ceil(log2(degree + 1)) levels, the least possible [PS73]; Chebyshev's one
 * more when (hi - lo)/2 is not between 1/2 and 2. The key of products. */
BF_API BF_MUST_CHECK bf_status bf_cipher_power_series(bf_evaluator *ev,
                                                      bf_cipher **out,
                                                      const bf_cipher *a,
                                                      const double *c,
                                                      unsigned degree);
BF_API BF_MUST_CHECK bf_status
bf_cipher_chebyshev(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                    const double *c, unsigned degree, double lo, double hi);
/* c[0..degree] of a function on [lo, hi], by interpolation: within a factor
 * 2 + (2/pi) log(degree + 1) of the best polynomial [Tre19]. */
BF_API BF_MUST_CHECK bf_status
bf_chebyshev_coefficients(double *c, unsigned degree, double lo, double hi,
                          double (*f)(double x, void *user), void *user);

/* What a ciphertext is: nothing of its values. */
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

/* One step each: scales multiply and divide, limbs go one by one, nothing is
 * adjusted. Operands of unlike limbs meet at the lower. */
BF_API BF_MUST_CHECK bf_status bf_cipher_add_plain(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a,
                                                   const bf_plain *b);
/* A product with complex numbers, or with others that are encoded once: b
 * encoded at bf_ckks_scale of a's level, bf_cipher_rescale behind it, and the
 * result has the scale of the level below. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_plain(bf_evaluator *ev,
                                                   bf_cipher **out,
                                                   const bf_cipher *a,
                                                   const bf_plain *b);
/* sum_k a[k] b[k], not relinearised: 3 polynomials, the scales' product. */
BF_API BF_MUST_CHECK bf_status bf_cipher_tensor(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *const *a,
                                                const bf_cipher *const *b,
                                                size_t terms);
BF_API BF_MUST_CHECK bf_status bf_cipher_relinearize(bf_evaluator *ev,
                                                     bf_cipher **out,
                                                     const bf_cipher *a);
/* Divides by the last prime. */
BF_API BF_MUST_CHECK bf_status bf_cipher_rescale(bf_evaluator *ev,
                                                 bf_cipher **out,
                                                 const bf_cipher *a);
/* Forgets primes until `limbs` are left; the scale stays. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mod_drop(bf_evaluator *ev,
                                                  bf_cipher **out,
                                                  const bf_cipher *a,
                                                  unsigned limbs);
/* factor * a at exactly this scale and fewer limbs than a has. */
BF_API BF_MUST_CHECK bf_status bf_cipher_adjust(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a,
                                                double factor, double scale,
                                                unsigned limbs);
/* Down to a level and its scale; a copy where it is there already. */
BF_API BF_MUST_CHECK bf_status bf_cipher_lower(bf_evaluator *ev,
                                               bf_cipher **out,
                                               const bf_cipher *a,
                                               unsigned level);
/* X^e a, without noise; X^slots multiplies every slot by the imaginary unit. */
BF_API BF_MUST_CHECK bf_status bf_cipher_mul_monomial(bf_evaluator *ev,
                                                      bf_cipher **out,
                                                      const bf_cipher *a,
                                                      int64_t e);
/* X -> X^g, g odd and below 4 slots: coefficient i moves to g i modulo 2 slots,
 * with the sign of X^{g i}. Powers of 5 rotate slots, 4 slots - 1 conjugates.
 * The key of `elements` is needed, or of the rotation or conjugation that g is;
 * 1 copies. */
BF_API BF_MUST_CHECK bf_status bf_cipher_automorphism(bf_evaluator *ev,
                                                      bf_cipher **out,
                                                      const bf_cipher *a,
                                                      uint32_t g);
/* Packing and expansion [CDKS20]; f divides the slots, 2^log_m up to slots/f.
 * pack: out = sum_m X^{u m} Tr(g[m]), u = slots/(f 2^log_m), m < count <=
 * 2^log_m; Tr sums slots that are congruent modulo f. g[] as they were, 2 or 3
 * polynomials; `bound` on the sums is what the caller knows. expand: the
 * inverse for sign 1 or -1, its results of a scale 2^log_m as large. Keys: of a
 * dry run. */
BF_API BF_MUST_CHECK bf_status bf_cipher_pack(bf_evaluator *ev, bf_cipher **out,
                                              const bf_cipher *const *g,
                                              size_t count, unsigned log_m,
                                              unsigned f, double bound);
BF_API BF_MUST_CHECK bf_status bf_cipher_expand(bf_evaluator *ev,
                                                bf_cipher **out,
                                                const bf_cipher *a,
                                                size_t count, unsigned log_m,
                                                unsigned f, int sign);

/* ---- 6. dry runs --------------------------------------------------------- */

/* An evaluator without numbers: operations check what they check, and note the
 * keys that they would need, for bf_keys_create_for. It takes stand-ins, and
 * gives them; so one function computes a circuit, and its keys. */
BF_API BF_MUST_CHECK bf_status bf_evaluator_create_dry(bf_evaluator **out,
                                                       const bf_ckks *ckks);
/* What an encryption at this level would be. */
BF_API BF_MUST_CHECK bf_status bf_cipher_stand_in(bf_cipher **out,
                                                  const bf_ckks *ckks,
                                                  unsigned level);

/* ---- 7. files and memory ------------------------------------------------- */

/* Files appear whole or not at all. Reading checks everything
 * (docs/formats.md): BF_ERR_FORMAT for damage, BF_ERR_MISMATCH for other
 * parameters or contents.
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
/* The parameters of such bytes. */
BF_API BF_MUST_CHECK bf_status bf_ckks_read(bf_ckks **out, const void *data,
                                            size_t bytes);

/* ---- 8. bootstrapping ---------------------------------------------------- */

/* Ciphertexts that have run out of levels get them back [CHKKS18a]: parameters
 * whose chain goes on above the highest level, keys of `bootstrap`, which are
 * public like others, and a refresher. */
typedef struct bf_bootstrap_request {
    size_t slots;       /* values in the vectors that are refreshed; up to the
                         * next power of two, n. The fewer, the faster */
    unsigned depth;     /* levels that a refresh leaves; 0: 1 */
    unsigned precision; /* bits behind the binary point that it leaves right,
                         * as bf_ckks_request has it; 0: 10 */
    double largest;     /* |value| that any slot ever has; 0: 1 */
    /* |coefficient| of the polynomial of a vector that is refreshed: a mean of
     * its slots, each turned in the plane. 0: largest, which none exceeds. A
     * constant vector has it; one of independent values around 0 has some
     * sqrt(n) times less, and keeps more bits where the request says so. */
    double largest_coefficient;
    bool few_keys; /* two thirds of the keys, for half the speed */
} bf_bootstrap_request;
/* The smallest ring of 128 bits that holds it all, from 2^15. BF_ERR_ARGUMENT
 * where none does. */
BF_API BF_MUST_CHECK bf_status
bf_ckks_create_bootstrap(bf_ckks **out, const bf_bootstrap_request *request);
BF_API size_t bf_ckks_refreshed(const bf_ckks *ckks); /* n; 0: none */

/* The maps of a refresh: public, encoded once, for all threads. It takes a
 * second, and bf_refresher_bytes of memory. */
typedef struct bf_refresher bf_refresher;
/* BF_ERR_ARGUMENT for parameters that were not made for it. */
BF_API BF_MUST_CHECK bf_status bf_refresher_create(bf_refresher **out,
                                                   const bf_ckks *ckks);
/* For dry evaluators alone, which take the other kind as well. */
BF_API BF_MUST_CHECK bf_status bf_refresher_create_dry(bf_refresher **out,
                                                       const bf_ckks *ckks);
BF_API void bf_refresher_destroy(bf_refresher *refresher);
BF_API size_t bf_refresher_bytes(const bf_refresher *refresher);

/* out = a, real or complex, at the highest level and its scale to the last bit.
 * a has two polynomials and may be of any level; at level 0 of its scale within
 * a factor of two (BF_ERR_MISMATCH). Slots that are congruent modulo n come out
 * as their mean: vectors of n values, or of fewer, are whole. No ciphertext
 * fails by chance; coefficients beyond what was asked for bend, and at many
 * times as much are lost. */
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
