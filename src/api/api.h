/* What the files of src/api share: the structs behind the handles of
 * blindfit/ckks.h. */
#ifndef BF_API_API_H
#define BF_API_API_H

#include "blindfit/ckks.h"
#include "ckks/bootstrap.h"
#include "ckks/encrypt.h"
#include "ckks/lintrans.h"

/* What parameters for bootstrapping have in addition to a ring. */
typedef struct bf_api_boot {
    bf_boot_params p; /* p.ring, p.encapsulation: those of the contexts */
    double largest;
} bf_api_boot;

struct bf_ckks {
    bf_context *ctx;
    bf_context *encapsulation; /* NULL: nothing is refreshed, and boot empty */
    bf_api_boot boot;
    char *note;                 /* of files: boot as text, or NULL */
    unsigned base;              /* limbs of level 0 */
    unsigned top;               /* limbs of the highest level: of all that are
                                 * not for bootstrapping */
    double scale[BF_MAX_Q + 1]; /* by limbs */
    double largest;
};

struct bf_plain {
    const bf_ckks *ckks;
    bf_pt pt;
};

/* An evaluator, whose pool holds the data of its results. The count of users
 * lets a ciphertext outlive the evaluator. */
typedef struct bf_home {
    bf_eval *eval;
    bf_eval *encapsulation; /* where parameters are made for bootstrapping */
    bf_eval_keys none[2];   /* for evaluators without keys */
    long users;
} bf_home;

/* The parameters and the secret of the smaller ring to which keys between rings
 * lead. */
typedef struct bf_api_smaller {
    bool there; /* such keys are */
    uint8_t ring[BF_HASH_BYTES];
    uint8_t key_id[BF_KEY_ID_BYTES];
} bf_api_smaller;

struct bf_evaluator {
    const bf_ckks *ckks;
    bf_home *home;
    unsigned lowest;               /* limbs of the lowest result */
    const uint8_t *key_id;         /* of the keys; NULL without */
    const bf_api_smaller *smaller; /* the same */
};

/* A ciphertext without data is a stand-in for dry runs. */
struct bf_cipher {
    const bf_ckks *ckks;
    bf_ct ct;
    bf_home *home; /* whose pool ct.data is of; NULL: the allocator's */
    bool owned;    /* key_id says whose; else nobody's, as stand-ins */
    uint8_t key_id[BF_KEY_ID_BYTES];
};

struct bf_public {
    const bf_ckks *ckks;
    bf_public_key key;
};

struct bf_keys {
    const bf_ckks *ckks;
    bf_eval_keys set[2]; /* of the ring, and of the encapsulation ring */
    bf_api_smaller smaller;
};

struct bf_linear {
    const bf_ckks *ckks;
    bf_lintrans map;
    unsigned level;
};

struct bf_refresher {
    const bf_ckks *ckks;
    bf_boot *shape; /* symbolic */
    bf_boot *boot;  /* NULL: for dry runs alone */
};

/* Zeroed memory for an array, whatever its count; else as bf_alloc_zero. */
static inline void *bf_api_array(size_t count, size_t size)
{
    size_t bytes;
    return bf_alloc_zero(bf_mul_size(count, size, &bytes) ? bytes : SIZE_MAX);
}

/* ---- parameters --------------------------------------------------------- */

static inline bf_rings bf_api_rings(const bf_ckks *c)
{
    return (bf_rings){c->encapsulation ? 2 : 1, {c->ctx, c->encapsulation}};
}
static inline unsigned bf_api_limbs(const bf_ckks *c, unsigned level)
{
    return c->base + level;
}
static inline unsigned bf_api_level(const bf_ckks *c, unsigned limbs)
{
    return limbs > c->base ? limbs - c->base : 0;
}
BF_MUST_CHECK bf_status bf_api_check_level(const bf_ckks *c, unsigned level,
                                           const char *what);
/* BF_ERR_ARGUMENT unless g is odd and below 2N. */
BF_MUST_CHECK bf_status bf_api_check_element(const bf_ckks *c, uint32_t g,
                                             const char *what);
/* BF_ERR_MISMATCH unless both are the same parameters. */
BF_MUST_CHECK bf_status bf_api_same(const bf_ckks *a, const bf_ckks *b,
                                    const char *what);
/* Makes parameters. boot is NULL, or holds the parameters for bootstrapping,
 * which the function checks. */
BF_MUST_CHECK bf_status bf_api_adopt(bf_ckks **out, const bf_params *params,
                                     const bf_api_boot *boot);
/* Makes empty sets, one for each ring, for the key of this id. */
void bf_api_keys_of(bf_keys *keys, const bf_ckks *c, const uint8_t *key_id);
/* Prints boot as text, which the caller frees with bf_free. */
BF_MUST_CHECK bf_status bf_api_boot_print(char **text, const bf_api_boot *boot);
/* BF_ERR_FORMAT for any other text; `path` is for messages. */
BF_MUST_CHECK bf_status bf_api_boot_parse(bf_api_boot *out, const char *text,
                                          const bf_params *ring,
                                          const char *path);

/* The record of a file of keys that names the smaller ring and its secret: JSON
 * in text, NUL included. */
#define BF_API_SMALLER ((bf_label){34, 0})
#define BF_API_SMALLER_BYTES 192
void bf_api_smaller_print(char text[BF_API_SMALLER_BYTES],
                          const bf_api_smaller *s);
/* BF_ERR_FORMAT for any other text; `path` is for messages. */
BF_MUST_CHECK bf_status bf_api_smaller_parse(bf_api_smaller *out,
                                             const char *text,
                                             const char *path);
/* True if the set has a key between rings. */
bool bf_api_between_rings(const bf_eval_keys *set);

/* ---- plaintexts --------------------------------------------------------- */

/* Encodes values as bf_plain_encode does, at a scale and a number of limbs,
 * into a zeroed or earlier plaintext. The plaintext's bound is the parameters'
 * bound: a bound that depended on the values would reveal something of them. */
BF_MUST_CHECK bf_status bf_api_encode(bf_pt *out, const bf_ckks *c,
                                      const double *values, size_t count,
                                      double scale, unsigned limbs);
/* Encodes at the highest level and its scale. */
BF_MUST_CHECK bf_status bf_api_encode_top(bf_pt *out, const bf_ckks *c,
                                          const double *values, size_t count);
/* values[count]: the real parts of the first slots. */
BF_MUST_CHECK bf_status bf_api_decode(double *values, size_t count,
                                      const bf_pt *pt);
/* Replaces the content of *out by pt; *pt becomes empty. */
BF_MUST_CHECK bf_status bf_api_put_plain(bf_plain **out, const bf_ckks *c,
                                         bf_pt *pt);

/* ---- ciphertexts -------------------------------------------------------- */

/* Replaces the content of *out by ct, which belongs to the key of key_id (NULL:
 * to no key). *ct becomes empty, even on failure. home is the evaluator whose
 * pool holds ct, or NULL. */
BF_MUST_CHECK bf_status bf_api_put(bf_cipher **out, const bf_ckks *c, bf_ct *ct,
                                   bf_home *home, const uint8_t *key_id);
/* If status is BF_OK, makes the objects that out[] lacks, all or none: putting
 * results into them cannot fail. */
BF_MUST_CHECK bf_status bf_api_fill(bf_cipher **out, size_t count,
                                    bf_status status);

/* An operation in progress, whose operands are checked. The result and
 * intermediate ciphertexts are local to the operation and come from the
 * evaluator's pool. */
typedef struct bf_op {
    bf_evaluator *ev;
    const char *what;
    bf_eval *eval;
    const bf_ckks *ckks;
    const uint8_t *key_id; /* of the operands so far */
} bf_op;
bf_op bf_api_op(bf_evaluator *ev, const char *what);
/* Checks an operand: BF_ERR_MISMATCH for other parameters, for a key that
 * differs from another operand's, and for an evaluator of another key. */
BF_MUST_CHECK bf_status bf_api_take(bf_op *op, const bf_cipher *a);
/* Begins an operation on a and b (b may be NULL): bf_api_op, then bf_api_take
 * for each operand. BF_ERR_ARGUMENT "WHAT: takes ... levels" unless the operand
 * of lower level has that many levels left. */
BF_MUST_CHECK bf_status bf_api_begin(bf_op *op, bf_evaluator *ev,
                                     const char *what, const bf_cipher *a,
                                     const bf_cipher *b, unsigned levels);
/* If status is BF_OK, replaces the content of *out by *res; else releases *res
 * and returns status. */
BF_MUST_CHECK bf_status bf_api_give(bf_op *op, bf_cipher **out, bf_ct *res,
                                    bf_status status);
/* Notes that the operation changed *out in place. */
void bf_api_changed(const bf_op *op, bf_cipher *out);
/* An operation f on one operand. */
BF_MUST_CHECK bf_status
bf_api_one(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
           bf_status (*f)(bf_eval *, bf_ct *, const bf_ct *), const char *what);
/* BF_ERR_ARGUMENT "WHAT: takes ... levels" unless ct has that many levels left.
 */
BF_MUST_CHECK bf_status bf_api_need(const bf_op *op, const bf_ct *ct,
                                    unsigned levels);
/* True if a has these limbs, and this scale as far as sums ask, to 2^-20: the
 * scales of products are rounded, by twice as much with each level of squares,
 * and at the same limbs nothing could mend that. It is no error of values: a
 * keeps its own scale, from which results get theirs. */
bool bf_api_has(const bf_ct *a, double scale, unsigned limbs);
/* *out represents a at these limbs and this scale; it points to a if a has
 * them, else to *tmp. */
BF_MUST_CHECK bf_status bf_api_lower(bf_op *op, const bf_ct **out, bf_ct *tmp,
                                     const bf_ct *a, double scale,
                                     unsigned limbs);

#endif
