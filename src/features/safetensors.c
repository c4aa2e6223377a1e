#include "features/safetensors.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/memory.h"

struct bf_safetensors {
    uint8_t *owned; /* the file, when read from one */
    cJSON *header;  /* holds the names and metadata */
    const cJSON *metadata;
    bf_tensor *tensors; /* [count], sorted by name */
    size_t count;
    const uint8_t *data;
    size_t bytes;
};

/* Element sizes of the format's types. Other types, such as F8, are skipped. */
static const struct {
    const char *name;
    size_t bytes;
} dtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},   {"F8_E5M2", 1},
              {"I16", 2},  {"U16", 2}, {"F16", 2},  {"F8_E4M3", 1},
              {"I32", 4},  {"U32", 4}, {"BF16", 2}, {"F32", 4},
              {"I64", 8},  {"U64", 8}, {"F64", 8}};

/* A JSON number as a size: whole, not negative, exact in a double. */
static bool json_size(const cJSON *item, size_t *out)
{
    if (!cJSON_IsNumber(item)) return false;
    double v = item->valuedouble;
    if (!(v >= 0 && v <= 9007199254740992.0)) return false;
    *out = (size_t)v;
    return (double)*out == v;
}

static bf_status read_dtype(bf_tensor *t, const cJSON *entry, size_t *element)
{
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(entry, "dtype");
    if (!cJSON_IsString(dtype))
        return bf_fail(BF_ERR_FORMAT, "tensor %s: no dtype", t->name);
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        if (strcmp(dtype->valuestring, dtypes[i].name) == 0) {
            t->dtype = dtypes[i].name;
            *element = dtypes[i].bytes;
            return BF_OK;
        }
    }
    return bf_fail(BF_ERR_FORMAT, "tensor %s: unknown dtype %.16s", t->name,
                   dtype->valuestring);
}

static bf_status read_shape(bf_tensor *t, const cJSON *entry)
{
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(entry, "shape");
    if (!cJSON_IsArray(shape))
        return bf_fail(BF_ERR_FORMAT, "tensor %s: no shape", t->name);
    t->count = 1;
    const cJSON *extent;
    cJSON_ArrayForEach(extent, shape)
    {
        if (t->dims == BF_TENSOR_DIMS)
            return bf_fail(BF_ERR_FORMAT, "tensor %s: more than %d dimensions",
                           t->name, BF_TENSOR_DIMS);
        size_t *e = &t->shape[t->dims++];
        if (!json_size(extent, e) || !bf_mul_size(t->count, *e, &t->count))
            return bf_fail(BF_ERR_FORMAT, "tensor %s: bad shape", t->name);
    }
    return BF_OK;
}

static bf_status read_range(const bf_safetensors *st, bf_tensor *t,
                            const cJSON *entry, size_t element)
{
    const cJSON *range =
        cJSON_GetObjectItemCaseSensitive(entry, "data_offsets");
    size_t begin, end, bytes;
    if (!cJSON_IsArray(range) || cJSON_GetArraySize(range) != 2 ||
        !json_size(range->child, &begin) ||
        !json_size(range->child->next, &end))
        return bf_fail(BF_ERR_FORMAT, "tensor %s: no data_offsets", t->name);
    if (begin > end || end > st->bytes)
        return bf_fail(BF_ERR_FORMAT,
                       "tensor %s: bytes %zu..%zu lie outside the file's %zu "
                       "bytes of data",
                       t->name, begin, end, st->bytes);
    if (!bf_mul_size(t->count, element, &bytes) || bytes != end - begin)
        return bf_fail(BF_ERR_FORMAT,
                       "tensor %s: %zu bytes of data do not fill its shape",
                       t->name, end - begin);
    t->data = st->data + begin;
    t->bytes = bytes;
    return BF_OK;
}

static bf_status read_tensor(const bf_safetensors *st, bf_tensor *t,
                             const cJSON *entry)
{
    size_t element = 0;
    t->name = entry->string;
    if (!cJSON_IsObject(entry))
        return bf_fail(BF_ERR_FORMAT, "tensor %s: not an object", t->name);
    BF_TRY(read_dtype(t, entry, &element));
    BF_TRY(read_shape(t, entry));
    return read_range(st, t, entry, element);
}

static bf_status read_metadata(bf_safetensors *st, const cJSON *entry)
{
    if (st->metadata != NULL || !cJSON_IsObject(entry))
        return bf_fail(BF_ERR_FORMAT, "bad __metadata__");
    const cJSON *item;
    cJSON_ArrayForEach(item, entry)
    {
        if (!cJSON_IsString(item))
            return bf_fail(BF_ERR_FORMAT, "__metadata__ holds no string");
    }
    st->metadata = entry;
    return BF_OK;
}

static int by_place(const void *pa, const void *pb)
{
    const bf_tensor *a = pa, *b = pb;
    if (a->data != b->data) return a->data < b->data ? -1 : 1;
    return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

static int by_name(const void *pa, const void *pb)
{
    const bf_tensor *a = pa, *b = pb;
    return strcmp(a->name, b->name);
}

/* Checks that every byte of the data belongs to exactly one tensor. */
static bf_status check_cover(bf_safetensors *st)
{
    const uint8_t *next = st->data;
    qsort(st->tensors, st->count, sizeof *st->tensors, by_place);
    for (size_t i = 0; i < st->count; i++) {
        const bf_tensor *t = &st->tensors[i];
        if (t->data != next)
            return bf_fail(BF_ERR_FORMAT, "tensor %s: %s before its data",
                           t->name, t->data < next ? "overlap" : "hole");
        next += t->bytes;
    }
    if (next != st->data + st->bytes)
        return bf_fail(BF_ERR_FORMAT, "%zu bytes behind the last tensor",
                       (size_t)(st->data + st->bytes - next));
    return BF_OK;
}

/* Runs before check_cover, which would report a tensor that the header names
 * twice as an overlap. */
static bf_status check_names(bf_safetensors *st)
{
    qsort(st->tensors, st->count, sizeof *st->tensors, by_name);
    for (size_t i = 1; i < st->count; i++) {
        if (by_name(&st->tensors[i - 1], &st->tensors[i]) == 0)
            return bf_fail(BF_ERR_FORMAT, "tensor %s: appears twice",
                           st->tensors[i].name);
    }
    return BF_OK;
}

static bf_status read_entries(bf_safetensors *st)
{
    size_t entries = (size_t)cJSON_GetArraySize(st->header);
    st->tensors = bf_alloc_zero((entries + 1) * sizeof *st->tensors);
    if (st->tensors == NULL) return BF_ERR_MEMORY;
    const cJSON *entry;
    cJSON_ArrayForEach(entry, st->header)
    {
        if (strcmp(entry->string, "__metadata__") == 0)
            BF_TRY(read_metadata(st, entry));
        else
            BF_TRY(read_tensor(st, &st->tensors[st->count++], entry));
    }
    BF_TRY(check_names(st));
    BF_TRY(check_cover(st));
    qsort(st->tensors, st->count, sizeof *st->tensors, by_name);
    return BF_OK;
}

/* The JSON must fill the header, except for padding blanks; cJSON bounds the
 * depth. */
static bf_status read_header(bf_safetensors *st, const char *json, size_t bytes)
{
    const char *end = NULL;
    if (bytes == 0 || json[0] != '{')
        return bf_fail(BF_ERR_FORMAT, "not a safetensors file");
    st->header = cJSON_ParseWithLengthOpts(json, bytes, &end, 0);
    if (st->header == NULL)
        return bf_fail(BF_ERR_FORMAT, "the safetensors header is not JSON");
    while (end < json + bytes && *end == ' ') end++;
    if (end != json + bytes)
        return bf_fail(BF_ERR_FORMAT, "bytes behind the safetensors header");
    return read_entries(st);
}

/* True for a zip archive or a pickle of protocol 2, as torch.save writes. Their
 * first bytes, read as the length of a header, exceed all bounds. */
static bool is_torch_file(const uint8_t *data)
{
    return memcmp(data, "PK\3\4", 4) == 0 ||
           memcmp(data, "\x80\2\x8a\n", 4) == 0;
}

bf_status bf_safetensors_parse(bf_safetensors **out, const uint8_t *data,
                               size_t bytes)
{
    if (bytes < 8)
        return bf_fail(BF_ERR_FORMAT, "too short for a safetensors file");
    uint64_t header = bf_get_u64(data);
    if (is_torch_file(data))
        return bf_fail(BF_ERR_FORMAT,
                       "a file of PyTorch; tools/convert-weights.py makes a "
                       "safetensors file of it");
    if (header > BF_SAFETENSORS_HEADER_MAX || header > bytes - 8)
        return bf_fail(BF_ERR_FORMAT,
                       "not a safetensors file, or cut short (header of %llu "
                       "bytes)",
                       (unsigned long long)header);
    bf_safetensors *st = bf_alloc_zero(sizeof *st);
    if (st == NULL) return BF_ERR_MEMORY;
    st->data = data + 8 + header;
    st->bytes = bytes - 8 - (size_t)header;
    bf_status status = read_header(st, (const char *)data + 8, (size_t)header);
    if (status != BF_OK) {
        bf_safetensors_close(st);
        return status;
    }
    *out = st;
    return BF_OK;
}

bf_status bf_safetensors_open(bf_safetensors **out, const char *path)
{
    uint8_t *data = NULL;
    size_t bytes = 0;
    BF_TRY(bf_read_file(path, BF_SAFETENSORS_FILE_MAX, &data, &bytes));
    bf_status status = bf_safetensors_parse(out, data, bytes);
    if (status != BF_OK) {
        bf_free(data);
        return bf_fail_in(status, "%s", path);
    }
    (*out)->owned = data;
    return BF_OK;
}

void bf_safetensors_close(bf_safetensors *st)
{
    if (st == NULL) return;
    cJSON_Delete(st->header);
    bf_free(st->tensors);
    bf_free(st->owned);
    bf_free(st);
}

size_t bf_safetensors_count(const bf_safetensors *st)
{
    return st->count;
}

const bf_tensor *bf_safetensors_get(const bf_safetensors *st, size_t i)
{
    return &st->tensors[i];
}

const bf_tensor *bf_safetensors_find(const bf_safetensors *st, const char *name)
{
    bf_tensor key = {.name = name};
    return bsearch(&key, st->tensors, st->count, sizeof key, by_name);
}

const char *bf_safetensors_metadata(const bf_safetensors *st, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(st->metadata, key);
    return cJSON_GetStringValue(item);
}
