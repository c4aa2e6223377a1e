#include "train/owner/identity.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"
#include "blindfit/party.h"

static const char magic[8] = {'B', 'F', 'I', 'D', 'E', 'N', 'T', 0};
enum {
    VERSION = 1,
    NAME_AT = 16,
    SEED_AT = NAME_AT + BF_OWNER_NAME_BYTES,
    SEAL_AT = SEED_AT + 32,
    SIGN_PUBLIC_AT = SEAL_AT + 32,
    SEAL_PUBLIC_AT = SIGN_PUBLIC_AT + 32,
    FILE_BYTES = SEAL_PUBLIC_AT + 32
};
_Static_assert(crypto_sign_SECRETKEYBYTES == 64 &&
                   crypto_sign_SEEDBYTES == 32 &&
                   crypto_box_SECRETKEYBYTES == 32,
               "as the header and the format say");

void bf_identity_clear(bf_identity *id)
{
    bf_secret_free(id->sign);
    bf_secret_free(id->seal);
    *id = (bf_identity){0};
}

/* Derives both pairs of keys from the secrets in a file. */
static bf_status derive(bf_identity *out, const uint8_t *file)
{
    bf_identity id = {.sign = bf_secret_alloc(crypto_sign_SECRETKEYBYTES),
                      .seal = bf_secret_alloc(crypto_box_SECRETKEYBYTES)};
    if (!id.sign || !id.seal) {
        bf_identity_clear(&id);
        return BF_ERR_MEMORY;
    }
    memcpy(id.party.name, file + NAME_AT, BF_OWNER_NAME_BYTES);
    crypto_sign_seed_keypair(id.party.sign, id.sign, file + SEED_AT);
    memcpy(id.seal, file + SEAL_AT, crypto_box_SECRETKEYBYTES);
    int rc = crypto_scalarmult_base(id.party.seal, id.seal);
    bf_wipe_stack();
    if (rc != 0) {
        bf_identity_clear(&id);
        return bf_fail(BF_ERR_FORMAT, "a secret key that has no public one");
    }
    *out = id;
    return BF_OK;
}

/* ---- making -------------------------------------------------------------- */

static bf_status write_files(const uint8_t *file, const bf_party *p,
                             const char *identity, const char *publics)
{
    bf_outfile *f[2] = {NULL, NULL};
    char text[BF_PARTY_TEXT_BYTES];
    bf_status status;
    bf_party_print(text, p);
    BF_GOTO(bf_outfile_open(&f[0], identity, 0600), fail);
    BF_GOTO(bf_outfile_write(f[0], file, FILE_BYTES), fail);
    BF_GOTO(bf_outfile_open(&f[1], publics, 0644), fail);
    BF_GOTO(bf_outfile_write(f[1], text, strlen(text)), fail);
    return bf_outfile_commit_all(f, 2);
fail:
    bf_outfile_abort(f[0]);
    bf_outfile_abort(f[1]);
    return status;
}

bf_status bf_identity_create(const char *identity, const char *publics,
                             const char *name)
{
    struct stat st;
    bf_identity id = {0};
    BF_TRY(bf_random_init());
    if (!bf_party_name_valid(name))
        return bf_fail(BF_ERR_ARGUMENT,
                       "'%s' is no name: 1 to %d letters, digits, '.', '_' or "
                       "'-'", name, BF_OWNER_NAME_BYTES - 1);
    if (stat(identity, &st) == 0)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: is there already; sessions of it would be lost",
                       identity);
    BF_TRY(bf_outfile_check(publics, &identity, 1));
    uint8_t *file = bf_secret_alloc(FILE_BYTES);
    if (!file) return BF_ERR_MEMORY;
    memset(file, 0, FILE_BYTES);
    memcpy(file, magic, sizeof magic);
    bf_put_u32(file + 8, VERSION);
    memcpy(file + NAME_AT, name, strlen(name));
    bf_random_bytes(file + SEED_AT, 64);
    bf_status s = derive(&id, file);
    if (s == BF_OK) {
        memcpy(file + SIGN_PUBLIC_AT, id.party.sign, 32);
        memcpy(file + SEAL_PUBLIC_AT, id.party.seal, 32);
        s = write_files(file, &id.party, identity, publics);
    }
    bf_identity_clear(&id);
    bf_secret_free(file);
    return s;
}

/* ---- reading ------------------------------------------------------------- */

static bf_status parse(bf_identity *out, const uint8_t *file, size_t bytes)
{
    bf_identity id;
    char name[BF_OWNER_NAME_BYTES] = {0};
    if (bytes != FILE_BYTES || memcmp(file, magic, sizeof magic) != 0)
        return bf_fail(BF_ERR_FORMAT, "not an identity");
    if (bf_get_u32(file + 8) != VERSION)
        return bf_fail(BF_ERR_UNSUPPORTED, "an identity of version %u",
                       bf_get_u32(file + 8));
    BF_TRY(derive(&id, file));
    bool sound = memcmp(file + SIGN_PUBLIC_AT, id.party.sign, 32) == 0 &&
                 memcmp(file + SEAL_PUBLIC_AT, id.party.seal, 32) == 0 &&
                 bf_party_name_valid(id.party.name);
    if (sound) { /* zeros behind the name, and before it */
        memcpy(name, id.party.name, strlen(id.party.name));
        sound = memcmp(name, id.party.name, sizeof name) == 0 &&
                bf_get_u32(file + 12) == 0;
    }
    if (sound) {
        *out = id;
        return BF_OK;
    }
    bf_identity_clear(&id);
    return bf_fail(BF_ERR_FORMAT, "a damaged identity");
}

bf_status bf_identity_read(bf_identity *out, const char *path)
{
    uint8_t *data;
    size_t bytes;
    BF_TRY(bf_random_init());
    BF_TRY(bf_read_file(path, FILE_BYTES, &data, &bytes));
    bf_status s = parse(out, data, bytes);
    bf_wipe(data, bytes);
    bf_free(data);
    return s == BF_OK ? BF_OK : bf_fail_in(s, "%s", path);
}

size_t bf_identity_sign(uint8_t out[BF_HEAD_BYTES_MAX], const bf_identity *id,
                        const bf_session *s, const bf_head *h)
{
    uint8_t text[BF_HEAD_SIGNED_MAX];
    size_t bytes = bf_head_print(out, s, h);
    size_t n = bf_head_signed(text, out, bytes);
    crypto_sign_detached(out + bytes, NULL, text, n, id->sign);
    bf_wipe_stack();
    return bytes + BF_SIGNATURE_BYTES;
}
