/* Names of classes: lists of them, and files that hold one.
 *
 * PATH.json beside a file holds {"class_names": ["cat", ...]}, among other
 * things. Beside labels it also says which labels those are, so that names are
 * not taken for those of labels that another program has written there since.
 */
#ifndef BF_FEATURES_CLASS_NAMES_H
#define BF_FEATURES_CLASS_NAMES_H

#include <limits.h>

#include "base/file.h"
#include "blindfit/features.h"

#define BF_CLASS_NAMES_KEY "class_names"
#define BF_SIDECAR_MAX ((size_t)1 << 20) /* bytes that are read of one */

struct cJSON;

/* ---- lists --------------------------------------------------------------- */

/* Deep copies, freed with bf_class_names_free. */
BF_MUST_CHECK bf_status bf_class_names_copy(char ***out,
                                            const char *const *names,
                                            size_t count);
/* BF_ERR_FORMAT, naming `path`, for more than BF_CLASSES_MAX or one that is not
 * UTF-8: they go into JSON. */
BF_MUST_CHECK bf_status bf_class_names_check(const char *const *names,
                                             size_t count, const char *path);
/* map[c] is the place among `to` of name c of `from`, or -1. Lists that begin
 * alike map to themselves; else a name that either has twice is
 * BF_ERR_MISMATCH. */
BF_MUST_CHECK bf_status bf_class_names_map(int32_t map[BF_CLASSES_MAX],
                                           const char *const *from,
                                           size_t from_count,
                                           const char *const *to,
                                           size_t to_count);
/* "ant, bee, cow, ..." in buf, cut where it ends; returns buf. */
const char *bf_class_names_text(const char *const *names, size_t count,
                                char *buf, size_t size);

/* ---- files --------------------------------------------------------------- */

/* BF_ERR_FORMAT, naming `path`, unless it is an array of strings that pass
 * bf_class_names_check. */
BF_MUST_CHECK bf_status bf_class_names_from_json(char ***out, size_t *count,
                                                 const struct cJSON *names,
                                                 const char *path);

/* Of PATH.json, where PATH is a file of these labels. *names is NULL where
 * there is no such file. BF_ERR_MISMATCH for names that were written for other
 * labels, or that do not say for which; BF_ERR_FORMAT for what holds no names,
 * or too few. */
BF_MUST_CHECK bf_status bf_label_names_read(char ***names, size_t *count,
                                            const char *path,
                                            const int32_t *labels, size_t n);
/* PATH.json for data->class_names, not yet committed. `labels`: beside the
 * data's labels, and says so. */
BF_MUST_CHECK bf_status bf_class_names_prepare(bf_outfile **out,
                                               const char *path,
                                               const bf_dataset *data,
                                               bool labels);
/* Commits the files, at most BF_NAMED_FILES_MAX, together with those names;
 * without names (data->class_names NULL) it removes those that are there, as
 * they would be taken for the new file's. Frees the files, always. */
#define BF_NAMED_FILES_MAX 3
BF_MUST_CHECK bf_status bf_class_names_commit(bf_outfile *const *files,
                                              size_t count, const char *path,
                                              const bf_dataset *data,
                                              bool labels);

#endif
