#include "features/csv.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "features/csv_number.h"
#include "features/dataset.h"

typedef struct text {
    const char *path;
    const char *p, *end; /* not yet read */
    size_t line;         /* number of the line handed out last, from 1 */
    bf_progress progress;
} text;

/* Reading the file and counting its lines take about a third of the time. */
#define COUNTED 0.3

static void report(bf_progress p, double done)
{
    if (p.fn) p.fn(p.user, "read rows", done, 1);
}

/* A line without the white space around it. The byte at `end` is a line end or
 * white space or the NUL behind the file: no part of a number. */
typedef struct line {
    const char *p, *end;
} line;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Next line that is not blank. */
static bool next_line(text *t, line *l)
{
    while (t->p < t->end) {
        const char *stop = memchr(t->p, '\n', (size_t)(t->end - t->p));
        if (!stop) stop = t->end;
        *l = (line){t->p, stop};
        t->p = stop < t->end ? stop + 1 : stop;
        t->line++;
        while (l->p < l->end && is_blank(*l->p)) l->p++;
        while (l->p < l->end && is_blank(l->end[-1])) l->end--;
        if (l->p < l->end) return true;
    }
    return false;
}

static void skip_blanks(line *l)
{
    while (l->p < l->end && is_blank(*l->p)) l->p++;
}

static size_t count_columns(line l)
{
    size_t n = 1;
    for (const char *p = l.p; p < l.end; p++) n += *p == ',';
    return n;
}

/* "not_a_number, 3" -> the field alone, shortened, printable. */
static const char *field_text(line l, char out[32])
{
    size_t n = 0;
    for (const char *p = l.p; p < l.end && *p != ',' && n < 24; p++)
        out[n++] = isprint((unsigned char)*p) ? *p : '?';
    out[n] = '\0';
    return out;
}

static bf_status bad_field(const text *t, line field, size_t column)
{
    char shown[32];
    if (field.p == field.end || *field.p == ',')
        return bf_fail(BF_ERR_FORMAT, "%s: line %zu, column %zu is empty",
                       t->path, t->line, column);
    return bf_fail(BF_ERR_FORMAT,
                   "%s: line %zu, column %zu: '%s' is not a number", t->path,
                   t->line, column, field_text(field, shown));
}

/* One number and the comma behind it; column counts from 1. */
static bf_status take_field(const text *t, line *l, size_t column, double *out)
{
    skip_blanks(l);
    line field = *l;
    if (l->p == l->end || !bf_csv_number(&l->p, out))
        return bad_field(t, field, column);
    skip_blanks(l);
    if (l->p < l->end && *l->p != ',') return bad_field(t, field, column);
    if (!isfinite(*out))
        return bf_fail(BF_ERR_RANGE,
                       "%s: line %zu, column %zu: too large for a double",
                       t->path, t->line, column);
    return BF_OK;
}

static bf_status take_label(const text *t, line *l, int32_t *out)
{
    double v;
    BF_TRY(take_field(t, l, 1, &v));
    if (v != floor(v) || v < 0 || v >= BF_CLASSES_MAX)
        return bf_fail(BF_ERR_RANGE,
                       "%s: line %zu: label %g is not a whole number from 0 "
                       "to %d",
                       t->path, t->line, v, BF_CLASSES_MAX - 1);
    *out = (int32_t)v;
    return BF_OK;
}

/* Numbers first..cols (columns from 1) of a line; exactly so many. */
static bf_status take_values(const text *t, line *l, size_t first, size_t cols,
                             double *out)
{
    for (size_t c = first; c <= cols; c++) {
        if (c > 1) {
            if (l->p == l->end)
                return bf_fail(BF_ERR_FORMAT,
                               "%s: line %zu has %zu columns, the first row "
                               "has %zu",
                               t->path, t->line, c - 1, cols);
            l->p++; /* take_field stopped at a comma */
        }
        BF_TRY(take_field(t, l, c, out + (c - first)));
    }
    if (l->p < l->end)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: line %zu has more columns than the %zu of the "
                       "first row",
                       t->path, t->line, cols);
    return BF_OK;
}

/* Skips a byte-order mark and a header: a first line whose first field does
 * not begin like a number. */
static void skip_header(text *t)
{
    if (t->end - t->p >= 3 && memcmp(t->p, "\xef\xbb\xbf", 3) == 0) t->p += 3;
    text ahead = *t;
    line l;
    if (!next_line(&ahead, &l) || *l.p == ',') return;
    double v;
    if (!bf_csv_number(&l.p, &v)) *t = ahead;
}

typedef struct table {
    size_t rows, cols; /* of the whole file, a label column included */
    bool ragged;       /* too short for rows x cols: some row must differ */
    bf_rows take;
} table;

static bf_status measure(table *s, text t, bool labelled, bf_rows rows)
{
    size_t bytes = (size_t)(t.end - t.p), all;
    line l;
    *s = (table){0};
    while (next_line(&t, &l))
        if (s->rows++ == 0) s->cols = count_columns(l);
    if (s->rows == 0)
        return bf_fail(BF_ERR_FORMAT, "%s: no rows of numbers", t.path);
    if (labelled && s->cols < 2)
        return bf_fail(BF_ERR_FORMAT, "%s: a label column and no features",
                       t.path);
    s->take = rows;
    BF_TRY(bf_rows_resolve(&s->take, s->rows, t.path));
    /* A number takes a digit and a separator. Memory for rows x cols numbers
     * is taken only of a file that has room for them. */
    s->ragged = !bf_mul_size(s->rows, s->cols, &all) || all > bytes / 2 + 1;
    return BF_OK;
}

/* Reads every row into the same place until the one that differs. */
static bf_status find_ragged(text t, const table *s)
{
    double *row = bf_alloc(s->cols * sizeof *row);
    if (!row) return bf_fail_in(BF_ERR_MEMORY, "%s", t.path);
    bf_status status = BF_OK;
    for (line l; status == BF_OK && next_line(&t, &l);)
        status = take_values(&t, &l, 1, s->cols, row);
    bf_free(row);
    if (status != BF_OK) return status;
    return bf_fail(BF_ERR_INTERNAL, "%s: rows of equal length missed", t.path);
}

#define REPORT_ROWS 256

static bf_status fill(text t, const table *s, bf_matrix *x, int32_t *labels,
                      unsigned *classes)
{
    line l;
    size_t first = labels ? 2 : 1;
    for (size_t i = 0; next_line(&t, &l); i++) {
        if (i % REPORT_ROWS == 0) {
            BF_TRY(bf_check_interrupt());
            report(t.progress,
                   COUNTED + (1 - COUNTED) * (double)i / (double)s->rows);
        }
        bool taken = i >= s->take.first && i < s->take.last;
        size_t row = i - s->take.first;
        if (labels) {
            int32_t label = 0;
            BF_TRY(take_label(&t, &l, &label));
            if ((unsigned)label >= *classes) *classes = (unsigned)label + 1;
            if (taken) labels[row] = label;
        }
        if (!taken) continue;
        BF_TRY(take_values(&t, &l, first, s->cols, x->data + row * x->cols));
    }
    return BF_OK;
}

static bf_status load_text(text t, bf_matrix *x, int32_t **labels,
                           unsigned *classes, bf_rows rows)
{
    table s;
    skip_header(&t);
    BF_TRY(measure(&s, t, labels != NULL, rows));
    if (s.ragged) return find_ragged(t, &s);
    bf_matrix m = {0};
    int32_t *l = NULL;
    unsigned top = 0;
    size_t taken = s.take.last - s.take.first;
    bf_status status;
    BF_GOTO(bf_matrix_init(&m, taken, s.cols - (labels ? 1 : 0)), fail);
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

bf_status bf_csv_load(bf_matrix *x, int32_t **labels, unsigned *classes,
                      const char *path, bf_rows rows, bf_progress progress)
{
    uint8_t *data;
    size_t bytes;
    report(progress, 0);
    BF_TRY(bf_read_file(path, BF_CSV_BYTES_MAX, &data, &bytes));
    text t = {.path = path,
              .p = (const char *)data,
              .end = (const char *)data + bytes,
              .progress = progress};
    bf_status status = load_text(t, x, labels, classes, rows);
    bf_free(data);
    return status;
}

bf_status bf_csv_read(bf_matrix *out, const char *path, bf_progress progress)
{
    return bf_csv_load(out, NULL, NULL, path, (bf_rows){0, 0}, progress);
}
