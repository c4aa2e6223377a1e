#include "features/dataset.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/memory.h"
#include "base/status.h"
#include "features/class_names.h"
#include "features/csv.h"
#include "features/idx.h"
#include "features/npy.h"

bool bf_path_has_extension(const char *path, const char *ext)
{
    size_t n = strlen(path), e = strlen(ext);
    return n > e && strcasecmp(path + n - e, ext) == 0;
}

bool bf_path_is_text(const char *path)
{
    return bf_path_has_extension(path, ".csv") ||
           bf_path_has_extension(path, ".tsv") ||
           bf_path_has_extension(path, ".txt");
}

bf_status bf_rows_resolve(bf_rows *rows, size_t n, const char *path)
{
    size_t last = rows->last ? rows->last : n;
    if (last > n || rows->first >= last)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: rows %zu to %zu asked for, it has %zu", path,
                       rows->first + 1, last, n);
    rows->last = last;
    return BF_OK;
}

bf_status bf_labels_check(unsigned *classes, const int32_t *labels, size_t n,
                          const char *path)
{
    unsigned top = 0;
    for (size_t i = 0; i < n; i++) {
        if (labels[i] < 0 || labels[i] >= BF_CLASSES_MAX)
            return bf_fail(BF_ERR_RANGE,
                           "%s: row %zu: label %d is not from 0 to %d", path,
                           i + 1, labels[i], BF_CLASSES_MAX - 1);
        if ((unsigned)labels[i] >= top) top = (unsigned)labels[i] + 1;
    }
    *classes = top;
    return BF_OK;
}

static bf_status check_two_dimensions(const bf_npy *a, const char *path)
{
    if (a->dims != 2)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: %u dimensions, expected rows and columns", path,
                       a->dims);
    if (a->count == 0)
        return bf_fail(BF_ERR_FORMAT, "%s: %zu rows of %zu columns", path,
                       a->dim[0], a->dim[1]);
    return BF_OK;
}

/* *rows_in_file may be NULL. */
static bf_status read_npy_rows(bf_matrix *out, const char *path, bf_rows rows,
                               size_t *rows_in_file)
{
    bf_npy a;
    bf_matrix m = {0};
    BF_TRY(bf_npy_open(&a, path));
    bf_status status;
    BF_GOTO(check_two_dimensions(&a, path), done);
    BF_GOTO(bf_rows_resolve(&rows, a.dim[0], path), done);
    BF_GOTO(bf_matrix_init(&m, rows.last - rows.first, a.dim[1]), done);
    BF_GOTO(bf_npy_fetch_rows(&a, path, rows.first, rows.last, m.data), done);
    if (rows_in_file) *rows_in_file = a.dim[0];
    *out = m;
done:
    if (status != BF_OK) bf_matrix_clear(&m);
    bf_npy_close(&a);
    return status;
}

bf_status bf_npy_read(bf_matrix *out, const char *path)
{
    return read_npy_rows(out, path, (bf_rows){0, 0}, NULL);
}

/* ---- labels -------------------------------------------------------------- */

static bf_status whole_number(int32_t *out, double v, size_t i,
                              const char *path)
{
    if (!(v >= 0 && v <= INT32_MAX) || v != floor(v))
        return bf_fail(BF_ERR_RANGE,
                       "%s: row %zu: label %g is not a whole number from 0",
                       path, i + 1, v);
    *out = (int32_t)v;
    return BF_OK;
}

static bf_status read_npy_labels(int32_t *labels, const bf_npy *a,
                                 const char *path)
{
    double block[1024];
    for (size_t done = 0; done < a->count;) {
        size_t n = sizeof block / sizeof *block;
        if (a->count - done < n) n = a->count - done;
        BF_TRY(bf_npy_fetch(a, path, done, n, block));
        for (size_t i = 0; i < n; i++)
            BF_TRY(whole_number(labels + done + i, block[i], done + i, path));
        done += n;
    }
    return BF_OK;
}

static bf_status npy_labels(int32_t **labels, size_t *n, const char *path)
{
    bf_npy a;
    BF_TRY(bf_npy_open(&a, path));
    bf_status status;
    int32_t *l = NULL;
    bool column = a.dims == 2 && a.dim[1] == 1;
    if ((a.dims != 1 && !column) || a.count == 0)
        status = bf_fail(BF_ERR_FORMAT, "%s: not a list of labels", path);
    else if (!(l = bf_alloc(a.count * sizeof *l)))
        status = bf_fail_in(BF_ERR_MEMORY, "%s", path);
    else
        status = read_npy_labels(l, &a, path);
    if (status == BF_OK) {
        *labels = l;
        *n = a.count;
    } else {
        bf_free(l);
    }
    bf_npy_close(&a);
    return status;
}

static bf_status idx_labels(int32_t **labels, size_t *n, const char *path)
{
    bf_idx a;
    BF_TRY(bf_idx_read(&a, path));
    int32_t *l = NULL;
    bf_status status = BF_OK;
    if (a.dims != 1)
        status =
            bf_fail(BF_ERR_FORMAT, "%s: not a list of labels: %u dimensions",
                    path, a.dims);
    else if (!(l = bf_alloc(a.bytes * sizeof *l)))
        status = bf_fail_in(BF_ERR_MEMORY, "%s", path);
    if (status == BF_OK) {
        for (size_t i = 0; i < a.bytes; i++) l[i] = a.data[i];
        *labels = l;
        *n = a.bytes;
    }
    bf_idx_clear(&a);
    return status;
}

/* One label a line. */
static bf_status text_labels(int32_t **labels, size_t *n, const char *path)
{
    bf_matrix m;
    int32_t *l = NULL;
    BF_TRY(bf_csv_read(&m, path, NULL));
    bf_status status = BF_OK;
    if (m.cols != 1)
        status = bf_fail(BF_ERR_FORMAT,
                         "%s: not a list of labels: %zu columns", path, m.cols);
    else if (!(l = bf_alloc(m.rows * sizeof *l)))
        status = bf_fail_in(BF_ERR_MEMORY, "%s", path);
    for (size_t i = 0; i < m.rows && status == BF_OK; i++)
        status = whole_number(l + i, m.data[i], i, path);
    if (status == BF_OK) {
        *labels = l;
        *n = m.rows;
    } else {
        bf_free(l);
    }
    bf_matrix_clear(&m);
    return status;
}

bf_status bf_labels_read(int32_t **labels, size_t *n, const char *path)
{
    if (bf_path_has_extension(path, ".npy")) return npy_labels(labels, n, path);
    if (bf_path_is_text(path)) return text_labels(labels, n, path);
    return idx_labels(labels, n, path);
}

/* ---- both ---------------------------------------------------------------- */

static bf_status check_finite(const bf_matrix *x, bf_rows rows,
                              const char *path)
{
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) {
            double v = x->data[i * x->cols + j];
            if (isfinite(v)) continue;
            return bf_fail(BF_ERR_RANGE,
                           "%s: row %zu, column %zu: %g is not a finite "
                           "number",
                           path, rows.first + i + 1, j + 1, v);
        }
    return BF_OK;
}

/* At this point d->labels holds the labels of all rows. */
static bf_status attach_names(bf_dataset *d, size_t n, const char *labels_path)
{
    char **names;
    size_t count;
    BF_TRY(bf_label_names_read(&names, &count, labels_path, d->labels, n));
    if (!names) return BF_OK;
    d->class_names = names;
    d->classes = (unsigned)count;
    return BF_OK;
}

/* An upper bound on the chance that some column, if none depends on the labels,
 * equals them: each of the n! / (n_0! n_1! ...) orders of the labels is as
 * likely in such a column. */
static double chance_of_labels(const bf_dataset *d)
{
    double chance = (double)d->x.cols;
    size_t seen[BF_CLASSES_MAX] = {0};
    for (size_t i = 0; i < d->x.rows; i++)
        chance *= (double)++seen[d->labels[i]] / (double)(i + 1);
    return chance;
}

static bool equals_labels(const bf_dataset *d, size_t column)
{
    for (size_t i = 0; i < d->x.rows; i++)
        if (d->x.data[i * d->x.cols + column] != d->labels[i]) return false;
    return true;
}

/* A model would read the label off a column that holds it. Few rows, or rows of
 * which nearly all have one label, may be like that by chance. */
static bf_status check_no_labels(const bf_dataset *d, const char *path,
                                 const char *labels_path)
{
    if (chance_of_labels(d) > 1e-6) return BF_OK;
    for (size_t j = 0; j < d->x.cols; j++)
        if (equals_labels(d, j))
            return bf_fail(BF_ERR_RANGE,
                           "%s: column %zu holds the labels of %s, which are "
                           "no feature",
                           path, j + 1, labels_path);
    return BF_OK;
}

/* Reads the labels of all n rows of path from a separate file; keeps the labels
 * of the selected rows. */
static bf_status attach_labels(bf_dataset *d, bf_rows rows, size_t n,
                               const char *path, const char *labels_path)
{
    size_t count;
    BF_TRY(bf_labels_read(&d->labels, &count, labels_path));
    if (count != n)
        return bf_fail(BF_ERR_MISMATCH, "%s has %zu labels, %s has %zu rows",
                       labels_path, count, path, n);
    BF_TRY(bf_labels_check(&d->classes, d->labels, count, labels_path));
    BF_TRY(attach_names(d, count, labels_path));
    memmove(d->labels, d->labels + rows.first, d->x.rows * sizeof *d->labels);
    return check_no_labels(d, path, labels_path);
}

/* Reads a table whose labels are in another file: the whole table, then selects
 * the range. */
static bf_status csv_rows(bf_matrix *out, const char *path, bf_rows rows,
                          size_t *rows_in_file)
{
    bf_matrix all;
    BF_TRY(bf_csv_load(&all, NULL, NULL, path, (bf_rows){0, 0}, NULL));
    *rows_in_file = all.rows;
    bf_status status = bf_rows_resolve(&rows, all.rows, path);
    if (status != BF_OK) {
        bf_matrix_clear(&all);
        return status;
    }
    all.rows = rows.last - rows.first;
    memmove(all.data, all.data + rows.first * all.cols,
            all.rows * all.cols * sizeof *all.data);
    *out = all;
    return BF_OK;
}

static bf_status unknown_extension(const char *path)
{
    return bf_fail(BF_ERR_UNSUPPORTED,
                   "%s: features are read from .csv, .tsv, .txt or .npy "
                   "files, unpacked",
                   path);
}

bf_status bf_dataset_load(bf_dataset *out, const char *path,
                          const char *labels_path, bf_rows rows,
                          bf_env *env)
{
    BF_UNDER(env);
    bf_dataset d = {0};
    size_t n = 0;
    bf_status status;
    if (bf_path_is_text(path)) {
        if (labels_path)
            status = csv_rows(&d.x, path, rows, &n);
        else
            status = bf_csv_load(&d.x, &d.labels, &d.classes, path, rows, NULL);
    } else if (bf_path_has_extension(path, ".npy")) {
        status = read_npy_rows(&d.x, path, rows, &n);
        if (status == BF_OK) status = check_finite(&d.x, rows, path);
    } else {
        status = unknown_extension(path);
    }
    if (status == BF_OK && labels_path)
        status = attach_labels(&d, rows, n, path, labels_path);
    if (status != BF_OK) {
        bf_dataset_clear(&d);
        return status;
    }
    *out = d;
    return BF_OK;
}

/* ---- rows to predict ----------------------------------------------------- */

/* True if column j could hold labels of this many classes; *varies: the column
 * holds different values. */
static bool holds_labels(const bf_matrix *x, size_t j, unsigned classes,
                         bool *varies)
{
    *varies = false;
    for (size_t i = 0; i < x->rows; i++) {
        double v = x->data[i * x->cols + j];
        if (!(v >= 0 && v < classes) || v != floor(v)) return false;
        *varies |= v != x->data[j];
    }
    return true;
}

/* The first column must be able to hold labels. A constant column, such as the
 * zeros of an image's corner, does not count as labels if the last column
 * varies and could hold labels too. named: the column, from 1, that the header
 * names as the label instead, or 0. */
static bf_status check_label_column(const bf_matrix *x, unsigned classes,
                                    size_t named, const char *path)
{
    bool first_varies, last_varies;
    if (named)
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: %zu columns, the model has %zu features, and the "
                       "header names column %zu as the label, which belongs in "
                       "front",
                       path, x->cols, x->cols - 1, named);
    bool first = holds_labels(x, 0, classes, &first_varies);
    bool last = holds_labels(x, x->cols - 1, classes, &last_varies);
    if (first && (first_varies || !last || !last_varies)) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "%s: %zu columns, the model has %zu features, and the first "
                   "column is no label%s",
                   path, x->cols, x->cols - 1,
                   last ? "; the last may be, which belongs in front" : "");
}

static bf_status fit_columns(bf_matrix *x, size_t d, unsigned classes,
                             size_t named, const char *path)
{
    if (x->cols == d) return BF_OK;
    if (!bf_path_is_text(path) || x->cols != d + 1)
        return bf_fail(BF_ERR_MISMATCH, "%s: %zu features, the model has %zu",
                       path, x->cols, d);
    BF_TRY(check_label_column(x, classes, named, path));
    for (size_t i = 0; i < x->rows; i++)
        memmove(x->data + i * d, x->data + i * (d + 1) + 1,
                d * sizeof *x->data);
    x->cols = d;
    return BF_OK;
}

bf_status bf_features_load(bf_matrix *out, const char *path, size_t d,
                           unsigned classes, bf_env *env)
{
    bf_matrix x;
    size_t named = 0;
    if (bf_path_is_text(path))
        BF_TRY(bf_csv_read_named(&x, &named, path, env));
    else if (bf_path_has_extension(path, ".npy"))
        BF_TRY(bf_npy_read(&x, path));
    else
        return unknown_extension(path);
    bf_status s = check_finite(&x, (bf_rows){0, 0}, path);
    if (s == BF_OK) s = fit_columns(&x, d, classes, named, path);
    if (s == BF_OK)
        *out = x;
    else
        bf_matrix_clear(&x);
    return s;
}
