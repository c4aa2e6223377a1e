#include "features/class_names.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

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

bf_status bf_class_names_check(const char *const *names, size_t count,
                               const char *path)
{
    if (count > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_FORMAT, "%s: names of more than %d classes", path,
                       BF_CLASSES_MAX);
    for (size_t i = 0; i < count; i++)
        if (!bf_utf8_valid(names[i]))
            return bf_fail(BF_ERR_FORMAT,
                           "%s: class name %zu, '%s', is not UTF-8", path,
                           i + 1, names[i]);
    return BF_OK;
}

/* count when there is none. */
static size_t find(const char *const *names, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(names[i], name) != 0) i++;
    return i;
}

bf_status bf_class_names_distinct(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (find(names, i, names[i]) < i)
            return bf_fail(BF_ERR_MISMATCH,
                           "two classes are called '%s': they cannot be told "
                           "apart by name",
                           names[i]);
    return BF_OK;
}

bf_status bf_class_names_map(int32_t map[BF_CLASSES_MAX],
                             const char *const *from, size_t from_count,
                             const char *const *to, size_t to_count)
{
    size_t alike = 0;
    while (alike < from_count && alike < to_count &&
           strcmp(from[alike], to[alike]) == 0)
        alike++;
    if (alike < from_count) {
        BF_TRY(bf_class_names_distinct(from, from_count));
        BF_TRY(bf_class_names_distinct(to, to_count));
    }
    for (size_t c = 0; c < from_count; c++) {
        size_t at = c < alike ? c : find(to, to_count, from[c]);
        map[c] = at < to_count ? (int32_t)at : -1;
    }
    return BF_OK;
}

const char *bf_class_names_text(const char *const *names, size_t count,
                                char *buf, size_t size)
{
    size_t used = 0;
    buf[0] = 0;
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
                                 names[i]);
    if (used >= size) strcpy(buf + size - 4, "...");
    return buf;
}
