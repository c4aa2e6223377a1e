#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

/* ---- class names --------------------------------------------------------- */

bf_status cli_check_class_names(const char *beside, const char *const *others,
                                size_t count)
{
    char path[PATH_MAX];
    struct stat st;
    if (stat(beside, &st) == 0 && !S_ISREG(st.st_mode))
        return BF_OK; /* nothing can lie beside a pipe */
    BF_TRY(bf_sidecar_path(path, beside));
    BF_TRY(bf_outfile_check(path, others, count));
    return bf_class_names_check_place(beside);
}

/* ---- models -------------------------------------------------------------- */

bf_status cli_check_model(const char *path, const char *const *others,
                          size_t count)
{
    char side[PATH_MAX];
    BF_TRY(bf_outfile_check(path, others, count));
    if (!bf_path_has_extension(path, ".safetensors")) {
        BF_TRY(bf_sidecar_path(side, path));
        BF_TRY(bf_refuse_pipe(side));
        BF_TRY(bf_outfile_check(side, others, count));
    }
    return bf_model_check_path(path);
}

bf_status cli_check_beside(const char *path, const char *const *others,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char side[PATH_MAX];
        if (!others[i] || bf_path_has_extension(others[i], ".safetensors"))
            continue;
        BF_TRY(bf_sidecar_path(side, others[i]));
        BF_TRY(bf_outfile_check(path, CLI_FILES(side)));
    }
    return BF_OK;
}

/* ---- data ---------------------------------------------------------------- */

/* Notes classes without rows, as when labels begin at 1: such a class is
 * trained without examples. */
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
        return bf_fail(BF_ERR_ARGUMENT, "%s: has no labels to compare with",
                       path);
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
    bf_status s =
        check_test(out, path, labels, d, (const char *const *)names, classes);
    if (s != BF_OK) bf_dataset_clear(out);
    return s;
}

static size_t end_of(bf_rows rows)
{
    return rows.last ? rows.last : SIZE_MAX;
}

/* Rows of the training file are test rows only if they are not trained on. */
static bf_status check_apart(const cli_data_files *files)
{
    bf_rows train = files->rows, test = files->test_rows;
    bool asked = test.first || test.last;
    if (files->test || !asked || train.first >= end_of(test) ||
        test.first >= end_of(train))
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "--test-rows: has rows of %s that are trained on; without "
                   "--rows all are",
                   files->train);
}

bf_status cli_load_data(bf_dataset *train, bf_dataset *test,
                        const cli_data_files *files)
{
    BF_TRY(check_apart(files));
    BF_TRY(cli_load_training(train, files->train, files->labels, files->rows));
    const char *path = files->test, *labels = files->test_labels;
    if (!path && (files->test_rows.first || files->test_rows.last)) {
        path = files->train;
        labels = files->labels;
    }
    if (!path) return BF_OK;
    BF_TRY(cli_load_test(test, path, labels, files->test_rows, train->x.cols,
                         train->class_names, train->classes));
    return cli_warn_repeats(&test->x, &train->x, path);
}

bf_status cli_check_shapes(const bf_job *job, unsigned column,
                           const bf_matrix *x, const bf_dataset *data,
                           const char *path, const char *labels)
{
    bf_job_shape shape = bf_job_shape_of(job);
    unsigned classes = shape.labels.classes[column];
    if (x->rows != shape.rows || x->cols != shape.features)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: %zu rows of %zu features, the job is for %zu of "
                       "%zu",
                       path, x->rows, x->cols, shape.rows, shape.features);
    if (data->classes > classes)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: labels 0 to %u, the job is for %u classes", labels,
                       data->classes - 1, classes);
    if (data->classes == classes || !data->class_names) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: %u classes have names, the job is for %u (plan "
                   "--classes %u)",
                   labels, data->classes, classes, data->classes);
}

void cli_note_empty(const bf_dataset *data, unsigned classes,
                    const char *labels)
{
    if (data->classes < classes)
        cli_note("%s: %s: labels 0 to %u, but the job is for %u classes: the "
                 "other classes have no rows",
                 cli_program(), labels, data->classes - 1, classes);
}

bf_status cli_check_mapped(const bf_transform *t, const bf_dataset *test)
{
    if (!test->x.data) return BF_OK;
    bf_status s = bf_transform_check(t, &test->x);
    return s == BF_OK ? s : bf_fail_in(s, "test rows");
}

void cli_warn_dropped(const bf_transform *t)
{
    size_t first, count = bf_transform_dropped(t, &first);
    if (count)
        cli_warn("%s: feature %zu%s varies by less than double precision "
                 "resolves and is ignored",
                 cli_program(), first + 1, count > 1 ? ", like others," : "");
}
