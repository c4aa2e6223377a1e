/* The owner's half of CKKS: secret keys, evaluation keys, encryption under the
 * secret, decryption. Nothing in src/ outside an owner/ folder includes this;
 * the server binary links none of it.
 *
 * Outputs of struct type are zeroed objects or earlier results, whose memory
 * is reused where it fits and freed where not; unchanged on failure. */
#ifndef BF_CKKS_OWNER_OWNER_H
#define BF_CKKS_OWNER_OWNER_H

#include "ckks/encrypt.h"
#include "ckks/sample.h"

/* Uniform ternary (weight 0) or of exact weight h; kept in locked memory,
 * wiped when destroyed. key_id is random and public. */
typedef struct bf_secret_key bf_secret_key;
BF_MUST_CHECK bf_status bf_secret_key_generate(bf_secret_key **out,
                                               const bf_context *ctx,
                                               unsigned weight);
/* A uniform ternary secret of another ring, expanded from the BLAKE2b digest of
 * sk's coefficients, with sk's id. The same secret at every call, so that keys
 * which are made at different times belong together. */
BF_MUST_CHECK bf_status bf_secret_key_derive(bf_secret_key **out,
                                             const bf_context *ctx,
                                             const bf_secret_key *sk);
void bf_secret_key_destroy(bf_secret_key *sk);
const uint8_t *bf_secret_key_id(const bf_secret_key *sk);
const bf_context *bf_secret_key_context(const bf_secret_key *sk);
unsigned bf_secret_key_weight(const bf_secret_key *sk); /* 0: uniform */
/* Coefficients in {-1,0,1}, N of them, for the key file only. */
const int8_t *bf_secret_key_coeffs(const bf_secret_key *sk);
/* From a key file: BF_ERR_FORMAT unless the coefficients are ternary and of
 * exact weight `weight`; for weight 0, unless their weight is one that a
 * uniform draw misses with probability below 2^-100. Constant time but for that
 * verdict. */
BF_MUST_CHECK bf_status bf_secret_key_import(bf_secret_key **out,
                                             const bf_context *ctx,
                                             const int8_t *coeffs,
                                             unsigned weight,
                                             const uint8_t id[BF_KEY_ID_BYTES]);

/* Every key is checked by bf_security_check against its own modulus
 * q_0..q_{limbs-1}*P and the weight of the secret it encrypts under. */
/* A key of use GALOIS or FROM_SQUARE. The one for X -> X^g switches c1 from s
 * to phi_{1/g}(s), and the evaluator applies X -> X^g afterwards: b +
 * a*phi_{1/g}(s) = e + P*[digit]*s. From the square: s^2 in place of s. */
BF_MUST_CHECK bf_status bf_galois_key_generate(bf_switch_key *out,
                                               const bf_secret_key *sk,
                                               bf_key_name name,
                                               unsigned limbs);
/* From one secret to another over the same context; a key of use OTHER. */
BF_MUST_CHECK bf_status bf_switch_key_generate(bf_switch_key *out,
                                               const bf_secret_key *from,
                                               const bf_secret_key *to,
                                               unsigned limbs);
/* All keys of a list, of uses GALOIS and FROM_SQUARE (progress by key). The
 * keys share one random `a` seed; the labels of their names are the indices.
 * BF_ERR_ARGUMENT when a key is listed twice. */
BF_MUST_CHECK bf_status bf_eval_keys_generate(bf_eval_keys *out,
                                              const bf_secret_key *sk,
                                              const bf_key_need *needs,
                                              size_t count, bf_env *env);

/* c = (e - a*s + m, a), a from a fresh public seed: half the bytes on disk. The
 * estimate of noise includes the rounding of the encoding. */
BF_MUST_CHECK bf_status bf_encrypt_symmetric(bf_ct *out,
                                             const bf_secret_key *sk,
                                             const bf_pt *m);

/* b + a*s = e modulo all of q; using the key is in ckks/encrypt.h. */
BF_MUST_CHECK bf_status bf_public_key_generate(bf_public_key *out,
                                               const bf_secret_key *sk);

/* 2 or 3 polynomials. Only the owner may see the result: docs/security.md,
 * Decryptions. */
BF_MUST_CHECK bf_status bf_decrypt(bf_pt *out, const bf_secret_key *sk,
                                   const bf_ct *ct);

#endif
