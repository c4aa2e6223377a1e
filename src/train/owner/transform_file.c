/* A saved transform, little-endian:
 *   "BFTRANSF", u32 version 3, u32 kind, u32 map, u32 header bytes 136 or 152,
 *   u64 inputs d, u64 outputs k, f64 clip_norm,
 *   the upload that it belongs to: key id[16], job id[32], digest[32],
 *   u64 fingerprint of its rows (version 2: missing),
 *   of 152: random features, u64 count > 0, u64 seed; f64 mean[d], scale[d],
 *   whitened: f64 mean[w], linear[w][k - 1], w = d or the count;
 *   paper: f64 scale[d + 1],
 *   BLAKE2b-256 of everything before. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/random.h"
#include "train/owner/transform.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers are written as they lie in memory");

#define MAGIC "BFTRANSF"
#define VERSION 3
#define FILE_MAX ((size_t)1 << 35)

typedef struct header {
    char magic[8];
    uint32_t version, kind, map, bytes;
    uint64_t inputs, outputs;
    double clip_norm;
    bf_upload_id of;
    uint64_t rows;
} header;
_Static_assert(sizeof(header) == 136, "as the format says");
typedef struct expand_header {
    uint64_t count, seed;
} expand_header;

/* The arrays of a file in order: those of random features, then those of the
 * kind. Reads only the shapes of t. */
#define ARRAYS_MAX (2 + BF_TRANSFORM_ARRAYS)

static unsigned arrays_of(bf_transform_array out[ARRAYS_MAX], bf_transform *t)
{
    unsigned count = 0;
    if (t->expansion) {
        out[count++] = (bf_transform_array){&t->expansion->mean, t->inputs};
        out[count++] = (bf_transform_array){&t->expansion->scale, t->inputs};
    }
    return count + t->ops->arrays(t, out + count);
}

static bf_status put(bf_outfile *f, bf_hasher *h, const void *data,
                     size_t bytes)
{
    bf_hasher_update(h, data, bytes);
    return bf_outfile_write(f, data, bytes);
}

/* Without random features. */
static uint32_t header_bytes(uint32_t version)
{
    return version == 2 ? offsetof(header, rows) : sizeof(header);
}

static bf_status write_all(bf_outfile *f, const bf_transform *t)
{
    header head = {.magic = {'B', 'F', 'T', 'R', 'A', 'N', 'S', 'F'},
                   .version = VERSION,
                   .kind = (uint32_t)t->kind,
                   .map = (uint32_t)t->map,
                   .bytes = sizeof(header) +
                            (t->expansion ? sizeof(expand_header) : 0),
                   .inputs = t->inputs,
                   .outputs = t->outputs,
                   .clip_norm = t->clip_norm,
                   .of = t->of,
                   .rows = t->rows};
    uint8_t digest[BF_HASH_BYTES];
    bf_transform shallow = *t;
    bf_transform_array array[ARRAYS_MAX];
    unsigned count = arrays_of(array, &shallow);
    bf_hasher h;
    bf_hasher_init(&h);
    BF_TRY(put(f, &h, &head, sizeof head));
    if (t->expansion) {
        expand_header of = {t->expansion->of.count, t->expansion->of.seed};
        BF_TRY(put(f, &h, &of, sizeof of));
    }
    for (unsigned i = 0; i < count; i++)
        BF_TRY(put(f, &h, *array[i].data, array[i].count * sizeof(double)));
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

/* True if a transform can have these shapes; counts the doubles of its arrays:
 * at most width k, and 2 d for random features. By FILE_MAX, width and k are at
 * most 2^32, and a size_t holds the sum. */
static bool count_values(size_t *out, const header *h, bf_relu expand)
{
    bf_expansion expansion = {.of = expand};
    bf_transform shape = {.ops = bf_transform_ops_of((bf_recipe_kind)h->kind),
                          .inputs = h->inputs,
                          .width = expand.count ? expand.count : h->inputs,
                          .outputs = h->outputs,
                          .expansion = expand.count ? &expansion : NULL};
    bf_transform_array array[ARRAYS_MAX];
    if (h->inputs == 0 || h->inputs >= FILE_MAX / sizeof(double)) return false;
    if (!shape.ops->is_shaped(&shape)) return false;
    unsigned count = arrays_of(array, &shape);
    *out = 0;
    for (unsigned i = 0; i < count; i++) *out += array[i].count;
    return true;
}

/* Checks shapes against the length of the file before any allocation. */
static bf_status check_header(const header *h, bf_relu expand, size_t bytes,
                              const char *path)
{
    size_t values, size;
    bool known = h->kind < BF_RECIPE_KINDS &&
                 (h->map == BF_MAP_NONE || h->map == BF_MAP_SQRT) &&
                 bf_relu_check(expand) == BF_OK;
    if (!known || !count_values(&values, h, expand) || !(h->clip_norm >= 0) ||
        !isfinite(h->clip_norm))
        return bf_fail(BF_ERR_FORMAT, "%s: impossible transform", path);
    if (!bf_mul_size(values, sizeof(double), &size) ||
        bytes - h->bytes - BF_HASH_BYTES != size)
        return bf_fail(BF_ERR_FORMAT, "%s: %zu bytes, not those of its shape",
                       path, bytes);
    return BF_OK;
}

/* Reads the header, with its own length; checks that the file is a transform.
 */
static bf_status read_header(header *h, bf_relu *expand, const uint8_t *data,
                             size_t bytes, const char *path)
{
    *h = (header){.version = 0};
    size_t known = offsetof(header, rows);
    memcpy(h, data, bytes < known ? bytes : known);
    if (memcmp(h->magic, MAGIC, sizeof h->magic) != 0)
        return bf_fail(BF_ERR_FORMAT, "%s: not a saved transform", path);
    if (h->version == 1)
        return bf_fail(
            BF_ERR_UNSUPPORTED,
            "%s: transform of version 1, which does not say to which "
            "upload it belongs; encrypt again",
            path);
    if (h->version != VERSION && h->version != 2)
        return bf_fail(BF_ERR_UNSUPPORTED, "%s: transform of version %u", path,
                       h->version);
    known = header_bytes(h->version);
    if (bytes < known + BF_HASH_BYTES)
        return bf_fail(BF_ERR_FORMAT, "%s: too short for a transform", path);
    memcpy(h, data, known);
    *expand = (bf_relu){0};
    expand_header of;
    if (h->bytes == known + sizeof of && bytes >= h->bytes + BF_HASH_BYTES) {
        memcpy(&of, data + known, sizeof of);
        *expand = (bf_relu){.count = of.count, .seed = of.seed};
    }
    if (h->bytes != known + (expand->count ? sizeof of : 0))
        return bf_fail(BF_ERR_FORMAT, "%s: impossible transform", path);
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
    bf_transform_array array[ARRAYS_MAX];
    unsigned count = arrays_of(array, t);
    for (unsigned i = 0; i < count; i++) {
        double *to = *array[i].data;
        memcpy(to, data, array[i].count * sizeof(double));
        data += array[i].count * sizeof(double);
        for (size_t j = 0; j < array[i].count; j++)
            if (!isfinite(to[j]))
                return bf_fail(BF_ERR_FORMAT, "%s: a value is not finite",
                               path);
    }
    return BF_OK;
}

bf_status bf_transform_parse(bf_transform **out, const uint8_t *data,
                             size_t bytes, const char *path)
{
    header head;
    bf_relu expand;
    BF_TRY(read_header(&head, &expand, data, bytes, path));
    BF_TRY(check_header(&head, expand, bytes, path));
    BF_TRY(check_digest(data, bytes, path));
    bf_transform *t;
    BF_TRY(bf_transform_create(&t, (bf_recipe_kind)head.kind, expand,
                               head.inputs, head.outputs));
    t->map = (bf_feature_map)head.map;
    t->clip_norm = head.clip_norm;
    t->of = head.of;
    t->rows = head.rows;
    bf_status status = fill(t, data + head.bytes, path);
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
    bf_status status = bf_transform_parse(out, data, bytes, path);
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
