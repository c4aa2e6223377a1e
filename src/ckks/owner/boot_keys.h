/* Keys of every use that a circuit with refreshes asks for (ckks/bootstrap.h).
 *
 * The sparse secret s' lives in these functions alone: drawn here, wiped before
 * they return, in no file. What is encrypted under it is one key of one limb,
 * in the encapsulation ring, whose modulus is held against what weight 32
 * allows; a key to s' in the ring of the circuit, even of one limb, would be
 * encrypted modulo P of that ring too, and is refused. */
#ifndef BF_CKKS_OWNER_BOOT_KEYS_H
#define BF_CKKS_OWNER_BOOT_KEYS_H

#include "ckks/bootstrap.h"
#include "ckks/owner/owner.h"

typedef struct bf_boot_secrets {
    const bf_secret_key *secret; /* of the circuit's ring */
    const bf_secret_key *small;  /* of a smaller ring, or NULL */
} bf_boot_secrets;

/* What symbolic walks asked for: of the circuit's ring all uses but OTHER,
 * ENCAPSULATE and IMPORT; of the encapsulation ring ENCAPSULATE. Progress as of
 * bf_eval_keys_generate. BF_ERR_ARGUMENT for a need that these secrets have no
 * key for, or that is listed twice; BF_ERR_SECURITY for a modulus beyond what
 * the key's own secret allows. */
BF_MUST_CHECK bf_status bf_boot_keys_generate(
    bf_eval_keys *out, bf_eval_keys *out_encapsulation,
    const bf_context *encapsulation, bf_boot_secrets secrets,
    const bf_key_need *needs, size_t count,
    const bf_key_need *encapsulation_needs, size_t encapsulation_count,
    bf_env *env);

#endif
