#include <math.h>
#include <stdio.h>

#include "report/parts.h"

/* The picture's area for curves. */
#define LEFT 40.0
#define RIGHT 370.0
#define TOP 8.0
#define BOTTOM 190.0
#define HEIGHT 222.0
#define TICKS_MAX 9
#define DOTS_MAX 40
#define NUMBERS_MAX 50 /* of iterations in the table */

typedef struct axes {
    double low;         /* accuracy at BOTTOM; 1 is at TOP */
    double first, last; /* iterations at LEFT and RIGHT */
} axes;

static double x_of(const axes *a, double iteration)
{
    return LEFT + (RIGHT - LEFT) *
                      bf_svg_share(iteration - a->first, a->last - a->first);
}

static double y_of(const axes *a, double accuracy)
{
    return BOTTOM -
           (BOTTOM - TOP) * bf_svg_share(accuracy - a->low, 1 - a->low);
}

static const cJSON *regression(const cJSON *run)
{
    return bf_run_find(run, "accuracy.plaintext_lr");
}

/* From the lowest accuracy less three points, to a whole ten; a margin of
 * iterations at both sides. */
static axes axes_of(const bf_report *r)
{
    double low = 1, last = 1;
    for (size_t i = 0; i < r->count; i++) {
        bf_run_curve c;
        bf_run_curve_of(&c, r->run[i]);
        for (size_t j = 0; j < c.count; j++) {
            low = fmin(low, fmin(c.at[j].encrypted, c.at[j].twin));
            last = fmax(last, c.at[j].iteration);
        }
        if (regression(r->run[i]))
            low = fmin(low, regression(r->run[i])->valuedouble);
    }
    double margin = fmax(0.4, last / 40);
    return (axes){fmin(fmax(floor((low - 0.03) * 10) / 10, 0), 0.9), 1 - margin,
                  last + margin};
}

/* 1, 2, 5, 10, 20, ..: the least that is no smaller. */
static double stride_of(double least)
{
    double stride = 1;
    for (int i = 0; stride < least; i++) stride *= i % 3 == 1 ? 2.5 : 2;
    return stride;
}

static void draw_axes(FILE *to, const axes *a)
{
    double step = 1 - a->low > 0.55 ? 0.2 : 1 - a->low > 0.15 ? 0.1 : 0.05;
    for (double v = 1; v > a->low - 1e-9; v -= step) {
        bf_svg_line(to, "rule", LEFT, y_of(a, v), RIGHT, y_of(a, v));
        bf_svg_text(to, "soft end", LEFT - 5, y_of(a, v) + 4, "%.0f %%",
                    100 * v);
    }
    double stride = stride_of(a->last / TICKS_MAX);
    for (double t = stride; t <= a->last; t += stride)
        bf_svg_text(to, "soft mid", x_of(a, t), BOTTOM + 15, "%.0f", t);
    bf_svg_text(to, "soft mid", (LEFT + RIGHT) / 2, BOTTOM + 29, "iteration");
}

static void circle(FILE *to, const char *style, size_t run, double x, double y,
                   double radius)
{
    fprintf(to, "<circle class=\"%s%zu\" cx=\"%.4g\" cy=\"%.4g\" r=\"%g\"/>\n",
            style, run, x, y, radius);
}

/* Dots are encrypted, circles around them the twin; many iterations have room
 * for some. */
static void draw_curve(FILE *to, const axes *a, const bf_run_curve *c, size_t i)
{
    size_t stride = (c->count + DOTS_MAX - 1) / DOTS_MAX;
    bool begun = false;
    if (!c->count) return;
    fprintf(to, "<path class=\"s%zu\" d=\"", i);
    for (size_t j = 0; j < c->count; j++) {
        if (isnan(c->at[j].encrypted)) continue;
        fprintf(to, "%c%.4g %.4g", begun ? 'L' : 'M',
                x_of(a, c->at[j].iteration), y_of(a, c->at[j].encrypted));
        begun = true;
    }
    fputs("\"/>\n", to);
    for (size_t j = (c->count - 1) % stride; j < c->count; j += stride) {
        const bf_run_point *p = &c->at[j];
        if (!isnan(p->encrypted))
            circle(to, "f", i, x_of(a, p->iteration), y_of(a, p->encrypted), 3);
        if (!isnan(p->twin))
            circle(to, "s", i, x_of(a, p->iteration), y_of(a, p->twin), 6);
    }
}

/* A sample of a line or mark, and what it stands for. */
static void key(FILE *to, const char *style, const char *path, const char *name,
                const char *what)
{
    fprintf(to,
            "<li><svg viewBox=\"0 0 30 14\" aria-hidden=\"true\">"
            "<path class=\"%s\" d=\"%s\"/></svg>",
            style, path);
    bf_html_print(to, "%s%s", name, what);
    fputs("</li>\n", to);
}

static void keys(FILE *to, const bf_report *r)
{
    static const char line[] = "M0 7h30",
                      dot[] = "M12 7a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
                      circle[] = "M10 7a5 5 0 1 0 10 0a5 5 0 1 0-10 0";
    bool twins = false, compared = false;
    fputs("<ul class=\"key\">\n", to);
    for (size_t i = 0; i < r->count; i++) {
        char style[32];
        bf_run_curve c;
        bf_run_curve_of(&c, r->run[i]);
        snprintf(style, sizeof style, "%c%zu", c.count > 1 ? 's' : 'f', i);
        if (bf_run_find(r->run[i], "accuracy.encrypted"))
            key(to, style, c.count > 1 ? line : dot,
                r->count == 1 ? bf_run_string(r->run[i], "recipe").s
                              : bf_run_name(r, i),
                ", encrypted");
        twins |=
            bf_run_find(r->run[i], "accuracy.plaintext_same_recipe") != NULL;
        compared |= regression(r->run[i]) != NULL;
    }
    if (twins) key(to, "s0", circle, "the same recipe", " in plaintext");
    if (compared)
        key(to, "s0 dash", line, "ordinary logistic regression",
            " in plaintext");
    fputs("</ul>\n", to);
}

static bf_text percent(double accuracy)
{
    return isnan(accuracy) ? (bf_text){"-"} : bf_text_percent(accuracy);
}

static void numbers(FILE *to, const bf_report *r)
{
    bf_run_curve c;
    fputs("<details><summary>Numbers</summary><div class=\"wide\"><table>\n"
          "<thead><tr><th>recipe</th><th class=\"n\">iteration</th>"
          "<th class=\"n\">encrypted</th><th class=\"n\">in plaintext</th></tr>"
          "</thead>\n<tbody>\n",
          to);
    for (size_t i = 0; i < r->count; i++) {
        bf_run_curve_of(&c, r->run[i]);
        if (!c.count) continue;
        size_t stride = (c.count + NUMBERS_MAX - 1) / NUMBERS_MAX;
        /* The last iteration is always among them. */
        for (size_t j = (c.count - 1) % stride; j < c.count; j += stride) {
            fputs("<tr><td>", to);
            bf_html_text(to, bf_run_string(r->run[i], "recipe").s);
            fprintf(to,
                    "</td><td class=\"n\">%.0f</td><td class=\"n\">%s</td>"
                    "<td class=\"n\">%s</td></tr>\n",
                    c.at[j].iteration, percent(c.at[j].encrypted).s,
                    percent(c.at[j].twin).s);
        }
    }
    fputs("</tbody></table></div></details>\n", to);
}

static void curves(FILE *to, const bf_report *r)
{
    axes a = axes_of(r);
    bf_run_curve c;
    bool partial = false;
    fputs("<h2>Accuracy by iteration</h2>\n", to);
    bf_svg_begin(to, HEIGHT, "Accuracy by iteration");
    draw_axes(to, &a);
    for (size_t i = 0; i < r->count; i++) {
        char line[32];
        snprintf(line, sizeof line, "s%zu dash", i);
        if (regression(r->run[i])) {
            double y = y_of(&a, regression(r->run[i])->valuedouble);
            bf_svg_line(to, line, LEFT, y, RIGHT, y);
        }
        bf_run_curve_of(&c, r->run[i]);
        draw_curve(to, &a, &c, i);
        partial |= c.count && !bf_run_list(r->run[i], "accuracy_by_iteration");
    }
    bf_svg_end(to);
    keys(to, r);
    if (partial)
        bf_html_element(to, "p",
                        "Reports of fit --every-iteration show every "
                        "iteration; one of these shows the last.");
    numbers(to, r);
}

void bf_part_accuracy(FILE *to, const bf_report *r)
{
    size_t longest = 0;
    bf_run_curve c;
    for (size_t i = 0; i < r->count; i++) {
        bf_run_curve_of(&c, r->run[i]);
        if (c.count > longest) longest = c.count;
    }
    if (longest > 1) {
        curves(to, r);
    } else if (longest) {
        fputs("<h2>Accuracy</h2>\n", to);
        bf_accuracy_bars(to, r);
    }
}
