/* Lists of class names, and files that hold them.
 *
 * PATH.json beside a file PATH holds {"class_names": ["cat", ...]}, among other
 * things. Beside labels, PATH.json also identifies the labels, so that names
 * are refused after another program has rewritten the labels.
 */
#ifndef BF_FEATURES_CLASS_NAMES_H
#define BF_FEATURES_CLASS_NAMES_H

#include <limits.h>

#include "base/file.h"
#include "blindfit/features.h"
#include "blindfit/job.h"

#define BF_CLASS_NAMES_KEY "class_names"
#define BF_SIDECAR_MAX ((size_t)1 << 20) /* most bytes of such a file */

struct cJSON;

/* ---- lists --------------------------------------------------------------- */

/* Deep copies, freed with bf_class_names_free. */
BF_MUST_CHECK bf_status bf_class_names_copy(char ***out,
                                            const char *const *names,
                                            size_t count);
/* BF_ERR_FORMAT, naming `path`, for more than BF_CLASSES_MAX names, or a name
 * that is not UTF-8, as names go into JSON. */
BF_MUST_CHECK bf_status bf_class_names_check(const char *const *names,
                                             size_t count, const char *path);
/* BF_ERR_MISMATCH for a name that occurs twice. */
BF_MUST_CHECK bf_status bf_class_names_distinct(const char *const *names,
                                                size_t count);
/* map[c] is the index in `to` of name c of `from`, or -1. If one list begins
 * with the other, the map is the identity; otherwise a name that occurs twice
 * in a list is BF_ERR_MISMATCH. */
BF_MUST_CHECK bf_status bf_class_names_map(int32_t map[BF_CLASSES_MAX],
                                           const char *const *from,
                                           size_t from_count,
                                           const char *const *to,
                                           size_t to_count);
/* "ant, bee, cow, ..." in buf, cut at the end of buf; returns buf. */
const char *bf_class_names_text(const char *const *names, size_t count,
                                char *buf, size_t size);

/* ---- files --------------------------------------------------------------- */

/* BF_ERR_FORMAT, naming `path`, unless it is an array of strings that pass
 * bf_class_names_check. */
BF_MUST_CHECK bf_status bf_class_names_from_json(char ***out, size_t *count,
                                                 const struct cJSON *names,
                                                 const char *path);

/* BF_ERR_ARGUMENT if a file is there already, unless it is JSON of at most
 * `most` bytes that `ours` takes; `what` it should hold, for the message. */
BF_MUST_CHECK bf_status bf_sidecar_check(const char *path, size_t most,
                                         bool (*ours)(const struct cJSON *o),
                                         const char *what);

/* Reads PATH.json, where PATH is a file of these labels. *names is NULL if
 * there is no such file. BF_ERR_MISMATCH for names of other labels, or names
 * without labels; BF_ERR_FORMAT for a file without names, or with too few. */
BF_MUST_CHECK bf_status bf_label_names_read(char ***names, size_t *count,
                                            const char *path,
                                            const int32_t *labels, size_t n);
/* Writes PATH.json for data->class_names, not yet committed. With `labels`,
 * PATH is the file of the data's labels, and PATH.json identifies these labels.
 */
BF_MUST_CHECK bf_status bf_class_names_prepare(bf_outfile **out,
                                               const char *path,
                                               const bf_dataset *data,
                                               bool labels);
/* Commits the files, at most BF_NAMED_FILES_MAX (an upload's parts and its
 * transform), together with those names.
 * Without names (data->class_names NULL), removes existing files of names,
 * which would otherwise belong to the new file. Always frees the files. */
#define BF_NAMED_FILES_MAX (BF_UPLOAD_PARTS_MAX + 1)
BF_MUST_CHECK bf_status bf_class_names_commit(bf_outfile *const *files,
                                              size_t count, const char *path,
                                              const bf_dataset *data,
                                              bool labels);

#endif
