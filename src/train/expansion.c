#include "train/expansion.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"

#define KIND "relu"

bf_status bf_relu_check(bf_relu e)
{
    if (e.count > BF_RELU_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%zu random features; at most %zu",
                       e.count, BF_RELU_MAX);
    if (e.seed > BF_RELU_SEED_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "seed %llu of random features; at most 2^53 - 1",
                       (unsigned long long)e.seed);
    return BF_OK;
}

bf_status bf_expansion_create(bf_expansion **out, bf_relu of, size_t inputs)
{
    bf_expansion *e = bf_alloc_zero(sizeof *e);
    if (!e) return BF_ERR_MEMORY;
    *e = (bf_expansion){.of = of, .inputs = inputs};
    e->mean = bf_alloc_zero(inputs * sizeof(double));
    e->scale = bf_alloc_zero(inputs * sizeof(double));
    if (!e->mean || !e->scale) {
        bf_expansion_destroy(e);
        return BF_ERR_MEMORY;
    }
    *out = e;
    return BF_OK;
}

bf_status bf_expansion_copy(bf_expansion **out, const bf_expansion *from)
{
    BF_TRY(bf_expansion_create(out, from->of, from->inputs));
    memcpy((*out)->mean, from->mean, from->inputs * sizeof(double));
    memcpy((*out)->scale, from->scale, from->inputs * sizeof(double));
    return BF_OK;
}

void bf_expansion_destroy(bf_expansion *e)
{
    if (!e) return;
    bf_free(e->mean);
    bf_free(e->scale);
    bf_free(e);
}

/* ---- JSON ---------------------------------------------------------------- */

cJSON *bf_relu_to_json(bf_relu e)
{
    cJSON *o = cJSON_CreateObject();
    if (cJSON_AddStringToObject(o, "kind", KIND) &&
        cJSON_AddNumberToObject(o, "count", (double)e.count) &&
        cJSON_AddNumberToObject(o, "seed", (double)e.seed))
        return o;
    cJSON_Delete(o);
    return NULL;
}

static bool read_whole(uint64_t *out, const cJSON *o, const char *name,
                       uint64_t low, uint64_t high)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);
    double v = cJSON_IsNumber(m) ? m->valuedouble : -1;
    if (!(v >= (double)low) || !(v <= (double)high) || v != floor(v))
        return false;
    *out = (uint64_t)v;
    return true;
}

bf_status bf_relu_from_json(bf_relu *out, const cJSON *o, const char *path)
{
    const char *kind =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "kind"));
    uint64_t count, seed;
    if (!kind || strcmp(kind, KIND) != 0)
        return bf_fail(BF_ERR_FORMAT, "%s: \"expand\" is of no kind but " KIND,
                       path);
    if (!read_whole(&count, o, "count", 1, BF_RELU_MAX) ||
        !read_whole(&seed, o, "seed", 0, BF_RELU_SEED_MAX))
        return bf_fail(BF_ERR_FORMAT,
                       "%s: \"expand\" wants a count of 1 to %zu and a seed of "
                       "0 to 2^53 - 1",
                       path, BF_RELU_MAX);
    *out = (bf_relu){.count = (size_t)count, .seed = seed};
    return BF_OK;
}

static cJSON *numbers(const double *v, size_t count)
{
    char text[BF_NUMBER_BYTES];
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < count && list; i++)
        if (!cJSON_AddItemToArray(
                list, cJSON_CreateRaw(bf_number_print(text, v[i])))) {
            cJSON_Delete(list);
            list = NULL;
        }
    return list;
}

cJSON *bf_expansion_to_json(const bf_expansion *e)
{
    cJSON *o = bf_relu_to_json(e->of);
    if (cJSON_AddItemToObject(o, "mean", numbers(e->mean, e->inputs)) &&
        cJSON_AddItemToObject(o, "scale", numbers(e->scale, e->inputs)))
        return o;
    cJSON_Delete(o);
    return NULL;
}

static bool read_numbers(double *out, size_t count, const cJSON *list)
{
    const cJSON *item;
    size_t i = 0;
    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != count)
        return false;
    cJSON_ArrayForEach(item, list) {
        if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) return false;
        out[i++] = item->valuedouble;
    }
    return true;
}

bf_status bf_expansion_from_json(bf_expansion **out, const cJSON *o,
                                 const char *path)
{
    const cJSON *mean = cJSON_GetObjectItemCaseSensitive(o, "mean");
    int inputs = cJSON_IsArray(mean) ? cJSON_GetArraySize(mean) : 0;
    bf_relu of;
    BF_TRY(bf_relu_from_json(&of, o, path));
    if (inputs < 1)
        return bf_fail(BF_ERR_FORMAT, "%s: \"expand\" has no list \"mean\"",
                       path);
    BF_TRY(bf_expansion_create(out, of, (size_t)inputs));
    if (read_numbers((*out)->mean, (*out)->inputs, mean) &&
        read_numbers((*out)->scale, (*out)->inputs,
                     cJSON_GetObjectItemCaseSensitive(o, "scale")))
        return BF_OK;
    bf_expansion_destroy(*out);
    *out = NULL;
    return bf_fail(BF_ERR_FORMAT,
                   "%s: \"expand\": mean and scale are not %d finite numbers "
                   "each",
                   path, inputs);
}
