#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "cli.h"

#define NAMES_MAX ((size_t)1 << 20)

static bf_status names_path(char out[PATH_MAX], const char *beside)
{
    int n = snprintf(out, PATH_MAX, "%s.json", beside);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", beside);
}

/* Names of what a file held before would be taken for those of what it holds
 * now. */
static bf_status remove_names(const char *path)
{
    if (unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR) return BF_OK;
    return bf_fail_errno(errno, "%s: cannot remove", path);
}

bf_status cli_write_class_names(const char *beside, const bf_dataset *data)
{
    char path[PATH_MAX];
    bf_outfile *f;
    BF_TRY(names_path(path, beside));
    if (!data->class_names) return remove_names(path);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddItemToObject(
        o, "class_names",
        cJSON_CreateStringArray((const char *const *)data->class_names,
                                (int)data->classes));
    char *text = cJSON_Print(o);
    cJSON_Delete(o);
    if (!text) return bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    bf_status s = bf_outfile_open(&f, path, 0644);
    if (s == BF_OK) {
        fprintf(bf_outfile_stream(f), "%s\n", text);
        s = bf_outfile_commit(f);
    }
    cJSON_free(text);
    return s;
}

static bf_status copy_names(bf_dataset *d, const cJSON *names, const char *path)
{
    int count = cJSON_GetArraySize(names);
    if (!cJSON_IsArray(names) || count < (int)d->classes ||
        count > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: class_names are not names of %u classes", path,
                       d->classes);
    d->class_names = bf_alloc_zero((size_t)count * sizeof *d->class_names);
    if (!d->class_names) return BF_ERR_MEMORY;
    d->classes = (unsigned)count;
    for (int i = 0; i < count; i++) {
        const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(names, i));
        if (!name)
            return bf_fail(BF_ERR_FORMAT, "%s: class name %d is no text", path,
                           i + 1);
        d->class_names[i] = bf_alloc(strlen(name) + 1);
        if (!d->class_names[i]) return BF_ERR_MEMORY;
        strcpy(d->class_names[i], name);
    }
    return BF_OK;
}

bf_status cli_read_class_names(bf_dataset *d, const char *beside)
{
    char path[PATH_MAX];
    uint8_t *text;
    size_t bytes;
    BF_TRY(names_path(path, beside));
    if (access(path, F_OK) != 0 || d->class_names) return BF_OK;
    BF_TRY(bf_read_file(path, NAMES_MAX, &text, &bytes));
    cJSON *o = cJSON_ParseWithLength((char *)text, bytes);
    bf_free(text);
    bf_status s = copy_names(
        d, cJSON_GetObjectItemCaseSensitive(o, "class_names"), path);
    cJSON_Delete(o);
    return s;
}

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

/* Trained all the same, the model would be the share of each class. */
static bf_status check_variety(const bf_matrix *x, const char *path)
{
    for (size_t i = 1; i < x->rows; i++)
        if (memcmp(x->data, x->data + i * x->cols,
                   x->cols * sizeof *x->data) != 0)
            return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "%s: every row has the same features: nothing to learn from",
                   path);
}

static bf_status check_training(bf_dataset *d, const char *path,
                                const char *labels)
{
    if (!d->labels)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: has no labels; give them with --labels", path);
    bf_status s = bf_dataset_check(d);
    if (s != BF_OK) return bf_fail_in(s, "%s", path);
    BF_TRY(check_variety(&d->x, path));
    note_absent(d, labels ? labels : path);
    return labels ? cli_read_class_names(d, labels) : BF_OK;
}

bf_status cli_load_training(bf_dataset *out, const char *path,
                            const char *labels, bf_rows rows)
{
    BF_TRY(bf_dataset_load(out, path, labels, rows));
    bf_status s = check_training(out, path, labels);
    if (s != BF_OK) bf_dataset_clear(out);
    return s;
}

static bf_status check_test(const bf_dataset *test, const char *path, size_t d,
                            size_t classes)
{
    if (!test->labels)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: has no labels to compare with", path);
    if (test->x.cols != d)
        return bf_fail(BF_ERR_MISMATCH, "%s: %zu features, the model has %zu",
                       path, test->x.cols, d);
    for (size_t i = 0; i < test->x.rows; i++)
        if ((size_t)test->labels[i] >= classes)
            return bf_fail(BF_ERR_MISMATCH,
                           "%s: row %zu has label %d, the model has classes 0 "
                           "to %zu",
                           path, i + 1, test->labels[i], classes - 1);
    return BF_OK;
}

bf_status cli_load_test(bf_dataset *out, const char *path, const char *labels,
                        bf_rows rows, size_t d, size_t classes)
{
    BF_TRY(bf_dataset_load(out, path, labels, rows));
    bf_status s = check_test(out, path, d, classes);
    if (s != BF_OK) bf_dataset_clear(out);
    return s;
}
