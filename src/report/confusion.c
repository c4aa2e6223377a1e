#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "report/parts.h"

#define NAME_MAX 13 /* characters of a name in the picture */
#define FONT 10.0   /* the picture's largest, whose characters have WIDTH */
#define WIDTH 6.2
#define FONT_LEAST 7.0 /* below it some of the names are left out */
#define CELL_MAX 29.0  /* the picture's width for ten classes */
#define CELL_TEXT 17.0 /* least that holds a number */
#define SHADES 8
#define DARK                                                                   \
    6 /* of the shades; from here on numbers have the page's ground            \
       */
#define WORST 10
#define MANY 30 /* classes; a hundred make up to 130 kB of picture */

typedef struct pair {
    size_t truth, prediction;
    double count;
} pair;

typedef struct confusion {
    size_t classes;
    const cJSON *names;                           /* strings, or NULL */
    double count[BF_CLASSES_MAX][BF_CLASSES_MAX]; /* [truth][prediction] */
    double rows[BF_CLASSES_MAX];                  /* of each true class */
    pair pairs[BF_CLASSES_MAX * BF_CLASSES_MAX];
} confusion;

/* False unless it is a square of counts. */
static bool read_counts(confusion *c, const cJSON *table)
{
    size_t classes = (size_t)cJSON_GetArraySize(table), t = 0, p;
    const cJSON *row, *v;
    if (!table || classes < 2 || classes > BF_CLASSES_MAX) return false;
    c->classes = classes;
    cJSON_ArrayForEach(row, table)
    {
        if ((size_t)cJSON_GetArraySize(row) != classes) return false;
        c->rows[t] = 0;
        p = 0;
        cJSON_ArrayForEach(v, row)
        {
            if (!cJSON_IsNumber(v) || !(v->valuedouble >= 0) ||
                v->valuedouble > 0x1p53)
                return false;
            c->count[t][p++] = v->valuedouble;
            c->rows[t] += v->valuedouble;
        }
        t++;
    }
    return true;
}

/* ---- picture ------------------------------------------------------------- */

/* Square roots, so that single rows show: 1 to SHADES, or 0 for nothing. */
static int shade_of(const confusion *c, size_t t, size_t p)
{
    return (int)ceil(SHADES * sqrt(bf_svg_share(c->count[t][p], c->rows[t])));
}

/* All cells of a shade in one path, in units of cells; neighbours are joined,
 * which keeps a hundred classes small. */
static void draw_shade(FILE *to, const confusion *c, bool right, int shade)
{
    bool any = false;
    for (size_t t = 0; t < c->classes; t++)
        for (size_t p = 0; p < c->classes; p++) {
            size_t end = p;
            while (end < c->classes && (t == end) == right &&
                   shade_of(c, t, end) == shade)
                end++;
            if (end == p) continue;
            if (!any)
                fprintf(to, "<path class=\"f%d\" fill-opacity=\"%.2g\" d=\"",
                        right ? 0 : 1, (double)shade / SHADES);
            any = true;
            fprintf(to, "M%zu %zuh%zuv1h-%zuz", p, t, end - p, end - p);
            p = end - 1;
        }
    if (any) fputs("\"/>\n", to);
}

/* Where cells lie: names are left of them and above, of every stride-th class.
 */
typedef struct grid {
    double room, cell, font;
    size_t stride;
} grid;

static double middle(const grid *g, size_t i)
{
    return g->room + ((double)i + 0.5) * g->cell;
}

static grid grid_of(const confusion *c)
{
    char name[BF_CLASS_BYTES];
    int longest = 1;
    for (size_t i = 0; i < c->classes; i++) {
        int length = bf_run_class(name, c->names, i, NAME_MAX);
        if (length > longest) longest = length;
    }
    grid g = {.font = FONT};
    /* Smaller names leave more room for cells. */
    for (int i = 0; i < 2; i++) {
        g.room = longest * WIDTH * g.font / FONT + 6;
        g.cell =
            fmin(CELL_MAX, (BF_SVG_WIDTH - g.room - 2) / (double)c->classes);
        g.font = fmax(fmin(FONT, g.cell * 0.8), FONT_LEAST);
    }
    g.stride = (size_t)fmax(ceil(g.font / g.cell), 1);
    return g;
}

static void draw_numbers(FILE *to, const confusion *c, const grid *g)
{
    for (size_t t = 0; t < c->classes; t++)
        for (size_t p = 0; p < c->classes; p++)
            if (c->count[t][p] > 0)
                bf_svg_text(to, shade_of(c, t, p) >= DARK ? "mid on" : "mid",
                            middle(g, p), middle(g, t) + 3, "%.0f",
                            c->count[t][p]);
}

static void draw_names(FILE *to, const confusion *c, const grid *g)
{
    char name[BF_CLASS_BYTES];
    for (size_t i = 0; i < c->classes; i += g->stride) {
        double at = middle(g, i) + 0.3 * g->font;
        bf_run_class(name, c->names, i, NAME_MAX);
        bf_svg_text(to, "end", g->room - 4, at, "%s", name);
        fprintf(to, "<text transform=\"translate(%.4g %.4g) rotate(-90)\">", at,
                g->room - 4);
        bf_html_text(to, name);
        fputs("</text>\n", to);
    }
}

static void draw(FILE *to, const confusion *c)
{
    grid g = grid_of(c);
    double size = g.cell * (double)c->classes;
    bf_svg_begin(to, g.room + size + 2, "Confusion matrix");
    fprintf(to, "<g transform=\"translate(%g %g) scale(%.5g)\">\n", g.room,
            g.room, g.cell);
    for (int shade = 1; shade <= SHADES; shade++) {
        draw_shade(to, c, true, shade);
        draw_shade(to, c, false, shade);
    }
    fputs("</g>\n", to);
    bf_svg_rect(to, "rule", g.room, g.room, size, size);
    fprintf(to, "<g font-size=\"%.3g\">\n", g.font);
    draw_names(to, c, &g);
    if (g.cell >= CELL_TEXT) draw_numbers(to, c, &g);
    fputs("</g>\n", to);
    bf_svg_end(to);
}

/* ---- worst pairs --------------------------------------------------------- */

static int by_count(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    return (x->count < y->count) - (x->count > y->count);
}

static void worst(FILE *to, confusion *c)
{
    size_t count = 0;
    pair *pairs = c->pairs;
    for (size_t t = 0; t < c->classes; t++)
        for (size_t p = 0; p < c->classes; p++)
            if (t != p && c->count[t][p] > 0)
                pairs[count++] = (pair){t, p, c->count[t][p]};
    if (!count) {
        bf_html_element(to, "p", "No row was taken for one of another class.");
        return;
    }
    qsort(pairs, count, sizeof *pairs, by_count);
    fputs("<div class=\"wide\"><table>\n<thead><tr><th>most often, a row of"
          "</th><th>was taken for</th><th class=\"n\">rows</th>"
          "<th class=\"n\">of its class</th></tr></thead>\n<tbody>\n",
          to);
    for (size_t i = 0; i < count && i < WORST; i++) {
        char name[BF_CLASS_BYTES];
        size_t t = pairs[i].truth;
        bf_run_class(name, c->names, t, 40);
        fputs("<tr><td>", to);
        bf_html_text(to, name);
        fputs("</td><td>", to);
        bf_run_class(name, c->names, pairs[i].prediction, 40);
        bf_html_text(to, name);
        fprintf(to,
                "</td><td class=\"n\">%s</td><td class=\"n\">%s</td></tr>"
                "\n",
                bf_text_count(pairs[i].count).s,
                bf_text_percent(pairs[i].count / c->rows[t]).s);
    }
    fputs("</tbody></table></div>\n", to);
}

static void matrix(FILE *to, confusion *c, bool alone)
{
    if (alone || c->classes <= MANY) {
        bf_html_element(to, "p",
                        "A line for each true class, a column for each "
                        "predicted one; stronger colours are more of the "
                        "class.");
        draw(to, c);
    } else {
        bf_html_element(to, "p",
                        "The page of this run alone also draws the "
                        "matrix of its %zu classes.",
                        c->classes);
    }
    worst(to, c);
}

bf_status bf_part_confusion(FILE *to, const cJSON *run, bool alone)
{
    if (!bf_run_judged(run)) return BF_OK;
    confusion *c = bf_alloc(sizeof *c);
    if (!c) return BF_ERR_MEMORY;
    fputs("<h2>Which classes are mistaken for which</h2>\n", to);
    c->names = bf_run_list(run, "class_names");
    if (read_counts(c, bf_run_list(run, "confusion")))
        matrix(to, c, alone);
    else
        bf_html_element(to, "p", "This report has no confusion matrix.");
    bf_free(c);
    return BF_OK;
}
