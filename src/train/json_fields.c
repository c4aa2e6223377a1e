#include "train/json_fields.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "base/number.h"

/* Prints exactly: cJSON's own printing may lose the last bit, which would
 * change the id of the data set. */
static cJSON *number(double v)
{
    char text[BF_NUMBER_BYTES];
    return cJSON_CreateRaw(bf_number_print(text, v));
}

void bf_put_number(cJSON *o, const char *name, double v)
{
    cJSON_AddItemToObject(o, name, number(v));
}

void bf_put_numbers(cJSON *o, const char *name, const double *v, unsigned count)
{
    cJSON *list = cJSON_AddArrayToObject(o, name);
    for (unsigned i = 0; i < count; i++)
        cJSON_AddItemToArray(list, number(v[i]));
}

const cJSON *bf_get_member(bf_fields *r, const cJSON *o, const char *name)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!m && r->status == BF_OK)
        r->status =
            bf_fail(BF_ERR_FORMAT, "%s: \"%s\" is missing", r->path, name);
    return m;
}

const cJSON *bf_get_object(bf_fields *r, const cJSON *o, const char *name)
{
    const cJSON *m = bf_get_member(r, o, name);
    if (m && !cJSON_IsObject(m) && r->status == BF_OK)
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be an object",
                            r->path, name);
    return m;
}

double bf_get_real(bf_fields *r, const cJSON *o, const char *name, double low,
                   double high)
{
    const cJSON *m = bf_get_member(r, o, name);
    if (r->status != BF_OK) return 0;
    if (!cJSON_IsNumber(m) || !(m->valuedouble >= low) ||
        !(m->valuedouble <= high)) {
        r->status =
            bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be a number from %g to %g",
                    r->path, name, low, high);
        return 0;
    }
    return m->valuedouble;
}

size_t bf_get_whole(bf_fields *r, const cJSON *o, const char *name, double low,
                    double high)
{
    double v = bf_get_real(r, o, name, low, high);
    if (r->status == BF_OK && v != floor(v))
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be a whole number",
                            r->path, name);
    return r->status == BF_OK ? (size_t)v : 0;
}

unsigned bf_get_word(bf_fields *r, const cJSON *o, const char *name,
                     const char *const *words, unsigned count)
{
    const cJSON *m = bf_get_member(r, o, name);
    for (unsigned i = 0; m && cJSON_IsString(m) && i < count; i++)
        if (strcmp(m->valuestring, words[i]) == 0) return i;
    if (r->status == BF_OK)
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" has an unknown value",
                            r->path, name);
    return 0;
}

bool bf_get_flag(bf_fields *r, const cJSON *o, const char *name)
{
    const cJSON *m = bf_get_member(r, o, name);
    if (r->status == BF_OK && !cJSON_IsBool(m))
        r->status = bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be true or false",
                            r->path, name);
    return cJSON_IsTrue(m);
}

unsigned bf_get_list(bf_fields *r, const cJSON *o, const char *name,
                     double *out, unsigned most)
{
    const cJSON *m = bf_get_member(r, o, name), *item;
    unsigned count = 0;
    bool good = m && cJSON_IsArray(m);
    if (r->status != BF_OK) return 0;
    if (good) cJSON_ArrayForEach(item, m)
        {
            good = good && count < most && cJSON_IsNumber(item) &&
                   isfinite(item->valuedouble);
            if (good) out[count++] = item->valuedouble;
        }
    if (good && count > 0) return count;
    r->status =
        bf_fail(BF_ERR_FORMAT, "%s: \"%s\" must be a list of 1 to %u numbers",
                r->path, name, most);
    return 0;
}

unsigned bf_get_wholes(bf_fields *r, const cJSON *o, const char *name,
                       size_t out[BF_LIST_MAX], unsigned most, double high)
{
    double v[BF_LIST_MAX];
    unsigned count = bf_get_list(r, o, name, v, most);
    for (unsigned i = 0; i < count && r->status == BF_OK; i++) {
        if (v[i] >= 0 && v[i] <= high && v[i] == floor(v[i]))
            out[i] = (size_t)v[i];
        else
            r->status = bf_fail(BF_ERR_FORMAT,
                                "%s: \"%s\": %g is no whole number from 0 to "
                                "%g", r->path, name, v[i], high);
    }
    return r->status == BF_OK ? count : 0;
}

bool bf_read_digest(uint8_t out[BF_HASH_BYTES], const char *hex)
{
    size_t bytes = 0;
    return hex &&
           sodium_hex2bin(out, BF_HASH_BYTES, hex, strlen(hex), NULL, &bytes,
                          NULL) == 0 &&
           bytes == BF_HASH_BYTES;
}
