#include "base/json.h"

#include "base/utf8.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

cJSON *bf_json_parse(const char *text, size_t bytes)
{
    const char *end = NULL;
    cJSON *value = cJSON_ParseWithLengthOpts(text, bytes, &end, false);
    if (!value) return NULL;
    while (end < text + bytes && is_blank(*end)) end++;
    if (end == text + bytes) return value;
    cJSON_Delete(value);
    return NULL;
}

bool bf_json_begins_object(const char *head, size_t bytes)
{
    size_t i = bf_utf8_mark(head, bytes);
    while (i < bytes && is_blank(head[i])) i++;
    return i < bytes && head[i] == '{';
}
