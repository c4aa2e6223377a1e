#include "features/csv_text.h"

#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "base/utf8.h"
#include "features/file_kind.h"

/* ---- lines and fields ---------------------------------------------------- */

static void trim(const bf_csv_text *t, bf_csv_line *l)
{
    while (l->p < l->end && bf_csv_is_blank(t, *l->p)) l->p++;
    while (l->p < l->end && bf_csv_is_blank(t, l->end[-1])) l->end--;
}

static bool all_tabs(bf_csv_line l)
{
    while (l.p < l.end && *l.p == '\t') l.p++;
    return l.p == l.end;
}

bool bf_csv_next_line(bf_csv_text *t, bf_csv_line *l)
{
    while (t->p < t->end) {
        const char *stop = memchr(t->p, t->line_end, (size_t)(t->end - t->p));
        if (!stop) stop = t->end;
        *l = (bf_csv_line){t->p, stop};
        t->p = stop < t->end ? stop + 1 : stop;
        t->line++;
        trim(t, l);
        if (l->p < l->end && (t->delimiter || !all_tabs(*l))) return true;
    }
    return false;
}

bool bf_csv_next_field(const bf_csv_text *t, bf_csv_line *l, bf_csv_line *field)
{
    if (!l->p) return false;
    bool quoted = false;
    const char *q = l->p;
    for (; q < l->end && (quoted || *q != t->delimiter); q++)
        quoted ^= *q == '"';
    *field = (bf_csv_line){l->p, q};
    trim(t, field);
    if (t->delimiter == ' ')
        while (q < l->end - 1 && q[1] == ' ') q++;
    l->p = q < l->end ? q + 1 : NULL;
    return true;
}

size_t bf_csv_count_fields(const bf_csv_text *t, bf_csv_line l)
{
    size_t n = 0;
    for (bf_csv_line field; bf_csv_next_field(t, &l, &field);) n++;
    return n;
}

/* ---- what a field is ----------------------------------------------------- */

typedef enum field_kind {
    EMPTY,
    NAME,
    MARK,   /* of a missing value */
    NUMBER, /* or nearly one: $1, 5%, a typographic minus */
    KINDS
} field_kind;

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* True for a byte of a word in any alphabet. */
static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || (unsigned char)c >= 0x80;
}

/* Length in bytes of the sign at p that belongs to no word: punctuation of
 * ASCII, of U+0080..BF, or of U+2000..2FFF, the range of dashes and currencies;
 * else 0. */
static size_t sign_bytes(const char *p, const char *end)
{
    static const char latin = '\xc2', general = '\xe2';
    if (*p == latin && end - p >= 2) return 2;
    if (*p == general && end - p >= 3) return 3;
    bool plain = (unsigned char)*p < 0x80;
    return plain && !is_letter(*p) && !is_digit(*p);
}

static const char *skip_signs(const char *p, const char *end)
{
    while (p < end && *p != '.' && sign_bytes(p, end))
        p += sign_bytes(p, end);
    return p;
}

/* True for a percent sign, a group of thousands or a decimal comma, but not for
 * a date or a version. */
static bool ends_a_number(const char *p, const char *end)
{
    while (p < end && !memchr("-/:.", *p, 4) &&
           (is_digit(*p) || sign_bytes(p, end)))
        p += is_digit(*p) ? 1 : sign_bytes(p, end);
    return p == end;
}

static bool is_one_of(const char *p, const char *end, const char *const *words)
{
    size_t bytes = (size_t)(end - p);
    for (; *words; words++)
        if (strlen(*words) == bytes && strncasecmp(*words, p, bytes) == 0)
            return true;
    return false;
}

static bool is_mark(const char *p, const char *end)
{
    static const char *const marks[] = {"nan", "na",  "n/a",      "null", "nil",
                                        "inf", "infinity", "none", NULL};
    p = skip_signs(p, end);
    while (end > p && !is_word(end[-1])) end--;
    return p == end || is_one_of(p, end, marks);
}

static bf_csv_line without_quotes(bf_csv_line f)
{
    if (f.end - f.p >= 2 && *f.p == '"' && f.end[-1] == '"') {
        f.p++;
        f.end--;
    }
    return f;
}

bool bf_csv_names_label(bf_csv_line field, bool first)
{
    static const char *const names[] = {"y",     "label",  "labels",
                                        "class", "target", NULL};
    field = without_quotes(field);
    return is_one_of(field.p, field.end, first ? names : names + 1);
}

static field_kind kind_of(bf_csv_line f)
{
    double v;
    f = without_quotes(f);
    if (f.p == f.end) return EMPTY;
    const char *p = f.p;
    if (!bf_number_read(&p, &v)) {
        p = skip_signs(f.p, f.end);
        if (p == f.end || !bf_number_read(&p, &v))
            return is_mark(f.p, f.end) ? MARK : NAME;
    }
    return ends_a_number(p, f.end) ? NUMBER : NAME;
}

/* ---- what a line is ------------------------------------------------------ */

typedef struct kinds {
    size_t count[KINDS], columns;
    bool unnamed;  /* the first is empty */
    bool sequence; /* the numbers count the columns, from 0 or from 1 */
} kinds;

/* The value of a field of digits alone, quoted or not; else -1. */
static long whole(bf_csv_line f)
{
    long v = 0;
    if (f.p < f.end && *f.p == '"') f.p++;
    if (f.p < f.end && f.end[-1] == '"') f.end--;
    if (f.p == f.end || f.end - f.p > 8) return -1;
    for (; f.p < f.end && is_digit(*f.p); f.p++) v = 10 * v + (*f.p - '0');
    return f.p == f.end ? v : -1;
}

static kinds kinds_of(const bf_csv_text *t, bf_csv_line l)
{
    kinds k = {.sequence = true};
    long next = -1;
    for (bf_csv_line f; bf_csv_next_field(t, &l, &f); k.columns++) {
        field_kind kind = kind_of(f);
        k.count[kind]++;
        if (k.columns == 0) k.unnamed = kind == EMPTY;
        long v = whole(f);
        if (kind != NUMBER) {
            k.sequence &= next < 0; /* names and an index come first */
            continue;
        }
        k.sequence &= next < 0 ? v == 0 || (v == 1 && !k.unnamed) : v == next;
        next = v + 1;
    }
    k.sequence &= next >= 0;
    return k;
}

/* Rows that happen to begin 0, 1, 2, 3 are too unlikely to matter. */
#define SEQUENCE_MIN 4

static bool is_header(const kinds *k)
{
    if (k->count[NUMBER] == 0) return k->count[NAME] > 0;
    if (!k->sequence || k->count[MARK]) return false;
    return (k->count[NAME] > 0 && k->count[NUMBER] > 1) || k->unnamed ||
           k->columns >= SEQUENCE_MIN;
}

/* True for 0,1 or 0,1,2 above values with a point: either names of columns, as
 * pandas writes them, or a row of whole numbers. */
static bool is_doubtful(const kinds *k, bf_csv_line second)
{
    return k->sequence && k->count[NUMBER] == k->columns && k->columns > 1 &&
           memchr(second.p, '.', (size_t)(second.end - second.p));
}

static size_t count_separators(bf_csv_text t, bf_csv_line l, char delimiter)
{
    t.delimiter = delimiter;
    return bf_csv_count_fields(&t, l) - 1;
}

/* The most frequent delimiter. Between semicolons, commas may be decimal commas
 * in each field; with commas, tabs are blanks. */
static char delimiter_of(const bf_csv_text *t, bf_csv_line l)
{
    size_t semicolons = count_separators(*t, l, ';');
    size_t commas = count_separators(*t, l, ',');
    size_t tabs = count_separators(*t, l, '\t');
    if (semicolons > tabs && semicolons + 1 >= commas) return ';';
    if (tabs > commas) return '\t';
    return commas > 0 ? ',' : ' ';
}

/* A row after a '#' is no comment. */
static bool is_comment(bf_csv_text t, bf_csv_line l)
{
    bool letters = false, digits = false;
    while (l.p < l.end && (*l.p == '#' || *l.p == ' ')) l.p++;
    for (const char *p = l.p; p < l.end; p++) {
        digits |= is_digit(*p);
        letters |= is_word(*p) && !is_digit(*p);
    }
    t.delimiter = delimiter_of(&t, l);
    if (t.delimiter == ' ') t.delimiter = ','; /* words, not fields */
    kinds k = kinds_of(&t, l);
    bool words = k.count[NAME] > 0 || k.columns == 1;
    return words && k.count[NUMBER] == 0 && (letters || !digits);
}

/* ---- the whole ----------------------------------------------------------- */

/* "sep=;", as spreadsheets write it. */
static bool is_separator(bf_csv_line l, char *delimiter)
{
    if (l.end - l.p != 5 || memcmp(l.p, "sep=", 4) != 0) return false;
    *delimiter = l.p[4];
    return l.p[4] == ',' || l.p[4] == ';' || l.p[4] == '\t';
}

/* Advances t to the first line that is neither a comment nor a "sep=" line, and
 * returns this line and the next. */
static bf_status skip_comments(bf_csv_text *t, bf_csv_line *first,
                               bf_csv_line *second)
{
    char delimiter = 0, stated;
    bf_csv_text ahead = *t;
    bool found;
    for (; (found = bf_csv_next_line(&ahead, first)); *t = ahead) {
        if (is_separator(*first, &stated))
            delimiter = stated;
        else if (*first->p != '#')
            break;
        else if (!is_comment(*t, *first))
            return bf_fail(BF_ERR_FORMAT,
                           "%s: line %zu begins with '#' and holds numbers: "
                           "neither a comment nor a row",
                           t->path, ahead.line);
    }
    t->delimiter = delimiter ? delimiter : ',';
    *second = (bf_csv_line){t->end, t->end};
    if (!found) return BF_OK;
    bool more = bf_csv_next_line(&ahead, second);
    if (!delimiter) t->delimiter = delimiter_of(t, *first);
    if (t->delimiter == ' ' && more) /* names may contain blanks */
        t->delimiter = delimiter_of(t, *second);
    return BF_OK;
}

static bf_status skip_header(bf_csv_text *t, bf_csv_line second)
{
    bf_csv_text ahead = *t;
    bf_csv_line first;
    if (!bf_csv_next_line(&ahead, &first)) return BF_OK;
    kinds k = kinds_of(t, first);
    if (!is_header(&k)) {
        if (!is_doubtful(&k, second)) return BF_OK;
        return bf_fail(BF_ERR_FORMAT,
                       "%s: line %zu counts the columns: a header or a row? "
                       "Give the columns names, or remove it",
                       t->path, ahead.line);
    }
    *t = ahead;
    t->names = k.columns;
    t->header = first;
    t->index = k.unnamed && k.columns > 1;
    return BF_OK;
}

/* UTF-16 text may lack the byte-order mark. */
static const char *other_kind(const uint8_t *head, size_t bytes)
{
    const char *kind = bf_file_kind(head, bytes);
    if (kind || bytes < 2) return kind;
    return (head[0] == 0) != (head[1] == 0) ? "UTF-16 text" : NULL;
}

bf_status bf_csv_begin(bf_csv_text *t)
{
    size_t bytes = (size_t)(t->end - t->p);
    const char *kind = other_kind((const uint8_t *)t->p, bytes);
    if (kind)
        return bf_fail(BF_ERR_FORMAT, "%s: is %s, not a table of UTF-8 text",
                       t->path, kind);
    t->p += bf_utf8_mark(t->p, bytes);
    t->line_end = memchr(t->p, '\n', (size_t)(t->end - t->p)) ? '\n' : '\r';
    t->delimiter = 0;
    bf_csv_line first, second;
    BF_TRY(skip_comments(t, &first, &second));
    return skip_header(t, second);
}
