/* Files of class names: text, and JSON beside labels, models, transforms. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/utf8.h"
#include "features/class_names.h"
#include "features/dataset.h"
#include "features/safetensors.h"

#define KEY_LABELS "labels"
#define KEY_DIGEST "labels_blake2b"

bf_status bf_sidecar_path(char out[PATH_MAX], const char *path)
{
    int n = snprintf(out, PATH_MAX, "%s.json", path);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", path);
}

bf_status bf_class_names_from_json(char ***out, size_t *count,
                                   const struct cJSON *names, const char *path)
{
    const char *text[BF_CLASSES_MAX];
    const cJSON *name;
    size_t n = 0;
    if (!cJSON_IsArray(names) || cJSON_GetArraySize(names) > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: " BF_CLASS_NAMES_KEY " are not names of at most "
                       "%d classes",
                       path, BF_CLASSES_MAX);
    cJSON_ArrayForEach(name, names)
    {
        text[n] = cJSON_GetStringValue(name);
        if (!text[n++])
            return bf_fail(BF_ERR_FORMAT, "%s: class name %zu is no string",
                           path, n);
    }
    BF_TRY(bf_class_names_check(text, n, path));
    BF_TRY(bf_class_names_copy(out, text, n));
    *count = n;
    return BF_OK;
}

/* *out is NULL if there is no such file, or the file holds no JSON. */
static bf_status read_json(cJSON **out, const char *path)
{
    uint8_t *text;
    size_t bytes;
    *out = NULL;
    if (access(path, F_OK) != 0) return BF_OK;
    BF_TRY(bf_refuse_pipe(path)); /* nobody would fill it */
    BF_TRY(bf_read_file(path, BF_SIDECAR_MAX, &text, &bytes));
    *out = bf_json_parse((char *)text, bytes);
    bf_free(text);
    if (*out) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: not JSON", path);
}

/* ---- which labels names are for ------------------------------------------ */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "labels are hashed as they lie in memory");

typedef struct digest_text {
    char hex[2 * BF_HASH_BYTES + 1];
} digest_text;

static digest_text digest_of(const int32_t *labels, size_t n)
{
    uint8_t hash[BF_HASH_BYTES];
    digest_text t;
    bf_hash(labels, n * sizeof *labels, hash);
    sodium_bin2hex(t.hex, sizeof t.hex, hash, sizeof hash);
    return t;
}

static bf_status check_labels(const cJSON *o, const char *side,
                              const char *path, const int32_t *labels, size_t n)
{
    const char *digest =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, KEY_DIGEST));
    if (!digest)
        return bf_fail(
            BF_ERR_MISMATCH,
            "%s: does not say for which labels its " BF_CLASS_NAMES_KEY
            " are, as extract does (--classes "
            "names them); remove it to go without names",
            side);
    const cJSON *count = cJSON_GetObjectItemCaseSensitive(o, KEY_LABELS);
    if (cJSON_IsNumber(count) && count->valuedouble == (double)n &&
        strcmp(digest, digest_of(labels, n).hex) == 0)
        return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: its " BF_CLASS_NAMES_KEY " were written for other "
                   "labels than %s now holds; remove it to go without names",
                   side, path);
}

static bf_status names_for(char ***names, size_t *count, const cJSON *o,
                           const char *side, const char *path,
                           const int32_t *labels, size_t n)
{
    unsigned classes;
    BF_TRY(bf_class_names_from_json(
        names, count, cJSON_GetObjectItemCaseSensitive(o, BF_CLASS_NAMES_KEY),
        side));
    bf_status s = check_labels(o, side, path, labels, n);
    if (s == BF_OK) s = bf_labels_check(&classes, labels, n, path);
    if (s == BF_OK && *count < classes)
        s = bf_fail(BF_ERR_FORMAT,
                    "%s: " BF_CLASS_NAMES_KEY " are %zu names, the labels have "
                    "%u classes",
                    side, *count, classes);
    if (s == BF_OK) return BF_OK;
    bf_class_names_free(*names, *count);
    *names = NULL;
    return s;
}

bf_status bf_label_names_read(char ***names, size_t *count, const char *path,
                              const int32_t *labels, size_t n)
{
    char side[PATH_MAX];
    cJSON *o;
    *names = NULL;
    *count = 0;
    BF_TRY(bf_sidecar_path(side, path));
    BF_TRY(read_json(&o, side));
    if (!o) return BF_OK;
    bf_status s = names_for(names, count, o, side, path, labels, n);
    cJSON_Delete(o);
    return s;
}

/* NULL when out of memory. */
static char *names_json(const bf_dataset *d, bool labels)
{
    char *text = NULL;
    cJSON *o = cJSON_CreateObject();
    cJSON *names = cJSON_CreateStringArray((const char *const *)d->class_names,
                                           (int)d->classes);
    bool whole = names && cJSON_AddItemToObject(o, BF_CLASS_NAMES_KEY, names);
    if (whole && labels)
        whole = cJSON_AddNumberToObject(o, KEY_LABELS, (double)d->x.rows) &&
                cJSON_AddStringToObject(o, KEY_DIGEST,
                                        digest_of(d->labels, d->x.rows).hex);
    if (whole) text = cJSON_Print(o);
    cJSON_Delete(o);
    return text;
}

bf_status bf_class_names_prepare(bf_outfile **out, const char *path,
                                 const bf_dataset *data, bool labels)
{
    char side[PATH_MAX];
    BF_TRY(bf_sidecar_path(side, path));
    BF_TRY(bf_class_names_check((const char *const *)data->class_names,
                                data->classes, side));
    char *text = names_json(data, labels);
    if (!text) return bf_fail(BF_ERR_MEMORY, "%s: no memory", side);
    bf_status s = bf_outfile_open(out, side, 0644);
    if (s == BF_OK) fprintf(bf_outfile_stream(*out), "%s\n", text);
    cJSON_free(text);
    return s;
}

/* ---- lists of names that somebody gives ---------------------------------- */

/* One name a line; skips empty lines. */
static bf_status names_from_text(char ***names, size_t *count, char *text,
                                 size_t bytes, const char *path)
{
    const char *line[BF_CLASSES_MAX];
    size_t n = 0;
    char *rest = NULL;
    if (strlen(text) != bytes)
        return bf_fail(BF_ERR_FORMAT, "%s: not a text of class names", path);
    text += bf_utf8_mark(text, bytes);
    for (char *l = strtok_r(text, "\r\n", &rest); l;
         l = strtok_r(NULL, "\r\n", &rest)) {
        if (n == BF_CLASSES_MAX)
            return bf_fail(BF_ERR_FORMAT, "%s: names of more than %d classes",
                           path, BF_CLASSES_MAX);
        line[n++] = l;
    }
    if (n == 0) return bf_fail(BF_ERR_FORMAT, "%s: no class names", path);
    BF_TRY(bf_class_names_check(line, n, path));
    bf_status s = bf_class_names_distinct(line, n);
    if (s != BF_OK) return bf_fail_in(s, "%s", path);
    BF_TRY(bf_class_names_copy(names, line, n));
    *count = n;
    return BF_OK;
}

static bf_status load_text(char ***names, size_t *count, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, BF_SIDECAR_MAX, &text, &bytes));
    bf_status s = names_from_text(names, count, (char *)text, bytes, path);
    bf_free(text);
    return s;
}

static bf_status load_metadata(char ***names, size_t *count, const char *path)
{
    bf_safetensors *st;
    BF_TRY(bf_safetensors_open(&st, path));
    const char *text = bf_safetensors_metadata(st, BF_CLASS_NAMES_KEY);
    cJSON *list = text ? bf_json_parse(text, strlen(text)) : NULL;
    bf_status s =
        list ? bf_class_names_from_json(names, count, list, path)
             : bf_fail(BF_ERR_FORMAT, "%s: a model without class names", path);
    cJSON_Delete(list);
    bf_safetensors_close(st);
    return s;
}

/* Names beside labels must belong to these labels; models and transforms are
 * written together with their names. */
bf_status bf_class_names_beside(char ***names, size_t *count, const char *path)
{
    char side[PATH_MAX];
    cJSON *o;
    int32_t *labels;
    size_t n;
    *names = NULL;
    *count = 0;
    BF_TRY(bf_sidecar_path(side, path));
    BF_TRY(read_json(&o, side));
    if (!o) return BF_OK;
    bool for_labels = cJSON_HasObjectItem(o, KEY_DIGEST);
    bf_status s = BF_OK;
    if (!for_labels)
        s = bf_class_names_from_json(
            names, count,
            cJSON_GetObjectItemCaseSensitive(o, BF_CLASS_NAMES_KEY), side);
    cJSON_Delete(o);
    if (!for_labels) return s;
    BF_TRY(bf_labels_read(&labels, &n, path));
    s = bf_label_names_read(names, count, path, labels, n);
    bf_free(labels);
    return s;
}

bf_status bf_class_names_load(char ***names, size_t *count, const char *path)
{
    if (bf_path_has_extension(path, ".txt"))
        return load_text(names, count, path);
    if (bf_path_has_extension(path, ".safetensors"))
        return load_metadata(names, count, path);
    BF_TRY(bf_class_names_beside(names, count, path));
    if (*names) return BF_OK;
    return bf_fail(BF_ERR_FORMAT,
                   "%s: no class names beside it, in %s.json; they come from "
                   "labels, models and .txt files",
                   path, path);
}
