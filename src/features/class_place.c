/* Files and the class names beside them. */
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "features/class_names.h"

bf_status bf_sidecar_check(const char *path, size_t most,
                           bool (*ours)(const cJSON *o), const char *what)
{
    uint8_t *text;
    size_t bytes;
    if (access(path, F_OK) != 0) return BF_OK;
    BF_TRY(bf_refuse_pipe(path));
    BF_TRY(bf_read_file(path, most, &text, &bytes));
    cJSON *o = bf_json_parse((char *)text, bytes);
    bf_free(text);
    bool replaceable = o && ours(o);
    cJSON_Delete(o);
    if (replaceable) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: is there already and holds no %s, whose place it is",
                   path, what);
}

static bool has_names(const cJSON *o)
{
    return cJSON_IsArray(
        cJSON_GetObjectItemCaseSensitive(o, BF_CLASS_NAMES_KEY));
}

/* Class names may replace only other class names. */
static bf_status check_replaceable(const char *path)
{
    return bf_sidecar_check(path, BF_SIDECAR_MAX, has_names, "class names");
}

bf_status bf_class_names_check_place(const char *path)
{
    char side[PATH_MAX];
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        return BF_OK; /* nothing can lie beside a pipe */
    BF_TRY(bf_sidecar_path(side, path));
    return check_replaceable(side);
}

static bf_status remove_names(bf_outfile **out, const char *path)
{
    char side[PATH_MAX];
    BF_TRY(bf_sidecar_path(side, path));
    BF_TRY(check_replaceable(side));
    return bf_outfile_remove(out, side);
}

bf_status bf_class_names_commit(bf_outfile *const *files, size_t count,
                                const char *path, const bf_dataset *data,
                                bool labels)
{
    bf_outfile *all[BF_NAMED_FILES_MAX + 1];
    bf_status s;
    for (size_t i = 0; i < count; i++) all[i] = files[i];
    s = data->class_names
            ? bf_class_names_prepare(&all[count], path, data, labels)
            : remove_names(&all[count], path);
    if (s == BF_OK) return bf_outfile_commit_all(all, count + 1);
    for (size_t i = 0; i < count; i++) bf_outfile_abort(files[i]);
    return s;
}
