/* The type of a file that a reader refuses, from its first bytes, for the
 * message. */
#ifndef BF_FEATURES_FILE_KIND_H
#define BF_FEATURES_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

#define BF_FILE_KIND_BYTES 264 /* enough for every type; fewer may do */

/* Text that follows "is" in a message: "compressed by gzip (unpack it)"; NULL
 * for an unknown type. */
const char *bf_file_kind(const uint8_t *head, size_t bytes);

#endif
