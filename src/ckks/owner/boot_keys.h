/* Evaluation keys for any circuit, also for one that refreshes ciphertexts
 * (ckks/bootstrap.h) or moves ciphertexts between rings (ckks/ringswitch.h).
 *
 * Only bf_boot_keys_generate holds the sparse secret s': the function draws s',
 * wipes s' before it returns, and writes s' to no file. One key of one limb in
 * the encapsulation ring is encrypted under s'; its modulus is checked against
 * the limit for weight 32. A key to s' in the ring of the circuit is refused:
 * even a key of one limb would be encrypted modulo P of that ring too. */
#ifndef BF_CKKS_OWNER_BOOT_KEYS_H
#define BF_CKKS_OWNER_BOOT_KEYS_H

#include "ckks/bootstrap.h"
#include "ckks/owner/owner.h"

typedef struct bf_boot_secrets {
    const bf_secret_key *secret; /* of the circuit's ring */
    const bf_secret_key *small;  /* of a smaller ring, or NULL */
} bf_boot_secrets;

/* Makes the keys that symbolic walks requested. needs[count] are keys of the
 * circuit's ring, of all uses but OTHER, ENCAPSULATE and IMPORT;
 * encapsulation_needs[encapsulation_count] are keys of the encapsulation ring,
 * of use ENCAPSULATE. A circuit without refreshes passes NULL for
 * `encapsulation` and needs no key of use ENCAPSULATE or DECAPSULATE. The
 * function reports progress as bf_eval_keys_generate does.
 *
 * BF_ERR_ARGUMENT for a need that does not fit `secrets`, or that is listed
 * twice. BF_ERR_SECURITY for a key whose modulus exceeds the limit of the
 * secret that encrypts the key. */
BF_MUST_CHECK bf_status bf_boot_keys_generate(
    bf_eval_keys *out, bf_eval_keys *out_encapsulation,
    const bf_context *encapsulation, bf_boot_secrets secrets,
    const bf_key_need *needs, size_t count,
    const bf_key_need *encapsulation_needs, size_t encapsulation_count,
    bf_env *env);

#endif
