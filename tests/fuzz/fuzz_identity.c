/* Any bytes as an identity, unchanged and with corrected public keys. An
 * accepted identity has a name, and its signatures verify. */
#include "memory_file.h"

#include <sodium.h>
#include <string.h>

#include "train/owner/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEED_AT = 48, SEAL_AT = 80, PUBLICS_AT = 112, FILE_BYTES = 176 };

static void check_identity(const bf_identity *id)
{
    uint8_t signature[BF_SIGNATURE_BYTES];
    if (!bf_party_name_valid(id->party.name)) abort();
    crypto_sign_detached(signature, NULL, id->party.seal,
                         sizeof id->party.seal, id->sign);
    if (crypto_sign_verify_detached(signature, id->party.seal,
                                    sizeof id->party.seal,
                                    id->party.sign) != 0)
        abort();
}

static void read_identity(const uint8_t *data, size_t size)
{
    memory_file f = memory_file_open(data, size);
    bf_identity id;
    if (bf_identity_read(&id, f.path) == BF_OK) {
        check_identity(&id);
        bf_identity_clear(&id);
    }
    memory_file_close(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t file[FILE_BYTES], sign[crypto_sign_SECRETKEYBYTES];
    read_identity(data, size);
    if (size != sizeof file) return 0;
    memcpy(file, data, size);
    if (crypto_sign_seed_keypair(file + PUBLICS_AT, sign, file + SEED_AT) != 0)
        abort();
    if (crypto_scalarmult_base(file + PUBLICS_AT + 32, file + SEAL_AT) == 0)
        read_identity(file, sizeof file);
    return 0;
}
