#include "features/csv.h"

#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "features/csv_text.h"
#include "features/dataset.h"

typedef bf_csv_text text;
typedef bf_csv_line line;

/* Reading the file and counting its lines take about a third of the time. */
#define COUNTED 0.3

static void report(double done)
{
    bf_report("read rows", done, 1);
}

static void skip_blanks(const text *t, line *l)
{
    while (l->p < l->end && bf_csv_is_blank(t, *l->p)) l->p++;
}

/* "not_a_number, 3" -> the field alone, shortened, printable. */
static const char *field_text(const text *t, line l, char out[32])
{
    size_t n = 0;
    for (const char *p = l.p; p < l.end && *p != t->delimiter && n < 24; p++)
        out[n++] = isprint((unsigned char)*p) ? *p : '?';
    out[n] = '\0';
    return out;
}

/* "nan", "-Infinity", also in quotes. */
static bool is_not_finite(line field)
{
    static const char *const names[] = {"nan", "inf", "infinity"};
    const char *p = field.p;
    if (*p == '"') p++;
    if (*p == '-' || *p == '+') p++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if ((ptrdiff_t)n <= field.end - p && strncasecmp(p, names[i], n) == 0 &&
            !isalnum((unsigned char)p[n]))
            return true;
    }
    return false;
}

static bf_status bad_field(const text *t, line field, size_t column)
{
    char shown[32];
    if (field.p == field.end || *field.p == t->delimiter)
        return bf_fail(BF_ERR_FORMAT, "%s: line %zu, column %zu is empty",
                       t->path, t->line, column);
    if (is_not_finite(field))
        return bf_fail(BF_ERR_RANGE,
                       "%s: line %zu, column %zu: '%s' is not a finite number",
                       t->path, t->line, column, field_text(t, field, shown));
    return bf_fail(BF_ERR_FORMAT,
                   "%s: line %zu, column %zu: '%s' is not a number", t->path,
                   t->line, column, field_text(t, field, shown));
}

/* A number, which may stand in quotes. */
static bool take_number(const text *t, line *l, double *out)
{
    if (*l->p != '"') return bf_number_read(&l->p, out);
    l->p++;
    skip_blanks(t, l);
    if (l->p == l->end || !bf_number_read(&l->p, out)) return false;
    skip_blanks(t, l);
    return l->p < l->end && *l->p++ == '"';
}

/* One number, up to the next delimiter or the end; columns count from 1. */
static bf_status take_field(const text *t, line *l, size_t column, double *out)
{
    skip_blanks(t, l);
    line field = *l;
    if (l->p == l->end || !take_number(t, l, out))
        return bad_field(t, field, column);
    const char *behind = l->p;
    skip_blanks(t, l);
    bool separated = t->delimiter == ' ' ? l->p > behind
                                         : *l->p == t->delimiter;
    if (l->p < l->end && !separated) return bad_field(t, field, column);
    if (!isfinite(*out))
        return bf_fail(BF_ERR_RANGE,
                       "%s: line %zu, column %zu: too large for a double",
                       t->path, t->line, column);
    return BF_OK;
}

/* Advances to the next field of a row, column number `column` of `cols`. */
static bf_status next_field(const text *t, line *l, size_t column, size_t cols)
{
    if (l->p == l->end)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: line %zu has %zu columns, the first row has %zu",
                       t->path, t->line, column - 1, cols);
    if (t->delimiter != ' ') l->p++; /* blanks are skipped */
    return BF_OK;
}

/* The number of a row, in an unnamed first column. Row numbers do not repeat,
 * as labels do. */
static bf_status take_index(const text *t, line *l, double *last)
{
    double v;
    BF_TRY(take_field(t, l, 1, &v));
    if (v != floor(v) || v == *last)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: line %zu: column 1 has no name and holds %g, "
                       "which does not number the rows",
                       t->path, t->line, v);
    *last = v;
    return BF_OK;
}

static bf_status take_label(const text *t, line *l, size_t column, size_t cols,
                            int32_t *out)
{
    double v;
    if (column > 1) BF_TRY(next_field(t, l, column, cols));
    BF_TRY(take_field(t, l, column, &v));
    if (v != floor(v) || v < 0 || v >= BF_CLASSES_MAX)
        return bf_fail(BF_ERR_RANGE,
                       "%s: line %zu: label %g is not a whole number from 0 "
                       "to %d",
                       t->path, t->line, v, BF_CLASSES_MAX - 1);
    *out = (int32_t)v;
    return BF_OK;
}

/* Reads columns first..cols (from 1) of a line, which must have exactly cols
 * columns. */
static bf_status take_values(const text *t, line *l, size_t first, size_t cols,
                             double *out)
{
    for (size_t c = first; c <= cols; c++) {
        if (c > 1) BF_TRY(next_field(t, l, c, cols));
        BF_TRY(take_field(t, l, c, out + (c - first)));
    }
    if (l->p < l->end)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: line %zu has more columns than the %zu of the "
                       "first row",
                       t->path, t->line, cols);
    return BF_OK;
}

typedef struct table {
    size_t rows, cols; /* of the whole file, index and label included */
    bool labelled;
    size_t front; /* number of index and label columns */
    size_t label; /* column, from 1, that the header names as the label, if it
                   * does not name the first so; else 0 */
    line label_name;
    bool ragged;       /* too short for rows x cols: some row must differ */
    bf_rows take;
} table;

/* Header and first row must have the same columns, except that R gives the
 * index no name. */
static bf_status compare_header(text *t, size_t cols, size_t row)
{
    if (t->names == 0 || t->names == cols) return BF_OK;
    if (t->names + 1 == cols) {
        t->index = true;
        return BF_OK;
    }
    if (t->delimiter == ' ') return BF_OK; /* names may hold blanks */
    return bf_fail(BF_ERR_FORMAT,
                   "%s: the header has %zu columns, line %zu has %zu", t->path,
                   t->names, row, cols);
}

/* Sets s->label. */
static void find_label(table *s, const text *t)
{
    line l = t->header;
    size_t bare = t->names + 1 == s->cols; /* index columns without a name */
    size_t first = t->index ? 2 : 1, column = 1 + bare;
    if (t->names + bare != s->cols) return; /* names may hold blanks */
    for (line f; bf_csv_next_field(t, &l, &f); column++) {
        if (!bf_csv_names_label(f, column == first)) continue;
        s->label = column == first ? 0 : column;
        s->label_name = f;
        return;
    }
}

static bf_status check_label(const table *s, const char *path)
{
    if (!s->labelled || s->label == 0) return BF_OK;
    return bf_fail(BF_ERR_FORMAT,
                   "%s: the header names column %zu '%.*s', but the label is "
                   "read from the first column: move it there, give --labels, "
                   "or rename the columns",
                   path, s->label, (int)(s->label_name.end - s->label_name.p),
                   s->label_name.p);
}

static bf_status measure(table *s, text *whole, bool labelled, bf_rows rows)
{
    text t = *whole;
    size_t bytes = (size_t)(t.end - t.p), all, row = 0;
    line l;
    *s = (table){0};
    while (bf_csv_next_line(&t, &l))
        if (s->rows++ == 0) {
            row = t.line;
            s->cols = bf_csv_count_fields(&t, l);
        }
    if (s->rows == 0)
        return bf_fail(BF_ERR_FORMAT, "%s: no rows of numbers", t.path);
    BF_TRY(compare_header(whole, s->cols, row));
    s->labelled = labelled;
    find_label(s, whole);
    BF_TRY(check_label(s, t.path));
    s->front = (size_t)whole->index + (size_t)labelled;
    if (s->cols <= s->front)
        return bf_fail(BF_ERR_FORMAT, "%s: a label column and no features",
                       t.path);
    s->take = rows;
    BF_TRY(bf_rows_resolve(&s->take, s->rows, t.path));
    /* A number takes a digit and a separator. Memory for rows x cols numbers is
     * allocated only if the file is long enough for them. */
    s->ragged = !bf_mul_size(s->rows, s->cols, &all) || all > bytes / 2 + 1;
    return BF_OK;
}

/* Reads every row into the same buffer, until a row that differs. */
static bf_status find_ragged(text t, const table *s)
{
    double *row = bf_alloc(s->cols * sizeof *row);
    if (!row) return bf_fail_in(BF_ERR_MEMORY, "%s", t.path);
    bf_status status = BF_OK;
    for (line l; status == BF_OK && bf_csv_next_line(&t, &l);)
        status = take_values(&t, &l, 1, s->cols, row);
    bf_free(row);
    if (status != BF_OK) return status;
    return bf_fail(BF_ERR_INTERNAL, "%s: rows of equal length missed", t.path);
}

#define REPORT_ROWS 256

/* Reads index and label, before the features. */
static bf_status take_front(const text *t, line *l, const table *s,
                            double *last_index, int32_t *label)
{
    if (t->index) BF_TRY(take_index(t, l, last_index));
    return s->labelled ? take_label(t, l, s->front, s->cols, label) : BF_OK;
}

static bf_status fill(text t, const table *s, bf_matrix *x, int32_t *labels,
                      unsigned *classes)
{
    line l;
    double last_index = NAN;
    for (size_t i = 0; bf_csv_next_line(&t, &l); i++) {
        if (i % REPORT_ROWS == 0) {
            BF_TRY(bf_check_interrupt());
            report(COUNTED + (1 - COUNTED) * (double)i / (double)s->rows);
        }
        bool taken = i >= s->take.first && i < s->take.last;
        size_t row = i - s->take.first;
        int32_t label = 0;
        BF_TRY(take_front(&t, &l, s, &last_index, &label));
        if ((unsigned)label >= *classes) *classes = (unsigned)label + 1;
        if (!taken) continue;
        if (labels) labels[row] = label;
        BF_TRY(take_values(&t, &l, s->front + 1, s->cols,
                           x->data + row * x->cols));
    }
    return BF_OK;
}

static bf_status load_text(text t, bf_matrix *x, int32_t **labels,
                           unsigned *classes, size_t *label, bf_rows rows)
{
    table s;
    BF_TRY(bf_csv_begin(&t));
    BF_TRY(measure(&s, &t, labels != NULL, rows));
    *label = s.label;
    if (s.ragged) return find_ragged(t, &s);
    bf_matrix m = {0};
    int32_t *l = NULL;
    unsigned top = 0;
    size_t taken = s.take.last - s.take.first;
    bf_status status;
    BF_GOTO(bf_matrix_init(&m, taken, s.cols - s.front), fail);
    if (labels && !(l = bf_alloc(taken * sizeof *l))) {
        status = bf_fail_in(BF_ERR_MEMORY, "%s", t.path);
        goto fail;
    }
    BF_GOTO(fill(t, &s, &m, l, &top), fail);
    *x = m;
    if (labels) {
        *labels = l;
        *classes = top;
    }
    return BF_OK;
fail:
    bf_free(l);
    bf_matrix_clear(&m);
    return status;
}

static bf_status load(bf_matrix *x, int32_t **labels, unsigned *classes,
                      size_t *label, const char *path, bf_rows rows,
                      bf_env *env)
{
    BF_UNDER(env);
    uint8_t *data;
    size_t bytes;
    report(0);
    BF_TRY(bf_read_file(path, BF_CSV_BYTES_MAX, &data, &bytes));
    text t = {.path = path,
              .p = (const char *)data,
              .end = (const char *)data + bytes};
    bf_status status = load_text(t, x, labels, classes, label, rows);
    bf_free(data);
    return status;
}

bf_status bf_csv_load(bf_matrix *x, int32_t **labels, unsigned *classes,
                      const char *path, bf_rows rows, bf_env *env)
{
    size_t label;
    return load(x, labels, classes, &label, path, rows, env);
}

bf_status bf_csv_read_named(bf_matrix *out, size_t *label, const char *path,
                            bf_env *env)
{
    return load(out, NULL, NULL, label, path, (bf_rows){0, 0}, env);
}

bf_status bf_csv_read(bf_matrix *out, const char *path, bf_env *env)
{
    return bf_csv_load(out, NULL, NULL, path, (bf_rows){0, 0}, env);
}
