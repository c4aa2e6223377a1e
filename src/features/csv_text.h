/* The lines and fields of a text table, and their separators. */
#ifndef BF_FEATURES_CSV_TEXT_H
#define BF_FEATURES_CSV_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

/* A line without the white space around it. The byte at `end` is a line end,
 * white space or the NUL after the file: no part of a number. */
typedef struct bf_csv_line {
    const char *p, *end;
} bf_csv_line;

typedef struct bf_csv_text {
    const char *path;
    const char *p, *end; /* not yet read; *end is a NUL */
    size_t line;         /* number of the last line returned, from 1 */
    char line_end;       /* '\n', or '\r' where there is no '\n' */
    char delimiter;      /* ',', ';' or '\t'; ' ' for runs of blanks; or 0 */
    size_t names;        /* columns named by the header, 0 without one */
    bf_csv_line header;  /* p NULL without one */
    bool index;          /* the first column numbers the rows */
} bf_csv_text;

/* White space between fields that is not the delimiter. */
static inline bool bf_csv_is_blank(const bf_csv_text *t, char c)
{
    bool tabs_separate = t->delimiter == '\t' || t->delimiter == 0;
    return c == ' ' || c == '\r' || (c == '\t' && !tabs_separate);
}

/* Next line that is not blank. */
bool bf_csv_next_line(bf_csv_text *t, bf_csv_line *l);

/* Takes the next field off the line, quotes included; l->p is NULL after the
 * last field. A delimiter in quotes does not separate. */
bool bf_csv_next_field(const bf_csv_text *t, bf_csv_line *l,
                       bf_csv_line *field);
size_t bf_csv_count_fields(const bf_csv_text *t, bf_csv_line l);

/* True for a name of a column that holds the label: "label", "labels", "class",
 * "target"; and of the first column "y", which elsewhere may be a coordinate.
 */
bool bf_csv_names_label(bf_csv_line field, bool first);

/* Finds line ends and delimiter, and skips everything above the rows: a
 * byte-order mark, "sep=;", lines of '#', a header. A header is a line none of
 * whose fields is a number, nearly a number or a mark of a missing value
 * ("nan", "?"); or a line that numbers the columns, 0, 1, 2, ... .
 * BF_ERR_FORMAT for a file that is no table, and for a line that may be a
 * header or a row. */
BF_MUST_CHECK bf_status bf_csv_begin(bf_csv_text *t);

#endif
