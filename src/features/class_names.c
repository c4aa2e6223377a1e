#include "features/class_names.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "blindfit/train.h"

bf_status bf_sidecar_path(char out[PATH_MAX], const char *path)
{
    int n = snprintf(out, PATH_MAX, "%s.json", path);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", path);
}

void bf_class_names_free(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++) bf_free(names[i]);
    bf_free(names);
}

bf_status bf_class_names_copy(char ***out, const char *const *names,
                              size_t count)
{
    char **copy = bf_alloc_zero((count ? count : 1) * sizeof *copy);
    if (!copy) return BF_ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        copy[i] = bf_alloc(strlen(names[i]) + 1);
        if (!copy[i]) {
            bf_class_names_free(copy, count);
            return BF_ERR_MEMORY;
        }
        strcpy(copy[i], names[i]);
    }
    *out = copy;
    return BF_OK;
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
    BF_TRY(bf_class_names_copy(out, text, n));
    *count = n;
    return BF_OK;
}
