/* The evaluator's structures, and the steps of key switching. */
#ifndef BF_CKKS_EVAL_INTERNAL_H
#define BF_CKKS_EVAL_INTERNAL_H

#include <math.h>
#include <pthread.h>

#include "ckks/internal.h"

/* An automorphism X -> X^g. An automorphism maps each row to a row. */
typedef struct bf_perm {
    uint32_t galois;
    uint32_t *index; /* [N], of bf_limb_permute; NULL: the identity */
    uint32_t *row;   /* after `index`: where each row begins in the result */
} bf_perm;

/* Writes the row of a limb that begins at `first` to its place in out, a whole
 * limb. */
static inline void bf_perm_row(const bf_ring *ring, const bf_perm *perm,
                               double *out, const double *row, size_t first)
{
    size_t to = perm->row[first / BF_ROW_LEN];
    bf_span_permute(ring, out + to, row, perm->index + to, BF_ROW_LEN);
}

struct bf_eval {
    const bf_context *ctx;
    const bf_eval_keys *keys; /* NULL: symbolic */
    bf_pool *pool;
    struct bf_eval *memory; /* the evaluator whose pool and bytes these are */
    bf_counters counters;
    size_t need_count, need_cap;
    bf_key_need *needs;
    pthread_mutex_t perm_lock; /* of the next two */
    size_t perm_count, perm_cap;
    bf_perm *perms;
    size_t live_bytes, peak_bytes; /* symbolic accounting */
    /* ModDown by P*q_{l-1} from l limbs (index l), to q_0..q_{l-2}. */
    bf_convert **down_rescale;
    bf_mulc *pq_inv; /* [l*n_q + i] (P q_{l-1})^{-1} mod q_i */
    bf_mulc *p_mul;  /* [n_q] P mod q_i as a multiplier */
    /* bf_noise_key_switch by limbs, for keys from s and from s^2. */
    double ks_noise[BF_MAX_Q + 1], square_noise[BF_MAX_Q + 1];
};

static inline size_t bf_eval_n(const bf_eval *ev)
{
    return ev->ctx->ring->n;
}

/* --- objects -------------------------------------------------------------- */
/* Begins a result, with data from the pool (no data when symbolic). */
BF_MUST_CHECK bf_status bf_eval_new(bf_eval *ev, bf_ct *ct, unsigned limbs,
                                    unsigned polys);
BF_MUST_CHECK bf_status bf_eval_check(const bf_eval *ev, const bf_ct *ct,
                                      unsigned polys_max, const char *what);
/* BF_ERR_MISMATCH when scales differ by more than rounding explains. */
BF_MUST_CHECK bf_status bf_eval_check_scales(double a, double b,
                                             const char *what);
double *bf_eval_scratch(bf_eval *ev, size_t limbs);
void bf_eval_scratch_give(bf_eval *ev, double *p, size_t limbs);

static inline void bf_count(uint64_t *counter, uint64_t by)
{
    __atomic_fetch_add(counter, by, __ATOMIC_RELAXED);
}

/* Counts ModUp, inner product and ModDown of a symbolic key switch; in a run on
 * data these steps count themselves. */
static inline void bf_count_symbolic(bf_eval *ev, unsigned limbs, uint64_t ups,
                                     uint64_t downs)
{
    if (ev->keys) return;
    bf_count(&ev->counters.mod_ups[limbs], ups);
    bf_count(&ev->counters.mod_downs[limbs], downs);
}

/* The key of this name, usable at `limbs`. A symbolic evaluator records the
 * need and returns NULL. */
BF_MUST_CHECK bf_status bf_eval_key(bf_eval *ev, bf_key_name name,
                                    unsigned limbs, const bf_switch_key **out);
BF_MUST_CHECK bf_status bf_eval_perm(bf_eval *ev, uint32_t galois,
                                     bf_perm *out);

/* Number of batches of at most `most` items each; a multiple of the number of
 * threads. */
static inline unsigned bf_batch_count(unsigned items, unsigned most)
{
    unsigned threads = bf_in_parallel() ? 1 : bf_env_threads(NULL);
    return threads * ((items + threads * most - 1) / (threads * most));
}

static inline unsigned bf_batch_first(unsigned items, unsigned batches,
                                      unsigned i)
{
    return (unsigned)((uint64_t)items * i / batches);
}

/* --- key switching -----------------------------------------------------------
 * Polynomials modulo q_0..q_{l-1} are split into digits (ModUp), multiplied by
 * keys in the basis q_0..q_{l-1}, p_0..p_{K-1} (positions 0..l+K-1) and divided
 * by P (ModDown). Accumulators: [position][2][N]. */
#define BF_KS_DIGITS_MAX (2 * BF_MAX_Q)

/* One or two neighbouring polynomials of a ciphertext. */
typedef struct bf_ks_source {
    unsigned limbs, first, polys;
    const double *eval[2][BF_MAX_Q]; /* evaluation form, the ciphertext's */
    double *coeff; /* [polys][limbs][N] scaled for conversion, then overflows
                    * [polys][digits][N]; all in block form */
} bf_ks_source;

/* Residues first..first+len-1 of every digit at one position; x[k*digits + j]
 * is digit j of polynomial k there, in evaluation form. */
typedef struct bf_ks_piece {
    const bf_ks_source *src;
    unsigned position, modulus;
    size_t first, len;
    const double *const *x; /* each from `first` on */
} bf_ks_piece;

/* Callbacks for the digits of a position: `row` takes every row as soon as the
 * row is ready, then `whole` takes all residues at once; either may be NULL.
 * Callbacks run on all threads; each position has `scratch` limbs of its own.
 */
typedef struct bf_ks_work {
    void (*row)(void *user, const bf_ks_piece *piece, double *scratch);
    void (*whole)(void *user, const bf_ks_piece *piece, double *scratch);
    void *user;
    size_t scratch;
} bf_ks_work;

static inline unsigned bf_ks_positions(const bf_eval *ev, unsigned limbs)
{
    return limbs + ev->ctx->params.n_p;
}
/* Ring modulus of a position. */
static inline unsigned bf_ks_modulus(const bf_eval *ev, unsigned limbs,
                                     unsigned position)
{
    return position < limbs ? position
                            : ev->ctx->params.n_q + position - limbs;
}
static inline double *bf_ks_acc(const bf_eval *ev, double *acc,
                                unsigned position, unsigned poly)
{
    return acc + (2 * (size_t)position + poly) * bf_eval_n(ev);
}

/* Polynomials first..first+polys-1 of ct, which must outlive the source. */
BF_MUST_CHECK bf_status bf_ks_open(bf_eval *ev, bf_ks_source *src,
                                   const bf_ct *ct, unsigned first,
                                   unsigned polys);
void bf_ks_close(bf_eval *ev, bf_ks_source *src);
BF_MUST_CHECK bf_status bf_ks_for_positions(bf_eval *ev,
                                            const bf_ks_source *src,
                                            const bf_ks_work *work);
/* o0, o1 = sum over k, j of x[k*digits + j] * digit j of keys[k]. */
void bf_ks_inner(bf_eval *ev, const bf_ks_piece *piece,
                 const bf_switch_key *const *keys, double *o0, double *o1);
/* o += P * polynomial `poly` of ct at the piece's residues (no change modulo a
 * special prime, where P = 0). */
void bf_ks_lift_add(bf_eval *ev, const bf_ks_piece *piece, double *o,
                    const bf_ct *ct, unsigned poly);

/* An automorphism of the result: out = perm(down + (c0 of add, 0)). */
typedef struct bf_ks_automorphism {
    bf_perm perm;
    const bf_ct *add;
} bf_ks_automorphism;
/* out = acc divided by P, or by P*q_{l-1} if rescale (then out has l-1 limbs).
 * Overwrites acc. out->polys == 2. after may be NULL. */
BF_MUST_CHECK bf_status bf_ks_mod_down(bf_eval *ev, double *acc, unsigned limbs,
                                       bool rescale, bf_ct *out,
                                       const bf_ks_automorphism *after);
/* res = polynomial `poly` of a (1, or 2: relinearisation) switched to the key's
 * target secret, plus the polynomials below `poly`; divided by the last prime
 * if rescale. */
BF_MUST_CHECK bf_status bf_ks_switch(bf_eval *ev, bf_ct *res, const bf_ct *a,
                                     unsigned poly, const bf_switch_key *key,
                                     bool rescale);

/* --- secrets of other rings (ringswitch.c) -------------------------------- */
/* A ciphertext of a smaller ring, at `limbs`, spread to the coefficients of the
 * evaluator's: under s(X^k). BF_ERR_MISMATCH as bf_ring_switch_check. */
BF_MUST_CHECK bf_status bf_ring_spread(bf_eval *to, bf_ct *out, const bf_ct *a,
                                       unsigned limbs);
/* Switches a, of two polynomials, to the key's target secret, in place. */
BF_MUST_CHECK bf_status bf_ring_key_switch(bf_eval *ev, bf_ct *a,
                                           bf_key_name name);

/* --- noise: standard deviations per coefficient --------------------------- */
double bf_noise_rounding(const bf_context *ctx); /* of one division */
double bf_noise_key_switch(const bf_context *ctx, unsigned limbs, bool square);
static inline double bf_hypot3(double a, double b, double c)
{
    return sqrt(a * a + b * b + c * c);
}

#endif
