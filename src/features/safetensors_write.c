#include <cjson/cJSON.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "features/safetensors.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "floats are written as they lie in memory");

static bool add_metadata(cJSON *root, const char *const *metadata)
{
    if (metadata == NULL) return true;
    cJSON *object = cJSON_AddObjectToObject(root, "__metadata__");
    for (; object != NULL && *metadata != NULL; metadata += 2) {
        if (cJSON_AddStringToObject(object, metadata[0], metadata[1]) == NULL)
            return false;
    }
    return object != NULL;
}

static bool add_number(cJSON *array, size_t value)
{
    return cJSON_AddItemToArray(array, cJSON_CreateNumber((double)value));
}

static size_t number_bytes(bool wide)
{
    return wide ? sizeof(double) : sizeof(float);
}

/* Describes a tensor that starts at *offset and advances *offset to its end. */
static bool add_tensor(cJSON *root, const bf_tensor_view *t, bool wide,
                       size_t *offset)
{
    cJSON *entry = cJSON_AddObjectToObject(root, t->name);
    const char *dtype = wide ? "F64" : "F32";
    if (entry == NULL || !cJSON_AddStringToObject(entry, "dtype", dtype))
        return false;
    cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
    size_t bytes = number_bytes(wide);
    for (unsigned i = 0; i < t->dims; i++) {
        if (!add_number(shape, t->shape[i])) return false;
        bytes *= t->shape[i];
    }
    cJSON *range = cJSON_AddArrayToObject(entry, "data_offsets");
    if (!add_number(range, *offset) || !add_number(range, *offset + bytes))
        return false;
    *offset += bytes;
    return true;
}

static char *make_header(const bf_tensor_view *tensors, bool wide, size_t count,
                         const char *const *metadata)
{
    char *text = NULL;
    size_t offset = 0;
    cJSON *root = cJSON_CreateObject();
    bool ok = root != NULL && add_metadata(root, metadata);
    for (size_t i = 0; ok && i < count; i++)
        ok = add_tensor(root, &tensors[i], wide, &offset);
    if (ok) text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return text;
}

static bf_status write_header(bf_outfile *f, const char *json)
{
    static const char spaces[8] = "        ";
    size_t bytes = strlen(json), padding = (8 - bytes % 8) % 8;
    uint64_t length = bytes + padding;
    BF_TRY(bf_outfile_write(f, &length, sizeof length));
    BF_TRY(bf_outfile_write(f, json, bytes));
    return padding ? bf_outfile_write(f, spaces, padding) : BF_OK;
}

static bf_status write_tensors(bf_outfile *f, const bf_tensor_view *tensors,
                               const double *const *wide, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const void *data = wide ? (const void *)wide[i] : tensors[i].data;
        size_t bytes = number_bytes(wide != NULL);
        for (unsigned k = 0; k < tensors[i].dims; k++)
            bytes *= tensors[i].shape[k];
        if (bytes) BF_TRY(bf_outfile_write(f, data, bytes));
    }
    return BF_OK;
}

static bf_status check_view(const bf_tensor_view *t)
{
    size_t count = sizeof(double);
    if (t->dims > BF_TENSOR_DIMS)
        return bf_fail(BF_ERR_ARGUMENT, "tensor %s: more than %d dimensions",
                       t->name, BF_TENSOR_DIMS);
    for (unsigned i = 0; i < t->dims; i++) {
        if (!bf_mul_size(count, t->shape[i], &count))
            return bf_fail(BF_ERR_ARGUMENT, "tensor %s: too large", t->name);
    }
    return BF_OK;
}

bf_status bf_safetensors_write_wide(const char *path,
                                    const bf_tensor_view *tensors,
                                    const double *const *wide, size_t count,
                                    const char *const *metadata)
{
    bf_outfile *f = NULL;
    bf_status status;
    for (size_t i = 0; i < count; i++) BF_TRY(check_view(&tensors[i]));
    char *json = make_header(tensors, wide != NULL, count, metadata);
    if (json == NULL) return bf_fail(BF_ERR_MEMORY, "%s: header", path);
    BF_GOTO(bf_outfile_open(&f, path, 0644), done);
    BF_GOTO(write_header(f, json), done);
    BF_GOTO(write_tensors(f, tensors, wide, count), done);
    status = bf_outfile_commit(f);
    f = NULL;
done:
    bf_outfile_abort(f);
    cJSON_free(json);
    return status;
}

bf_status bf_safetensors_write(const char *path, const bf_tensor_view *tensors,
                               size_t count, const char *const *metadata)
{
    return bf_safetensors_write_wide(path, tensors, NULL, count, metadata);
}
