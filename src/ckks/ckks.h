/* RNS-CKKS: parameters, context, plaintexts, ciphertexts, evaluation.
 *
 * Ring Z[X]/(X^N+1), slots j = 0..N/2-1 hold the values at zeta^{5^j},
 * zeta = exp(i pi/N). rot_r moves slot j+r to slot j (automorphism X ->
 * X^{5^r}); conjugation is X -> X^{-1}.
 *
 * The modulus chain is q_0..q_{L-1} (ciphertexts) and p_0..p_{K-1} (special,
 * key switching only). An object with `limbs` = l holds residues modulo
 * q_0...q_{l-1}; its level is l-1. Polynomials are in evaluation form. Sources:
 * [CKKS17], [CHKKS18b] (RNS form), [HK20] (hybrid key switching).
 */
#ifndef BF_CKKS_CKKS_H
#define BF_CKKS_CKKS_H

#include <complex.h>

#include "ring/ring.h"

#define BF_MAX_Q 48
#define BF_MAX_P 16
#define BF_KEY_ID_BYTES 16

/* ---- parameters ---------------------------------------------------------- */

/* The literal from which a context is derived. digit_limbs is alpha: limbs of q
 * per key-switching digit; dnum = ceil(n_q/alpha). The product of the special
 * primes must exceed that of every digit, the alpha limbs of q from a multiple
 * of alpha on (checked). */
typedef struct bf_params {
    unsigned log_n;
    unsigned n_q, n_p;
    unsigned digit_limbs;
    uint64_t q[BF_MAX_Q];
    uint64_t p[BF_MAX_P];
    bool insecure; /* allows less than 128 bits; for tests; marked in files */
} bf_params;

/* Key-switching digits of an object of this many limbs: ceil(limbs/alpha). */
static inline unsigned bf_params_digits(const bf_params *p, unsigned limbs)
{
    return (limbs + p->digit_limbs - 1) / p->digit_limbs;
}

/* Fills in primes from bit lengths: for each entry the unused prime = 1 mod
 * 2N nearest to 2^bits (largest below for 49 bits). Deterministic. */
BF_MUST_CHECK bf_status bf_params_make(bf_params *out, unsigned log_n,
                                       const unsigned *q_bits, unsigned n_q,
                                       const unsigned *p_bits, unsigned n_p,
                                       unsigned digit_limbs);
/* BLAKE2b-256 of (scheme, N, primes, alpha, secret distribution). */
void bf_params_hash(const bf_params *p, uint8_t out[BF_HASH_BYTES]);
/* Of q_0...q_{limbs-1}, and of P. */
double bf_params_log2_q(const bf_params *p, unsigned limbs);
double bf_params_log2_p(const bf_params *p);

/* Largest log2(QP) for a uniform ternary secret and 128 bits, classical
 * ([BCC+24] Table 5.2): 214, 430, 868, 1747, 3523 at N = 2^13..2^17; 0 below.
 * The estimate interpolates the 128/192/256 rows; it never exceeds the row. */
double bf_security_log2_qp_limit(unsigned log_n, unsigned bits /*128|192|256*/);
double bf_security_bits(unsigned log_n, double log2_qp);
/* BF_ERR_SECURITY unless a key of this modulus under a uniform ternary secret
 * (weight 0) or one of exact Hamming weight `weight` reaches 128 bits. Sparse
 * weights are allowed only for encapsulation: log2_qp <= 121 at weight 32. */
BF_MUST_CHECK bf_status bf_security_check(unsigned log_n, double log2_qp,
                                          unsigned weight);

/* Tables of a parameter set; immutable, for all threads. BF_ERR_ARGUMENT for
 * unfit primes or digits, BF_ERR_SECURITY below 128 bits. */
typedef struct bf_context bf_context;
BF_MUST_CHECK bf_status bf_context_create(bf_context **out,
                                          const bf_params *params,
                                          bf_backend backend);
/* Without tables: for symbolic evaluators only. */
BF_MUST_CHECK bf_status bf_context_create_symbolic(bf_context **out,
                                                   const bf_params *params);
void bf_context_destroy(bf_context *ctx);
/* For estimates of noise: s is the sum of the secrets of this many owners, who
 * make keys together (ckks/collective.h). The default is 1. Call it before an
 * evaluator exists. */
void bf_context_set_owners(bf_context *ctx, unsigned owners);
const bf_params *bf_context_params(const bf_context *ctx);
const bf_ring *bf_context_ring(const bf_context *ctx); /* q then p */
/* bf_params_hash of its parameters. */
const uint8_t *bf_context_hash(const bf_context *ctx);
/* 5^r mod 2N; r may be negative. Conjugation is 2N-1. */
uint32_t bf_galois_rotation(const bf_context *ctx, int r);
uint32_t bf_galois_conjugation(const bf_context *ctx);

/* The numbered rings of a job: rows and weights are in ring 0, refreshes use
 * further rings. Keys and ciphertexts in files carry the number of their ring.
 */
#define BF_RINGS_MAX 4
typedef struct bf_rings {
    unsigned count;
    const bf_context *ring[BF_RINGS_MAX];
} bf_rings;
static inline bf_rings bf_one_ring(const bf_context *ctx)
{
    return (bf_rings){1, {ctx}};
}

/* ---- plaintexts and ciphertexts ------------------------------------------ */

/* Data layout: limb-major, [limb][poly][N], so that dropping limbs cuts off
 * the tail. data == NULL marks a symbolic object: metadata only. */
typedef struct bf_pt {
    const bf_context *ctx;
    unsigned limbs;
    double scale;
    double bound; /* magnitude of slot values, as in bf_ct */
    double noise; /* rms rounding error per coefficient: sqrt(c/(12 N)) when c
                   * of the N coefficients may be nonzero */
    double *data; /* [limb][N] */
    /* Data is in secret memory, wiped when freed. Set this before encoding
     * values that only the owner may see. Decryptions are always secret. */
    bool secret;
} bf_pt;

typedef struct bf_ct {
    const bf_context *ctx;
    unsigned limbs;
    unsigned polys; /* 2, or 3 before relinearisation */
    double scale;   /* slot value = coefficient-side value / scale */
    double noise;   /* estimated standard deviation of a coefficient's error */
    double bound;   /* |slot value| that the estimate assumes: the largest for a
                     * bound on the error, a typical one for the expected error
                     */
    double *data;   /* [limb][poly][N] */
    size_t bytes;   /* allocated */
    bool pooled;    /* data is from an evaluator's pool, to which release
                     * returns it */
    /* Fresh symmetric encryptions only: poly 1 is the expansion of seed. */
    bool seeded;
    uint8_t seed[BF_SEED_BYTES];
    uint64_t seed_index;
} bf_ct;

static inline double *bf_ct_limb(const bf_ct *ct, unsigned poly, unsigned limb,
                                 size_t n)
{
    return ct->data + ((size_t)limb * ct->polys + poly) * n;
}

/* Free the data; safe on zeroed objects. `secret` does not change. */
void bf_pt_clear(bf_pt *pt);
void bf_ct_clear(bf_ct *ct);
/* Allocates data for limbs x polys; contents undefined. */
BF_MUST_CHECK bf_status bf_pt_init(bf_pt *pt, const bf_context *ctx,
                                   unsigned limbs);
BF_MUST_CHECK bf_status bf_ct_init(bf_ct *ct, const bf_context *ctx,
                                   unsigned limbs, unsigned polys);
/* Makes *ct, zeroed or initialised, a ciphertext of this shape: keeps the
 * memory of *ct if it fits, else frees it and allocates. Contents undefined;
 * *ct is unchanged on failure. */
BF_MUST_CHECK bf_status bf_ct_reserve(bf_ct *ct, const bf_context *ctx,
                                      unsigned limbs, unsigned polys);

/* ---- encoding ([CKKS17] section 3) --------------------------------------- */

/* Scratch of encoding, decoding and embedding is secret memory: it holds the
 * owner's message, or an exact decryption, which together with its ciphertext
 * determines the secret key. */

/* Roundings of slots of pt's bound when they are encoded, and decoded, in
 * doubles, spread over the coefficients as noise is. It depends on the bound,
 * which files tell, and not on values. */
double bf_embedding_noise(const bf_pt *pt);
/* values[count], count a power of two up to N/2: shorter vectors are repeated
 * to fill the slots (a subring element). Coefficients: any count up to N, zeros
 * behind. Rounds to nearest. BF_ERR_RANGE when a scaled coefficient reaches
 * half the modulus, or a value is NaN or infinite. */
BF_MUST_CHECK bf_status bf_encode_slots(bf_pt *out, const bf_context *ctx,
                                        const double complex *values,
                                        size_t count, double scale,
                                        unsigned limbs);
BF_MUST_CHECK bf_status bf_encode_real(bf_pt *out, const bf_context *ctx,
                                       const double *values, size_t count,
                                       double scale, unsigned limbs);
BF_MUST_CHECK bf_status bf_encode_coeffs(bf_pt *out, const bf_context *ctx,
                                         const double *coeffs, size_t count,
                                         double scale, unsigned limbs);
/* out[N/2] slots, out[N] coefficients, divided by the scale; coefficients are
 * the representatives closest to zero. */
BF_MUST_CHECK bf_status bf_decode_slots(double complex *out, const bf_pt *pt);
BF_MUST_CHECK bf_status bf_decode_coeffs(double *out, const bf_pt *pt);
/* The canonical embedding alone, length N/2 slots <-> N real coefficients. */
BF_MUST_CHECK bf_status bf_embed_forward(double complex *slots,
                                         const double *coeffs, unsigned log_n);
BF_MUST_CHECK bf_status bf_embed_inverse(double *coeffs,
                                         const double complex *slots,
                                         unsigned log_n);

/* ---- evaluation keys ----------------------------------------------------- */

/* The use of a key, and the meaning of its element. s is the secret of the
 * evaluator's ring, s' the sparse secret for ModRaise. */
typedef enum bf_key_use {
    BF_KEY_OTHER,       /* between two secrets of the caller's; 0 */
    BF_KEY_GALOIS,      /* X -> X^g, g odd and not 1: s to phi_{1/g}(s) */
    BF_KEY_FROM_SQUARE, /* the same from s^2; g = 1: relinearisation, to s */
    BF_KEY_ENCAPSULATE, /* s(X^k) to s', in the encapsulation ring; k */
    BF_KEY_DECAPSULATE, /* s' to s; 1 */
    BF_KEY_RING_DOWN,   /* s to s(X^k), s of the smaller ring; k */
    BF_KEY_RING_UP,     /* s(X^k), s of the smaller ring, to s; k */
    BF_KEY_IMPORT,      /* an owner's secret to s; the owner's number */
} bf_key_use;

/* One key of an owner's. */
typedef struct bf_key_name {
    bf_key_use use;
    unsigned ring; /* number of the key's ring among the job's rings; an
                    * evaluator has one ring and uses 0 */
    uint32_t element;
} bf_key_name;

static inline bf_key_name bf_key_galois(uint32_t g)
{
    return (bf_key_name){BF_KEY_GALOIS, 0, g};
}
static inline bf_key_name bf_key_from_square(uint32_t g)
{
    return (bf_key_name){BF_KEY_FROM_SQUARE, 0, g};
}
/* True for the same key of one ring. */
static inline bool bf_key_same(bf_key_name a, bf_key_name b)
{
    return a.use == b.use && a.element == b.element;
}
/* Use and element in one number, distinct for distinct keys of a ring: g of
 * GALOIS, g | BF_KEY_LABEL_SQUARE of FROM_SQUARE but 1 of relinearisation, 0 of
 * OTHER, else use * 2^24 + element. */
#define BF_KEY_LABEL_SQUARE UINT32_C(0x80000000)
uint32_t bf_key_label(bf_key_name name);
/* The name that belongs to a label, for ring 0 of degree 2^log_n. False for an
 * element that is even, out of range, or that no use has. */
bool bf_key_from_label(bf_key_name *out, uint32_t label, unsigned log_n);
/* True if the use allows this element in that ring. */
bool bf_key_is_name(bf_key_name name, unsigned log_n);
/* "the key of Galois element 5", for messages; overwritten by the next. */
const char *bf_key_text(bf_key_name name);

/* Where the a halves of a key come from. */
typedef enum bf_key_a {
    BF_KEY_A_SEED,  /* the expansion of the seed */
    BF_KEY_A_WHOLE, /* stored in full, in files too */
    BF_KEY_A_APART  /* those of another key of the same name, which is needed
                     * too */
} bf_key_a;

/* Switches a polynomial that is multiplied by s_from to the secret s_to.
 * data[digit][modulus][b|a][N], modulus = q_0..q_{limbs-1} then p_0..p_{K-1}:
 *   b + a*s_to = e + P * [modulus in digit] * s_from. */
typedef struct bf_switch_key {
    const bf_context *ctx;
    bf_key_name name;
    unsigned limbs; /* usable up to this many limbs of q */
    unsigned digits;
    double *data;
    bf_key_a a;
    uint8_t seed[BF_SEED_BYTES]; /* zero unless BF_KEY_A_SEED */
    uint64_t seed_index;
} bf_switch_key;

/* Bytes of `data` for a key at this number of limbs. */
static inline size_t bf_switch_key_data_bytes(const bf_params *p,
                                              unsigned limbs)
{
    size_t polys = (size_t)bf_params_digits(p, limbs) * (limbs + p->n_p) * 2;
    return polys * sizeof(double) << p->log_n;
}

static inline double *bf_switch_key_limb(const bf_switch_key *k, unsigned digit,
                                         unsigned modulus, unsigned half,
                                         size_t n, unsigned n_p)
{
    return k->data +
           (((size_t)digit * (k->limbs + n_p) + modulus) * 2 + half) * n;
}

/* A set of keys under one secret: the keys that a server needs for a job. */
typedef struct bf_eval_keys {
    const bf_context *ctx;
    uint8_t key_id[BF_KEY_ID_BYTES];
    size_t count;
    bf_switch_key *keys; /* in any order */
} bf_eval_keys;

/* The key of this use and element; the set owns the key. NULL if the set has no
 * such key.
 */
const bf_switch_key *bf_eval_keys_find(const bf_eval_keys *keys,
                                       bf_key_name name);
/* Moves a key into a set of its ring. The set's memory may move, so no
 * evaluator may be at work. BF_ERR_ARGUMENT when the set has one of its name,
 * BF_ERR_MISMATCH for other parameters. */
BF_MUST_CHECK bf_status bf_eval_keys_add(bf_eval_keys *keys, bf_switch_key *k);
void bf_switch_key_clear(bf_switch_key *k);
void bf_eval_keys_clear(bf_eval_keys *keys);
/* The `a` half of a key or ciphertext from its seed (evaluation form):
 * stream (seed, "blindfit-a", seed_index, digit * 2^16 + modulus). */
void bf_expand_a(const bf_context *ctx, const uint8_t seed[BF_SEED_BYTES],
                 uint64_t seed_index, unsigned digit, unsigned modulus,
                 double *out);

/* A key that a circuit uses, and the most limbs at which the circuit uses the
 * key; a symbolic evaluator collects these needs. */
typedef struct bf_key_need {
    bf_key_name name;
    unsigned limbs;
} bf_key_need;

/* ---- evaluator ----------------------------------------------------------- */

typedef struct bf_counters {
    /* By limbs. A key switch is an inner product with a key; hoisting shares
     * its ModUp, sums share its ModDown. */
    uint64_t key_switches[BF_MAX_Q + 1];
    uint64_t mod_ups[BF_MAX_Q + 1], mod_downs[BF_MAX_Q + 1];
    uint64_t tensor_products, plain_products, rescales;
    uint64_t tensor_limbs; /* products of one limb */
    uint64_t unpacked_limbs; /* of packed inputs, by the caller */
} bf_counters;

/* An evaluator holds scratch memory, keys and counters. An evaluator created
 * with keys == NULL is symbolic: its operations take and return objects without
 * data, check the same conditions, count the same work and collect the keys
 * that they would use. Threads: the pieces of one parallel loop
 * (base/parallel.h) may share an evaluator, unless it is symbolic. An operation
 * that is called outside such a loop uses all threads of the environment. */
typedef struct bf_eval bf_eval;
BF_MUST_CHECK bf_status bf_eval_create(bf_eval **out, const bf_context *ctx,
                                       const bf_eval_keys *keys);
void bf_eval_destroy(bf_eval *ev);
/* A new evaluator takes memory where `with`, which outlives it, does: what one
 * has done with serves the other. Both are symbolic, or neither. */
void bf_eval_share_memory(bf_eval *ev, bf_eval *with);
bool bf_eval_is_symbolic(const bf_eval *ev);
const bf_context *bf_eval_context(const bf_eval *ev);
void bf_eval_counters(const bf_eval *ev, bf_counters *out);
/* The work counted between start and end. */
bf_counters bf_counters_between(const bf_counters *start,
                                const bf_counters *end);
/* Adds work to the counters of a symbolic evaluator, for a caller that repeats
 * operations whose work it has already counted. */
void bf_eval_count_again(bf_eval *ev, const bf_counters *work);
void bf_eval_count_unpacked(bf_eval *ev, uint64_t limbs);
/* Keys that the operations so far need; *needs belongs to the evaluator and is
 * valid until its next operation. */
size_t bf_eval_key_needs(const bf_eval *ev, const bf_key_need **needs);
/* Most bytes alive at one time: those of ciphertexts if the evaluator is
 * symbolic, else of all blocks from its pool, scratch included. */
size_t bf_eval_peak_bytes(const bf_eval *ev);

/* Rules for every operation: out may be an input unless stated. out is
 * allocated from the evaluator's pool. Its previous content returns to its
 * origin: the pool for results of this evaluator, the allocator for fresh
 * ciphertexts and for those from files. Inputs of different limbs are used at
 * the lower number of limbs. Sums demand scales equal to 2^-20 relative
 * (BF_ERR_MISMATCH). Products of ciphertexts, automorphisms, rescale and adjust
 * take 2 polynomials, relinearisation 3, the rest either. */
void bf_eval_release(bf_eval *ev, bf_ct *ct);
/* out = a, which becomes empty unless it is out; out's previous content is
 * released. */
void bf_move(bf_eval *ev, bf_ct *out, bf_ct *a);
BF_MUST_CHECK bf_status bf_copy(bf_eval *ev, bf_ct *out, const bf_ct *a);
BF_MUST_CHECK bf_status bf_add(bf_eval *ev, bf_ct *out, const bf_ct *a,
                               const bf_ct *b);
BF_MUST_CHECK bf_status bf_sub(bf_eval *ev, bf_ct *out, const bf_ct *a,
                               const bf_ct *b);
BF_MUST_CHECK bf_status bf_negate(bf_eval *ev, bf_ct *out, const bf_ct *a);
BF_MUST_CHECK bf_status bf_add_plain(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                     const bf_pt *b);
/* Adds the real constant c to every slot. */
BF_MUST_CHECK bf_status bf_add_const(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                     double c);
/* Scale multiplies; no level. out += a*b with bf_mul_plain_add (out set, and
 * BF_ERR_ARGUMENT when it is a). */
BF_MUST_CHECK bf_status bf_mul_plain(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                     const bf_pt *b);
BF_MUST_CHECK bf_status bf_mul_plain_add(bf_eval *ev, bf_ct *out,
                                         const bf_ct *a, const bf_pt *b);
/* Exact product with a small integer; scale unchanged, bound grows. */
BF_MUST_CHECK bf_status bf_mul_int(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                   int64_t c);
/* out represents factor * a at exactly this scale, with `limbs` limbs, fewer
 * than a has. The operation is a product with an integer constant of the size
 * of q_{limbs}, and one rescale. If the scale grows by 2^24 or more, the
 * product alone serves if a has no more limbs, or if its factor's rounding
 * vanishes in the noise. The relative error of the factor is at most
 * 1/(2 * constant), which the noise contains; BF_ERR_RANGE for a constant below
 * 2^10 or above 2^200. */
BF_MUST_CHECK bf_status bf_adjust(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                  double factor, double scale, unsigned limbs);
/* X^e times a, e mod 2N; no level, no noise. X^{N/2} is the imaginary unit. */
BF_MUST_CHECK bf_status bf_mul_monomial(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                        int64_t e);
/* 3 polynomials, scale product, no level. */
BF_MUST_CHECK bf_status bf_tensor(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                  const bf_ct *b);
/* out = sum_k a[k] (x) b[k], lazily reduced; all at the lowest limbs. */
BF_MUST_CHECK bf_status bf_tensor_sum(bf_eval *ev, bf_ct *out,
                                      const bf_ct *const *a,
                                      const bf_ct *const *b, size_t terms);
/* A matrix product whose entries are multiplied by bf_tensor:
 *   out[r*count + c] = sum_k a[r*terms + k] (x) b[k*count + c],
 * r < rows, c < count. One slice of all b stays in cache while the rows of a
 * stream through. */
BF_MUST_CHECK bf_status bf_tensor_matrix(bf_eval *ev, bf_ct *out, size_t rows,
                                         size_t count, const bf_ct *const *a,
                                         const bf_ct *const *b, size_t terms);
/* The same for some columns of each row: row r takes columns
 * first..first+count-1 of b, which is terms x columns. */
typedef struct bf_tensor_row {
    const bf_ct *const *a; /* [terms] */
    size_t first, count;
    bf_ct *out; /* [count] */
} bf_tensor_row;
BF_MUST_CHECK bf_status bf_tensor_rows(bf_eval *ev, const bf_tensor_row *rows,
                                       size_t count, const bf_ct *const *b,
                                       size_t columns, size_t terms);
BF_MUST_CHECK bf_status bf_relinearize(bf_eval *ev, bf_ct *out, const bf_ct *a);
/* Divides by the last limb's prime: one level, scale / q_last. */
BF_MUST_CHECK bf_status bf_rescale(bf_eval *ev, bf_ct *out, const bf_ct *a);
/* Relinearisation and rescale, with one ModDown by P*q_last. */
BF_MUST_CHECK bf_status bf_relinearize_rescale(bf_eval *ev, bf_ct *out,
                                               const bf_ct *a);
BF_MUST_CHECK bf_status bf_mul(bf_eval *ev, bf_ct *out, const bf_ct *a,
                               const bf_ct *b); /* tensor + relinearize */
/* Drops the limbs from `limbs` on, in place: uses levels, but no work. */
BF_MUST_CHECK bf_status bf_mod_drop(bf_eval *ev, bf_ct *ct, unsigned limbs);
BF_MUST_CHECK bf_status bf_rotate(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                  int r);
BF_MUST_CHECK bf_status bf_conjugate(bf_eval *ev, bf_ct *out, const bf_ct *a);
/* X -> X^galois, galois odd and below 2N; 1 copies. Automorphisms, rotations
 * and conjugation need a key of at least a's limbs (BF_ERR_MISMATCH). */
BF_MUST_CHECK bf_status bf_automorphism(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                        uint32_t galois);

/* Hoisting [HS18]: the decomposition of a is shared by all its rotations.
 * out[i] = rot_{r[i]}(a); BF_ERR_ARGUMENT when a is one of out[]. */
BF_MUST_CHECK bf_status bf_rotate_many(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                       const int *r, size_t count);
/* out = sum_i rot_{r[i]}(a[i]) with one ModDown. Entries of a[] may repeat.
 * Terms of three polynomials are relinearised in the same step, with keys from
 * s^2. */
BF_MUST_CHECK bf_status bf_rotate_sum(bf_eval *ev, bf_ct *out,
                                      const bf_ct *const *a, const int *r,
                                      size_t count);

/* ---- packing trees ([CDKS20], and its inverse) ------------------------------
 * P is the subring of elements whose slots have period F (Z[X^T], T =
 * N/(2F)); M' = 2^log_m <= T, u = T/M'. All sums and replications are rotations
 * by multiples of F*M'/2^i: no mask, no level. */

/* Slots j = s*F + f. out = sum_m X^{u m} Tr(g[m]), Tr the sum over s; m < count
 * <= 2^log_m. The scale does not change; the bound becomes `bound`, the
 * caller's knowledge of the sums. g[] is consumed (released); elements of three
 * polynomials are relinearised within the first step of the tree. */
BF_MUST_CHECK bf_status bf_pack(bf_eval *ev, bf_ct *out, bf_ct *g,
                                size_t count, unsigned log_m, unsigned f,
                                double bound);
/* The same, with a callback that makes the elements shortly before they are
 * packed. g[count] is empty at first. make() fills `runs` runs of n elements
 * each, g[k*stride + i] for k < runs and first <= i < first + n, for indices
 * below count. All elements have the same level, scale and number of
 * polynomials. */
typedef bf_status (*bf_pack_make)(void *user, bf_ct *g, size_t first, size_t n,
                                  size_t stride, unsigned runs);
BF_MUST_CHECK bf_status bf_pack_made(bf_eval *ev, bf_ct *out, bf_ct *g,
                                     size_t count, unsigned log_m, unsigned f,
                                     double bound, bf_pack_make make,
                                     void *user);
/* The inverse of packing, for packed = sum_m X^{sign u m} P_m with P_m in P:
 * out[m], m < count, encodes P_m at 2^log_m times the scale. sign is +1 or -1.
 */
BF_MUST_CHECK bf_status bf_expand(bf_eval *ev, bf_ct *out, const bf_ct *packed,
                                  size_t count, unsigned log_m, unsigned f,
                                  int sign);

#endif
