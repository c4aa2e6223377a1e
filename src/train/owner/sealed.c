#include "train/owner/sealed.h"

#include <sodium.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"

#define PLAIN_MAX ((size_t)1 << 30)

enum {
    KEY_BYTES = crypto_secretbox_KEYBYTES,
    SEALED_KEY = KEY_BYTES + crypto_box_SEALBYTES
};

/* Zero: each key encrypts one box. */
static const uint8_t nonce[crypto_secretbox_NONCEBYTES];

static unsigned count_readers(const bf_session *s, bool receivers)
{
    unsigned count = 0;
    for (unsigned k = 0; k < s->owners; k++)
        count += !receivers || s->owner[k].receives;
    return count;
}

static bf_status write_key(bf_outfile *f, const bf_party *to,
                           const uint8_t *key)
{
    uint8_t sealed[SEALED_KEY];
    if (crypto_box_seal(sealed, key, KEY_BYTES, to->seal) != 0)
        return bf_fail(BF_ERR_FORMAT, "the key of %s is none", to->name);
    return bf_outfile_write(f, sealed, sizeof sealed);
}

static bf_status write_keys(bf_outfile *f, const bf_session *s, bool receivers,
                            const uint8_t *key)
{
    for (unsigned k = 0; k < s->owners; k++)
        if (!receivers || s->owner[k].receives)
            BF_TRY(write_key(f, &s->owner[k].party, key));
    return BF_OK;
}

static bf_status write_box(bf_outfile *f, const uint8_t *key,
                           const uint8_t *data, size_t bytes)
{
    size_t length = bytes + crypto_secretbox_MACBYTES;
    uint8_t *box = bf_alloc(length);
    if (!box) return BF_ERR_MEMORY;
    crypto_secretbox_easy(box, data, bytes, nonce, key);
    bf_status status = bf_outfile_write(f, box, length);
    bf_free(box);
    return status;
}

bf_status bf_sealed_write(const char *path, const bf_session *s, bool receivers,
                          const uint8_t *data, size_t bytes)
{
    bf_outfile *f;
    uint8_t *key = bf_secret_alloc(KEY_BYTES);
    if (!key) return BF_ERR_MEMORY;
    bf_random_bytes(key, KEY_BYTES);
    bf_status status = bf_outfile_open(&f, path, 0644);
    if (status == BF_OK) {
        status = write_keys(f, s, receivers, key);
        if (status == BF_OK) status = write_box(f, key, data, bytes);
        if (status == BF_OK)
            status = bf_outfile_commit(f);
        else
            bf_outfile_abort(f);
    }
    bf_secret_free(key);
    bf_wipe_stack();
    return status;
}

/* Decrypts a box into plain, which has room for the bytes of the box. */
static bool open_box(uint8_t *plain, uint8_t *key, const uint8_t *sealed,
                     const uint8_t *box, size_t length, const bf_identity *id)
{
    bool opened =
        crypto_box_seal_open(key, sealed, SEALED_KEY, id->party.seal,
                             id->seal) == 0 &&
        crypto_secretbox_open_easy(plain, box, length, nonce, key) == 0;
    bf_wipe_stack();
    return opened;
}

static bf_status open_file(uint8_t **data, size_t *bytes, const uint8_t *sealed,
                           const uint8_t *box, size_t length,
                           const bf_identity *id, const char *path)
{
    size_t n = length - crypto_secretbox_MACBYTES;
    uint8_t *key = bf_secret_alloc(KEY_BYTES), *plain = bf_secret_alloc(n);
    bf_status status = key && plain ? BF_OK : BF_ERR_MEMORY;
    if (status == BF_OK && !open_box(plain, key, sealed, box, length, id))
        status = bf_fail(BF_ERR_FORMAT, "%s: not sealed to %s", path,
                         id->party.name);
    bf_secret_free(key);
    if (status != BF_OK) {
        bf_secret_free(plain);
        return status;
    }
    *data = plain;
    *bytes = n;
    return BF_OK;
}

bf_status bf_sealed_read(uint8_t **data, size_t *bytes, const char *path,
                         const bf_session *s, bool receivers,
                         const bf_identity *id, unsigned me, size_t want)
{
    size_t keys = count_readers(s, receivers) * (size_t)SEALED_KEY, before = 0;
    size_t fixed = keys + crypto_secretbox_MACBYTES, all;
    uint8_t *file;
    for (unsigned k = 0; k < me; k++)
        if (!receivers || s->owner[k].receives) before += SEALED_KEY;
    BF_TRY(bf_read_file(path, fixed + (want ? want : PLAIN_MAX), &file, &all));
    bool sound = all > fixed && (!want || all == fixed + want);
    bf_status status =
        sound ? open_file(data, bytes, file + before, file + keys, all - keys,
                          id, path)
              : bf_fail(BF_ERR_FORMAT, "%s: %zu bytes, not those of its kind",
                        path, all);
    bf_free(file);
    return status;
}

/* ---- to each receiver something else ------------------------------------- */

static bf_status write_one(bf_outfile *f, const bf_party *to, uint8_t *key,
                           const uint8_t *data, size_t bytes)
{
    bf_random_bytes(key, KEY_BYTES);
    BF_TRY(write_key(f, to, key));
    return write_box(f, key, data, bytes);
}

static bf_status write_all(bf_outfile *f, const bf_session *s,
                           const uint8_t *const data[BF_OWNERS_MAX],
                           const size_t bytes[BF_OWNERS_MAX])
{
    uint8_t *key = bf_secret_alloc(KEY_BYTES);
    bf_status status = key ? BF_OK : BF_ERR_MEMORY;
    for (unsigned k = 0; k < s->owners && status == BF_OK; k++)
        if (s->owner[k].receives)
            status = write_one(f, &s->owner[k].party, key, data[k], bytes[k]);
    bf_secret_free(key);
    bf_wipe_stack();
    return status;
}

bf_status bf_sealed_write_each(const char *path, const bf_session *s,
                               const uint8_t *const data[BF_OWNERS_MAX],
                               const size_t bytes[BF_OWNERS_MAX])
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, 0644));
    bf_status status = write_all(f, s, data, bytes);
    if (status == BF_OK) return bf_outfile_commit(f);
    bf_outfile_abort(f);
    return status;
}

bf_status bf_sealed_read_each(uint8_t **data, const char *path,
                              const bf_session *s, const bf_identity *id,
                              unsigned me, const size_t bytes[BF_OWNERS_MAX])
{
    const size_t fixed = SEALED_KEY + crypto_secretbox_MACBYTES;
    size_t before = 0, want = 0, all, got;
    uint8_t *file;
    for (unsigned k = 0; k < s->owners; k++) {
        if (k == me) before = want;
        if (s->owner[k].receives) want += fixed + bytes[k];
    }
    BF_TRY(bf_read_file(path, want, &file, &all));
    bf_status status =
        all == want
            ? open_file(data, &got, file + before, file + before + SEALED_KEY,
                        fixed - SEALED_KEY + bytes[me], id, path)
            : bf_fail(BF_ERR_FORMAT, "%s: %zu bytes, expected %zu", path, all,
                      want);
    bf_free(file);
    return status;
}
