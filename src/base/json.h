/* JSON from files and from other programs. */
#ifndef BF_BASE_JSON_H
#define BF_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* NULL unless all of `text` is one value: cJSON leaves unread what follows the
 * first, such as a second report or half of an older one. */
cJSON *bf_json_parse(const char *text, size_t bytes);
/* True if bf_json_parse may take text that begins so for an object. */
bool bf_json_begins_object(const char *head, size_t bytes);

#endif
