/* A saved transform, little-endian:
 *   "BFTRANSF", u32 version 2, u32 kind, u32 map, u32 header bytes 128,
 *   u64 inputs d, u64 outputs k, f64 clip_norm,
 *   the upload that it belongs to: key id[16], job id[32], digest[32],
 *   whitened: f64 mean[d], linear[d][k - 1]; paper: f64 scale[d + 1],
 *   BLAKE2b-256 of everything before. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "train/owner/transform.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers are written as they lie in memory");

#define MAGIC "BFTRANSF"
#define VERSION 2
#define FILE_MAX ((size_t)1 << 35)

typedef struct header {
    char magic[8];
    uint32_t version, kind, map, bytes;
    uint64_t inputs, outputs;
    double clip_norm;
    bf_upload_id of;
} header;
_Static_assert(sizeof(header) == 128, "as the format says");

/* The arrays of a transform in the order of the file. */
typedef struct part {
    double *data;
    size_t count;
} part;

static unsigned parts_of(part out[2], const bf_transform *t)
{
    if (t->kind == BF_RECIPE_PAPER) {
        out[0] = (part){t->scale, t->outputs};
        return 1;
    }
    out[0] = (part){t->mean, t->inputs};
    out[1] = (part){t->linear, t->inputs * (t->outputs - 1)};
    return 2;
}

static bf_status put(bf_outfile *f, bf_hasher *h, const void *data,
                     size_t bytes)
{
    bf_hasher_update(h, data, bytes);
    return bf_outfile_write(f, data, bytes);
}

static bf_status write_all(bf_outfile *f, const bf_transform *t)
{
    header head = {.magic = {'B', 'F', 'T', 'R', 'A', 'N', 'S', 'F'},
                   .version = VERSION,
                   .kind = (uint32_t)t->kind,
                   .map = (uint32_t)t->map,
                   .bytes = sizeof head,
                   .inputs = t->inputs,
                   .outputs = t->outputs,
                   .clip_norm = t->clip_norm,
                   .of = t->of};
    uint8_t digest[BF_HASH_BYTES];
    part parts[2];
    unsigned count = parts_of(parts, t);
    bf_hasher h;
    bf_hasher_init(&h);
    BF_TRY(put(f, &h, &head, sizeof head));
    for (unsigned i = 0; i < count; i++)
        BF_TRY(put(f, &h, parts[i].data, parts[i].count * sizeof(double)));
    bf_hasher_final(&h, digest);
    return bf_outfile_write(f, digest, sizeof digest);
}

bf_status bf_transform_prepare(bf_outfile **out, const bf_transform *t,
                               const char *path)
{
    BF_TRY(bf_random_init());
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, 0600));
    bf_status status = write_all(f, t);
    if (status == BF_OK)
        *out = f;
    else
        bf_outfile_abort(f);
    return status;
}

bf_status bf_transform_save(const bf_transform *t, const char *path)
{
    bf_outfile *f;
    BF_TRY(bf_transform_prepare(&f, t, path));
    return bf_outfile_commit(f);
}

/* Shapes are checked against the length of the file before any allocation. */
static bf_status check_header(const header *h, size_t bytes, const char *path)
{
    if (memcmp(h->magic, MAGIC, sizeof h->magic) != 0)
        return bf_fail(BF_ERR_FORMAT, "%s: not a saved transform", path);
    if (h->version == 1)
        return bf_fail(BF_ERR_UNSUPPORTED,
                       "%s: transform of version 1, which does not say to which "
                       "upload it belongs; encrypt again",
                       path);
    if (h->version != VERSION)
        return bf_fail(BF_ERR_UNSUPPORTED, "%s: transform of version %u", path,
                       h->version);
    if (bytes < sizeof *h + BF_HASH_BYTES)
        return bf_fail(BF_ERR_FORMAT, "%s: too short for a transform", path);
    bool paper = h->kind == BF_RECIPE_PAPER;
    bool known = (paper || h->kind == BF_RECIPE_WHITENED) &&
                 (h->map == BF_MAP_NONE || h->map == BF_MAP_SQRT) &&
                 h->bytes == sizeof *h;
    bool shaped = h->inputs > 0 && h->inputs < FILE_MAX / sizeof(double) &&
                  (paper ? h->outputs == h->inputs + 1
                         : h->outputs >= 2 && h->outputs <= h->inputs + 1);
    if (!known || !shaped || !(h->clip_norm >= 0) || !isfinite(h->clip_norm))
        return bf_fail(BF_ERR_FORMAT, "%s: impossible transform", path);
    size_t values = h->outputs, size; /* whitened: d + d (k - 1) = d k */
    if (!bf_mul_size(values, paper ? 1 : h->inputs, &values) ||
        !bf_mul_size(values, sizeof(double), &size) ||
        bytes - sizeof *h - BF_HASH_BYTES != size)
        return bf_fail(BF_ERR_FORMAT, "%s: %zu bytes, not those of its shape",
                       path, bytes);
    return BF_OK;
}

static bf_status check_digest(const uint8_t *data, size_t bytes,
                              const char *path)
{
    uint8_t digest[BF_HASH_BYTES];
    bf_hash(data, bytes - BF_HASH_BYTES, digest);
    if (memcmp(digest, data + bytes - BF_HASH_BYTES, BF_HASH_BYTES) != 0)
        return bf_fail(BF_ERR_FORMAT, "%s: damaged (digest)", path);
    return BF_OK;
}

static bf_status fill(bf_transform *t, const uint8_t *data, const char *path)
{
    part parts[2];
    unsigned count = parts_of(parts, t);
    for (unsigned i = 0; i < count; i++) {
        size_t bytes = parts[i].count * sizeof(double);
        memcpy(parts[i].data, data, bytes);
        data += bytes;
        for (size_t j = 0; j < parts[i].count; j++)
            if (!isfinite(parts[i].data[j]))
                return bf_fail(BF_ERR_FORMAT, "%s: a value is not finite",
                               path);
    }
    return BF_OK;
}

static bf_status parse(bf_transform **out, const uint8_t *data, size_t bytes,
                       const char *path)
{
    header head = {0};
    memcpy(&head, data, bytes < sizeof head ? bytes : sizeof head);
    BF_TRY(check_header(&head, bytes, path));
    BF_TRY(check_digest(data, bytes, path));
    bf_transform *t;
    BF_TRY(bf_transform_create(&t, (bf_recipe_kind)head.kind, head.inputs,
                               head.outputs));
    t->map = (bf_feature_map)head.map;
    t->clip_norm = head.clip_norm;
    t->of = head.of;
    bf_status status = fill(t, data + sizeof head, path);
    if (status != BF_OK) {
        bf_transform_destroy(t);
        return status;
    }
    *out = t;
    return BF_OK;
}

bf_status bf_transform_load(bf_transform **out, const char *path)
{
    BF_TRY(bf_random_init());
    uint8_t *data;
    size_t bytes;
    BF_TRY(bf_read_file(path, FILE_MAX, &data, &bytes));
    bf_status status = parse(out, data, bytes, path);
    bf_free(data);
    return status;
}

bf_status bf_transform_check_of(const bf_transform *t, const char *path,
                                const bf_upload_id *of)
{
    BF_TRY(bf_wire_check_data(path, t->of.data, of->data));
    BF_TRY(bf_wire_check_key(path, t->of.key, of->key));
    return bf_wire_check_upload(path, t->of.digest, of->digest);
}
