/* Names of classes, and the JSON beside a file that holds them:
 * {"class_names": ["cat", ...]}, among other things. */
#ifndef BF_FEATURES_CLASS_NAMES_H
#define BF_FEATURES_CLASS_NAMES_H

#include <limits.h>

#include "base/status.h"

#define BF_CLASS_NAMES_KEY "class_names"
#define BF_SIDECAR_MAX ((size_t)1 << 20) /* bytes that are read of one */

struct cJSON;

/* PATH.json; BF_ERR_ARGUMENT when that is too long. */
BF_MUST_CHECK bf_status bf_sidecar_path(char out[PATH_MAX], const char *path);

/* Deep copies, freed with bf_class_names_free. */
BF_MUST_CHECK bf_status bf_class_names_copy(char ***out,
                                            const char *const *names,
                                            size_t count);
/* BF_ERR_FORMAT, naming `path`, unless it is an array of at most
 * BF_CLASSES_MAX strings. */
BF_MUST_CHECK bf_status bf_class_names_from_json(char ***out, size_t *count,
                                                 const struct cJSON *names,
                                                 const char *path);
void bf_class_names_free(char **names, size_t count); /* NULL is fine */

#endif
