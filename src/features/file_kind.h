/* Names for files that are none of those read here. */
#ifndef BF_FEATURES_FILE_KIND_H
#define BF_FEATURES_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

/* What a file is that begins with these bytes, as a message goes on after
 * "is": "compressed by gzip", "UTF-16 text"; NULL for anything else. */
const char *bf_file_kind(const uint8_t *head, size_t bytes);

#endif
