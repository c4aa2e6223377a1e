/* What a file is that a reader does not take, by its first bytes: so that a
 * refusal can say more than what it is not. */
#ifndef BF_FEATURES_FILE_KIND_H
#define BF_FEATURES_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

#define BF_FILE_KIND_BYTES 264 /* as many of them suffice; fewer will do */

/* As a message goes on after "is": "compressed by gzip (unpack it)"; NULL for
 * what is not known. */
const char *bf_file_kind(const uint8_t *head, size_t bytes);

#endif
