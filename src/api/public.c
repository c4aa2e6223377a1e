/* Encryption with the public key, which needs no secret. */
#include "api/api.h"

void bf_public_destroy(bf_public *key)
{
    if (!key) return;
    bf_public_key_clear(&key->key);
    bf_free(key);
}

static bf_status encrypt(bf_cipher **out, const bf_public *key, const bf_pt *pt)
{
    bf_ct ct = {0};
    BF_TRY(bf_encrypt_public(&ct, &key->key, pt));
    return bf_api_put(out, key->ckks, &ct, NULL, key->key.key_id);
}

bf_status bf_public_encrypt(bf_cipher **out, const bf_public *key,
                            const double *values, size_t count)
{
    bf_pt pt = {0};
    bf_status status = bf_api_encode_top(&pt, key->ckks, values, count);
    if (status == BF_OK) status = encrypt(out, key, &pt);
    bf_pt_clear(&pt);
    return status;
}

bf_status bf_public_encrypt_plain(bf_cipher **out, const bf_public *key,
                                  const bf_plain *plain)
{
    BF_TRY(bf_api_same(key->ckks, plain->ckks, "encryption"));
    return encrypt(out, key, &plain->pt);
}
