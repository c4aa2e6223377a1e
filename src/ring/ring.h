/* Z_p[X]/(X^N+1) for a list of primes: residues, transforms, basis conversion.
 *
 * A residue is an integer-valued double. REDUCED means |x| <= 2p/3: centred,
 * but for the rounding of a quotient. Every function takes and gives reduced
 * residues unless its comment states another bound. CENTRED means the
 * representative |x| <= (p-1)/2, which is unique; functions that give it say
 * so, and bf_limb_reduce gives it for any input. Read residues as signed
 * numbers only when they are centred. Primes are odd, = 1 mod 2N and below
 * 2^49, so 16p < 2^53: sums of up to sixteen p are exact (range proofs:
 * ring/RANGES.md).
 *
 * A LIMB is N residues of one prime, 64-byte aligned. It is in coefficient
 * form (a_0..a_{N-1}) or in evaluation form: the value at psi^e, e odd, stands
 * at index bf_ring_position(log_n, e). psi is a primitive 2N-th root of unity
 * mod p, the same for every backend and run. The order is the library's own
 * (bit-reversed, with groups of sixteen transposed), equal for all backends.
 */
#ifndef BF_RING_RING_H
#define BF_RING_RING_H

#include "base/memory.h"
#include "base/random.h"

#define BF_LOG_N_MIN 10 /* below 2^12 in tests only */
#define BF_LOG_N_MAX 17
#define BF_PRIME_BITS_MIN 20
#define BF_PRIME_BITS_MAX 49
#define BF_MODULI_MAX 64

typedef enum bf_backend {
    BF_BACKEND_AUTO,
    BF_BACKEND_SCALAR,
    BF_BACKEND_NEON, /* arm64 */
    BF_BACKEND_AVX2,
    BF_BACKEND_AVX512
} bf_backend;

/* AUTO: the best backend this machine runs, or the one that the environment's
 * BLINDFIT_BACKEND=scalar|neon|avx2|avx512 forces; else `wanted` itself.
 * BF_ERR_UNSUPPORTED if the machine lacks it. */
BF_MUST_CHECK bf_status bf_backend_resolve(bf_backend wanted, bf_backend *out);
const char *bf_backend_name(bf_backend b);

typedef struct bf_kernels bf_kernels; /* ring/kernels/kernels.h */
typedef struct bf_ntt bf_ntt;         /* twiddle tables of one prime */

/* How to sum products without reducing each: ring/lazy.h. */
typedef struct bf_lazy {
    double offset;
    unsigned interval;
} bf_lazy;

typedef struct bf_modulus {
    uint64_t value;
    double p, pinv;     /* p and the double nearest 1/p */
    bf_lazy lazy;       /* for products of reduced residues */
    bf_lazy lazy_pairs; /* for products of sums of two of them */
} bf_modulus;

/* A constant w with the double nearest w/p: the multiplier form of kernels. */
typedef struct bf_mulc {
    double w, wp;
} bf_mulc;

typedef struct bf_ring {
    unsigned log_n;
    size_t n;
    unsigned count;
    const bf_kernels *k;
    bf_modulus *mod; /* [count] */
    bf_ntt **ntt;    /* [count] */
} bf_ring;

/* Largest prime = 1 mod 2N strictly below `below` and not in used[]; 0 when
 * none of at least BF_PRIME_BITS_MIN bits is left. */
uint64_t bf_prime_below(uint64_t below, unsigned log_n, const uint64_t *used,
                        unsigned used_count);
/* Smallest such prime at or above `from`. */
uint64_t bf_prime_above(uint64_t from, unsigned log_n, const uint64_t *used,
                        unsigned used_count);
/* The unused prime nearest to 2^bits, of at most BF_PRIME_BITS_MAX bits; 0 when
 * none is left. */
uint64_t bf_prime_near(double bits, unsigned log_n, const uint64_t *used,
                       unsigned used_count);
bool bf_is_prime_var(uint64_t n);

/* BF_ERR_ARGUMENT unless all have a length that is allowed, are 1 mod 2N, prime
 * and distinct. */
BF_MUST_CHECK bf_status bf_primes_check(unsigned log_n, const uint64_t *primes,
                                        unsigned count);
/* Checks the primes and builds tables. */
BF_MUST_CHECK bf_status bf_ring_create(bf_ring **out, unsigned log_n,
                                       const uint64_t *primes, unsigned count,
                                       bf_backend backend);
void bf_ring_destroy(bf_ring *ring);

/* --- 64-bit modular arithmetic for set-up code (variable time) ----------- */
uint64_t bf_mod_mul(uint64_t a, uint64_t b, uint64_t p); /* a, b < p */
uint64_t bf_mod_pow(uint64_t a, uint64_t e, uint64_t p);
uint64_t bf_mod_inv(uint64_t a, uint64_t p);
double bf_centre(uint64_t a, uint64_t p);     /* residue 0..p-1 -> centred */
uint64_t bf_uncentre(double a, uint64_t p);   /* any |a| < 2^53 -> 0..p-1 */
bf_mulc bf_mulc_make(uint64_t w, uint64_t p); /* w in 0..p-1, made centred */

/* --- limb operations; m indexes ring->mod; in and out may be equal --------
 * Results are centred but for the inverse transforms, mul, mul_const, neg. */
void bf_ntt_forward(const bf_ring *r, unsigned m, double *a);
/* `scaled` multiplies the output by c < 2^49, at no cost. */
void bf_ntt_inverse(const bf_ring *r, unsigned m, double *a);
void bf_ntt_inverse_scaled(const bf_ring *r, unsigned m, double *a, uint64_t c);

void bf_limb_add(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b);
void bf_limb_sub(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b);
void bf_limb_neg(const bf_ring *r, unsigned m, double *o, const double *a);
void bf_limb_mul(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b);
/* o += a * b */
void bf_limb_mul_add(const bf_ring *r, unsigned m, double *o, const double *a,
                     const double *b);
void bf_limb_mul_const(const bf_ring *r, unsigned m, double *o, const double *a,
                       bf_mulc c);
/* o += a * c */
void bf_limb_mul_const_add(const bf_ring *r, unsigned m, double *o,
                           const double *a, bf_mulc c);
/* o = (a - b) * c: the last step of rescale and ModDown. b may be reduced for
 * any other prime of the library: |a - b| < 2^52 is enough. */
void bf_limb_sub_mul_const(const bf_ring *r, unsigned m, double *o,
                           const double *a, const double *b, bf_mulc c);
/* o = a mod p of m, centred, for integer-valued |a| < 2^52. */
void bf_limb_reduce(const bf_ring *r, unsigned m, double *o, const double *a);

/* o0 = sum_k x[k]*y0[k], o1 = sum_k x[k]*y1[k], k < terms, any number. */
void bf_limb_dot2(const bf_ring *r, unsigned m, double *o0, double *o1,
                  const double *const *x, const double *const *y0,
                  const double *const *y1, unsigned terms);

/* These do the same, and what has no function of limbs, to `len` consecutive
 * residues (a multiple of 32) of each array. */
void bf_span_add(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b, size_t len);
void bf_span_mul(const bf_ring *r, unsigned m, double *o, const double *a,
                 const double *b, size_t len);
/* (a, b) <- (a + b, a - b), in place. */
void bf_span_butterfly(const bf_ring *r, unsigned m, double *a, double *b,
                       size_t len);
void bf_span_mul_const_add(const bf_ring *r, unsigned m, double *o,
                           const double *a, bf_mulc c, size_t len);
void bf_span_sub_mul_const(const bf_ring *r, unsigned m, double *o,
                           const double *a, const double *b, bf_mulc c,
                           size_t len);
void bf_span_dot2(const bf_ring *r, unsigned m, double *o0, double *o1,
                  const double *const *x, const double *const *y0,
                  const double *const *y1, unsigned terms, size_t len);

/* Tensor products of pairs summed without reduction of degree, for c < count:
 *   d0[c] = sum_k a0[k]*b0[k*count + c], d2[c] the same of a1 and b1,
 *   d1[c] = sum_k a0[k]*b1[k*count + c] + a1[k]*b0[k*count + c],
 * for `len` consecutive residues (a multiple of 16) of each array, which begin
 * where the pointers point. terms may be any number. Results bypass the caches.
 */
void bf_span_tensor_sum(const bf_ring *r, unsigned m, double *const *d0,
                        double *const *d1, double *const *d2,
                        const double *const *a0, const double *const *a1,
                        const double *const *b0, const double *const *b1,
                        unsigned terms, unsigned count, size_t len);

/* o[i] = a[perm[i]], i < n; perm from bf_ring_automorphism. o and a disjoint.
 */
void bf_limb_permute(const bf_ring *r, double *o, const double *a,
                     const uint32_t *perm);
/* The same for one aligned run of len = 2^k residues, k >= 4: automorphisms
 * take such runs to such runs. o is the run of the result that `perm` points
 * at, a the run of the input that it comes from: run number perm[0]/len. */
void bf_span_permute(const bf_ring *r, double *o, const double *a,
                     const uint32_t *perm, size_t len);

/* --- the transforms in two phases ------------------------------------------
 * For callers that interleave them with other work on data in cache. A limb of
 * coefficients may be in BLOCK FORM: its coefficients in an order of the
 * library's own, in which aligned blocks of bf_ring_block_len residues can be
 * transformed apart. Elementwise operations (conversion among them) work on it
 * as on any other limb.
 *
 *   inverse: bf_ntt_inverse_blocked gives block form.
 *   forward: bf_ntt_forward_block for every block, then bf_ntt_forward_row for
 *            every row; blocks, and rows, in any order or at the same time.
 *
 * Both phases together give the same bits as the transform of the whole limb.
 */
#define BF_ROW_LEN ((size_t)1024)
#define BF_BLOCK_LEN_MAX 2048
size_t bf_ring_block_len(const bf_ring *r);
/* o in block form = inverse of a, times c. w is scratch of n residues, and may
 * be a; o and w are disjoint. */
void bf_ntt_inverse_blocked(const bf_ring *r, unsigned m, double *o,
                            const double *a, double *w, uint64_t c);
/* Block number `block`, whose coefficients are in b, into the limb o. b is
 * overwritten; it need not be part of a limb. */
void bf_ntt_forward_block(const bf_ring *r, unsigned m, double *o, double *b,
                          size_t block);
/* Finishes residues row*1024 to row*1024 + 1023 of o. */
void bf_ntt_forward_row(const bf_ring *r, unsigned m, double *o, size_t row);

/* --- automorphisms and monomials ----------------------------------------- */
/* Index in evaluation form of the value at psi^e, e odd, 0 < e < 2N. */
uint32_t bf_ring_position(unsigned log_n, uint32_t e);
/* Permutation for X -> X^g (g odd, mod 2N) in evaluation form; perm[n]. It
 * maps aligned groups of sixteen to aligned groups of sixteen. */
void bf_ring_automorphism(unsigned log_n, uint32_t g, uint32_t *perm);
/* The same in coefficient form, on residues; o and a disjoint. */
void bf_limb_automorphism_coeff(const bf_ring *r, double *o, const double *a,
                                uint32_t g);
/* o = X^e in evaluation form (e mod 2N). */
void bf_limb_monomial(const bf_ring *r, unsigned m, double *o, uint32_t e);

/* --- polynomials in X^gap ---------------------------------------------------
 * gap is a power of two below N. In evaluation form they have N/gap different
 * values: o[N/gap] gets each once, in an order of the library's own. */
void bf_limb_compact(const bf_ring *r, double *o, const double *a, size_t gap);
/* The inverse: o gets residues first..first+len-1 of the limb; both numbers are
 * multiples of 16. */
void bf_span_expand(double *o, const double *compact, size_t gap, size_t first,
                    size_t len);

/* --- exact centred basis conversion [HPS19] --------------------------------
 * From residues of the primes src[0..k) to other primes of the same ring.
 * Input limbs are in coefficient form and already multiplied by
 * (Q/q_j)^{-1} mod q_j (fold it into bf_ntt_inverse_scaled with
 * bf_convert_factor). Result: the representative of smallest magnitude, exact
 * except where it lies within 2^-43 Q of +-Q/2 (then it may be off by Q). */
#define BF_CONVERT_SOURCES_MAX 32
typedef struct bf_convert bf_convert;
BF_MUST_CHECK bf_status bf_convert_create(bf_convert **out, const bf_ring *ring,
                                          const unsigned *src, unsigned k,
                                          const unsigned *dst, unsigned dsts);
void bf_convert_destroy(bf_convert *c);
uint64_t bf_convert_factor(const bf_convert *c, unsigned j); /* j < k */
/* v[i] = round(sum_j x[j][i]/q_j): compute once, pass to every target. */
void bf_convert_overflow(const bf_convert *c, double *v,
                         const double *const *x);
/* The same for `len` consecutive residues (multiple of 32) of each. */
void bf_span_overflow(const bf_convert *c, double *v, const double *const *x,
                      size_t len);
/* Target number t (index into dst), centred, coefficient form. Convert a block
 * for all targets before the next: the sources stay in cache. */
void bf_span_convert(const bf_convert *c, unsigned t, double *o,
                     const double *const *x, const double *v, size_t len);

/* --- conversion from and to integers -------------------------------------- */
/* Integer-valued doubles of any magnitude -> centred residues. */
void bf_limb_from_double(const bf_ring *r, unsigned m, double *o,
                         const double *a);
void bf_limb_from_i8(const bf_ring *r, unsigned m, double *o, const int8_t *a);

/* Uniform centred residues from a stream: 64-bit words mod p, words at or above
 * the last multiple of p rejected. The same bytes give the same residues on
 * every machine. */
void bf_limb_uniform(const bf_ring *r, unsigned m, double *o, bf_stream *s);

#endif
