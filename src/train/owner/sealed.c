#include "train/owner/sealed.h"

#include <sodium.h>

#include "base/file.h"
#include "base/memory.h"

#define PLAIN_MAX ((size_t)1 << 30)

static unsigned count_boxes(const bf_session *s, bool receivers)
{
    unsigned count = 0;
    for (unsigned k = 0; k < s->owners; k++)
        count += !receivers || s->owner[k].receives;
    return count;
}

static bf_status write_boxes(bf_outfile *f, const bf_session *s, bool receivers,
                             const uint8_t *data, size_t bytes, uint8_t *box)
{
    for (unsigned k = 0; k < s->owners; k++) {
        if (receivers && !s->owner[k].receives) continue;
        if (crypto_box_seal(box, data, bytes, s->owner[k].party.seal) != 0)
            return bf_fail(BF_ERR_FORMAT, "the key of %s is none",
                           s->owner[k].party.name);
        BF_TRY(bf_outfile_write(f, box, bytes + crypto_box_SEALBYTES));
    }
    return BF_OK;
}

bf_status bf_sealed_write(const char *path, const bf_session *s, bool receivers,
                          const uint8_t *data, size_t bytes)
{
    bf_outfile *f;
    uint8_t *box = bf_alloc(bytes + crypto_box_SEALBYTES);
    if (!box) return BF_ERR_MEMORY;
    bf_status status = bf_outfile_open(&f, path, 0644);
    if (status == BF_OK) {
        status = write_boxes(f, s, receivers, data, bytes, box);
        if (status == BF_OK)
            status = bf_outfile_commit(f);
        else
            bf_outfile_abort(f);
    }
    bf_free(box);
    return status;
}

static bf_status open_box(uint8_t **data, size_t *bytes, const uint8_t *box,
                          size_t length, const bf_identity *id,
                          const char *path)
{
    size_t n = length - crypto_box_SEALBYTES;
    uint8_t *plain = bf_secret_alloc(n);
    if (!plain) return BF_ERR_MEMORY;
    int rc =
        crypto_box_seal_open(plain, box, length, id->party.seal, id->seal);
    bf_wipe_stack();
    if (rc != 0) {
        bf_secret_free(plain);
        return bf_fail(BF_ERR_FORMAT, "%s: not sealed to %s", path,
                       id->party.name);
    }
    *data = plain;
    *bytes = n;
    return BF_OK;
}

bf_status bf_sealed_read(uint8_t **data, size_t *bytes, const char *path,
                         const bf_session *s, bool receivers,
                         const bf_identity *id, unsigned me, size_t want)
{
    unsigned boxes = count_boxes(s, receivers), number = 0;
    size_t all, most = want ? want : PLAIN_MAX;
    uint8_t *file;
    for (unsigned k = 0; k < me; k++)
        number += !receivers || s->owner[k].receives;
    BF_TRY(bf_read_file(path, boxes * (most + crypto_box_SEALBYTES), &file,
                        &all));
    size_t length = all / boxes;
    bool sound = all == boxes * length && length > crypto_box_SEALBYTES &&
                 (!want || length == want + crypto_box_SEALBYTES);
    bf_status status =
        sound ? open_box(data, bytes, file + number * length, length, id, path)
              : bf_fail(BF_ERR_FORMAT, "%s: %zu bytes, not those of its kind",
                        path, all);
    bf_free(file);
    return status;
}
