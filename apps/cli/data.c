#include <cjson/cJSON.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli.h"
#include "features/class_names.h"
#include "features/dataset.h"

/* ---- class names --------------------------------------------------------- */

static bf_status read_json(cJSON **out, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, BF_SIDECAR_MAX, &text, &bytes));
    *out = cJSON_ParseWithLength((char *)text, bytes);
    bf_free(text);
    return BF_OK;
}

/* Whose place names take: nothing's, or that of other names. */
static bf_status check_replaceable(const char *path)
{
    cJSON *o;
    if (access(path, F_OK) != 0) return BF_OK;
    BF_TRY(read_json(&o, path));
    bool names =
        cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(o, BF_CLASS_NAMES_KEY));
    cJSON_Delete(o);
    if (names) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: is there already and holds no class names, whose place "
                   "it is",
                   path);
}

bf_status cli_check_class_names(const char *beside, const char *const *others,
                                size_t count)
{
    char path[PATH_MAX];
    struct stat st;
    if (stat(beside, &st) == 0 && !S_ISREG(st.st_mode))
        return BF_OK; /* a pipe has nothing beside it */
    BF_TRY(bf_sidecar_path(path, beside));
    BF_TRY(cli_check_output(path, others, count));
    return check_replaceable(path);
}

/* Names of what a file held before would be taken for those of what it holds
 * now. */
static bf_status remove_names(bf_outfile **out, const char *path)
{
    BF_TRY(check_replaceable(path));
    return bf_outfile_remove(out, path);
}

bf_status cli_commit_with_names(bf_outfile *const *files, size_t count,
                                const char *beside, const bf_dataset *data,
                                bool labels)
{
    bf_outfile *all[CLI_COMMIT_MAX + 1];
    char path[PATH_MAX];
    bf_status s = bf_sidecar_path(path, beside);
    for (size_t i = 0; i < count; i++) all[i] = files[i];
    if (s == BF_OK)
        s = data->class_names
                ? bf_class_names_prepare(&all[count], beside, data, labels)
                : remove_names(&all[count], path);
    if (s == BF_OK) return bf_outfile_commit_all(all, count + 1);
    for (size_t i = 0; i < count; i++) bf_outfile_abort(files[i]);
    return s;
}

/* ---- models -------------------------------------------------------------- */

bf_status cli_check_model(const char *path, const char *const *others,
                          size_t count)
{
    char side[PATH_MAX];
    BF_TRY(bf_model_check_path(path));
    BF_TRY(cli_check_output(path, others, count));
    if (bf_path_has_extension(path, ".safetensors")) return BF_OK;
    BF_TRY(bf_sidecar_path(side, path));
    return cli_check_output(side, others, count);
}

/* ---- data ---------------------------------------------------------------- */

/* As when labels begin at 1: one class more is trained, of which nothing is
 * known. */
static void note_absent(const bf_dataset *d, const char *path)
{
    bool seen[BF_CLASSES_MAX] = {false};
    unsigned absent = 0, first = 0;
    for (size_t i = 0; i < d->x.rows; i++) seen[d->labels[i]] = true;
    for (unsigned c = d->classes; c-- > 0;)
        if (!seen[c]) {
            absent++;
            first = c;
        }
    if (absent)
        cli_note("%s: %s: no row has label %u%s; labels 0 to %u make %u "
                 "classes",
                 cli_program(), path, first,
                 absent > 1 ? ", nor some others" : "", d->classes - 1,
                 d->classes);
}

static void warn_numbered(const bf_dataset *d, const char *path)
{
    if (bf_dataset_labels_number_rows(d))
        cli_warn("%s: %s: every row has a class of its own; are the labels the "
                 "numbers of the rows?",
                 cli_program(), path);
}

static bf_status check_training(bf_dataset *d, const char *path,
                                const char *labels)
{
    if (!d->labels)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: has no labels; give them with --labels", path);
    bf_status s = bf_dataset_check(d);
    if (s != BF_OK) return bf_fail_in(s, "%s", path);
    note_absent(d, labels ? labels : path);
    warn_numbered(d, labels ? labels : path);
    return BF_OK;
}

bf_status cli_load_training(bf_dataset *out, const char *path,
                            const char *labels, bf_rows rows)
{
    BF_TRY(bf_dataset_load(out, path, labels, rows, &cli_env));
    bf_status s = check_training(out, path, labels);
    if (s != BF_OK) bf_dataset_clear(out);
    return s;
}

static bf_status check_test(bf_dataset *test, const char *path,
                            const char *labels, size_t d,
                            const char *const *names, size_t classes)
{
    if (!test->labels)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: has no labels to compare with", path);
    if (test->x.cols != d)
        return bf_fail(BF_ERR_MISMATCH, "%s: %zu features, the model has %zu",
                       path, test->x.cols, d);
    bf_status s = bf_dataset_match(test, names, (unsigned)classes);
    return s == BF_OK ? s : bf_fail_in(s, "%s", labels ? labels : path);
}

bf_status cli_load_test(bf_dataset *out, const char *path, const char *labels,
                        bf_rows rows, size_t d, char *const *names,
                        size_t classes)
{
    BF_TRY(bf_dataset_load(out, path, labels, rows, &cli_env));
    bf_status s = check_test(out, path, labels, d, (const char *const *)names,
                             classes);
    if (s != BF_OK) bf_dataset_clear(out);
    return s;
}
